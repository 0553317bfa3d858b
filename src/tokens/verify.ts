/** @module Verifies a token of the shared cookie: synchronously wherever its key is known. */
import type { Claims } from '../citizen.js'
import { createDigestMemory, type DigestMemory } from '../digest-memory.js'
import { CitizenSessionError } from '../errors.js'
import type { MaybePromise } from '../exchange.js'
import { shareOfMemory } from '../recent.js'
import { findAlgorithm, isSignedBy } from './algorithms.js'
import {
  type ClaimRules,
  createTokenDecoder,
  type DecodedToken,
  findTimeProblem,
  type TokenProblem,
} from './claims.js'
import type { JwksCache, TokenBearer } from './jwks-cache.js'
import { type Difference, differenceOf, keyOf, noDifference } from './rejection.js'
import { joinToken, type TokenParts } from './token-parts.js'
import type { VerificationKey } from './verification-keys.js'
import { createVerifiedCache, type VerifiedCache } from './verified-cache.js'

/** The part of the memory that verified tokens may fill. */
const shareOfTokens = 1 / 4
/** The part that the digests of those may fill which are no longer remembered whole. */
const shareOfDigests = 1 / 16

/** A token that holds now. The same object each time it is presented, for as long as it is remembered. */
export interface VerifiedToken {
  readonly valid: true
  readonly parts: TokenParts
  /** Frozen through and through: requests share them. */
  readonly claims: Claims
  /** Value of the claim that names the identity session. */
  readonly sessionValue: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  /** `exp` in milliseconds since the epoch, without the clock skew. */
  readonly expiresAt: number
  /** Whatever the session layer keeps with the token; lives as long as this object is remembered. */
  attachment: unknown
}

/** A token that does not hold, and why. */
export interface RejectedToken extends Difference {
  readonly valid: false
  readonly problem: TokenProblem
}

/** The rules for the claims, and whose keys sign for which issuer. */
export interface TokenVerifierOptions extends ClaimRules {
  /** The keys of each issuer by its exact `iss`: no issuer's key verifies another's token. */
  readonly issuers: ReadonlyMap<string, JwksCache>
  readonly keys?: {
    /**
     * Tokens remembered at most, whole and as digests, each. Default: as many as fit in a quarter and in a sixteenth of
     * the memory that the process may use, which no number makes larger.
     */
    readonly rememberedTokens?: number | undefined
  }
}

/** Verifies tokens and remembers those that hold. */
export interface TokenVerifier {
  /**
   * Holds a token against every rule. A token seen before is found again without cryptography, but its times and its
   * key are looked at each time. `now` in milliseconds since the epoch. `bearer`: for whom an unknown key is asked for;
   * default `anybody`.
   * @throws CitizenSessionError `keys-unavailable`, at once or later, when no keys can be had: says nothing about
   * the token.
   */
  verify(parts: TokenParts, now: number, bearer?: TokenBearer): MaybePromise<VerifiedToken | RejectedToken>
  /** Forgets every token and every key. */
  purge(): void
  /**
   * Sees to it that what is attached to a token is found again: one that is known by its digest may have been verified
   * for one request only.
   */
  keep(token: VerifiedToken, now: number): void
  /** Number of tokens remembered whole. */
  readonly size: number
}

interface RememberedToken extends VerifiedToken {
  parts: TokenParts
  readonly notBefore: number
  readonly key: VerificationKey
  readonly keys: JwksCache
  /** Whether its digest is remembered already. */
  isDigested: boolean
}

/** While tokens crowd each other out, one in so many that are known by their digests is remembered whole again. */
const recognizedForEach = 8

function reject(problem: TokenProblem): RejectedToken {
  return Object.freeze({ valid: false, problem })
}

