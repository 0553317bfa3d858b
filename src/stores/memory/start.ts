/** @module How the memory store begins a record, or says why it does not. */
import type { EndedRecord, RecordAddress } from '../../session-record.js'
import { defaultMostRecords } from '../bounds.js'
import type { Revocation, StartOutcome, StartRequest } from '../store.js'
import { makeRoom } from './bounds.js'
import type { Entry } from './entry.js'
import {
  addEntry,
  aliasOf,
  findEntry,
  openMarks,
  type PersonIndex,
  prunePerson,
  sweepPersons,
} from './person-index.js'
import { isLiveUnder } from './records.js'
import { laterOf, refusalOf } from './revocations.js'

/** One start: where, what is asked for, and the record that is there. */
interface Start {
  readonly address: RecordAddress
  readonly request: StartRequest
  readonly entry: Entry | undefined
}

/** Begins a record unless one is there, or a revocation forbids it. What is not retained at `forgotten` is dropped. */
export function startRecord(
  index: PersonIndex,
  address: RecordAddress,
  request: StartRequest,
  forgotten: number,
): StartOutcome {
  prunePerson(index, address.person, forgotten)
  sweepPersons(index, forgotten)
  const entry = findEntry(index, address)
  // A live record is newer than every revocation: whoever revokes ends it in the same step.
  if (entry !== undefined && entry.ended === undefined) return { outcome: 'exists', record: entry.live() }
  const start: Start = { address, request, entry }
  const revocation = refusingRevocation(index, start)
  if (revocation !== undefined) return refuse(index, start, revocation)
  if (entry === undefined) {
    const alias = aliasOf(index, address)
    if (alias !== undefined) return { outcome: 'alias', record: alias }
  } else if (isFinal(entry, request)) {
    return { outcome: 'exists', record: entry.read() }
  }
  const displaced = makeRoomFor(index, start, true)
  if (entry === undefined) addEntry(index, address, request.record)
  else entry.write(request.record)
  return { outcome: 'started', record: request.record, displaced }
}

/** The revocation of the session value, or of the person, that this start does not get past. */
function refusingRevocation(index: PersonIndex, { address, request }: Start): Revocation | undefined {
  const { issuedAt, provenAt = 0 } = request
  const marks = index.marks.get(address.person)
  const own = refusalOf(marks, address.session, { provenAt, isLive: isLiveUnder(index, address) })
  if (own !== undefined) return own
  const ofPerson = marks?.revocation
  const isRefused = ofPerson !== undefined && issuedAt < ofPerson.at && provenAt <= ofPerson.at
  return isRefused ? ofPerson : undefined
}

/** Whether an end stands: it was not before the proof, and is not the one that this start may resume. */
function isFinal({ ended }: Entry, { resumes, provenAt = 0 }: StartRequest): boolean {
  if (ended === undefined || ended.at < provenAt) return false
  return ended.reason !== resumes?.reason || ended.at !== resumes.at
}

/** Writes a tombstone where a revoked session wanted to start. */
function refuse(index: PersonIndex, start: Start, revocation: Revocation): StartOutcome {
  const { address, request, entry } = start
  makeRoomFor(index, start, false)
  const known = entry?.ended
  const record: EndedRecord = {
    state: 'ended',
    reason: revocation.reason,
    at: revocation.at,
    generation: known?.generation ?? '',
    retainUntil: Math.max(revocation.retainUntil, request.record.retainUntil, known?.retainUntil ?? 0),
    sealed: known?.sealed ?? '',
  }
  const written = entry?.end(record) ?? record
  if (entry === undefined) addEntry(index, address, record)
  // The session value has shown itself older than the revocation: a newer token of it stays refused too.
  const { revocations } = openMarks(index, address.person)
  const own = { ...revocation, retainUntil: record.retainUntil }
  revocations.set(address.session, laterOf(revocations.get(address.session), own))
  return { outcome: 'revoked', record: written }
}

function makeRoomFor(index: PersonIndex, { address, request }: Start, isStart: boolean) {
  const { mostRecords = defaultMostRecords, now } = request
  return makeRoom(index, address, { mostRecords, now, isStart })
}
