/** @module The options of the gate: by what a proxy is known, what each of its policies asks for, and what its tokens say. */
import type { ActiveCitizen } from '../citizen.js'
import type { MaybePromise } from '../exchange.js'
import type { KeyRing } from '../issuing/ring.js'
import { isAge, isLevel, isProviders } from './demand-checks.js'
import { computed, defaulted, type GivenOptional, type GivenRequired, optional } from './option.js'
import { choice, functionOf, jsonInText, type Kind, listOf, numberBetween, orInFile } from './option-types.js'

/** What a part of the site behind the gate asks for, and for whom its tokens are. */
export interface GatePolicy {
  /** The backend: the claim `aud` of its tokens. 1 to 200 visible characters. */
  readonly audience: string
  /** Least level of assurance. Default: any. */
  readonly level?: number | undefined
  /** Whether a second factor must have been used. Default `false`. */
  readonly secondFactor?: boolean | undefined
  /** Greatest age of the authentication, in seconds. Default: any. */
  readonly maxAgeSeconds?: number | undefined
  /** Where the person must have signed in, as in `citizen.provider`; of a list, at one of these. Default: anywhere. */
  readonly provider?: string | readonly string[] | undefined
}

/** Says how backends know a person: the claim `sub`. */
export type GateSubject = (citizen: ActiveCitizen) => MaybePromise<string>

/** Says what backends get to know of a person besides, as JSON of at most 4 KiB. */
export type GateClaims = (
  citizen: ActiveCitizen,
) => MaybePromise<Readonly<Record<string, unknown>> | null | undefined>

/** The policy of a request that names none. */
export const defaultPolicy = 'default'

/** Whether everybody whom a policy lets through has signed in at one provider: then their `sub` is theirs alone. */
export function namesOneProvider({ provider }: Pick<GatePolicy, 'provider'>): boolean {
  return typeof provider === 'string' || provider?.length === 1
}

const mostPolicies = 64
const policyName = /^[a-z0-9][a-z0-9-]{0,31}$/
const policiesHint =
  'write policies by their names, as in { default: { audience: "permits" }, admin: { audience: "permits", level: 2 } }; in a variable as JSON'

/** What is wrong with each member of a policy where it is wrong. */
const members: Readonly<
  Record<keyof GatePolicy, readonly [isRight: (value: unknown) => boolean, hint: string]>
> = {
  audience: [
    (value) => typeof value === 'string' && /^[!-~]{1,200}$/.test(value),
    '1 to 200 visible characters',
  ],
  level: [isLevel, 'a level of 1 or higher'],
  secondFactor: [(value) => typeof value === 'boolean', 'true or false'],
  maxAgeSeconds: [isAge, 'a number above 0'],
  provider: [isProviders, 'the name of one as in citizen.provider, or a list of 1 to 8'],
}

/** Policies by their names; JSON in a variable. A map, so that no inherited name is one. */
const gatePolicies: Kind<ReadonlyMap<string, GatePolicy>> = {
  fromText: jsonInText,
  check(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: policiesHint }
    const entries = Object.entries(value) as readonly (readonly [string, unknown])[]
    if (entries.length === 0 || entries.length > mostPolicies) return { problem: policiesHint }
    for (const [name, policy] of entries) {
      if (!policyName.test(name))
        return { problem: 'write names of policies with 1 to 32 lower-case letters, digits and hyphens' }
      const wrong = problemOfPolicy(policy)
      if (wrong !== undefined) return { problem: `write in the policy ${name} ${wrong}` }
    }
    const policies = entries as readonly (readonly [string, GatePolicy])[]
    return { value: new Map(policies.map(([name, policy]) => [name, { ...policy }])) }
  },
}

function problemOfPolicy(policy: unknown): string | undefined {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) return 'an object with audience'
  const unknown = Object.keys(policy).find((name) => !Object.hasOwn(members, name))
  if (unknown !== undefined) return `only ${Object.keys(members).join(', ')}`
  for (const [name, [isRight, hint]] of Object.entries(members)) {
    const given: unknown = Reflect.get(policy, name)
    if (given === undefined && name !== 'audience') continue
    if (!isRight(given)) return `as ${name} ${hint}`
  }
  return undefined
}

const secretHint =
  'write secrets of 32 to 256 visible characters without commas, at most 4, newest first, as `openssl rand -base64 32` makes one'

/** What a proxy sends in a header; one, or several while it changes. */
const gateSecrets: Kind<readonly string[]> = orInFile(
  listOf(
    (value) =>
      typeof value === 'string' && /^[!-+\--~]{32,256}$/.test(value) ? { value } : { problem: secretHint },
    { least: 1, most: 4, hint: secretHint.slice('write '.length), single: true },
  ),
)

/** A key ring of `citizen-session/sso`; no variable can hold one. */
const keyRing: Kind<KeyRing> = {
  fromText: undefined,
  check: (value) =>
    isKeyRing(value) ? { value } : { problem: 'write a key ring, as createKeyRing({ … }) makes one' },
}

function isKeyRing(value: unknown): value is KeyRing {
  if (typeof value !== 'object' || value === null) return false
  return ['signer', 'published'].every((name) => typeof Reflect.get(value, name) === 'function')
}

/** The options below `routes.gate`. */
export const gateOptions = {
  /**
   * What a proxy sends with each question, so that it is believed; a list, newest first, while it changes. Default none:
   * there is no gate.
   *
   * The [gate](gate.md) answers proxies for applications in any language. Whoever has the secret can ask as anybody's
   * browser.
   */
  secret: optional<readonly string[], string | readonly string[]>(gateSecrets),
  /**
   * The key ring that signs the tokens for backends. Default: keys made by this process, for its life; required with a
   * shared store.
   */
  keys: optional(keyRing),
  /**
   * What each part of the site asks for, and for which backend its tokens are, by names that the proxy's address says.
   * Default: one policy, `default`, for the audience `application.id`.
   */
  policies: computed<ReadonlyMap<string, GatePolicy>, Readonly<Record<string, GatePolicy>>>(gatePolicies),
  /** Says how backends know a person. Default: the `sub` of the provider. */
  subject: optional(functionOf<GateSubject>('a function from the citizen to a text')),
  /**
   * Says what backends get to know besides `sub` and `level`. Default: nothing.
   *
   * As JSON of at most 4 KiB; the result is used for at most half of `tokenSeconds`.
   */
  claims: optional(functionOf<GateClaims>('a function from the citizen to an object')),
  /** How long a token for a backend is good, in seconds. Default `60`. */
  tokenSeconds: defaulted(numberBetween(5, 60), 60),
  /**
   * Which headers of the proxy say what the person has asked for: `X-Original-URI` and `X-Original-Method`, or
   * `X-Forwarded-Uri` and `X-Forwarded-Method`. Default `x-original`.
   */
  requestHeaders: defaulted(choice('x-original', 'x-forwarded'), 'x-original'),
  /**
   * How the proxy hands cookies on to the browser: not at all, from the headers `Citizen-Set-Cookie-1` to `-6`, or as
   * they are. Default `none`.
   *
   * With `none` no shared cookie is renewed through the gate.
   */
  cookies: defaulted(choice('none', 'numbered', 'set-cookie'), 'none'),
} as const

/** The gate for proxies. */
export interface GateOptions extends GivenRequired<typeof gateOptions>, GivenOptional<typeof gateOptions> {}
