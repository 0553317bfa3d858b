/** @module Checks the key set of a provider, as whoever verifies its tokens fetches it. */
import { createPublicKey, type JsonWebKeyInput } from 'node:crypto'
import { textOf } from '../../printable.js'
import { encodingFaults } from '../../tokens/jwk-encoding.js'
import { importVerificationKey, maximumKeys } from '../../tokens/verification-keys.js'
import { type ProbeAnswer, ProbeError } from '../probe.js'
import { type CheckName, createFindings, type Finding } from './finding.js'
import { explainSilence, type Visited } from './visits.js'

/** What a key set is held to. */
export interface KeySetRules {
  readonly check: Extract<CheckName, 'keys' | 'openid-keys'>
  /** Its address. */
  readonly target: string
  readonly algorithms: readonly string[]
  /** For how long a set is kept, whatever its headers say. */
  readonly floorSeconds: number
  readonly ceilingSeconds: number
  /** What to do where the address is wrong. */
  readonly correctAddress: string
  /** What to do where it signs with other algorithms. */
  readonly correctAlgorithms: string
}

/** A JSON object, unchecked. */
export type Json = Readonly<Record<string, unknown>>

/** A text as a JSON object; `undefined` for anything else. */
export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
  } catch {
    return undefined
  }
}

/** The keys of an answer, unchecked; `undefined` where it is no key set within the limits. */
export function keysIn({ body, isTruncated }: ProbeAnswer): readonly unknown[] | undefined {
  const keys = parseObject(body)?.keys
  return !isTruncated && Array.isArray(keys) && keys.length <= maximumKeys ? keys : undefined
}

/** Whether the key set can be fetched and verifies anything, and how long it may be kept. Source: `JWT-11` to `-17`. */
export function judgeKeySet(visited: Visited, rules: KeySetRules): readonly Finding[] {
  const { target, algorithms } = rules
  const { ok, warn, fail } = createFindings(rules.check)
  if (visited instanceof ProbeError) {
    return [fail('keys-unreachable', { target, ...explainSilence(visited, target) })]
  }
  if (visited.status !== 200) {
    const location = visited.header('location')
    return [
      fail('keys-status', {
        target,
        reason: `the answer is ${visited.status}${location === undefined ? '' : `, to ${location}`}, and only 200 brings keys: redirects are not followed`,
        remedy: rules.correctAddress,
      }),
    ]
  }
  const known = keysIn(visited)
  if (known === undefined) {
    return [
      fail('keys-malformed', {
        target,
        reason: `the answer is no key set of at most ${maximumKeys} keys and 256 KiB`,
        remedy: `${rules.correctAddress}: a JSON object with the list "keys"`,
      }),
    ]
  }
  const judged = known.map((jwk) => ({ jwk, problem: problemOf(jwk, algorithms) }))
  const usable = judged.filter(({ problem }) => problem === undefined)
  const findings: Finding[] = []
  if (usable.length === 0) {
    const why = judged.map(({ jwk, problem }) => `${nameOf(jwk)}: ${problem}`).join('; ')
    findings.push(
      fail('keys-empty', {
        target,
        reason: `none of its ${known.length} keys can verify ${algorithms.join(' or ')}${why === '' ? '' : `: ${why}`}`,
        remedy: `let the provider publish its signing key, or ${rules.correctAlgorithms}`,
      }),
    )
  } else {
    const others = known.length - usable.length
    findings.push(
      ok('keys', {
        target,
        reason: `${usable.map(({ jwk }) => describe(jwk)).join(', ')}${others === 0 ? '' : `; ${others} of no use to us`}`,
      }),
    )
  }
  if (judged.some(({ problem }) => problem === published)) {
    findings.push(
      fail('keys-private', {
        target,
        reason: 'the set publishes a private or symmetric key: whoever reads it can sign',
        remedy: 'have the provider replace that key at once, and publish only public members',
      }),
    )
  }
  const names = usable.map(({ jwk }) => (jwk as Json).kid)
  if (usable.length > 1 && (names.includes(undefined) || new Set(names).size < names.length)) {
    findings.push(
      warn('keys-kid', {
        target,
        reason: 'several keys, and not each has a kid of its own: a token without kid is then refused',
        remedy: 'let the provider give each key a kid of its own, and name it in its tokens',
      }),
    )
  }
  const misspelt = encodingFaultsOf(usable.map(({ jwk }) => jwk))
  if (misspelt !== undefined) {
    findings.push(
      warn('keys-encoding', {
        target,
        reason: `${misspelt}: RFC 7518 forbids it; we read it all the same, others may not`,
        remedy: `let the provider write its keys as RFC 7518 says; ${rightSet}`,
      }),
    )
  }
  findings.push(judgeKeeping(visited.header('cache-control'), rules))
  return findings
}

