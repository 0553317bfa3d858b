/** @module What keeps the memory of one person small: the same steps as in Redis. Source: `HLD-18`. */

import type { EndReason, RecordAddress } from '../../session-record.js'
import { defaultMostRecords, mostDisplaced, mostMarks, mostTogether } from '../bounds.js'
import type { ListedRecord } from '../store.js'
import type { Entry } from './entry.js'
import { entriesOf, openMarks, type PersonIndex, prunePerson, removeEntry, sizeOf } from './person-index.js'
import { laterOf } from './revocations.js'

/** Room for one more record of an application. */
interface Room {
  readonly mostRecords: number
  readonly now: number
  /** Whether live sessions may end for it. */
  readonly isStart: boolean
}

/** What is left of an end that gives way to others: reason and times, these in whole seconds. */
function shrink(entry: Entry, reason: EndReason, at: number): void {
  const roundUp = (time: number) => Math.ceil(time / 1000) * 1000
  entry.end({
    state: 'ended',
    reason,
    at: roundUp(at),
    generation: '',
    retainUntil: roundUp(entry.retainUntil),
    sealed: '',
  })
}

/** Whether an end has shrunk already, or never was more. */
function isMark({ ended }: Entry): boolean {
  return ended !== undefined && ended.sealed === '' && ended.generation === ''
}

/**
 * Makes room: ends of the application shrink to marks, then its live sessions end, those first that were seen the
 * longest ago; marks beyond their bound give way to one time that refuses all older tokens of the person. Returns the
 * sessions that ended.
 */
export function makeRoom(
  index: PersonIndex,
  address: RecordAddress,
  room: Room,
): readonly ListedRecord[] | undefined {
  const { person, session, application } = address
  const { mostRecords, now } = room
  const live: Entry[] = []
  const whole: Entry[] = []
  let marks = index.marks.get(person)?.revocations.size ?? 0
  for (const entry of entriesOf(index, person)) {
    if (isMark(entry)) marks += 1
    else if (entry.application === application && entry.session !== session) {
      if (entry.ended === undefined) live.push(entry)
      else whole.push(entry)
    }
  }
  if (live.length + whole.length + 1 > mostRecords) {
    for (const entry of whole) {
      if (entry.ended !== undefined) shrink(entry, entry.ended.reason, entry.ended.at)
    }
    marks += whole.length
  }
  const excess = room.isStart ? Math.min(live.length + 1 - mostRecords, mostDisplaced) : 0
  const displaced: ListedRecord[] = []
  if (excess > 0) {
    const oldest = live
      .map((entry) => ({ entry, record: entry.live() }))
      .sort(
        (one, other) =>
          one.record.lastSeenAt - other.record.lastSeenAt || one.record.startedAt - other.record.startedAt,
      )
    for (const { entry, record } of oldest.slice(0, excess)) {
      displaced.push({ address: { person, session: entry.session, application }, record })
      shrink(entry, 'too-many-sessions', now)
    }
    marks += excess
  }
  const isKept = (entry: Entry) => entry.session === session && entry.application === application
  if (marks > mostMarks(mostRecords)) standForAll(index, person, { now, isKept, fresh: new Set() })
  return displaced.length > 0 ? displaced : undefined
}

/**
 * Brings what is known of a person down where no start does: revocations of which no session began here. What is in
 * `fresh`, by session value, was written just now: that stays as it is.
 */
export function tidy(index: PersonIndex, person: string, { now, forgotten, fresh }: Tidying): void {
  if (sizeOf(index, person) <= mostMarks(defaultMostRecords) + mostTogether) return
  prunePerson(index, person, forgotten)
  const entries = [...entriesOf(index, person)]
  const whole = entries.filter((entry) => !isMark(entry))
  if (whole.length > mostTogether) {
    for (const entry of whole) {
      if (entry.ended !== undefined && !fresh.has(entry.session))
        shrink(entry, entry.ended.reason, entry.ended.at)
    }
  }
  const isKept = (entry: Entry) => fresh.has(entry.session)
  const ends = entries.filter((entry) => isMark(entry) && !isKept(entry))
  const revoked = [...(index.marks.get(person)?.revocations.keys() ?? [])].filter(
    (session) => !fresh.has(session),
  )
  if (ends.length + revoked.length > mostMarks(defaultMostRecords))
    standForAll(index, person, { now, isKept, fresh })
}

interface Tidying {
  readonly now: number
  /** Until when things may be forgotten. */
  readonly forgotten: number
  readonly fresh: ReadonlySet<string>
}

/** One time for the person in the place of all marks but the fresh ones. */
function standForAll(
  index: PersonIndex,
  person: string,
  {
    now,
    isKept,
    fresh,
  }: {
    readonly now: number
    /** What is about to be written over, or was written just now, stays where it is. */
    isKept(entry: Entry): boolean
    readonly fresh: ReadonlySet<string>
  },
): void {
  const marks = openMarks(index, person)
  const known = marks.revocation
  let retainUntil = known?.retainUntil ?? 0
  let endsBefore = known?.endsBefore ?? known?.at ?? 0
  let reason = known?.reason ?? 'revoked'
  for (const entry of [...entriesOf(index, person)]) {
    if (!isMark(entry)) continue
    retainUntil = Math.max(retainUntil, entry.retainUntil)
    if (!isKept(entry)) removeEntry(index, entry, person)
  }
  for (const [session, revocation] of marks.revocations) {
    if (fresh.has(session)) continue
    retainUntil = Math.max(retainUntil, revocation.retainUntil)
    endsBefore = Math.max(endsBefore, revocation.at)
    if (revocation.reason === 'revoked') reason = 'revoked'
    marks.revocations.delete(session)
  }
  marks.revocation = { ...laterOf(known, { reason, at: now, retainUntil }), endsBefore }
}
