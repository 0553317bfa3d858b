/** @module The records of the memory store: read, changed, ended, listed, and found under other names. */
import type { RecordAddress, SessionRecord } from '../../session-record.js'
import { clockTolerance } from '../../wait.js'
import type { EndOutcome, RecordChange } from '../store.js'
import type { MemoryStore } from './contract.js'
import type { Entry } from './entry.js'
import { aliasOf, entriesOf, findEntry, findLive, openMarks, type PersonIndex } from './person-index.js'
import { laterOf, refusalOf, rootOf } from './revocations.js'

/** Memory has no replicas that could lack an end. */
const outcomeOf = (record: SessionRecord | undefined): EndOutcome => ({ record, acknowledged: true })

/** Makes the methods of single records. */
export function createRecords(
  index: PersonIndex,
): Pick<MemoryStore, 'read' | 'update' | 'end' | 'retain' | 'list' | 'alias'> {
  return {
    read(address) {
      const entry = findEntry(index, address)
      if (entry !== undefined) return entry.read()
      return aliasOf(index, address)
    },

    update(address, generation, changes) {
      const entry = findLive(index, address, generation)
      if (entry === undefined) return false
      const { sealed, newestToken } = entry.live()
      if (changes.replaces !== undefined && changes.replaces !== sealed) return false
      if ((changes.newestToken?.olderUntil ?? Infinity) < (newestToken?.olderUntil ?? -Infinity)) return false
      changeEntry(entry, changes)
      return true
    },

    end(address, expected, ended) {
      const entry = findEntry(index, address)
      if (entry === undefined) return outcomeOf(undefined)
      if (!entry.isLive(expected.generation)) return outcomeOf(entry.read())
      const live = entry.live()
      if (expected.lastSeenAt !== undefined && live.lastSeenAt > expected.lastSeenAt) return outcomeOf(live)
      if (expected.replaces !== undefined && live.sealed !== expected.replaces) return outcomeOf(live)
      return outcomeOf(entry.end({ ...ended, retainUntil: Math.max(live.retainUntil, ended.retainUntil) }))
    },

    retain(address, retainUntil) {
      const entry = findEntry(index, address)
      if (entry?.ended === undefined || entry.ended.retainUntil >= retainUntil) return
      entry.ended = { ...entry.ended, retainUntil }
      // A tombstone that outlived its revocation could be resumed.
      const revocations = index.marks.get(address.person)?.revocations
      const own = revocations?.get(address.session)
      if (own !== undefined) revocations?.set(address.session, laterOf(own, { ...own, retainUntil }))
    },

    list(person) {
      return Array.from(entriesOf(index, person), (entry) => ({
        address: addressOf(person, entry),
        record: entry.read(),
      }))
    },

    alias(address, generation, session) {
      if (findLive(index, address, generation) === undefined) return false
      const marks = openMarks(index, address.person)
      const isLive = isLiveUnder(index, address)
      if (refusalOf(marks, session, { provenAt: 0, isLive }) !== undefined) return false
      const root = rootOf(marks, session)
      if (root !== rootOf(marks, address.session)) marks.aliases.set(root, address.session)
      return true
    },
  }
}

/** Writes a change to a live record. */
export function changeEntry(
  entry: Entry,
  {
    lastSeenAt = 0,
    notAfter = Number.POSITIVE_INFINITY,
    tokenExpiresAt = 0,
    retainUntil = 0,
    ...rest
  }: RecordChange,
): void {
  const live = entry.live()
  const known = live.newestToken && {
    ...live.newestToken,
    olderUntil: Math.min(live.newestToken.olderUntil, notAfter + clockTolerance),
  }
  entry.write({
    ...live,
    newestToken: rest.newestToken ?? known,
    endsAt: rest.endsAt ?? live.endsAt,
    generation: rest.generation ?? live.generation,
    level: rest.level ?? live.level,
    authenticatedAt: rest.authenticatedAt ?? live.authenticatedAt,
    sealed: rest.sealed ?? live.sealed,
    signIn: (rest.signIn ?? live.signIn) === 'due' ? 'due' : undefined,
    startedAt: Math.min(live.startedAt, notAfter),
    lastSeenAt: Math.min(Math.max(live.lastSeenAt, lastSeenAt), notAfter),
    tokenExpiresAt: Math.max(live.tokenExpiresAt, tokenExpiresAt),
    retainUntil: Math.max(live.retainUntil, retainUntil),
  })
}

/** Where a record of a person lies. */
export function addressOf(person: string, { application, session }: Entry): RecordAddress {
  return { person, session, application }
}

/** Whether the application of an address has a live record under a session value. */
export function isLiveUnder(index: PersonIndex, address: RecordAddress): (session: string) => boolean {
  return (session) => {
    const entry = findEntry(index, { ...address, session })
    return entry !== undefined && entry.ended === undefined
  }
}
