/** @module The check of protocol plug-ins given in code. */

import type { Protocol } from '../protocols/protocol.js'
import type { Kind } from './option-types.js'
import { providerNamePattern } from './provider-name.js'

const mostPlugIns = 64

const hint =
  'write a list of at most 64 plug-ins with different names, as oidc({ … }) and saml({ … }) make them'

/** A list of plug-ins with different names. */
export const protocolList: Kind<readonly Protocol[]> = {
  fromText: undefined,
  check: (value) => {
    if (!Array.isArray(value) || value.length > mostPlugIns || !value.every(isProtocol))
      return { problem: hint }
    const names = new Set(value.map(({ name }) => name))
    if (names.size !== value.length) return { problem: hint }
    const problem = value.map(problemBeside).find((found) => found !== undefined)
    return problem === undefined ? { value } : { problem }
  },
}

function isProtocol(value: unknown): value is Protocol {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('install' in value)) return false
  return (
    typeof value.name === 'string' &&
    providerNamePattern.test(value.name) &&
    typeof value.install === 'function'
  )
}

/** What is wrong with the members of a plug-in besides its name and `install`; code without types may give anything. */
function problemBeside({ name, clockSkewSeconds, warnings }: Protocol): string | undefined {
  const skew: unknown = clockSkewSeconds
  if (skew !== undefined && (typeof skew !== 'number' || !Number.isFinite(skew) || skew < 0)) {
    return `write as clockSkewSeconds of ${name} a number of seconds, or leave it out`
  }
  const said: unknown = warnings
  if (said === undefined || (Array.isArray(said) && said.every(isWarning))) return undefined
  return `write as warnings of ${name} a list of { code, message }, or leave it out`
}

function isWarning(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'code') === 'string' && typeof Reflect.get(value, 'message') === 'string'
}
