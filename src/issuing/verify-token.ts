/** @module The other side of a hand-over: an application as the partner that takes a token, once. */
import { KeyObject, type webcrypto } from 'node:crypto'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type Clock, systemClock } from '../clock.js'
import { digest } from '../digest.js'
import { CitizenSessionError, outage } from '../errors.js'
import { readBounded } from '../outbound.js'
import type { Store } from '../stores/store.js'
import { importVerificationKey, isStrong, isStrongRsa } from '../tokens/verification-keys.js'
import { isAhead } from '../wait.js'
import { type SigningAlgorithm, signingAlgorithms } from './algorithms.js'
import { toPublicKey } from './public-jwk.js'
import type { KeyRing } from './ring.js'
import { gateTokenType } from './token.js'

/** The part of a store that remembers which tokens were used. */
export type TokenStore = Pick<Store, 'claimOnce' | 'confirmClaim'>

/** Options of {@link verifyGateToken}. */
export interface VerifyGateTokenOptions {
  /** The issuer's keys: `remoteKeys(url)`, or a ring of this very process. */
  readonly keys: JWTVerifyGetKey | KeyRing
  /** What `iss` must be, letter by letter. */
  readonly issuer: string
  /** What `aud` must contain: us. */
  readonly audience: string
  /** Default `['RS256']`. */
  readonly algorithms?: readonly SigningAlgorithm[] | undefined
  /** How far the issuer's clock may be off, in seconds, 0 to 60. Default 30. */
  readonly clockSkewSeconds?: number | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** Options of {@link verifySsoToken}. */
export interface VerifySsoTokenOptions extends VerifyGateTokenOptions {
  /** Where used tokens are remembered; shared by all instances. */
  readonly store: TokenStore
  /** The longest life that a token may have, in seconds. Default 300. */
  readonly longestLifeSeconds?: number | undefined
}

/** The claims of a token that was taken. Times are seconds since the epoch. */
export interface SsoClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly jti: string
  readonly iat: number
  readonly exp: number
  readonly [name: string]: unknown
}

/** What was wrong with a token. */
export type SsoTokenProblem =
  | 'malformed'
  | 'algorithm'
  | 'unknown-key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not-yet-valid'
  | 'claims'
  | 'too-long-lived'
  | 'replayed'

/** A token was refused. */
export class SsoTokenError extends CitizenSessionError {
  override readonly name = 'SsoTokenError'
  readonly problem: SsoTokenProblem

  constructor(problem: SsoTokenProblem) {
    super('sso-token', `the token was refused: ${problem}`, {
      status: 401,
      headers: { 'cache-control': 'no-store' },
    })
    this.problem = problem
  }
}

const longestToken = 8_192
const longestId = 256

/**
 * Takes a token: verifies it, and makes sure that it is the first and last time.
 * @throws SsoTokenError for a token that does not hold or was used before.
 * @throws CitizenSessionError `keys-unavailable`, `store-unavailable`: nothing is known about the token.
 * Source: RFC 7519, section 7.2; RFC 8725, section 3.
 */
export async function verifySsoToken(token: string, options: VerifySsoTokenOptions): Promise<SsoClaims> {
  const { issuer, store, clock = systemClock } = options
  const { longestLifeSeconds = 300, clockSkewSeconds = 30 } = options
  assertVerifyOptions('verifySsoToken', options)
  if (!(longestLifeSeconds > 0)) throw new TypeError('longestLifeSeconds is a number of seconds, more than 0')
  const now = clock()
  const claims = await verifyIssued(token, options, { now, isType: isJwt, longestLifeSeconds })
  const key = `sso:${digest(issuer, claims.jti)}`
  if (!(await store.claimOnce(key))) throw new SsoTokenError('replayed')
  // Until nobody takes the token any more, whatever clock they have.
  await store.confirmClaim(key, Math.ceil(claims.exp - now / 1000) + 2 * clockSkewSeconds + 60)
  return claims
}

/** The token of a partner says nothing of its type, or that it is a JWT. */
const isJwt = (type: string | undefined): boolean =>
  type === undefined || (typeof type === 'string' && /^(?:application\/)?jwt$/i.test(type))
const isGateToken = (type: string | undefined): boolean => type === gateTokenType

/** The claims of a token that the gate gave to a backend. Times are seconds since the epoch. */
export interface GateTokenClaims extends SsoClaims {
  /** The level of assurance. */
  readonly level: number
}