/** What makes a right key set from a key that another program has written. */
export const rightSet =
  '`citizen-session keys jwks --public <file> --kid <kid>` makes a right set from a public key in PEM'

/** In words, which keys are not written as they should be, and how; `undefined` if none. */
export function encodingFaultsOf(keys: readonly unknown[]): string | undefined {
  const faults = keys.flatMap((jwk) => {
    const found = typeof jwk === 'object' && jwk !== null ? encodingFaults(jwk as Json) : []
    return found.length === 0 ? [] : [`${nameOf(jwk)}: ${found.join(', ')}`]
  })
  return faults.length === 0 ? undefined : faults.join('; ')
}

const published = 'it holds private members'

function problemOf(jwk: unknown, algorithms: readonly string[]): string | undefined {
  if (importVerificationKey(jwk, algorithms, () => undefined) !== undefined) return undefined
  if (typeof jwk !== 'object' || jwk === null) return 'it is no key'
  const { kty, use, alg, d, k, p } = jwk as Json
  if ([d, k, p].some((member) => member !== undefined)) return published
  if (use !== undefined && use !== 'sig') return `its use is ${textOf(use)}, not sig`
  const bits = bitsOf(jwk)
  if (kty === 'RSA' && bits !== undefined && bits < 2048)
    return `RSA of ${bits} bits, at least 2048 are needed`
  if (typeof alg === 'string' && !algorithms.includes(alg)) return `it is for ${alg}`
  return `it is a ${textOf(kty)} key of no use for ${algorithms.join(', ')}, or malformed`
}

function bitsOf(jwk: unknown): number | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' }).asymmetricKeyDetails
      ?.modulusLength
  } catch {
    return undefined
  }
}

const nameOf = (jwk: unknown): string => {
  const kid = typeof jwk === 'object' && jwk !== null ? (jwk as Json).kid : undefined
  return typeof kid === 'string' ? kid : 'a key without kid'
}

function describe(jwk: unknown): string {
  const { kty, crv, alg } = jwk as Json
  const bits = bitsOf(jwk)
  const kind = typeof crv === 'string' ? crv : `${textOf(kty)}${bits === undefined ? '' : ` ${bits}`}`
  return `${nameOf(jwk)} (${kind}${typeof alg === 'string' ? `, ${alg}` : ''})`
}

function judgeKeeping(
  control: string | undefined,
  { check, target, floorSeconds, ceilingSeconds }: KeySetRules,
): Finding {
  const { ok, warn } = createFindings(check)
  const age = /max-age\s*=\s*"?(\d+)/i.exec(control ?? '')?.[1]
  if (/no-(?:store|cache)/i.test(control ?? '') || Number(age ?? 1) === 0) {
    return warn('keys-cache', {
      target,
      reason: `Cache-Control is "${control}": every instance fetches the keys anew each ${floorSeconds} s`,
      remedy: 'let the provider send Cache-Control: public, max-age=300 with its key set',
    })
  }
  return ok('keys-cache', {
    target,
    reason:
      age === undefined
        ? `without max-age; kept ${ceilingSeconds} s`
        : `max-age ${age} s; kept ${Math.min(Math.max(Number(age), floorSeconds), ceilingSeconds)} s`,
  })
}
