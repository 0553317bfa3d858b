/** @module What a key ring remembers, and the arithmetic of its times: which key is next, active, retired or gone. */
import { CitizenSessionError } from '../errors.js'
import { isKid, type PublicJwk, parsePublicJwk } from './public-jwk.js'

/** The times of a ring, in seconds. They travel with the ring, so that all who use it agree. */
export interface RingPolicy {
  /** How long a partner may keep our key set: its `max-age`. Default 3600. */
  readonly cacheSeconds: number
  /** How long a key is published before it signs. Default 86400. */
  readonly publishSeconds: number
  /** The longest life of a token of this ring. Default 300. */
  readonly tokenSeconds: number
  /** How far clocks may be apart, between our instances and from the partner. Default 60. */
  readonly clockSkewSeconds: number
}

/** The times of a ring that says nothing else. */
export const defaultPolicy: RingPolicy = {
  cacheSeconds: 3_600,
  publishSeconds: 86_400,
  tokenSeconds: 300,
  clockSkewSeconds: 60,
}

/** One key of a ring; times are milliseconds since the epoch. */
export interface RingKey {
  readonly jwk: PublicJwk
  readonly createdAt: number
  /** From then on it signs, until another key does. */
  readonly activatesAt: number
  /** How long it stays published after it has signed for the last time. */
  readonly keepSeconds: number
}

/** A ring as it is kept. Holds nothing secret. */
export interface RingState {
  /** Grows by one with each change. */
  readonly revision: number
  /** Begins each `kid`. */
  readonly name: string
  readonly policy: RingPolicy
  /** In the order in which they sign. */
  readonly keys: readonly RingKey[]
  /** The last `kid` that was given out: its day, as in `20251008`, and its number on that day. */
  readonly last: { readonly day: string; readonly number: number }
}

/** Where a key stands at a moment. `gone` keys are published no more. */
export type Standing = 'next' | 'active' | 'retired' | 'gone'

/** A key and where it stands. Times are milliseconds since the epoch. */
export interface StandingKey {
  readonly key: RingKey
  readonly standing: Standing
  /** When the key after it takes over; `undefined` while there is none. */
  readonly retiresAt: number | undefined
  /** When it leaves the key set. */
  readonly goneAt: number | undefined
}

const longestPolicySeconds = 366 * 86_400

/** How long a change of the ring may take from the look at the clock until others can read it, in seconds. */
export const writingSeconds = 30

/**
 * Holds the times of a ring against each other.
 * @throws TypeError where a key could sign before every partner knows it. Source: `JWT-18`.
 */
export function assertPolicy(policy: RingPolicy): void {
  for (const [name, value] of Object.entries(policy)) {
    if (!Number.isInteger(value) || value < 0 || value > longestPolicySeconds)
      throw new TypeError(`${name} of a key ring is a whole number of seconds`)
  }
  if (policy.cacheSeconds < 1 || policy.tokenSeconds < 1)
    throw new TypeError('cacheSeconds and tokenSeconds of a key ring are at least 1')
  if (staleSeconds(policy) < 60) {
    throw new TypeError(
      'publishSeconds of a key ring must be at least cacheSeconds + clockSkewSeconds + 90: a partner that keeps the ' +
        'key set for its whole max-age must have met a key before it signs',
    )
  }
}

/**
 * How long an instance may go on with what it last read of the ring: whatever was published since is not needed by
 * anybody who asks this instance now and keeps the answer for its whole max-age.
 */
export function staleSeconds(policy: RingPolicy): number {
  return policy.publishSeconds - policy.cacheSeconds - policy.clockSkewSeconds - writingSeconds
}

/** How long a key is kept after it has signed: its last token's life, and the clocks of both sides. */
export function keepSeconds(policy: RingPolicy): number {
  return policy.tokenSeconds + 2 * policy.clockSkewSeconds
}

