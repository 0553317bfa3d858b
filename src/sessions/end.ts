/** @module The end of a session: written first, and told then to whoever must end something with it. */
import type { EndReason, LiveRecord, RecordAddress, SessionRecord } from '../session-record.js'
import type { EndOutcome } from '../stores/store.js'
import { type LifecycleContext, retainedUntil } from './lifecycle-context.js'
import { endedFrom, namesAtProvider, openDetails, publicIdOf } from './record.js'
import { overSince, timerOver, withIdleTime } from './timers.js'

/** How often an end looks again at a record whose details were written meanwhile. */
const mostAttempts = 6

/** How a session ends. */
export interface SessionEnd {
  readonly reason: EndReason
  readonly at: number
  /** Only if it was not touched since the record was read. */
  readonly untouchedOnly?: boolean
}

/** Tells of a session that a record of it has ended. */
export function announceEnd(
  context: LifecycleContext,
  address: RecordAddress,
  { generation, sealed }: Pick<SessionRecord, 'generation' | 'sealed'>,
  reason: EndReason,
): void {
  const publicId = publicIdOf(generation)
  const { person, application: sessionApplication } = address
  const isOurs = sessionApplication === context.application
  // Another application has sealed its own.
  const details = isOurs ? openDetails(context.sealer, address, sealed) : {}
  const { boundSession } = details
  const provider = namesAtProvider(details)?.provider
  const named = provider === undefined ? {} : { provider }
  context.report({ type: 'session.ended', publicId, person, sessionApplication, reason, ...named })
  if (!isOurs) return
  context.onEnded({ address, publicId, reason, boundSession })
}

/** Ends a record, unless it changed meanwhile; the answer is what is there then, and whether it would survive. */
export async function endSession(
  context: LifecycleContext,
  address: RecordAddress,
  record: LiveRecord,
  end: SessionEnd,
  now: number,
): Promise<EndOutcome> {
  const { generation } = record
  const { reason, at } = end
  const lastSeenAt = end.untouchedOnly ? record.lastSeenAt : undefined
  let found = record
  for (let attempt = 1; ; attempt += 1) {
    const retainUntil = retainedUntil(context.retention, now, found.tokenExpiresAt)
    const ended = endedFrom(context.sealer, address, found, { reason, at, retainUntil })
    // What was bound since the record was read ends with it (`HLD-16`). The end itself waits for nobody.
    const replaces = attempt < mostAttempts ? found.sealed : undefined
    const outcome = await context.store.end(address, { generation, lastSeenAt, replaces }, ended)
    const after = outcome.record
    // Sealing is randomised: only the call whose end was written finds its own seal there.
    if (after?.state === 'ended' && after.sealed === ended.sealed) {
      announceEnd(context, address, { generation, sealed: ended.sealed }, reason)
    }
    if (after?.state !== 'live' || after.generation !== generation) return outcome
    if (after.sealed === found.sealed || attempt === mostAttempts) return outcome
    if (lastSeenAt !== undefined && after.lastSeenAt > lastSeenAt) return outcome
    found = after
  }
}

/** Ends a record whose timer is over, by the idle time that it says or by the application's, if that is shorter. */
export async function endOver(
  context: LifecycleContext,
  address: RecordAddress,
  record: LiveRecord,
  now: number,
): Promise<SessionRecord | undefined> {
  const times = withIdleTime(record, context.idleMilliseconds)
  const reason = timerOver(times, now)
  if (reason === undefined) return record
  const end = { reason, at: overSince(times), untouchedOnly: true }
  return (await endSession(context, address, record, end, now)).record
}
