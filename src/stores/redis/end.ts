/** @module How a record ends in Redis, and when that is told as done. */
import type { EndedRecord, EndReason, RecordAddress } from '../../session-record.js'
import { timers } from '../../timers.js'
import type { EndOutcome, Store } from '../store.js'
import { fieldOf, keyOf, lifeUntil, type RedisContext } from './context.js'
import { formatError, numberWord, parseRecord, toWord } from './format.js'
import { textAt } from './reply.js'
import { scripts } from './scripts.js'

/** Ends that time alone would not bring about again, were they lost with a failing master. */
const lasting: ReadonlySet<EndReason> = new Set<EndReason>([
  'application-sign-out',
  'identity-ended',
  'identity-changed',
  'signed-out',
  'revoked',
  'provider-removed',
])

/** Ends a live record that matches what is expected of it, and waits for the replicas. */
export async function endRecord(
  context: RedisContext,
  address: RecordAddress,
  expected: Parameters<Store['end']>[1],
  ended: EndedRecord,
): Promise<EndOutcome> {
  const { announcing, acknowledgement } = context
  const deadline = timers.elapsed() + context.deadlineMilliseconds
  const [key, field] = [keyOf(context, address.person), fieldOf(address)]
  const reply = await announcing.run(
    scripts.end,
    key,
    field,
    expected.generation,
    numberWord(expected.lastSeenAt),
    lifeUntil(context, ended.retainUntil),
    ended.reason,
    String(ended.at),
    toWord(ended.generation),
    String(ended.retainUntil),
    toWord(ended.sealed),
    expected.replaces === undefined ? '' : toWord(expected.replaces),
  )
  if (reply[0] === 'format') throw formatError()
  if (reply[0] === 'gone') {
    // A server that was replaced may not know of the session what its successor does.
    const acknowledged =
      !lasting.has(ended.reason) ||
      (await acknowledgement.isAcknowledged({ key, field, at: undefined, deadline }, reply[1]))
    return { record: undefined, acknowledged }
  }
  const record = parseRecord(textAt(reply, 1))
  // Whoever asks again for an end wants to know whether it would survive: it is confirmed anew.
  const acknowledged =
    record.state !== 'ended' ||
    !lasting.has(record.reason) ||
    (await acknowledgement.isAcknowledged({ key, field, at: record.at, deadline }, reply[2]))
  return { record, acknowledged }
}
