/** @module What keeps the memory of one person small: the same steps as in Redis. Source: `HLD-18`. */
import { mostDisplaced, mostMarks } from './bounds.js'
import type { Entry } from './memory-entry.js'
import { laterOf } from './memory-marks.js'
import type { createPeople } from './memory-people.js'
import type { EndReason, ListedRecord, RecordAddress } from './store.js'

type People = ReturnType<typeof createPeople>

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
  people: People,
  address: RecordAddress,
  room: Room,
): readonly ListedRecord[] | undefined {
  const { person, session, application } = address
  const { mostRecords, now } = room
  const live: Entry[] = []
  const whole: Entry[] = []
  let marks = people.marks(person)?.revocations.size ?? 0
  for (const entry of people.entriesOf(person)) {
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
  if (marks > mostMarks(mostRecords)) standForAll(people, address, now)
  return displaced.length > 0 ? displaced : undefined
}

/** One time for the person in the place of all marks. */
function standForAll(people: People, { person, session, application }: RecordAddress, now: number): void {
  const marks = people.marksOf(person)
  const known = marks.revocation
  let retainUntil = known?.retainUntil ?? 0
  let endsBefore = known?.endsBefore ?? known?.at ?? 0
  for (const entry of [...people.entriesOf(person)]) {
    if (!isMark(entry)) continue
    retainUntil = Math.max(retainUntil, entry.retainUntil)
    // What is about to be written over stays where it is.
    if (entry.session === session && entry.application === application) continue
    people.remove(entry, person)
  }
  for (const revocation of marks.revocations.values()) {
    retainUntil = Math.max(retainUntil, revocation.retainUntil)
    endsBefore = Math.max(endsBefore, revocation.at)
  }
  marks.revocations.clear()
  const reason = known?.reason ?? 'revoked'
  marks.revocation = { ...laterOf(known, { reason, at: now, retainUntil }), endsBefore }
}
