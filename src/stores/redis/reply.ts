/** @module What a script has answered, read. */
import type { EndedRecord } from '../../session-record.js'
import type { Reply } from './connection.js'
import { formatError, parseRecord } from './format.js'

/** A text of a reply. @throws StoreUnavailableError `store-format` */
export function textAt(reply: Reply, index: number): string {
  const word = reply[index]
  if (typeof word !== 'string') throw formatError()
  return word
}

/** An ended record of a reply. @throws StoreUnavailableError `store-format` */
export function endedAt(reply: Reply, index: number): EndedRecord {
  const record = parseRecord(textAt(reply, index))
  if (record.state !== 'ended') throw formatError()
  return record
}

/** Whether a write was done. @throws StoreUnavailableError `store-format` if the record is of a newer release */
export function isDone(reply: Reply): boolean {
  if (reply[0] === 'format') throw formatError()
  return reply[0] === 'done'
}
