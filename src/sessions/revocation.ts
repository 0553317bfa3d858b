/** @module Revocations: written in every store that they concern, and met where another application wrote them. */
import { StoreUnavailableError } from '../errors.js'
import type { EndReason, RecordAddress } from '../session-record.js'
import type {
  FoundRevocation,
  ListedRecord,
  Revocation,
  RevocationOutcome,
  RevocationScope,
  Store,
} from '../stores/store.js'
import { isAhead } from '../wait.js'

/** Writes and meets revocations. Each method throws `StoreUnavailableError` where a store cannot answer. */
export interface Revocations {
  /**
   * Revokes in every store, under every name of a session. A store that cannot be reached does not keep the other from
   * being told. Not acknowledged where it may be forgotten too early. `tokenExpiresAt`: `exp` of a token that the revocation is about, in milliseconds, where one is at hand.
   */
  revoke(
    person: string,
    scope: RevocationScope,
    reason: EndReason,
    tokenExpiresAt?: number,
  ): Promise<RevocationOutcome>
  /**
   * Looks whether other applications have revoked a session, in the store that is shared for this. What they have is
   * written to the own store, where it ends the session for good, and is passed on under the names that only the own
   * store knows. It is kept as long as a token of `tokenExpiresAt` lives. `names`: other values of the session.
   * `true`: it was revoked.
   */
  meet(
    address: RecordAddress,
    concerns: (revocation: FoundRevocation) => boolean,
    known: {
      readonly now: number
      readonly tokenExpiresAt: number
      readonly names?: readonly string[] | undefined
      /** The answer for the session value alone, where it was asked for already. */
      readonly asked?: { readonly answer: Promise<FoundRevocation | undefined> } | undefined
    },
  ): Promise<boolean>
}

/**
 * Whether a revocation ends a session: its own does, the person's does unless the session began after it. When a
 * session began that says "in the future" nobody knows: what forbids stands.
 */
export function concernsSession(
  revocation: FoundRevocation,
  { startedAt }: { readonly startedAt: number },
  now: number,
): boolean {
  return (
    revocation.kind === 'session' ||
    (revocation.endsBefore ?? revocation.at) >= startedAt ||
    isAhead(startedAt, now)
  )
}

/** What the revocations of one application are made with. */
export interface RevocationsContext {
  readonly store: Store
  /** The store that applications with stores of their own share; `undefined`: the own one is enough. */
  readonly revocations: Store | undefined
  /** Until when what is about a token of that `exp` is kept. */
  readonly retainedUntil: (now: number, tokenExpiresAt: number) => number
  readonly clock: () => number
  readonly onEnded: (ended: readonly ListedRecord[], reason: EndReason) => void
}

/** Makes the revocations of one application. */
export function createRevocations(context: RevocationsContext): Revocations {
  return {
    revoke: (person, scope, reason, tokenExpiresAt = 0) =>
      revoke(context, { person, scope, reason, tokenExpiresAt }),
    meet: (address, concerns, known) => meet(context, address, concerns, known),
  }
}

async function revoke(
  context: RevocationsContext,
  request: {
    readonly person: string
    readonly scope: RevocationScope
    readonly reason: EndReason
    readonly tokenExpiresAt: number
  },
): Promise<RevocationOutcome> {
  const { person, scope, reason, tokenExpiresAt } = request
  const known = await latestRetention(context, person)
  const at = context.clock()
  const retainUntil = Math.max(context.retainedUntil(at, tokenExpiresAt), known ?? 0)
  const revocation = { reason, at, retainUntil }
  const [here, elsewhere] = await Promise.allSettled([
    revokeHere(context, person, scope, revocation),
    revokeElsewhere(context, person, scope, revocation),
  ])
  if (here.status === 'rejected') throw here.reason
  if (elsewhere.status === 'rejected') throw elsewhere.reason
  // The shared store knows neither sessions nor their names: those of the own store are named one by one.
  const told = scope.kind === 'session' ? scope.session : undefined
  const rest = here.value.sessions.filter((session) => session !== told)
  const isNamed = await revokeNames(context, person, rest, revocation)
  // Where nobody could say how long its tokens live, it may be forgotten before them: it is to be asked for again.
  const isKeptLong = known !== undefined
  return {
    ...here.value,
    acknowledged: here.value.acknowledged && elsewhere.value && isNamed && isKeptLong,
  }
}

async function meet(
  context: RevocationsContext,
  { person, session }: RecordAddress,
  concerns: (revocation: FoundRevocation) => boolean,
  { now, tokenExpiresAt, names, asked }: Parameters<Revocations['meet']>[2],
): Promise<boolean> {
  const found = await (asked === undefined
    ? context.revocations?.revocation(person, session, names)
    : asked.answer)
  if (found === undefined || !concerns(found)) return false
  const { reason, at } = found
  const retainUntil = Math.max(found.retainUntil, context.retainedUntil(now, tokenExpiresAt))
  const revocation = { reason, at, retainUntil }
  // Applications that have not met the token yet read the shared store only: it remembers as long.
  const isShort = context.retainedUntil(0, tokenExpiresAt) > found.retainUntil
  const known = [session, ...(names ?? [])]
  // Where the session has several names, nobody says under which of them it was found.
  const untold = isShort || names !== undefined ? known : []
  // Before the own store: once the session has ended there, nobody meets this again after an outage of the other.
  await revokeNames(context, person, untold, revocation)
  const { sessions } = await revokeHere(context, person, { kind: 'session', session }, revocation)
  const rest = sessions.filter((each) => !known.includes(each))
  await revokeNames(context, person, rest, revocation)
  return true
}

async function revokeHere(
  context: RevocationsContext,
  person: string,
  scope: RevocationScope,
  revocation: Revocation,
): Promise<RevocationOutcome> {
  const outcome = await context.store.revoke(person, scope, revocation)
  context.onEnded(outcome.ended, revocation.reason)
  return outcome
}

async function revokeElsewhere(
  { revocations }: RevocationsContext,
  person: string,
  scope: RevocationScope,
  revocation: Revocation,
): Promise<boolean> {
  const outcome = await revocations?.revoke(person, scope, revocation)
  return outcome?.acknowledged !== false
}

/** Tells the shared store these names of a session. `true`: it has confirmed all. */
async function revokeNames(
  context: RevocationsContext,
  person: string,
  sessions: readonly string[],
  revocation: Revocation,
): Promise<boolean> {
  if (context.revocations === undefined) return true
  const results = await Promise.all(
    sessions.map((session) => revokeElsewhere(context, person, { kind: 'session', session }, revocation)),
  )
  return results.every((isAcknowledged) => isAcknowledged)
}

/**
 * Until when a record of a person is kept, at the latest: as long as any token lives that is known of them, also of
 * a session that has ended here and goes on elsewhere. `undefined` where that cannot be asked now.
 */
async function latestRetention({ store }: RevocationsContext, person: string): Promise<number | undefined> {
  try {
    const records = await store.list(person)
    return Math.max(0, ...records.map(({ record }) => record.retainUntil))
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined
    throw error
  }
}
