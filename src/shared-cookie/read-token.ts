/** @module The token of a request: the three cookies read, and verified, duplicates included. */

import type { ScannedCookies } from '../cookies/parse.js'
import type { Report } from '../events.js'
import type { MaybePromise } from '../exchange.js'
import type { TokenBearer } from '../tokens/jwks-cache.js'
import type { TokenParts } from '../tokens/token-parts.js'
import type { RejectedToken, TokenVerifier, VerifiedToken } from '../tokens/verify.js'
import { combinations } from './duplicates.js'
import { strengthOf } from './newest-token.js'

/** What the cookies of a request say about a token. */
export type TokenReading =
  | VerifiedToken
  | RejectedToken
  /** No token, or parts of one only. */
  | 'none'
  /** Several tokens that name different sessions. */
  | 'ambiguous'

const oversized: RejectedToken = Object.freeze({ valid: false, problem: 'too-large' })

/** Reads the shared cookies of a request. */
export interface TokenReader {
  scan(cookieHeader: string): ScannedCookies
  /** `bearer`: for whom a key that is not known is asked for. */
  read(scanned: ScannedCookies, now: number, bearer?: TokenBearer): MaybePromise<TokenReading>
  /** Every token that holds, one for each session: what an ambiguous reading is made of. */
  readEach(scanned: ScannedCookies, now: number): Promise<readonly VerifiedToken[] | 'too-many'>
}

/**
 * Makes the reader. Duplicates are never decided by their order: all combinations are verified, and only if all
 * that are valid name one session, the newest of them counts.
 * Source: RFC 6265bis 8.6 (`CK-07`).
 */
export function createTokenReader(options: {
  readonly scan: (cookieHeader: string) => ScannedCookies
  readonly verify: TokenVerifier['verify']
  /** Names of the three cookies, for the event. */
  readonly names: Readonly<Record<keyof TokenParts, string>>
  readonly report: Report
}): TokenReader {
  const { verify, report } = options

  const readDuplicates = async (
    scanned: ScannedCookies,
    now: number,
    bearer: TokenBearer | undefined,
  ): Promise<TokenReading> => {
    const candidates = combinations(scanned)
    const names = duplicatedParts(scanned).map((part) => options.names[part])
    if (candidates === 'too-many') {
      report({ type: 'duplicate-cookie', names, outcome: 'ambiguous' })
      return 'ambiguous'
    }
    let newest: VerifiedToken | undefined
    let rejected: RejectedToken | undefined
    for (const candidate of candidates) {
      const token = await verify(candidate, now, bearer)
      if (!token.valid) {
        rejected = token
        continue
      }
      if (newest !== undefined && !isSameSession(newest, token)) {
        report({ type: 'duplicate-cookie', names, outcome: 'ambiguous' })
        return 'ambiguous'
      }
      if (newest === undefined || isNewerCopy(token, newest)) newest = token
    }
    report({ type: 'duplicate-cookie', names, outcome: 'agreed' })
    return newest ?? rejected ?? 'none'
  }

  return {
    scan: options.scan,
    read(scanned, now, bearer) {
      if (scanned.oversized) return oversized
      if (scanned.duplicates !== undefined) return readDuplicates(scanned, now, bearer)
      const { header, payload, signature } = scanned
      if (header === undefined || payload === undefined || signature === undefined) return 'none'
      return verify({ header, payload, signature }, now, bearer)
    },

    async readEach(scanned, now) {
      const candidates = combinations(scanned)
      if (candidates === 'too-many' || scanned.oversized) return 'too-many'
      const found: VerifiedToken[] = []
      for (const candidate of candidates) {
        const token = await verify(candidate, now)
        if (token.valid && !found.some((known) => isSameSession(known, token))) found.push(token)
      }
      return found
    },
  }
}

/**
 * Whether a copy counts before another one: by `iat`, as everywhere, for a token with another factor may expire sooner; of two
 * of one second the one that expires later, which a provider may have signed anew; else the one that shows less.
 */
function isNewerCopy(token: VerifiedToken, other: VerifiedToken): boolean {
  if (token.issuedAt !== other.issuedAt) return token.issuedAt > other.issuedAt
  if (token.expiresAt !== other.expiresAt) return token.expiresAt > other.expiresAt
  return strengthOf(token.claims) < strengthOf(other.claims)
}

function isSameSession(left: VerifiedToken, right: VerifiedToken): boolean {
  return (
    left.claims.iss === right.claims.iss &&
    left.claims.sub === right.claims.sub &&
    left.sessionValue === right.sessionValue
  )
}

function duplicatedParts({ duplicates }: ScannedCookies): (keyof TokenParts)[] {
  if (duplicates === undefined) return []
  return (['header', 'payload', 'signature'] as const).filter((part) => duplicates[part].length > 1)
}
