/** @module The store of one process: everything in memory, every answer at once. */
import { type Clock, systemClock } from '../../clock.js'
import type { EndedRecord, RecordAddress, SessionRecord } from '../../session-record.js'
import { defaultMostRecords, mostMarks } from '../bounds.js'
import { createForgetting } from '../forgetting.js'
import type { EndOutcome, ListedRecord, RecordChange, Revocation, StartOutcome, Store } from '../store.js'
import { makeRoom, tidy } from './bounds.js'
import type { Entry } from './entry.js'
import { createPointers } from './index-keys.js'
import { claimSeconds, claimText, createLocks } from './locks.js'
import { createPeople } from './person-index.js'
import { createRegistrations } from './registrations.js'
import { laterOf, refusalOf, revocationOf, rootOf } from './revocations.js'

/** A store whose methods answer without a promise. */
export type MemoryStore = {
  readonly [Name in keyof Store]: Name extends 'ready' | 'close'
    ? Store[Name]
    : Store[Name] extends (...given: infer Given) => infer Answer
      ? (...given: Given) => Exclude<Answer, Promise<unknown>>
      : Store[Name]
}

/** Memory has no replicas that could lack an end. */
const outcomeOf = (record: SessionRecord | undefined): EndOutcome => ({ record, acknowledged: true })

/**
 * Remembers sessions in this process: for one process, for development and for tests. What is no longer retained is
 * swept as new sessions start; no timer keeps the process alive. `clock` is the machine's unless given.
 */
