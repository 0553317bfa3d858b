/** @module The breaker: when a provider refuses most people at once, the provider is broken, not their sessions. */
import { createRecent } from '../recent.js'
import { isAhead, isWaiting } from '../wait.js'

/** Refusals within this time are looked at together; 60 s. */
const windowMilliseconds = 60_000
/** A refusal is repeated no sooner. */
const leastPatienceMilliseconds = 5000
/** So many people must be refused before it can be the provider's fault. */
const leastPeople = 5
const mostPeople = 1000
/** Refused tokens that are remembered, so that no retry counts as another refusal. */
const mostRefusals = 10_000
/** An outage that nobody's success has ended is over after 10 minutes: a revocation must reach people at last. */
const longestOutageMilliseconds = 600_000

/** What a refusal says about the session. */
export type RefusalVerdict =
  /** The provider has ended it. */
  | { readonly kind: 'believed' }
  /** Most people are refused: it says nothing. */
  | { readonly kind: 'outage' }
  /** It may be the first sign of an outage: ask again, after this time at the latest. */
  | { readonly kind: 'unconfirmed'; readonly milliseconds: number }

/** Tells an outage that refuses everybody from a session that is over. */
export interface Breaker {
  /** Somebody's tokens were renewed by a call that began at `began`. Milliseconds since the epoch. */
  noteAccepted(person: string, began: number, now: number): void
  /** What to make of a refusal. */
  judgeRefusal(refusal: Refusal, now: number): RefusalVerdict
}

/**
 * A refusal. Each person counts once within a minute, however many sessions they have, and tokens that were refused
 * before do not count again. It is believed once it has been repeated: a minute later (or after half of the time that
 * the tokens have left, if that is shorter; 5 s at least), or as soon as anybody's renewal has begun since and was
 * accepted.
 */
export interface Refusal {
  readonly person: string
  /** Digest of the tokens that were refused. */
  readonly tokens: string
  /** When the session would end by itself without new tokens. Milliseconds since the epoch. */
  readonly until: number
}

/** Makes a breaker that opens when five people are refused within a minute, if they are more than half of all. */
export function createBreaker(): Breaker {
  const answers = new Map<string, { readonly at: number; readonly isRefused: boolean }>()
  const refusedSince = createRecent<{ readonly at: number; readonly patience: number }>({
    maximumEntries: mostRefusals,
  })
  let acceptedAt = Number.NEGATIVE_INFINITY
  let outage: { readonly since: number; readonly seenAt: number } | undefined

  const note = (person: string, at: number, isRefused: boolean): void => {
    answers.delete(person)
    answers.set(person, { at, isRefused })
    if (answers.size <= mostPeople) return
    const [oldest] = answers.keys()
    if (oldest !== undefined) answers.delete(oldest)
  }

  /** Whether most people were refused within the last minute. What a clock put back has left ahead is dropped. */
  const isRefusingMost = (now: number): boolean => {
    let refused = 0
    for (const [person, { at, isRefused }] of answers) {
      if (isAhead(at, now) || at <= now - windowMilliseconds) answers.delete(person)
      else if (isRefused) refused += 1
    }
    return refused >= leastPeople && refused * 2 > answers.size
  }

  const isOpen = (now: number): boolean => {
    if (isRefusingMost(now)) outage = { since: outage?.since ?? now, seenAt: now }
    else if (outage !== undefined) {
      const wait = { since: outage.seenAt, milliseconds: longestOutageMilliseconds }
      if (!isWaiting(wait, now)) outage = undefined
    }
    return outage !== undefined
  }

  return {
    noteAccepted(person, began, now) {
      note(person, now, false)
      acceptedAt = began
      if (outage !== undefined && began > outage.since) outage = undefined
    },

    judgeRefusal({ person, tokens, until }, now) {
      const known = refusedSince.get(tokens)
      const half = Math.max((until - now) / 2, leastPatienceMilliseconds)
      const first = known ?? { at: now, patience: Math.min(half, windowMilliseconds) }
      if (known === undefined) {
        refusedSince.set(tokens, first, 0)
        note(person, now, true)
      }
      if (isOpen(now)) return { kind: 'outage' }
      const isUnconfirmed = isWaiting({ since: first.at, milliseconds: first.patience }, now)
      if (!isUnconfirmed || (acceptedAt > first.at && acceptedAt <= now)) return { kind: 'believed' }
      return { kind: 'unconfirmed', milliseconds: first.at + first.patience - now }
    },
  }
}
