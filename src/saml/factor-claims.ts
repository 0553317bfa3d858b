/** @module CitizenOne's claims `isMfa` and `isDidAuth` in an assertion, as far as the provider is believed. */
import type { Claims } from '../citizen.js'
import { factorClaims } from '../config/trusted-claims.js'
import type { PersonStatement } from '../protocols/token-refresh.js'
import { withoutClaims } from '../tokens/without-claims.js'
import type { Assertion } from './assertion.js'
import type { ResolvedSamlOptions } from './options.js'

type Named = Readonly<Record<string, unknown>>
type TrustOptions = Pick<ResolvedSamlOptions, 'trustedClaims' | 'untrustedClaims'>

/** Eeze is an authenticator of that level. Source: CitizenOne, "Eeze Authentication". */
const levelOfEeze = 2

/** What the claims of a login come to. */
export interface FactorClaims {
  /** Those that the provider is believed, each `true` or `false`. */
  readonly trusted: Readonly<Record<string, boolean>>
  /** Those that say a factor, and are not believed. */
  readonly untrusted: readonly string[]
}

/** Reads them: as the application has made them (`made`), else from the attributes of their names. */
export function factorClaimsOf(
  { trustedClaims }: TrustOptions,
  { attributes }: Pick<Assertion, 'attributes'>,
  made: Named,
): FactorClaims {
  const said = factorClaims.flatMap((name): readonly (readonly [string, boolean])[] => {
    const value = Object.hasOwn(made, name) ? made[name] : attributes.get(name)
    return value === undefined ? [] : [[name, isTrue(value)]]
  })
  return {
    trusted: Object.fromEntries(said.filter(([name]) => trustedClaims.includes(name))),
    untrusted: said.flatMap(([name, isSaid]) => (isSaid && !trustedClaims.includes(name) ? [name] : [])),
  }
}

/** One value, and that is `true`. */
function isTrue(value: unknown): boolean {
  const [only, ...others] = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  return others.length === 0 && (only === true || only === 'true')
}

/** What the AuthnContext class and the claims show together. */
export function strengthBy(
  claims: Named,
  { level, method }: Pick<PersonStatement, 'level' | 'method'>,
): Pick<PersonStatement, 'level' | 'method'> {
  if (claims.isDidAuth === true) return { level: Math.max(level, levelOfEeze), method: 'did' }
  return { level, method: claims.isMfa === true ? 'mfa' : method }
}

/**
 * What is believed of the claims of a session that began when more was. Which part of its level the AuthnContext class
 * gave is not known any more: it is taken for none. `undefined`: all is believed.
 */
export function personStillBelieved(
  claims: Claims,
  { untrustedClaims }: TrustOptions,
): PersonStatement | undefined {
  const believed = withoutClaims(claims, untrustedClaims)
  if (believed === claims) return undefined
  return untrustedClaims.some((name) => claims[name] === true)
    ? { claims: believed, ...strengthBy(believed, { level: 1, method: 'password' }) }
    : { claims: believed, level: Number.POSITIVE_INFINITY, method: 'did' }
}
