/** @module The check of protocol plug-ins given in code. */
import type { Protocol } from '../protocols/protocol.js'
import type { Kind } from './option-types.js'

const hint = 'write a list of plug-ins, each of another protocol, as oidc({ … }) and saml({ … }) make them'

/** A list of plug-ins with different names. */
export const protocolList: Kind<readonly Protocol[]> = {
  fromText: undefined,
  check: (value) => {
    if (!Array.isArray(value) || value.length > 4 || !value.every(isProtocol)) return { problem: hint }
    const names = new Set(value.map(({ name }) => name))
    return names.size === value.length ? { value } : { problem: hint }
  },
}

function isProtocol(value: unknown): value is Protocol {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('install' in value)) return false
  return (
    typeof value.name === 'string' &&
    /^[a-z][a-z0-9]{0,15}$/.test(value.name) &&
    typeof value.install === 'function'
  )
}
