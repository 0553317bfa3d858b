/**
 * @module The index keys of a session, written again by its touches. They lie on other masters than its record: a
 * failover that loses one of them must not keep a message that names the session by it from ending the session.
 */
import type { SessionIndexKey } from '../protocols/sessions.js'
import type { EndReason, LiveRecord, RecordAddress } from '../session-record.js'
import type { ProtocolDetails } from '../sessions/record.js'
import type { Revocation, Store } from '../stores/store.js'
import { unlessAhead } from '../wait.js'

/** Index keys as a record keeps them; nothing where all is lost at once or not at all. */
export function indexKeysToKeep(
  store: Pick<Store, 'isShared'>,
  indexKeys: readonly SessionIndexKey[],
  known: readonly SessionIndexKey[] = [],
): readonly SessionIndexKey[] | undefined {
  if (!store.isShared) return undefined
  const all = new Map([...known, ...indexKeys].map(({ key, kind }) => [key, { key, kind }]))
  return all.size === 0 ? undefined : [...all.values()]
}

/** Whether a revocation of an index key concerns a session that is live. */
function concerns(
  { kind }: SessionIndexKey,
  revocation: Revocation,
  record: LiveRecord,
  details: ProtocolDetails,
): boolean {
  // A time in the future spares nothing: it was written by a clock that was ahead.
  const since = kind === 'person' ? record.startedAt : details.provenAt
  return unlessAhead(since, record.lastSeenAt) <= revocation.at
}

/**
 * Whether a revocation that a live session meets under a new name is over it: of a session any is, of a person one that
 * came after the session had begun.
 */
export function concernsNewName(
  { kind }: SessionIndexKey,
  revocation: Revocation,
  { startedAt, lastSeenAt }: LiveRecord,
): boolean {
  return kind === 'session' || unlessAhead(startedAt, lastSeenAt) <= revocation.at
}

/**
 * Writes the index keys again, and reads their revocations with the same step. The answer is the reason for which the
 * session is over, if it is.
 * @throws StoreUnavailableError
 */
export async function noteIndexKeysAgain(
  store: Store,
  { person }: RecordAddress,
  record: LiveRecord,
  details: ProtocolDetails,
): Promise<EndReason | undefined> {
  const found = await Promise.all(
    (details.pointers ?? []).map(async (indexKey) => {
      const revocation = await store.noteIndexKey(indexKey.key, person, record.retainUntil)
      return revocation !== undefined && concerns(indexKey, revocation, record, details)
        ? revocation.reason
        : undefined
    }),
  )
  return found.find((reason) => reason !== undefined)
}
