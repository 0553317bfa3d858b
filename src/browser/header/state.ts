/** @module What an answer makes of a header, what is due, and what is shown of a person: values in, values out, no page. */
import type { ShownClaims } from '../claims-cookie.js'
import type { Status } from '../status.js'

/**
 * How things stand: `unsure` while nobody can say whether a session goes on, and nothing is shown of the person; `ended`
 * once one that was there is over.
 */
export type Phase = 'unknown' | 'active' | 'unsure' | 'ended' | 'anonymous'

/** How things stand after an answer of the server. */
export function phaseAfter(phase: Phase, { state }: Pick<Status, 'state'>): Phase {
  if (state === 'active') return state
  return phase === 'unknown' || phase === 'anonymous' ? 'anonymous' : 'ended'
}

/**
 * How things stand by the clock: a session whose time is over must be asked about before anything is said of it.
 * `left`: milliseconds until the end.
 */
export function phaseNow(phase: Phase, left: number, isOffline: boolean): Phase {
  return (phase === 'active' && left <= 0) || (phase === 'unknown' && isOffline) ? 'unsure' : phase
}

/** Milliseconds that an answer is awaited for, and after which one is asked for again while it is not known how things stand. */
export const soon = 5000

/** For how many milliseconds an answer is enough: longer than the client waits, which asks for all where it is there. */
export function patienceOf(phase: Phase, left: number, isOffline: boolean): number {
  if (phase === 'active' && !isOffline) return left > 120_000 ? 90_000 : 15_000
  return isOffline || phase === 'unknown' || phase === 'unsure' ? soon : Number.POSITIVE_INFINITY
}

/** Near the end: milliseconds of which a screen reader is told that no more are left, three times in all. */
export function leftToSay(left: number): number | undefined {
  return [30_000, 60_000, 120_000].find((milliseconds) => left <= milliseconds)
}

/** Reads the texts of claims by their names, what is no text there from others: a list or an object is none. */
export function textsIn(claims: ShownClaims | null, others?: ShownClaims): (name: string) => string {
  const textOf = (value: unknown): string =>
    Object(value) === value ? '' : `${value || ''}`.trim().slice(0, 100)
  return (name) => textOf(claims?.[name]) || textOf(others?.[name])
}
