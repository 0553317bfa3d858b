/** @module The name of one of several providers of a protocol: part of addresses, of variables, and of what is stored. */
import { type OptionTable, optionsByPath } from './option.js'
import type { Kind } from './option-types.js'

/** What a name looks like. */
export const providerNamePattern = /^[a-z][a-z0-9-]{0,15}$/

/**
 * Names that no provider has: the first segment of each route of ours, of the core and of a plug-in without a name, and
 * what stands for the plug-ins without a name in what is stored.
 */
export const reservedNames: ReadonlySet<string> = new Set([
  'login',
  'return',
  'leave',
  'logout',
  'status',
  'extend',
  'header',
  'applications',
  'profile',
  'gate',
  'callback',
  'reauthenticate',
  'check-session',
  'saml',
  'oidc',
  'shared-cookie',
])

/** By protocol: the option that every provider of it has, and no other option's variable ends like. */
export const identifyingOptions = { oidc: 'issuer', saml: 'identityProvider' } as const

/** A name; no variable holds it, for it is part of the variables of all others. */
export const providerName: Kind<string> = {
  fromText: undefined,
  check: (value) => {
    if (typeof value !== 'string' || !providerNamePattern.test(value)) {
      return { problem: 'write a name of 1 to 16 lower-case letters, digits and hyphens, such as adfs' }
    }
    return reservedNames.has(value)
      ? { problem: 'write another name: this one is a route of ours, or stands for one' }
      : { value }
  },
  isPublic: true,
}

/**
 * What is wrong with a name beside the options of its plug-in: `CITIZEN_OIDC_CLIENT_ID` is an option, so no provider is
 * called `client`. `undefined`: nothing.
 */
export function problemOfName(name: string | undefined, table: OptionTable): string | undefined {
  const [first = ''] = (name ?? '').split('-')
  const isWord = firstWords(table).has(first)
  return isWord ? `write another name: variables of the plug-in begin with ${first.toUpperCase()}` : undefined
}

/** The name of a plug-in: that in its options where it is a good one, else its protocol's. What is wrong is told later. */
export function nameFor(protocol: string, options: unknown): string {
  const name = typeof options === 'object' && options !== null && 'name' in options ? options.name : undefined
  const checked = providerName.check(name, { isProduction: false })
  return 'problem' in checked ? protocol : checked.value
}

/** What the paths of a plug-in's problems, and so its variables, begin with: `oidc`, or `oidc.adfs` with that name. */
export function rootFor(protocol: string, options: unknown): string {
  const name = nameFor(protocol, options)
  return name === protocol ? protocol : `${protocol}.${name}`
}

/** The first word of each option, as its variable has it: `client` of `clientId`. */
function firstWords(table: OptionTable): ReadonlySet<string> {
  const words = [...optionsByPath(table).keys()].map((path) => /^[a-z]+/.exec(path)?.[0] ?? '')
  return new Set(words.filter((word) => word !== ''))
}