export function memoryStore({ clock = systemClock }: { readonly clock?: Clock } = {}): MemoryStore {
  const forgetUntil = createForgetting()
  const people = createPeople()
  const pointers = createPointers(clock)
  const claims = createLocks(clock, 'forbid')
  const leases = createLocks(clock, 'wait')
  const deposits = createLocks(clock, 'wait')
  let lastFence = 0

  /** Writes a tombstone where a revoked session wanted to start. */
  function refuse(
    address: RecordAddress,
    entry: Entry | undefined,
    revocation: Revocation,
    retainUntil: number,
  ): StartOutcome {
    const known = entry?.ended
    const record: EndedRecord = {
      state: 'ended',
      reason: revocation.reason,
      at: revocation.at,
      generation: known?.generation ?? '',
      retainUntil: Math.max(revocation.retainUntil, retainUntil, known?.retainUntil ?? 0),
      sealed: known?.sealed ?? '',
    }
    if (entry === undefined) people.add(address, record)
    else entry.end(record)
    // The session value has shown itself older than the revocation: a newer token of it stays refused too.
    const { revocations } = people.marksOf(address.person)
    const own = { ...revocation, retainUntil: record.retainUntil }
    revocations.set(address.session, laterOf(revocations.get(address.session), own))
    return { outcome: 'revoked', record }
  }

  function change(
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
    entry.write({
      ...live,
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

  /** Whether an application has a live record under a session value. */
  const isLiveUnder = (address: RecordAddress) => (session: string) => {
    const entry = people.find({ ...address, session })
    return entry !== undefined && entry.ended === undefined
  }

  const listed = (person: string, { application, session }: Entry): RecordAddress => ({
    person,
    session,
    application,
  })

  return {
    isShared: false,

    read(address) {
      const entry = people.find(address)
      if (entry !== undefined) return entry.read()
      return people.aliasOf(address)
    },

    start(address, request) {
      const {
        record,
        issuedAt,
        now,
        resumes: lifts,
        provenAt = 0,
        mostRecords = defaultMostRecords,
      } = request
      const { person, session } = address
      const forgotten = forgetUntil(now)
      people.prune(person, forgotten)
      people.sweep(forgotten)
      const entry = people.find(address)
      // A live record is newer than every revocation: whoever revokes ends it in the same step.
      if (entry !== undefined && entry.ended === undefined) return { outcome: 'exists', record: entry.live() }
      const marks = people.marks(person)
      const revocation = refusalOf(marks, session, { provenAt, isLive: isLiveUnder(address) })
      if (revocation !== undefined) {
        makeRoom(people, address, { mostRecords, now, isStart: false })
        return refuse(address, entry, revocation, record.retainUntil)
      }
      const ofPerson = marks?.revocation
      if (ofPerson !== undefined && issuedAt < ofPerson.at && provenAt <= ofPerson.at) {
        makeRoom(people, address, { mostRecords, now, isStart: false })
        return refuse(address, entry, ofPerson, record.retainUntil)
      }
      if (entry === undefined) {
        const alias = people.aliasOf(address)
        if (alias !== undefined) return { outcome: 'alias', record: alias }
        const displaced = makeRoom(people, address, { mostRecords, now, isStart: true })
        people.add(address, record)
        return { outcome: 'started', record, displaced }
      }
      const ended = entry.read()
      if (ended.state === 'ended' && ended.at >= provenAt) {
        const isLifted = ended.reason === lifts?.reason && ended.at === lifts.at
        if (!isLifted) return { outcome: 'exists', record: ended }
      }
      const displaced = makeRoom(people, address, { mostRecords, now, isStart: true })
      entry.write(record)
      return { outcome: 'started', record, displaced }
    },

    update(address, generation, changes) {
      const entry = people.findLive(address, generation)
      if (entry === undefined) return false
      if (changes.replaces !== undefined && changes.replaces !== entry.live().sealed) return false
      change(entry, changes)
      return true
    },

    end(address, expected, ended) {
      const entry = people.find(address)
      if (entry === undefined) return outcomeOf(undefined)
      if (!entry.isLive(expected.generation)) return outcomeOf(entry.read())
      const live = entry.live()
      if (expected.lastSeenAt !== undefined && live.lastSeenAt > expected.lastSeenAt) return outcomeOf(live)
      if (expected.replaces !== undefined && live.sealed !== expected.replaces) return outcomeOf(live)
      return outcomeOf(entry.end({ ...ended, retainUntil: Math.max(live.retainUntil, ended.retainUntil) }))
    },

    retain(address, retainUntil) {
      const entry = people.find(address)
      if (entry?.ended === undefined || entry.ended.retainUntil >= retainUntil) return
      entry.ended = { ...entry.ended, retainUntil }
      // A tombstone that outlived its revocation could be resumed.
      const revocations = people.marks(address.person)?.revocations
      const own = revocations?.get(address.session)
      if (own !== undefined) revocations?.set(address.session, laterOf(own, { ...own, retainUntil }))
    },

    revoke(person, scope, revocation) {
      const sessions = people.revokedSessions(person, scope)
      const ended: ListedRecord[] = []
      for (const entry of people.entriesOf(person)) {
        if (entry.ended !== undefined || !sessions.has(entry.session)) continue
        const live = entry.live()
        const { reason, at } = revocation
        const { generation, sealed } = live
        const retainUntil = Math.max(live.retainUntil, revocation.retainUntil)
        ended.push({ address: listed(person, entry), record: live })
        entry.end({ state: 'ended', reason, at, generation, retainUntil, sealed })
      }
      // Beyond the bound of marks the person's own revocation and the ends refuse.
      const isTooMany = scope.kind === 'person' && sessions.size > mostMarks(defaultMostRecords)
      if (sessions.size > 0 || scope.kind === 'person') {
        const marks = people.marksOf(person)
        if (scope.kind === 'person') marks.revocation = laterOf(marks.revocation, revocation)
        for (const session of isTooMany ? [] : sessions) {
          marks.revocations.set(session, laterOf(marks.revocations.get(session), revocation))
        }
      }
      const now = clock()
      tidy(people, person, { now, forgotten: forgetUntil(now), fresh: isTooMany ? new Set() : sessions })
      return { ended, sessions: [...sessions], acknowledged: true }
    },

    revocation(person, session, names = []) {
      const marks = people.marks(person)
      const own = names.reduce(
        (found, name) => {
          const named = revocationOf(marks, name)
          return named !== undefined && (found === undefined || named.at > found.at) ? named : found
        },
        revocationOf(marks, session),
      )
      if (own !== undefined) return { ...own, kind: 'session' }
      return marks?.revocation === undefined ? undefined : { ...marks.revocation, kind: 'person' }
    },

    noteIndexKey: pointers.point,
    indexKeyRevocation: pointers.revocation,
    indexKeyPersons: pointers.persons,
    revokeIndexKey(pointer, revocation) {
      return { persons: pointers.revoke(pointer, revocation), acknowledged: true }
    },

    list(person) {
      return Array.from(people.entriesOf(person), (entry) => ({
        address: listed(person, entry),
        record: entry.read(),
      }))
    },

    alias(address, generation, session) {
      if (people.findLive(address, generation) === undefined) return false
      const marks = people.marksOf(address.person)
      const isLive = isLiveUnder(address)
      if (refusalOf(marks, session, { provenAt: 0, isLive }) !== undefined) return false
      const root = rootOf(marks, session)
      if (root !== rootOf(marks, address.session)) marks.aliases.set(root, address.session)
      return true
    },

    keepRefresh(address, generation, kept, tokenExpiresAt) {
      const entry = people.findLive(address, generation)
      if (entry === undefined || (entry.kept !== undefined && entry.kept.fence > kept.fence)) return false
      entry.kept = kept
      change(entry, { tokenExpiresAt })
      return true
    },

    keptRefresh(address) {
      const kept = people.find(address)?.kept
      return kept !== undefined && kept.until > clock() ? kept : undefined
    },

    dropRefresh(address, fence) {
      const entry = people.find(address)
      if (entry?.kept?.fence === fence) entry.kept = undefined
    },

    claimOnce(key, owner) {
      const holder = claims.owner(key)
      if (holder !== undefined && (owner === undefined || holder !== claimText(owner))) return false
      claims.hold(key, claimText(owner), claimSeconds)
      return true
    },
    confirmClaim(key, seconds) {
      claims.hold(key, 'settled', seconds)
    },
    abandonClaim(key, owner) {
      if (claims.owner(key) === claimText(owner)) claims.free(key)
    },

    deposit(key, text, seconds) {
      deposits.hold(key, text, seconds)
    },
    withdraw(key) {
      const text = deposits.owner(key)
      deposits.free(key)
      return text === undefined ? undefined : String(text)
    },

    lease(key, seconds) {
      if (leases.owner(key) !== undefined) return undefined
      lastFence += 1
      leases.hold(key, lastFence, seconds)
      return lastFence
    },
    renewLease(key, fence, seconds) {
      if (leases.owner(key) !== fence) return false
      leases.hold(key, fence, seconds)
      return true
    },
    releaseLease(key, fence) {
      if (leases.owner(key) === fence) leases.free(key)
    },

    ...createRegistrations(clock),

    async ready() {},
    async close() {},
  }
}
