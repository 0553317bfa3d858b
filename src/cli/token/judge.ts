/** @module What a configuration says of a token, and why, in the codes of the event `token.rejected`. */
import { acceptableClaims } from '../../config/identity-provider-options.js'
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { CitizenSessionError } from '../../errors.js'
import {
  createTokenDecoder,
  foreignIn,
  kindsMissingIn,
  maximumTokenHeaderLength,
  maximumTokenLength,
  type TokenProblem,
} from '../../tokens/claims.js'
import { createJwksCache } from '../../tokens/jwks-cache.js'
import type { TokenParts } from '../../tokens/token-parts.js'
import { createTokenVerifier } from '../../tokens/verify.js'
import { durationInWords } from './times.js'

/** The parts of a token as far as they can be read, whatever else is wrong with it. */
export interface LooseToken {
  readonly header: Readonly<Record<string, unknown>> | undefined
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/** What would become of a token. */
export interface TokenVerdict {
  /** `unproven`: everything holds, but nobody has looked at the signature. */
  readonly outcome: 'accepted' | 'unproven' | 'refused' | 'undecided'
  /** Code of the event `token.rejected`; `keys` when the keys cannot be had. */
  readonly problem: TokenProblem | 'keys' | undefined
  readonly reason: string
}

/** Reads what can be read. */
export function readLoosely(parts: TokenParts): LooseToken {
  const read = (part: string): LooseToken['claims'] => {
    try {
      const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Readonly<Record<string, unknown>>)
        : undefined
    } catch {
      return undefined
    }
  }
  return { header: read(parts.header), claims: read(parts.payload) }
}

/**
 * Holds a token against the rules that the application has. With `fetch` the keys are fetched and the signature is
 * verified; without it nobody is asked. `now` in milliseconds.
 */
export async function judgeToken(
  parts: TokenParts,
  options: ResolvedSharedCookieOptions,
  { now, fetch }: { readonly now: number; readonly fetch?: typeof globalThis.fetch | undefined },
): Promise<TokenVerdict> {
  const { identityProvider } = options
  const refuse = (problem: TokenProblem): TokenVerdict => ({
    outcome: 'refused',
    problem,
    reason: explain(problem, parts, options, now),
  })
  const decoded = createTokenDecoder(identityProvider)(parts, now)
  if (typeof decoded === 'string') return refuse(decoded)
  if (!identityProvider.issuers.includes(decoded.claims.iss)) return refuse('issuer')
  if (fetch === undefined) {
    const reason =
      'everything holds but the signature, which was not looked at: --fetch-keys asks the provider for its keys'
    return { outcome: 'unproven', problem: undefined, reason }
  }
  const keys = createJwksCache({
    ...identityProvider.keys,
    url: identityProvider.endpoints.jwks,
    algorithms: identityProvider.algorithms,
    fetch,
    clock: () => now,
    report: () => {},
  })
  const issuers = new Map(identityProvider.issuers.map((issuer) => [issuer, keys]))
  try {
    const verified = await createTokenVerifier({ ...identityProvider, issuers }).verify(parts, now)
    if (!verified.valid) return refuse(verified.problem)
    return {
      outcome: 'accepted',
      problem: undefined,
      reason: 'signature, issuer, times, kind and claims hold',
    }
  } catch (error) {
    if (!(error instanceof CitizenSessionError) || error.code !== 'keys-unavailable') throw error
    const reason = `the keys at ${identityProvider.endpoints.jwks} cannot be had: citizen-session doctor says why`
    return { outcome: 'undecided', problem: 'keys', reason }
  }
}

const show = (value: unknown) => (value === undefined ? 'missing' : JSON.stringify(value))

function explain(
  problem: TokenProblem,
  parts: TokenParts,
  options: ResolvedSharedCookieOptions,
  now: number,
): string {
  const { header = {}, claims = {} } = readLoosely(parts)
  const { identityProvider } = options
  const skew = identityProvider.clockSkewSeconds
  switch (problem) {
    case 'malformed':
      return 'a part is not canonical base64url of a JSON object, a name comes twice, or the header has crit, b64 or zip'
    case 'too-large':
      return `it has ${parts.header.length + parts.payload.length + parts.signature.length + 2} characters, ${parts.header.length} of them header; at most ${maximumTokenLength} and ${maximumTokenHeaderLength} are read`
    case 'algorithm':
      return `alg is ${show(header.alg)}; identityProvider.algorithms accepts ${identityProvider.algorithms.join(', ')}`
    case 'signature':
      return 'the signature is not that of the key of this kid: the token was changed, or comes from another provider'
    case 'unknown-key':
      return `the provider publishes no key with kid ${show(header.kid)} for ${show(header.alg)} at ${identityProvider.endpoints.jwks}`
    case 'issuer':
      return `iss is ${show(claims.iss)}; identityProvider.issuer accepts ${identityProvider.issuers.map(show).join(', ')}, letter by letter`
    case 'audience':
      return identityProvider.audience === undefined
        ? `aud is ${show(claims.aud)}, and identityProvider.audience is not set: set it to the value meant for you`
        : `aud is ${show(claims.aud)}; identityProvider.audience is ${show(identityProvider.audience)}`
    case 'expired':
      return `exp was ${durationInWords(now / 1000 - Number(claims.exp))} ago; ${skew} s of clock skew are tolerated`
    case 'not-yet-valid': {
      const ahead = Math.max(Number(claims.nbf ?? 0), Number(claims.iat)) - now / 1000
      return `nbf or iat is ${durationInWords(ahead)} ahead; ${skew} s of clock skew are tolerated: compare the clocks`
    }
    case 'kind':
      return explainKind(header, claims, identityProvider)
    case 'claims':
      return `iss, sub and ${identityProvider.sessionClaim} must be texts, exp, iat and nbf seconds, exp after iat; they are ${['iss', 'sub', identityProvider.sessionClaim, 'exp', 'iat', 'nbf'].map((name) => `${name} ${show(claims[name])}`).join(', ')}`
  }
}

function explainKind(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  rules: Pick<ResolvedSharedCookieOptions['identityProvider'], 'kindClaims' | 'acceptedClaims'>,
): string {
  if (Object.hasOwn(header, 'typ') && String(header.typ).toUpperCase() !== 'JWT') {
    return `typ is ${show(header.typ)}; only JWT, or none, is a token of the cookie`
  }
  const others = foreignIn(claims, rules)
  if (others.length > 0) {
    const isAcceptable = others.every((name) => acceptableClaims.includes(name))
    const remedy = isAcceptable ? ' (identityProvider.acceptedClaims can allow them)' : ''
    return `it is a token of another kind: only those have ${others.join(', ')}${remedy}`
  }
  const wrong = kindsMissingIn(claims, rules)
  return `${wrong.join(', ')} must be there and be true or false (identityProvider.kindClaims): ${wrong.map((name) => `${name} is ${show(claims[name])}`).join(', ')}`
}