const rejections: Readonly<Record<TokenProblem, RejectedToken>> = Object.freeze({
  malformed: reject('malformed'),
  'too-large': reject('too-large'),
  algorithm: reject('algorithm'),
  signature: reject('signature'),
  'unknown-key': reject('unknown-key'),
  issuer: reject('issuer'),
  audience: reject('audience'),
  expired: reject('expired'),
  'not-yet-valid': reject('not-yet-valid'),
  kind: reject('kind'),
  claims: reject('claims'),
})

/** A copy that does not keep the whole `Cookie` header alive, as a slice of it would. */
function copyText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** A verifier: its rules, and the tokens that it remembers. */
interface VerifierContext {
  readonly options: TokenVerifierOptions
  /** Milliseconds. */
  readonly skew: number
  readonly decode: (parts: TokenParts, now: number) => DecodedToken | TokenProblem
  readonly remembered: VerifiedCache<RememberedToken>
  /** What is left of tokens that are no longer remembered whole. */
  readonly digests: DigestMemory<VerificationKey>
  /** All tokens of one key have the same header: one copy serves them. */
  latestHeader: string
  /** How many were known by their digests. */
  recognized: number
}

/**
 * Makes the verifier of the shared cookie's tokens.
 * @throws CitizenSessionError `usage` for an algorithm that is not supported, or a skew of more than 60 s.
 * Source: RFC 7515, RFC 7519, RFC 8725; `JWT-01` to `JWT-10`.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  assertRules(options)
  const maximumEntries = options.keys?.rememberedTokens
  const digests = createDigestMemory<VerificationKey>({
    maximumEntries,
    maximumBytes: shareOfMemory(shareOfDigests),
  })
  const context: VerifierContext = {
    options,
    skew: options.clockSkewSeconds * 1000,
    decode: createTokenDecoder(options),
    remembered: createVerifiedCache<RememberedToken>(
      { maximumEntries, maximumBytes: shareOfMemory(shareOfTokens) },
      (entry) => {
        if (!entry.isDigested) digests.add(entry.parts.signature, joinToken(entry.parts), entry.key)
        entry.isDigested = true
      },
    ),
    digests,
    latestHeader: '',
    recognized: 0,
  }
  return {
    verify: (parts, now, bearer) =>
      recall(context, parts, now) ??
      recognize(context, parts, now) ??
      verifyAnew(context, parts, now, bearer),
    keep(token, now) {
      const { remembered } = context
      if ('isDigested' in token && remembered.get(token.parts, now) === undefined)
        remembered.set(ownCopy(context, token as RememberedToken), now)
    },
    purge() {
      context.remembered.clear()
      context.digests.clear()
      for (const keys of options.issuers.values()) keys.purge()
    },
    get size() {
      return context.remembered.size
    },
  }
}

function assertRules({ algorithms, clockSkewSeconds }: TokenVerifierOptions): void {
  const unsupported = algorithms.find((name) => findAlgorithm(name) === undefined)
  if (unsupported !== undefined || algorithms.length === 0) {
    throw new CitizenSessionError('usage', 'identityProvider.algorithms must name asymmetric algorithms only')
  }
  if (!(clockSkewSeconds >= 0 && clockSkewSeconds <= 60)) {
    throw new CitizenSessionError('usage', 'identityProvider.clockSkewSeconds must be between 0 and 60')
  }
}

/** A token seen before, if it still holds; expired if it no longer does; `undefined`: look at it anew. */
function recall(
  { remembered, skew }: VerifierContext,
  parts: TokenParts,
  now: number,
): VerifiedToken | RejectedToken | undefined {
  const entry = remembered.get(parts, now)
  if (entry === undefined) return undefined
  const problem = findTimeProblem(entry, now, skew)
  if (problem === undefined && entry.keys.isCurrent(entry.key, now)) return entry
  if (problem === 'not-yet-valid') return rejections[problem]
  remembered.delete(entry)
  return problem === undefined ? undefined : rejections[problem]
}

