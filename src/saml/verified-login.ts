/** @module A login as an assertion proves it, in the terms of the core. */
import { dropRejection } from '../misuse.js'
import type { SessionIndexKey, VerifiedLogin } from '../protocols/sessions.js'
import { withoutClaims } from '../tokens/without-claims.js'
import type { Assertion } from './assertion.js'
import { factorClaimsOf, strengthBy } from './factor-claims.js'
import { keysOf } from './name-keys.js'
import type { ServiceProvider } from './service-provider.js'
import { type StoredNameId, sealName, subjectOf } from './stored-name-id.js'

/** A class of that level stands for a second factor. */
export const secondFactorLevel = 2
/** Authentication times may be given without fractions. Milliseconds. */
const wholeSecond = 1000
/** Bytes of a session's claims as JSON: 16 KiB. */
const longestClaims = 16_384

/** The login that an assertion proves. `since`: when it began. */
export function verifiedLoginOf(
  provider: ServiceProvider,
  assertion: Assertion,
  login: { readonly since: number; readonly reauthenticate: boolean; readonly mayResume: boolean },
): VerifiedLogin {
  const { options, host, parties } = provider
  const { nameId, sessionIndex, authenticatedAt, sessionNotOnOrAfter } = assertion
  const issuer = options.identityProvider
  const subject = subjectOf(nameId, parties, options.nameIdFormat)
  const now = provider.now()
  const { claims, level, method } = personOfLogin(provider, assertion)
  const endsAt = sessionNotOnOrAfter ?? now + host.options.application.absoluteSeconds * 1000
  return {
    issuer,
    subject,
    sessionValue: sessionIndex,
    indexKeys: indexKeysOf(provider, assertion),
    claims: {
      ...claims,
      iss: issuer,
      sub: subject,
      exp: Math.floor(endsAt / 1000),
      iat: Math.floor(assertion.issuedAt / 1000),
    },
    level,
    method,
    authenticatedAt,
    authenticatedAfter: authenticatedAfterOf(assertion, login.since),
    endedNamesStay: true,
    tokens: sealName({ nameId, sessionIndex } satisfies StoredNameId),
    tokensIssuedAt: 0,
    tokensExpireAt: 0,
    endsAt: sessionNotOnOrAfter,
    since: login.since,
    mayResume: login.mayResume,
    askedReauthentication: login.reauthenticate,
  }
}

function indexKeysOf(
  { parties }: ServiceProvider,
  { nameId, sessionIndex }: Assertion,
): readonly SessionIndexKey[] {
  const keys = (kind: SessionIndexKey['kind'], index?: string): readonly SessionIndexKey[] =>
    keysOf({ nameId, sessionIndex: index }, parties).map((key) => ({ key, kind }))
  return [...(sessionIndex === undefined ? [] : keys('session', sessionIndex)), ...keys('person')]
}

/** What the assertion says of the person, and what they have shown by that. */
function personOfLogin(
  provider: ServiceProvider,
  assertion: Assertion,
): Pick<VerifiedLogin, 'level' | 'method'> & { readonly claims: Readonly<Record<string, unknown>> } {
  const { options, tellUntrusted } = provider
  const made = claimsMadeOf(provider, assertion)
  const { trusted, untrusted } = factorClaimsOf(options, assertion, made)
  const level = levelOf(provider, assertion.contextClass)
  const strength = strengthBy(trusted, { level, method: level >= secondFactorLevel ? 'mfa' : 'password' })
  tellUntrusted(untrusted.filter((name) => name !== 'isMfa' || strength.method === 'password'))
  return { claims: { ...claimsToKeep(provider, made), ...trusted }, ...strength }
}

/** What the application makes of an assertion: an object, at once. Anything else makes no claims, and that is told. */
function claimsMadeOf(
  { options, host }: ServiceProvider,
  assertion: Assertion,
): Readonly<Record<string, unknown>> {
  const made: unknown = options.claims(assertion)
  if (isObject(made)) return made
  dropRejection(made)
  const message = 'claims of saml() must return an object, and no promise of it: nobody has any claims by it'
  host.report({ type: 'warning', code: 'saml-claims', message })
  return {}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Promise)
}

/** They are kept sealed with the session: what does not fit there would be no session at all. */
function claimsToKeep(
  { options, host }: ServiceProvider,
  made: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const claims = withoutClaims(made, options.untrustedClaims)
  if (Buffer.byteLength(JSON.stringify(claims)) <= longestClaims) return claims
  const message = 'the claims of a person take more than 16 KiB: let the option claims keep what is needed'
  host.report({ type: 'warning', code: 'saml-claims-too-large', message })
  return {}
}

/** The class is a word of the provider's: `constructor` is in every object, and no level. */
function levelOf({ options }: ServiceProvider, contextClass: string | undefined): number {
  return contextClass !== undefined && Object.hasOwn(options.contextLevels, contextClass)
    ? (options.contextLevels[contextClass] ?? 1)
    : 1
}

/**
 * A time by our clock that the authentication was after: the answer was issued after the request for it, and says how
 * old the authentication was then. `undefined`: nobody knows, for the provider's clock was put back in between.
 */
function authenticatedAfterOf(
  { issuedAt, authenticatedAt }: Pick<Assertion, 'issuedAt' | 'authenticatedAt'>,
  since: number,
): number | undefined {
  const age = issuedAt - authenticatedAt
  return age < -wholeSecond ? undefined : since - Math.max(age, 0) - wholeSecond
}