/** A token of the gate lives no longer. */
const longestGateLife = 60

/**
 * Verifies the token that came with a request from the gate, in the header `Citizen-Token`. It is good for many requests of
 * at most 60 seconds. @throws SsoTokenError (401) for a token that does not hold; CitizenSessionError `keys-unavailable` (503).
 * Source: RFC 7519, section 7.2; RFC 8725, section 3.
 */
export async function verifyGateToken(
  token: string | undefined,
  options: VerifyGateTokenOptions,
): Promise<GateTokenClaims> {
  const { clock = systemClock } = options
  assertVerifyOptions('verifyGateToken', options)
  const rules = { now: clock(), isType: isGateToken, longestLifeSeconds: longestGateLife }
  const claims = await verifyIssued(token ?? '', options, rules)
  const { level } = claims
  if (typeof level !== 'number' || !Number.isInteger(level)) throw new SsoTokenError('claims')
  return { ...claims, level }
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** @throws TypeError for options that cannot be. */
function assertVerifyOptions(name: string, options: VerifyGateTokenOptions): void {
  const { issuer, audience, algorithms = ['RS256'], clockSkewSeconds = 30 } = options
  // `undefined`, as of a variable that is not set, would mean anybody, and a list more than one.
  if (![issuer, audience].every(isText))
    throw new TypeError(`${name} needs issuer and audience, each a text that is not empty`)
  if (algorithms.length === 0 || !algorithms.every((each) => signingAlgorithms.includes(each)))
    throw new TypeError(`algorithms of ${name} are ${signingAlgorithms.join(', ')}`)
  if (!(clockSkewSeconds >= 0 && clockSkewSeconds <= 60)) throw new TypeError('clockSkewSeconds is 0 to 60')
}

/** What tells kinds of tokens apart. `now`: milliseconds since the epoch. */
interface KindRules {
  readonly now: number
  readonly isType: (type: string | undefined) => boolean
  readonly longestLifeSeconds: number
}

/** Everything but whether it was used before. @throws SsoTokenError; CitizenSessionError `keys-unavailable` */
async function verifyIssued(
  token: string,
  options: VerifyGateTokenOptions,
  { now, isType, longestLifeSeconds }: KindRules,
): Promise<SsoClaims> {
  const { keys, issuer, audience, algorithms = ['RS256'], clockSkewSeconds = 30 } = options
  if (typeof token !== 'string' || token.length > longestToken) throw new SsoTokenError('malformed')
  let claims: SsoClaims
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keyFinder(keys), {
      algorithms: [...algorithms],
      issuer,
      audience,
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(now),
      requiredClaims: ['iss', 'aud', 'sub', 'jti', 'iat', 'exp'],
    })
    if (!isType(protectedHeader.typ) || !isComplete(payload)) throw new SsoTokenError('claims')
    claims = payload
  } catch (error) {
    throw translate(error)
  }
  const lifetime = claims.exp - claims.iat
  if (lifetime <= 0 || lifetime > longestLifeSeconds) throw new SsoTokenError('too-long-lived')
  if (claims.iat > now / 1000 + clockSkewSeconds) throw new SsoTokenError('not-yet-valid')
  return claims
}

function isComplete(payload: object): payload is SsoClaims {
  const { sub, jti, iat, exp } = { sub: '', jti: '', iat: 0, exp: 0, ...payload }
  const isName = (value: unknown): boolean => isText(value) && String(value).length <= longestId
  return isName(sub) && isName(jti) && Number.isSafeInteger(iat) && Number.isSafeInteger(exp)
}

function keyFinder(keys: JWTVerifyGetKey | KeyRing): JWTVerifyGetKey {
  if (typeof keys === 'function')
    return async (header, token) => {
      const found = await keys(header, token)
      if (!isPublicAndStrong(found)) throw new errors.JWKSNoMatchingKey()
      return found
    }
  return async ({ kid, alg }) => {
    const jwk = (await keys.published()).keys.find((each) => each.kid === kid && each.alg === alg)
    if (jwk === undefined) throw new errors.JWKSNoMatchingKey()
    return toPublicKey(jwk)
  }
}