/** Every key of a ring with where it stands at `now`, in the order in which they sign. */
export function standingsOf(state: RingState, now: number): readonly StandingKey[] {
  const active = state.keys.findLastIndex(({ activatesAt }) => activatesAt <= now)
  return state.keys.map((key, index) => {
    const retiresAt = state.keys[index + 1]?.activatesAt
    const goneAt = retiresAt === undefined ? undefined : retiresAt + key.keepSeconds * 1000
    const old = goneAt !== undefined && goneAt <= now ? 'gone' : 'retired'
    const standing = index > active ? 'next' : index === active ? 'active' : old
    return { key, standing, retiresAt, goneAt }
  })
}

/** The keys that the key set shows at `now`: the active one first, then the next, then the retired ones. */
export function publishedKeys(state: RingState, now: number): readonly PublicJwk[] {
  const order: readonly Standing[] = ['active', 'next', 'retired']
  const standings = standingsOf(state, now)
  return order.flatMap((wanted) =>
    standings.filter(({ standing }) => standing === wanted).map(({ key }) => key.jwk),
  )
}

/** The `kid` after the last one: `<name>-YYYYMMDD`, and `-2`, `-3` … where a day has more than one. Never one twice. */
export function nextKid(
  name: string,
  last: RingState['last'] | undefined,
  now: number,
): { readonly kid: string; readonly last: RingState['last'] } {
  const today = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
  // A clock that was set back does not lead to a name that was used before.
  const next =
    last === undefined || last.day < today
      ? { day: today, number: 1 }
      : { day: last.day, number: last.number + 1 }
  return { kid: next.number === 1 ? `${name}-${next.day}` : `${name}-${next.day}-${next.number}`, last: next }
}

/** Whether a text can begin every `kid` of a ring. */
export function isRingName(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text)
}

const version = 1

/** A ring as text. */
export function serializeRing(state: RingState): string {
  return `${JSON.stringify({ version, ...state }, undefined, 2)}\n`
}

/** A ring from its text. @throws CitizenSessionError `key-ring` for anything that we do not write. */
export function parseRing(text: string): RingState {
  const value = readObject(text)
  if (value.version !== version) {
    throw unreadable(
      'it is in a format of a newer release; run the same release everywhere: nothing was changed',
    )
  }
  const { revision, name, policy, keys, last } = value
  if (!isTime(revision) || !isRingName(name) || !Array.isArray(keys) || keys.length > 100) throw unreadable()
  const state = { revision, name, policy: readPolicy(policy), keys: keys.map(readKey), last: readLast(last) }
  const isOrdered = state.keys.every(
    (key, index) => index === 0 || (state.keys[index - 1]?.activatesAt ?? 0) <= key.activatesAt,
  )
  const kids = new Set(state.keys.map(({ jwk }) => jwk.kid))
  if (!isOrdered || kids.size !== state.keys.length) throw unreadable()
  return state
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw unreadable()
  }
  return asObject(value)
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable()
  return { ...value }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function readPolicy(value: unknown): RingPolicy {
  const { cacheSeconds, publishSeconds, tokenSeconds, clockSkewSeconds } = asObject(value)
  if (!isTime(cacheSeconds) || !isTime(publishSeconds) || !isTime(tokenSeconds) || !isTime(clockSkewSeconds))
    throw unreadable()
  const policy = { cacheSeconds, publishSeconds, tokenSeconds, clockSkewSeconds }
  try {
    assertPolicy(policy)
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : undefined)
  }
  return policy
}

function readKey(value: unknown): RingKey {
  const { jwk, createdAt, activatesAt, keepSeconds } = asObject(value)
  if (!isTime(createdAt) || !isTime(activatesAt) || !isTime(keepSeconds)) throw unreadable()
  return { jwk: parsePublicJwk(jwk), createdAt, activatesAt, keepSeconds }
}

function readLast(value: unknown): RingState['last'] {
  const { day, number } = asObject(value)
  if (typeof day !== 'string' || !/^\d{8}$/.test(day) || !isTime(number) || !isKid(`a-${day}-${number}`))
    throw unreadable()
  return { day, number }
}

function unreadable(why = 'it is not what this package writes'): CitizenSessionError {
  return new CitizenSessionError('key-ring', `the state of the key ring cannot be used: ${why}`)
}
