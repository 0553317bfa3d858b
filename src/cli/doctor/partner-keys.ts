/** @module Checks the issuing side, where there is one: its key files, and its key set as a partner fetches it. */
import type { ResolvedOptions } from '../../config/options.js'
import { CitizenSessionError } from '../../errors.js'
import { jwksPath } from '../../issuing/jwks.js'
import { publishedKeys, type RingState } from '../../issuing/ring-state.js'
import { canonicalNumbers } from '../../tokens/jwk-encoding.js'
import { parseKeysArguments } from '../keys/arguments.js'
import { findKeyFaults } from '../keys/look.js'
import { openExistingRing } from '../keys/open.js'
import { type Probe, ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { encodingFaultsOf, keysIn, rightSet } from './key-set.js'
import { ask, explainSilence, type Visited } from './visits.js'

const { ok, warn, fail } = createFindings('partner-keys')

/** Folder of the ring, and whether a group may read it. */
export interface IssuingSide {
  readonly folder: string
  readonly groupRead: boolean
}

/** The key files, and the key set at the application's own address, against each other. */
export async function judgePartnerKeys(
  { folder, groupRead }: IssuingSide,
  probe: Probe,
  { application }: ResolvedOptions,
  now: number,
): Promise<readonly Finding[]> {
  const url = `${application.url}${application.path}${jwksPath}`
  const visited = await ask(probe, { url, headers: { accept: 'application/json' } })
  const args = ['--folder', folder, ...(groupRead ? ['--group-read'] : [])]
  try {
    const given = await parseKeysArguments('check', args)
    const faults = await findKeyFaults(given)
    const files = faults.map(({ path, problem, remedy }) =>
      fail('key-files', { target: path, reason: problem, remedy }),
    )
    if (files.length > 0) return files
    const { state } = await openExistingRing(given)
    const right = ok('key-files', { target: folder, reason: 'modes, owners and keys hold' })
    return [right, ...judgePublished(visited, url, state, now)]
  } catch (error) {
    if (!(error instanceof CitizenSessionError)) throw error
    const remedy = `citizen-session keys check --folder ${folder}`
    return [fail('key-files', { target: folder, reason: error.message, remedy })]
  }
}

function judgePublished(visited: Visited, target: string, state: RingState, now: number): readonly Finding[] {
  const remedy = `serve the issuer's handler at ${jwksPath}, before guards and redirects, and let the proxy pass it on`
  if (visited instanceof ProbeError) {
    return [fail('partner-keys-unreachable', { target, ...explainSilence(visited, target) })]
  }
  const keys = visited.status === 200 ? keysIn(visited) : undefined
  if (keys === undefined) {
    const reason = `the answer is ${visited.status}, and no key set: partners cannot verify our tokens`
    return [fail('partner-keys-missing', { target, reason, remedy })]
  }
  // What serves the set may have written the numbers in its own way: the key is the same.
  const text = (key: unknown) => {
    const jwk = { ...(typeof key === 'object' ? key : undefined) } as Readonly<Record<string, unknown>>
    return JSON.stringify([jwk.kid, canonicalNumbers(jwk)])
  }
  const wanted = publishedKeys(state, now)
  const shown = new Set(keys.map(text))
  const missing = wanted.filter((key) => !shown.has(text(key))).map(({ kid }) => kid)
  if (missing.length > 0) {
    return [
      fail('partner-keys-differ', {
        target,
        reason: `the key set lacks ${missing.join(', ')}, which the ring publishes: partners will refuse its tokens`,
        remedy:
          'let the application read the same folder (CITIZEN_SSO_KEYS), and look for a cache that keeps the set too long',
      }),
    ]
  }
  const misspelt = encodingFaultsOf(keys)
  if (misspelt !== undefined) {
    const reason = `${misspelt}: RFC 7518 forbids it, and a partner may refuse our tokens`
    return [
      warn('partner-keys-encoding', {
        target,
        reason,
        remedy: `${remedy}; for a file of its own ${rightSet}`,
      }),
    ]
  }
  const age = Number(/max-age\s*=\s*"?(\d+)/i.exec(visited.header('cache-control') ?? '')?.[1] ?? Number.NaN)
  if (!(age <= state.policy.cacheSeconds)) {
    return [
      warn('partner-keys-cache', {
        target,
        reason: `partners may keep the set ${Number.isNaN(age) ? 'as long as they like' : `${age} s`}; rotations count on ${state.policy.cacheSeconds} s`,
        remedy: 'look for a proxy or CDN that rewrites Cache-Control',
      }),
    ]
  }
  return [ok('partner-keys', { target, reason: `${wanted.map(({ kid }) => kid).join(', ')}; kept ${age} s` })]
}
