/** @module What a refused token says in place of what the configuration wants, for whoever must find out why. */

import { excerpt } from '../printable.js'
import { type ClaimRules, foreignIn, kindsMissingIn, type TokenProblem } from './claims.js'
import { parseStrictObject } from './strict-json.js'
import type { TokenParts } from './token-parts.js'

/** What was given and what was wanted, each fit to be printed. */
export interface Difference {
  readonly given?: string | undefined
  readonly expected?: string | undefined
}

/** Of problems that say everything themselves. */
export const noDifference: Difference = Object.freeze({})

/** The rules that a difference is found against. */
export interface DifferenceRules extends ClaimRules {
  readonly issuers: ReadonlyMap<string, unknown>
}

/**
 * Reads once more what a token was refused for, where it says something: its issuer, audience, kind, algorithm or key.
 * Nothing in it is verified. No value of a claim about the person is ever shown.
 */
export function differenceOf(parts: TokenParts, problem: TokenProblem, rules: DifferenceRules): Difference {
  const header = (): Readonly<Record<string, unknown>> => parseStrictObject(parts.header) ?? {}
  const claims = (): Readonly<Record<string, unknown>> => parseStrictObject(parts.payload) ?? {}
  switch (problem) {
    case 'issuer':
      return { given: shown(claims().iss), expected: [...rules.issuers.keys()].join(' or ') }
    case 'audience':
      return { given: shown(claims().aud), expected: rules.audience ?? 'no aud' }
    case 'unknown-key':
      return { given: keyOf(header().kid) }
    case 'algorithm':
      return { given: shown(header().alg), expected: rules.algorithms.join(' or ') }
    case 'kind':
      return { given: kindOf(header(), claims(), rules) }
    case 'claims':
      return { expected: `iss, sub, exp, iat and ${rules.sessionClaim}` }
    default:
      return noDifference
  }
}

/** The key that a token names. */
export function keyOf(kid: unknown): string {
  return `kid ${shown(kid)}`
}

function kindOf(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
): string {
  const foreign = foreignIn(claims, rules)
  if (foreign.length > 0) return `has ${foreign.join(', ')}`
  const missing = kindsMissingIn(claims, rules)
  if (missing.length > 0) return `no boolean ${missing.join(', ')}`
  return `typ ${shown(header.typ)}`
}

/** A value of a stranger's: at most 100 characters, control characters spelt out; `none` where there is none. */
export function shown(value: unknown): string {
  if (value === undefined) return 'none'
  return excerpt(typeof value === 'string' ? value : JSON.stringify(value).slice(0, 200))
}