/**
 * A token whose digest is remembered: its signature was verified, byte for byte. Everything else is looked at as on
 * first sight, in the token that is presented. `undefined`: no such token, or its key is no longer good.
 */
function recognize(
  context: VerifierContext,
  parts: TokenParts,
  now: number,
): VerifiedToken | RejectedToken | undefined {
  const { options } = context
  const key = context.digests.find(parts.signature, joinToken(parts))
  if (key === undefined) return undefined
  const token = context.decode(parts, now)
  if (typeof token === 'string') return explain(parts, token, options)
  const keys = options.issuers.get(token.claims.iss)
  if (!keys?.isCurrent(key, now)) return undefined
  const entry = createEntry({ parts, token, keys }, key, true)
  context.recognized += 1
  // To remember each of them, where another one goes for it, costs more than to know them by their digests.
  const isKept = !context.remembered.isCrowded || context.recognized % recognizedForEach === 0
  if (isKept) context.remembered.set(ownCopy(context, entry), now)
  return entry
}

function verifyAnew(
  context: VerifierContext,
  parts: TokenParts,
  now: number,
  bearer: TokenBearer | undefined,
): MaybePromise<VerifiedToken | RejectedToken> {
  const { options } = context
  const token = context.decode(parts, now)
  if (typeof token === 'string') return explain(parts, token, options)
  const keys = options.issuers.get(token.claims.iss)
  if (keys === undefined) return explain(parts, 'issuer', options)
  const candidates = keys.find(token.kid, token.algorithm, now, bearer)
  const decoded = { parts, token, keys }
  if (!(candidates instanceof Promise)) return checkSignature(context, decoded, candidates, now)
  return candidates.then((found) => {
    // A purge may have come between the end of the fetch and now.
    const current = found.filter((key) => !key.isRetired)
    // Whoever waited for the same fetch finds what the first of them verified.
    return recall(context, parts, now) ?? checkSignature(context, decoded, current, now)
  })
}

function explain(parts: TokenParts, problem: TokenProblem, options: TokenVerifierOptions): RejectedToken {
  const difference = differenceOf(parts, problem, options)
  return difference === noDifference ? rejections[problem] : { ...rejections[problem], ...difference }
}

/** A token that is well formed, and the keys of its issuer. */
interface Decoded {
  readonly parts: TokenParts
  readonly token: DecodedToken
  readonly keys: JwksCache
}

/** Holds the signature against the candidates, and remembers a token that one of them has signed. */
function checkSignature(
  context: VerifierContext,
  decoded: Decoded,
  candidates: readonly VerificationKey[],
  now: number,
): VerifiedToken | RejectedToken {
  const { parts, token } = decoded
  if (candidates.length === 0) return { ...rejections['unknown-key'], given: keyOf(token.kid) }
  const data = Buffer.from(`${parts.header}.${parts.payload}`, 'latin1')
  const key = candidates.find((each) => isSignedBy(each.key, token.algorithm, data, token.signature))
  if (key === undefined) return rejections.signature
  const entry = createEntry(decoded, key, false)
  context.remembered.set(ownCopy(context, entry), now)
  return entry
}

function createEntry(
  { parts, token, keys }: Decoded,
  key: VerificationKey,
  isDigested: boolean,
): RememberedToken {
  return {
    valid: true,
    parts,
    claims: token.claims,
    sessionValue: token.sessionValue,
    issuedAt: token.issuedAt,
    expiresAt: token.expiresAt,
    attachment: undefined,
    notBefore: token.notBefore,
    key,
    keys,
    isDigested,
  }
}

/** Gives an entry texts of its own, so that it can be remembered. */
function ownCopy(context: VerifierContext, entry: RememberedToken): RememberedToken {
  const { header, payload, signature } = entry.parts
  if (header !== context.latestHeader) context.latestHeader = copyText(header)
  entry.parts = {
    header: context.latestHeader,
    payload: copyText(payload),
    signature: copyText(signature),
  }
  return entry
}
