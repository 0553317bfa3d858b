/** @module What the client knows of the session, and what an answer makes of that: values in, values out, no page. */
import type { CitizenClientOptions, CitizenSnapshot } from './options.js'
import type { Reading } from './status.js'

/** What the client knows. Moments are milliseconds of the browser's clock; 0: never. */
export interface ClientState {
  readonly options: CitizenClientOptions
  snapshot: CitizenSnapshot
  /** The last answer that counts. */
  reading?: Reading
  /** Whether this tab asks for all. */
  isLeader?: boolean
  /** When the server was asked last. */
  askedAt: number
  /** Something happened then: a question of before is not enough. */
  changedAt: number
  /** Answers to questions of before this moment do not count. */
  answersFrom: number
  /** Since when the server has missed the session in our cookies. */
  missedAt: number
  /** The end whose last warning was read. */
  dismissedEnd: number
  /** The claims cookie; `null` before the first look. */
  cookie: string | undefined | null
}

/** What is known before the first answer. */
export const initialState: Readonly<Omit<ClientState, 'options'>> = {
  snapshot: {
    state: 'unknown',
    reason: null,
    secondsLeft: null,
    status: null,
    isOffline: false,
    identity: 'unwatched',
  },
  askedAt: 0,
  changedAt: 0,
  answersFrom: 0,
  missedAt: 0,
  dismissedEnd: 0,
  cookie: null,
}

/** Milliseconds for which the server may miss our session before that is its end: a sign-in takes one or two. */
const missedFor = 3000

/**
 * What an answer means for the page: `reload` it for another person, `cover` it until a session that the server misses is
 * back or over, `end` it, or `show` how things stand.
 */
export type Effect = 'reload' | 'cover' | 'end' | 'show'

/** What the server's answer, to this tab or to another, means, and makes of the state; nothing if it does not count. */
export function reduceStatus(
  { options, reading, askedAt, answersFrom, missedAt }: Readonly<ClientState>,
  { status, at }: Reading,
  now: number,
): readonly [effect?: Effect, changes?: Partial<ClientState>] {
  const known = reading?.status
  const isActive = status.state === 'active'
  // An older answer may come later; a clock that was set back does not make us deaf.
  if (at < answersFrom || (reading && at < reading.at && reading.at <= now)) return []
  if (isActive && known?.person && known.person !== status.person) return ['reload']
  const isEnd = !isActive && (known ? known.state === 'active' : options.isPrivate)
  const since = missedAt || at
  // The cookies of a sign-in are on their way, or its session is about to start: only what lasts is an end.
  if (isEnd && status.reason?.startsWith('not-s') && Math.abs(at - since) < missedFor)
    return ['cover', { missedAt: since }]
  return [
    isEnd ? 'end' : 'show',
    {
      // Whoever signs in after the end may be another.
      reading: { at, status: { ...status, person: status.person ?? known?.person ?? null } },
      // A clock that was set back does not make us wait.
      askedAt: askedAt > now ? at : Math.max(askedAt, at),
      missedAt: 0,
    },
  ]
}
