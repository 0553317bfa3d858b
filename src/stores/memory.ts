/** @module The store of one process: everything in memory, every answer at once. */
import { type Clock, systemClock } from '../clock.js'
import { Entry } from './memory-entry.js'
import { claimSeconds, createLocks } from './memory-locks.js'
import {
  createMarks,
  isBlank,
  laterOf,
  type Marks,
  namesOf,
  pruneMarks,
  revocationOf,
  rootOf,
} from './memory-marks.js'
import type {
  AliasRecord,
  EndedRecord,
  ListedRecord,
  RecordAddress,
  RecordChange,
  Revocation,
  RevocationScope,
  StartOutcome,
  StartRequest,
  Store,
} from './store.js'

/** How many other persons one start looks at, so that no sweep is ever long. */
const sweepStep = 4

/** A store whose methods answer without a promise. */
export type MemoryStore = {
  readonly [Name in keyof Store]: Name extends 'ready' | 'close'
    ? Store[Name]
    : Store[Name] extends (...given: infer Given) => infer Answer
      ? (...given: Given) => Exclude<Answer, Promise<unknown>>
      : Store[Name]
}

/**
 * Remembers sessions in this process: for one process, for development and for tests. What is no longer retained is
 * swept as new sessions start; no timer keeps the process alive. `clock` is the machine's unless given.
 */
