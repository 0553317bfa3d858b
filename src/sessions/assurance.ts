/** @module What an authentication must show: one rule for guards, for the login route and for the way back. */
import type { Assurance, Claims } from '../citizen.js'
import type { LiveRecord } from '../session-record.js'
import { isAhead, unlessAhead } from '../wait.js'
import type { ProtocolDetails } from './record.js'

/** What is asked of a citizen who is active. */
export interface Demand {
  /** Least level of assurance. */
  readonly level?: number | undefined
  /** Whether a second factor (or what counts as one) must have been used. */
  readonly secondFactor?: boolean | undefined
  /** Greatest age of the authentication, in seconds. Unknown counts as too old; absent: any age. */
  readonly maxAgeSeconds?: number | undefined
  /** Where the person must have signed in, as in `citizen.provider`; of a list, at one of these. Absent: anywhere. */
  readonly provider?: string | readonly string[] | undefined
}

/** The providers that a demand names; none: any will do. */
export function providersOf({ provider = [] }: Pick<Demand, 'provider'>): readonly string[] {
  return typeof provider === 'string' ? [provider] : provider
}

/** What of a demand an authentication does not show: only what is missing is set. */
export interface Shortfall {
  /** The level that was asked for and is not reached; 0: none is missing. */
  readonly level: number
  readonly secondFactor: boolean
  /** The age that was asked for and is exceeded; 0: none is. */
  readonly maxAgeSeconds: number
}

/**
 * What an authentication lacks; `undefined`: it is all that is asked for. Guards, the login route and the return of a
 * login ask here, so that none of them refuses what another lets through. Source: RFC 9470.
 */
export function shortfallOf(assurance: Assurance, demand: Demand, now: number): Shortfall | undefined {
  const { level = 0, maxAgeSeconds } = demand
  const secondFactor = demand.secondFactor === true && assurance.method === 'password'
  // Put so that what is no number lets nobody through.
  const isStrong = level <= 0 || assurance.level >= level
  const { authenticatedAt } = assurance
  const isRecent =
    maxAgeSeconds === undefined ||
    (authenticatedAt !== undefined &&
      // A time in the future proves nothing.
      !isAhead(authenticatedAt, now) &&
      now - authenticatedAt <= maxAgeSeconds * 1000)
  if (isStrong && isRecent && !secondFactor) return undefined
  return { level: isStrong ? 0 : level, secondFactor, maxAgeSeconds: isRecent ? 0 : maxAgeSeconds }
}

/** Whether something stronger is missing than was shown, and not only a later authentication. */
export function isTooWeak({ level, secondFactor }: Shortfall): boolean {
  return level !== 0 || secondFactor
}

/**
 * What a session's authentication has shown, its time as far as our own clock can tell: the provider's may be behind
 * ours, or ahead. A login that brought a new authentication began before it, and its answer came after. Where the
 * provider states no time, a new authentication was only asked for: that is none for recency. `mostLevel`: what it can be
 * at most, as far as the provider is believed.
 */
export function assuranceHere(
  { level: found, authenticatedAt: stated }: Pick<LiveRecord, 'level' | 'authenticatedAt'>,
  {
    method,
    provenAt,
    generationAt,
    mostLevel = found,
  }: Pick<ProtocolDetails, 'method' | 'provenAt' | 'generationAt'> & {
    readonly mostLevel?: number | undefined
  },
  now: number,
): Assurance {
  const level = Math.min(found, mostLevel)
  if (stated === 0) return { level, method }
  const latest = generationAt === undefined || generationAt > now ? now : generationAt
  const authenticatedAt = Math.min(Math.max(unlessAhead(stated, now), unlessAhead(provenAt, now)), latest)
  return authenticatedAt === 0 ? { level, method } : { level, method, authenticatedAt }
}

/** Whether the password was right, but the second factor is missing. */
export function lacksSecondFactor(claims: Claims): boolean {
  return claims.mfaRequired === true && claims.isMfa !== true
}
