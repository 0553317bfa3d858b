/** @module What was revoked of one session: met while it lives, asked for once it has ended. */
import { randomText } from '../digest.js'
import type { EndedRecord, LiveRecord, RecordAddress } from '../session-record.js'
import type { FoundRevocation } from '../stores/store.js'
import { unlessAhead } from '../wait.js'
import type { LifecycleContext } from './lifecycle-context.js'
import { openDetails } from './record.js'
import { concernsSession } from './revocation.js'

/** The answer of a store of its own for revocations, asked for under the session value alone. */
export interface AskedRevocation {
  readonly session: string
  readonly answer: Promise<FoundRevocation | undefined>
}

/** Ends a live session that another application has revoked where both look. `true`: it had. */
export async function applyRevocation(
  context: LifecycleContext,
  address: RecordAddress,
  record: LiveRecord,
  now: number,
  asked?: AskedRevocation,
): Promise<boolean> {
  if (context.revocations === undefined) return false
  const details = openDetails(context.sealer, address, record.sealed)
  const concerns = (revocation: FoundRevocation) => {
    // A session that began with a new authentication is none of what was revoked before.
    const provenAt = unlessAhead(details.own?.provenAt ?? 0, now)
    return provenAt <= revocation.at && concernsSession(revocation, record, now)
  }
  const { names } = details
  const isAsked = names === undefined && asked?.session === address.session
  const known = { now, tokenExpiresAt: record.tokenExpiresAt, names, asked: isAsked ? asked : undefined }
  return context.revoking.meet(address, concerns, known)
}

/** Every revocation that concerns a session which has ended, of whichever store. */
export async function revocationsOf(
  context: LifecycleContext,
  address: RecordAddress,
  record: EndedRecord,
): Promise<readonly FoundRevocation[]> {
  const { person, session } = address
  const {
    names,
    own,
    startedAt = own?.generationAt ?? record.at,
  } = openDetails(context.sealer, address, record.sealed)
  const elsewhere = context.revocations
  const found = await Promise.all([
    context.store.revocation(person, session),
    elsewhere?.revocation(person, session, names),
    // A session's own hides the person's: that is asked for by a session that nobody has. Here both have ended it.
    elsewhere?.revocation(person, randomText(context.random, 16)),
  ])
  return found.flatMap((each) =>
    each !== undefined && concernsSession(each, { startedAt }, record.at) ? [each] : [],
  )
}
