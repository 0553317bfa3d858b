/** @module The partner's judgement of an SSO token: RS256, our issuer, for us, once. Code of its own, not the suite's. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { weaknessOf } from './public-key.js'

/** What was wrong with a token. */
export type PartnerTokenProblem =
  | 'malformed'
  | 'algorithm'
  | 'unknown-key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'claims'
  | 'expired'
  | 'not-yet-valid'
  | 'too-long-lived'

/** The claims of a token that holds; times are seconds since the epoch. */
export interface TokenClaims {
  readonly sub: string
  readonly jti: string
  readonly exp: number
  /** All of them. */
  readonly all: Readonly<Record<string, unknown>>
}

/** What a token is held to. */
export interface TokenRules {
  readonly issuer: string
  readonly audience: string
  /** The members of the key set, unchecked. */
  readonly keys: readonly unknown[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

type Json = Readonly<Record<string, unknown>>

const longestToken = 8_192
const longestLifeSeconds = 300
const skewSeconds = 30

/** The claims, or what is wrong. Source: RFC 7519, section 7.2; RFC 8725, section 3; Vivoldi SSO, 3 and 4. */
export function judgeToken(token: string, rules: TokenRules): TokenClaims | PartnerTokenProblem {
  const [first = '', second = '', third = '', ...more] = token.length > longestToken ? [] : token.split('.')
  const [header, claims] = [parse(first), parse(second)]
  if (header === undefined || claims === undefined || more.length > 0) return 'malformed'
  if (header.alg !== 'RS256' || header.crit !== undefined) return 'algorithm'
  const key = keyOf(rules.keys, header.kid)
  if (key === undefined) return 'unknown-key'
  const signature = Buffer.from(third, 'base64url')
  if (!verify('sha256', Buffer.from(`${first}.${second}`), key, signature)) return 'signature'
  return judgeClaims(claims, header.typ, rules)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parse(part: string): Json | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(part, 'base64url')))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Members that only private and symmetric keys have. Source: RFC 7518, section 6. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** The one RSA key of that name that verifies something. */
function keyOf(keys: readonly unknown[], kid: unknown): KeyObject | undefined {
  if (typeof kid !== 'string') return undefined
  const [named, ...others] = keys.filter((each): each is Json => {
    if (typeof each !== 'object' || each === null) return false
    const { kty, use = 'sig', alg = 'RS256', key_ops: uses = ['verify'], kid: name } = each as Json
    const isForThis = kty === 'RSA' && use === 'sig' && alg === 'RS256' && name === kid
    return isForThis && Array.isArray(uses) && uses.includes('verify')
  })
  if (named === undefined || others.length > 0) return undefined
  if (secretMembers.some((member) => Object.hasOwn(named, member))) return undefined
  const { n, e } = named
  if (typeof n !== 'string' || typeof e !== 'string') return undefined
  try {
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
    return weaknessOf(key) === undefined ? key : undefined
  } catch {
    return undefined
  }
}

function judgeClaims(claims: Json, type: unknown, rules: TokenRules): TokenClaims | PartnerTokenProblem {
  const { iss, aud, sub, jti, iat, exp, nbf } = claims
  if (iss !== rules.issuer) return 'issuer'
  if (aud !== rules.audience && !(Array.isArray(aud) && aud.includes(rules.audience))) return 'audience'
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && value !== '' && value.length <= 256
  const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value)
  if (!isText(sub) || !isText(jti) || !isTime(iat) || !isTime(exp)) return 'claims'
  if (type !== undefined && !(typeof type === 'string' && /^(?:application\/)?jwt$/i.test(type)))
    return 'claims'
  if (nbf !== undefined && !isTime(nbf)) return 'claims'
  const now = rules.now / 1000
  if (exp <= now - skewSeconds) return 'expired'
  if (Math.max(iat, nbf ?? iat) > now + skewSeconds) return 'not-yet-valid'
  if (exp <= iat || exp - iat > longestLifeSeconds) return 'too-long-lived'
  return { sub, jti, exp, all: claims }
}
