/** @module What a request that carries a part of the shared cookie more than once may mean. */
import type { ScannedCookies } from '../cookies/parse.js'
import type { TokenParts } from '../tokens/token-parts.js'

/** More combinations than this are not looked at: whoever sends them is not a browser of ours. */
export const maximumCombinations = 8

/**
 * Every token that the received parts can make, the first values first. Which of them are good, and whether those
 * agree, is for the verifier to say: the first is not better than the others (`CK-07`).
 * @returns none if a part is missing; `too-many` beyond {@link maximumCombinations} of the distinct values.
 */
export function combinations(scanned: ScannedCookies): TokenParts[] | 'too-many' {
  const { header, payload, signature, duplicates } = scanned
  if (header === undefined || payload === undefined || signature === undefined) return []
  if (duplicates === undefined) return [{ header, payload, signature }]
  const headers = new Set(duplicates.header)
  const payloads = new Set(duplicates.payload)
  const signatures = new Set(duplicates.signature)
  if (headers.size * payloads.size * signatures.size > maximumCombinations) return 'too-many'
  const tokens: TokenParts[] = []
  for (const oneHeader of headers) {
    for (const onePayload of payloads) {
      for (const oneSignature of signatures) {
        tokens.push({ header: oneHeader, payload: onePayload, signature: oneSignature })
      }
    }
  }
  return tokens
}
