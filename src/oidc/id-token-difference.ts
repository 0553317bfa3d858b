/** @module What a refused token of the provider says in place of what the options want: issuer, audience, algorithm, key. */
import { type Difference, keyOf, noDifference, shown } from '../tokens/rejection.js'
import { parseStrictObject } from '../tokens/strict-json.js'

/** What the options want of such a token. */
export interface WantedOfToken {
  readonly issuer: string
  readonly clientId: string
  readonly algorithms: readonly string[]
}

type Said = Readonly<Record<string, unknown>>

/** What is told of a token that says this, and is refused for that problem. Nothing of the person is ever shown. */
export function differenceFor(
  problem: string,
  { header, claims }: { readonly header: Said; readonly claims: Said },
  { issuer, clientId, algorithms }: WantedOfToken,
): Difference {
  switch (problem) {
    case 'issuer':
      return { given: shown(claims.iss), expected: issuer }
    case 'audience': {
      const azp = claims.azp === undefined ? '' : ` for azp ${shown(claims.azp)}`
      return { given: `${shown(claims.aud)}${azp}`, expected: clientId }
    }
    case 'algorithm':
      return { given: shown(header.alg), expected: algorithms.join(' or ') }
    case 'unknown-key':
      return { given: keyOf(header.kid) }
    default:
      return noDifference
  }
}

/** The same of a token as it came; of one that is encrypted, or no token, there is nothing to tell. */
export function differenceIn(jwt: unknown, problem: string, wanted: WantedOfToken): Difference {
  const [header = '', claims = '', tail, ...rest] = typeof jwt === 'string' ? jwt.split('.') : []
  if (tail === undefined || rest.length > 0) return noDifference
  const said = { header: parseStrictObject(header) ?? {}, claims: parseStrictObject(claims) ?? {} }
  return differenceFor(problem, said, wanted)
}
