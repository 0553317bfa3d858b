/** @module The persons that the memory store knows: their records in lists, their marks, and the sweep of both. */

import type { AliasRecord, RecordAddress, SessionRecord } from '../../session-record.js'
import type { RevocationScope } from '../store.js'
import { Entry } from './entry.js'
import { createMarks, isBlank, type Marks, namesOf, pruneMarks, rootOf } from './revocations.js'

/** How many other persons one start looks at, so that no sweep is ever long. */
const sweepStep = 4

/** Everything of every person. */
export function createPeople() {
  const people = new Map<string, Entry>()
  const marked = new Map<string, Marks>()
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

  function remove(entry: Entry, person: string): void {
    let before = people.get(person)
    if (before === entry) {
      if (entry.next === undefined) people.delete(person)
      else people.set(person, entry.next)
      return
    }
    while (before !== undefined && before.next !== entry) before = before.next
    if (before !== undefined) before.next = entry.next
  }

  function* entriesOf(person: string): Generator<Entry> {
    for (let entry = people.get(person); entry !== undefined; entry = entry.next) yield entry
  }

  /** How much is known of a person: records, revocations and names. */
  function sizeOf(person: string): number {
    const marks = marked.get(person)
    let size = (marks?.revocations.size ?? 0) + (marks?.aliases.size ?? 0)
    for (let entry = people.get(person); entry !== undefined; entry = entry.next) size += 1
    return size
  }

  function add({ person, session, application }: RecordAddress, record: SessionRecord): void {
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

  return {
    find,
    findLive,
    add,
    remove,
    entriesOf,
    sizeOf,
    aliasOf,
    marks: (person: string) => marked.get(person),
    marksOf,
    prune,
    sweep,
    revokedSessions,
  }
}
