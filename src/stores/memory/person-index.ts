/** @module The persons that the memory store knows: their records in lists, their marks, and the sweep of both. */

import type { AliasRecord, RecordAddress, SessionRecord } from '../../session-record.js'
import type { RevocationScope } from '../store.js'
import { Entry } from './entry.js'
import { createMarks, isBlank, type Marks, namesOf, pruneMarks, rootOf } from './revocations.js'

/** How many other persons one start looks at, so that no sweep is ever long. */
const sweepStep = 4

/** Everything of every person, by the person's digest. */
export interface PersonIndex {
  /** The first of a person's records; each knows the next. */
  readonly records: Map<string, Entry>
  readonly marks: Map<string, Marks>
  /** Where the sweep goes on. */
  sweptRecords: Iterator<string>
  sweptMarks: Iterator<string>
}

/** An index of nobody. */
export function createPersonIndex(): PersonIndex {
  const records = new Map<string, Entry>()
  const marks = new Map<string, Marks>()
  return { records, marks, sweptRecords: records.keys(), sweptMarks: marks.keys() }
}

/** The record at an address. */
export function findEntry(
  index: PersonIndex,
  { person, session, application }: RecordAddress,
): Entry | undefined {
  let entry = index.records.get(person)
  while (entry !== undefined && (entry.session !== session || entry.application !== application)) {
    entry = entry.next
  }
  return entry
}

/** The live record of a generation at an address. */
export function findLive(index: PersonIndex, address: RecordAddress, generation: string): Entry | undefined {
  const entry = findEntry(index, address)
  return entry?.isLive(generation) ? entry : undefined
}

/** Where the record of a session value lies that has another name: where this application has one, else the root. */
export function aliasOf(
  index: PersonIndex,
  { person, session, application }: RecordAddress,
): AliasRecord | undefined {
  const marks = index.marks.get(person)
  if (!marks?.aliases.has(session)) return undefined
  let root = session
  for (const name of namesOf(marks, session)) {
    root = name
    if (findEntry(index, { person, session: name, application }) !== undefined) break
  }
  return { state: 'alias', session: root }
}

/** Adds a record where there is none. */
export function addEntry(
  { records }: PersonIndex,
  { person, session, application }: RecordAddress,
  record: SessionRecord,
): void {
  records.set(person, new Entry(application, session, record, records.get(person)))
}

/** Takes a record out of a person's list. */
export function removeEntry({ records }: PersonIndex, entry: Entry, person: string): void {
  let before = records.get(person)
  if (before === entry) {
    if (entry.next === undefined) records.delete(person)
    else records.set(person, entry.next)
    return
  }
  while (before !== undefined && before.next !== entry) before = before.next
  if (before !== undefined) before.next = entry.next
}

/** The records of a person, of all applications. */
export function* entriesOf({ records }: PersonIndex, person: string): Generator<Entry> {
  for (let entry = records.get(person); entry !== undefined; entry = entry.next) yield entry
}

/** How much is known of a person: records, revocations and names. */
export function sizeOf(index: PersonIndex, person: string): number {
  const marks = index.marks.get(person)
  let size = (marks?.revocations.size ?? 0) + (marks?.aliases.size ?? 0)
  for (let entry = index.records.get(person); entry !== undefined; entry = entry.next) size += 1
  return size
}

/** The marks of a person, to be written to. */
export function openMarks(index: PersonIndex, person: string): Marks {
  const marks = index.marks.get(person) ?? createMarks()
  index.marks.set(person, marks)
  return marks
}

/** Drops what is known of a person and no longer retained at `now`. */
export function prunePerson(index: PersonIndex, person: string, now: number): void {
  pruneRecords(index, person, now)
  const marks = index.marks.get(person)
  if (marks === undefined) return
  const recorded = new Set(Array.from(entriesOf(index, person), ({ session }) => session))
  pruneMarks(marks, (session) => recorded.has(session), now)
  if (isBlank(marks)) index.marks.delete(person)
}

function pruneRecords({ records }: PersonIndex, person: string, now: number): void {
  let kept: Entry | undefined
  let entry = records.get(person)
  if (entry === undefined) return
  while (entry !== undefined) {
    const next: Entry | undefined = entry.next
    if (entry.retainUntil > now) {
      entry.next = kept
      kept = entry
    }
    entry = next
  }
  if (kept !== undefined) records.set(person, kept)
  else records.delete(person)
}

/** Looks at a few other persons, and goes on there the next time. */
export function sweepPersons(index: PersonIndex, now: number): void {
  for (let step = 0; step < sweepStep; step++) {
    const next = index.sweptRecords.next()
    if (next.done) index.sweptRecords = index.records.keys()
    else prunePerson(index, next.value, now)
    const nextMark = index.sweptMarks.next()
    if (nextMark.done) index.sweptMarks = index.marks.keys()
    else prunePerson(index, nextMark.value, now)
  }
}

/** The session values that a revocation is about, of those that are known and the one that is named. */
export function revokedSessions(index: PersonIndex, person: string, scope: RevocationScope): Set<string> {
  const marks = index.marks.get(person)
  if (scope.kind === 'session') return sessionAndItsNames(marks, scope.session)
  const known = new Set<string>(Array.from(entriesOf(index, person), ({ session }) => session))
  for (const session of marks?.revocations.keys() ?? []) known.add(session)
  for (const [session, root] of marks?.aliases ?? []) known.add(session).add(root)
  if (scope.kind === 'person') return known
  const named = rootOf(marks, scope.session)
  for (const session of known) if (rootOf(marks, session) === named) known.delete(session)
  return known
}

/** Every name of a session: only an alias has the root of another. */
function sessionAndItsNames(marks: Marks | undefined, session: string): Set<string> {
  const root = rootOf(marks, session)
  const names = new Set([session, root])
  for (const alias of marks?.aliases.keys() ?? []) if (rootOf(marks, alias) === root) names.add(alias)
  return names
}