export function memoryStore({ clock = systemClock }: { readonly clock?: Clock } = {}): MemoryStore {
  const people = new Map<string, Entry>()
  const marked = new Map<string, Marks>()
  const claims = createLocks(clock)
  const leases = createLocks(clock)
  const registrations = createLocks(clock)
  let lastFence = 0
  let sweptPeople = people.keys()
  let sweptMarks = marked.keys()

  function find({ person, session, application }: RecordAddress): Entry | undefined {
    let entry = people.get(person)
    while (entry !== undefined && (entry.session !== session || entry.application !== application)) {
      entry = entry.next
    }
    return entry
  }

  function findLive(address: RecordAddress, generation: string): Entry | undefined {
    const entry = find(address)
    return entry?.isLive(generation) ? entry : undefined
  }

  /** Where the record of a session value lies that has another name: where this application has one, else the root. */
  function aliasOf({ person, session, application }: RecordAddress): AliasRecord | undefined {
    const marks = marked.get(person)
    if (!marks?.aliases.has(session)) return undefined
    let root = session
    for (const name of namesOf(marks, session)) {
      root = name
      if (find({ person, session: name, application }) !== undefined) break
    }
    return { state: 'alias', session: root }
  }

  function* entriesOf(person: string): Generator<Entry> {
    for (let entry = people.get(person); entry !== undefined; entry = entry.next) yield entry
  }

  function add(
    { person, session, application }: RecordAddress,
    record: StartRequest['record'] | EndedRecord,
  ): void {
    people.set(person, new Entry(application, session, record, people.get(person)))
  }

  function marksOf(person: string): Marks {
    const marks = marked.get(person) ?? createMarks()
    marked.set(person, marks)
    return marks
  }

  function prune(person: string, now: number): void {
    let kept: Entry | undefined
    let entry = people.get(person)
    const hadEntries = entry !== undefined
    while (entry !== undefined) {
      const { next } = entry
      if (entry.retainUntil > now) {
        entry.next = kept
        kept = entry
      }
      entry = next
    }
    if (kept !== undefined) people.set(person, kept)
    else if (hadEntries) people.delete(person)
    const marks = marked.get(person)
    if (marks === undefined) return
    const recorded = new Set(Array.from(entriesOf(person), ({ session }) => session))
    pruneMarks(marks, (session) => recorded.has(session), now)
    if (isBlank(marks)) marked.delete(person)
  }

  function sweep(now: number): void {
    for (let step = 0; step < sweepStep; step++) {
      const next = sweptPeople.next()
      if (next.done) sweptPeople = people.keys()
      else prune(next.value, now)
      const nextMark = sweptMarks.next()
      if (nextMark.done) sweptMarks = marked.keys()
      else prune(nextMark.value, now)
    }
  }

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
    if (entry === undefined) add(address, record)
    else entry.end(record)
    // The session value has shown itself older than the revocation: a newer token of it stays refused too.
    const { revocations } = marksOf(address.person)
    const own = { ...revocation, retainUntil: record.retainUntil }
    revocations.set(address.session, laterOf(revocations.get(address.session), own))
    return { outcome: 'revoked', record }
  }

  /** The session values that a revocation is about, of those that are known and the one that is named. */
  function revokedSessions(person: string, scope: RevocationScope): Set<string> {
    const marks = marked.get(person)
    const known = new Set<string>(Array.from(entriesOf(person), ({ session }) => session))
    for (const session of marks?.revocations.keys() ?? []) known.add(session)
    for (const [session, root] of marks?.aliases ?? []) known.add(session).add(root)
    if (scope.kind === 'person') return known
    const named = rootOf(marks, scope.session)
    if (scope.kind === 'session') known.add(scope.session).add(named)
    for (const session of known) {
      if ((rootOf(marks, session) === named) !== (scope.kind === 'session')) known.delete(session)
    }
    return known
  }

  function change(
    entry: Entry,
    { lastSeenAt = 0, tokenExpiresAt = 0, retainUntil = 0, ...rest }: RecordChange,
  ): void {
    const live = entry.live()
    entry.write({
      ...live,
      generation: rest.generation ?? live.generation,
      level: rest.level ?? live.level,
      authenticatedAt: rest.authenticatedAt ?? live.authenticatedAt,
      sealed: rest.sealed ?? live.sealed,
      lastSeenAt: Math.max(live.lastSeenAt, lastSeenAt),
      tokenExpiresAt: Math.max(live.tokenExpiresAt, tokenExpiresAt),
      retainUntil: Math.max(live.retainUntil, retainUntil),
    })
  }

  const listed = (person: string, { application, session }: Entry): RecordAddress => ({
    person,
    session,
    application,
  })

  return {
    isShared: false,

    read(address) {
      const entry = find(address)
      if (entry !== undefined) return entry.read()
      return aliasOf(address)
    },

    start(address, { record, issuedAt, now, lifts }) {
      const { person, session } = address
      prune(person, now)
      sweep(now)
      const entry = find(address)
      // A live record is newer than every revocation: whoever revokes ends it in the same step.
      if (entry !== undefined && entry.ended === undefined) return { outcome: 'exists', record: entry.live() }
      const marks = marked.get(person)
      const revocation = revocationOf(marks, session)
      if (revocation !== undefined) return refuse(address, entry, revocation, record.retainUntil)
      if (marks?.revocation !== undefined && issuedAt < marks.revocation.at) {
        return refuse(address, entry, marks.revocation, record.retainUntil)
      }
      if (entry === undefined) {
        const alias = aliasOf(address)
        if (alias !== undefined) return { outcome: 'alias', record: alias }
        add(address, record)
        return { outcome: 'started', record }
      }
      const ended = entry.read()
      if (ended.state === 'ended' && (ended.reason !== lifts?.reason || ended.at !== lifts.at)) {
        return { outcome: 'exists', record: ended }
      }
      entry.write(record)
      return { outcome: 'started', record }
    },

    update(address, generation, changes) {
      const entry = findLive(address, generation)
      if (entry === undefined) return false
      change(entry, changes)
      return true
    },

    end(address, expected, ended) {
      const entry = find(address)
      if (entry === undefined) return undefined
      if (!entry.isLive(expected.generation)) return entry.read()
      const live = entry.live()
      if (expected.lastSeenAt !== undefined && live.lastSeenAt > expected.lastSeenAt) return live
      return entry.end({ ...ended, retainUntil: Math.max(live.retainUntil, ended.retainUntil) })
    },

    retain(address, retainUntil) {
      const entry = find(address)
      if (entry?.ended === undefined || entry.ended.retainUntil >= retainUntil) return
      entry.ended = { ...entry.ended, retainUntil }
      // A tombstone that outlived its revocation could be lifted.
      const revocations = marked.get(address.person)?.revocations
      const own = revocations?.get(address.session)
      if (own !== undefined) revocations?.set(address.session, laterOf(own, { ...own, retainUntil }))
    },

    revoke(person, scope, revocation) {
      const sessions = revokedSessions(person, scope)
      const ended: ListedRecord[] = []
      for (const entry of entriesOf(person)) {
        if (entry.ended !== undefined || !sessions.has(entry.session)) continue
        const live = entry.live()
        const { reason, at } = revocation
        const { generation, sealed } = live
        const retainUntil = Math.max(live.retainUntil, revocation.retainUntil)
        ended.push({ address: listed(person, entry), record: live })
        entry.end({ state: 'ended', reason, at, generation, retainUntil, sealed })
      }
      if (sessions.size > 0 || scope.kind === 'person') {
        const marks = marksOf(person)
        if (scope.kind === 'person') marks.revocation = laterOf(marks.revocation, revocation)
        for (const session of sessions) {
          marks.revocations.set(session, laterOf(marks.revocations.get(session), revocation))
        }
      }
      return { ended, acknowledged: true }
    },

    revocation(person, session) {
      const marks = marked.get(person)
      const own = revocationOf(marks, session)
      if (own !== undefined) return { ...own, kind: 'session' }
      return marks?.revocation === undefined ? undefined : { ...marks.revocation, kind: 'person' }
    },

    list(person) {
      return Array.from(entriesOf(person), (entry) => ({
        address: listed(person, entry),
        record: entry.read(),
      }))
    },

    alias(address, generation, session) {
      if (findLive(address, generation) === undefined) return false
      const marks = marksOf(address.person)
      if (revocationOf(marks, session) !== undefined) return false
      const root = rootOf(marks, session)
      if (root !== rootOf(marks, address.session)) marks.aliases.set(root, address.session)
      return true
    },

    keep(address, generation, kept, tokenExpiresAt) {
      const entry = findLive(address, generation)
      if (entry === undefined || (entry.kept !== undefined && entry.kept.fence > kept.fence)) return false
      entry.kept = kept
      change(entry, { tokenExpiresAt })
      return true
    },

    kept(address) {
      const kept = find(address)?.kept
      return kept !== undefined && kept.until > clock() ? kept : undefined
    },

    dropKept(address, fence) {
      const entry = find(address)
      if (entry?.kept?.fence === fence) entry.kept = undefined
    },

    claim(key) {
      if (claims.owner(key) !== undefined) return false
      claims.hold(key, 'claimed', claimSeconds)
      return true
    },
    settle(key, seconds) {
      claims.hold(key, 'settled', seconds)
    },
    abandon(key) {
      if (claims.owner(key) === 'claimed') claims.free(key)
    },

    lease(key, seconds) {
      if (leases.owner(key) !== undefined) return undefined
      lastFence += 1
      leases.hold(key, lastFence, seconds)
      return lastFence
    },
    renew(key, fence, seconds) {
      if (leases.owner(key) !== fence) return false
      leases.hold(key, fence, seconds)
      return true
    },
    release(key, fence) {
      if (leases.owner(key) === fence) leases.free(key)
    },

    register(application, fingerprint, seconds) {
      const owner = registrations.owner(application)
      if (owner !== undefined && owner !== fingerprint) return false
      registrations.hold(application, fingerprint, seconds)
      return true
    },

    async ready() {},
    async close() {},
  }
}
