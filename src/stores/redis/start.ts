/** @module How a record begins in Redis, or why it does not. */
import type { RecordAddress } from '../../session-record.js'
import { defaultMostRecords, mostMarks } from '../bounds.js'
import type { StartOutcome, StartRequest } from '../store.js'
import type { Reply } from './connection.js'
import { keyOf, type RedisContext } from './context.js'
import { forgottenWord, formatError, numberWord, parseRecord, serializeRecord } from './format.js'
import { recordsIn } from './list.js'
import { endedAt, textAt } from './reply.js'
import { scripts } from './scripts.js'

/** Begins a record unless one is there, or a revocation forbids it. */
export async function startRecord(
  context: RedisContext,
  { person, application, session }: RecordAddress,
  request: StartRequest,
): Promise<StartOutcome> {
  const { record, issuedAt, now, resumes, provenAt = 0, mostRecords = defaultMostRecords } = request
  const reply = await context.announcing.run(
    scripts.start,
    keyOf(context, person),
    application,
    session,
    serializeRecord(record),
    String(issuedAt),
    String(now),
    String(record.retainUntil),
    resumes?.reason ?? '',
    numberWord(resumes?.at),
    String(provenAt),
    forgottenWord(context.forgetUntil(now)),
    String(mostRecords),
    String(mostMarks(mostRecords)),
  )
  return outcomeIn(reply, person, request)
}

function outcomeIn(reply: Reply, person: string, { record }: StartRequest): StartOutcome {
  switch (reply[0]) {
    case 'started':
      return {
        outcome: 'started',
        record,
        displaced: reply.length > 1 ? recordsIn(person, reply, 1) : undefined,
      }
    case 'alias':
      return { outcome: 'alias', record: { state: 'alias', session: textAt(reply, 1) } }
    case 'exists':
      return { outcome: 'exists', record: parseRecord(textAt(reply, 1)) }
    case 'revoked':
      return { outcome: 'revoked', record: endedAt(reply, 1) }
    default:
      throw formatError()
  }
}
