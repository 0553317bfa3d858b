/** @module What the memory store revokes of a person, and how a revocation is found again. */
import { defaultMostRecords, mostMarks } from '../bounds.js'
import type {
  FoundRevocation,
  ListedRecord,
  Revocation,
  RevocationOutcome,
  RevocationScope,
} from '../store.js'
import { tidy } from './bounds.js'
import { entriesOf, openMarks, type PersonIndex, revokedSessions } from './person-index.js'
import { addressOf } from './records.js'
import { laterOf, revocationOf } from './revocations.js'

/** Which sessions of a person are revoked, when, and until when things may be forgotten. */
export interface RevocationRequest {
  readonly scope: RevocationScope
  readonly revocation: Revocation
  readonly now: number
  readonly forgotten: number
}

/** Writes a revocation and ends the live records in its scope. */
export function revokeSessions(
  index: PersonIndex,
  person: string,
  { scope, revocation, now, forgotten }: RevocationRequest,
): RevocationOutcome {
  const sessions = revokedSessions(index, person, scope)
  const ended = endLive(index, person, sessions, revocation)
  // Beyond the bound of marks the person's own revocation and the ends refuse.
  const isTooMany = scope.kind === 'person' && sessions.size > mostMarks(defaultMostRecords)
  if (sessions.size > 0 || scope.kind === 'person') {
    const marks = openMarks(index, person)
    if (scope.kind === 'person') marks.revocation = laterOf(marks.revocation, revocation)
    for (const session of isTooMany ? [] : sessions) {
      marks.revocations.set(session, laterOf(marks.revocations.get(session), revocation))
    }
  }
  tidy(index, person, { now, forgotten, fresh: isTooMany ? new Set() : sessions })
  return { ended, sessions: [...sessions], acknowledged: true }
}

/** Ends what is live under these session values; returns the records as they were. */
function endLive(
  index: PersonIndex,
  person: string,
  sessions: ReadonlySet<string>,
  revocation: Revocation,
): ListedRecord[] {
  const ended: ListedRecord[] = []
  for (const entry of entriesOf(index, person)) {
    if (entry.ended !== undefined || !sessions.has(entry.session)) continue
    const live = entry.live()
    const { reason, at } = revocation
    const { generation, sealed } = live
    const retainUntil = Math.max(live.retainUntil, revocation.retainUntil)
    ended.push({ address: addressOf(person, entry), record: live })
    entry.end({ state: 'ended', reason, at, generation, retainUntil, sealed })
  }
  return ended
}

/** The revocation that concerns a session value of a person, or one of its other names: its own, else the person's. */
export function findRevocation(
  index: PersonIndex,
  person: string,
  session: string,
  names: readonly string[],
): FoundRevocation | undefined {
  const marks = index.marks.get(person)
  const own = names.reduce(
    (found, name) => {
      const named = revocationOf(marks, name)
      return named !== undefined && (found === undefined || named.at > found.at) ? named : found
    },
    revocationOf(marks, session),
  )
  if (own !== undefined) return { ...own, kind: 'session' }
  return marks?.revocation === undefined ? undefined : { ...marks.revocation, kind: 'person' }
}