/** Whether it is worth what it verifies, in whatever form the application's function gives it. */
function isPublicAndStrong(given: Awaited<ReturnType<JWTVerifyGetKey>>): boolean {
  if (given instanceof Uint8Array) return false
  if (given instanceof KeyObject) return given.type === 'public' && isStrong(given)
  if (Reflect.get(given, Symbol.toStringTag) !== 'CryptoKey') return isUsable(given)
  const { type, algorithm } = given as webcrypto.CryptoKey
  if (type !== 'public' || !('modulusLength' in algorithm)) return type === 'public'
  const { modulusLength, publicExponent } = algorithm as webcrypto.RsaKeyAlgorithm
  return isStrongRsa({
    modulusLength,
    publicExponent: BigInt(`0x${Buffer.from(publicExponent).toString('hex')}`),
  })
}

/** Whether a member of a key set verifies something: it is public, and strong. */
const isUsable = (jwk: unknown): boolean =>
  importVerificationKey(jwk, signingAlgorithms, () => undefined) !== undefined

const claimProblems: Readonly<Record<string, SsoTokenProblem>> = {
  iss: 'issuer',
  aud: 'audience',
  nbf: 'not-yet-valid',
}

/** jose's errors by their codes; everything that says nothing about the token becomes `keys-unavailable`. */
function translate(error: unknown): Error {
  if (error instanceof CitizenSessionError) return error
  if (error instanceof errors.JWTExpired) return new SsoTokenError('expired')
  if (error instanceof errors.JWTClaimValidationFailed)
    return new SsoTokenError(claimProblems[error.claim] ?? 'claims')
  if (error instanceof errors.JOSEAlgNotAllowed) return new SsoTokenError('algorithm')
  if (error instanceof errors.JWSSignatureVerificationFailed) return new SsoTokenError('signature')
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return new SsoTokenError('unknown-key')
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return new SsoTokenError('malformed')
  if (error instanceof errors.JOSENotSupported) return new SsoTokenError('algorithm')
  return outage('keys-unavailable', "the issuer's keys cannot be had", error)
}

/** Options of {@link remoteKeys}. */
export interface RemoteKeysOptions {
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The longest time that keys are kept, in seconds. Default 600. */
  readonly cacheSeconds?: number | undefined
  /** How soon an unknown `kid` may lead to another fetch, in seconds. Default 30. */
  readonly coolDownSeconds?: number | undefined
}

/**
 * The keys of an issuer at its address: fetched once for all who ask, and again for a `kid` that is not known. Make it
 * once, not for each token. @throws TypeError for an address that is not https (http on loopback only).
 */
export function remoteKeys(address: string, options: RemoteKeysOptions = {}): JWTVerifyGetKey {
  const url = new URL(address)
  const isLoopback = /^(?:localhost|127\.0\.0\.1|\[::1\]|.+\.localhost)$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    throw new TypeError("the issuer's keys are fetched over https; over http only on loopback")
  const make = (): JWTVerifyGetKey =>
    createRemoteJWKSet(url, {
      cacheMaxAge: (options.cacheSeconds ?? 600) * 1000,
      cooldownDuration: (options.coolDownSeconds ?? 30) * 1000,
      timeoutDuration: 5_000,
      [customFetch]: limited(options.fetch ?? globalThis.fetch),
    })
  let find = make()
  let lastAsked = 0
  return (header, token) => {
    // By a clock that has been put back what is remembered would be kept, and waited for, as long as it was wrong: by
    // the machine's, which `jose` asks.
    const now = Date.now()
    if (isAhead(lastAsked, now)) find = make()
    lastAsked = now
    return find(header, token)
  }
}

/** A longer key set is not read to its end: 256 KiB. */
const longestKeySet = 262_144

/** Calls, and reads no more of an answer than a key set may have. */
function limited(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (response.status !== 200) {
      await response.body?.cancel()
      return response
    }
    const body = await readBounded(response, longestKeySet)
    if (body === undefined) throw new TypeError('the key set of the issuer is too large')
    return new Response(withUsableKeys(new TextDecoder().decode(body)), { status: 200 })
  }
}

/** A key set with those keys alone that verify something: for one that is no key `jose` refuses the whole. */
function withUsableKeys(text: string): string {
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch {
    return text
  }
  const keys: unknown = typeof set === 'object' && set !== null ? Reflect.get(set, 'keys') : undefined
  if (!Array.isArray(keys)) return text
  return JSON.stringify({ keys: keys.filter(isUsable) })
}
