/** @module The records of a person in Redis, in pages: however many an older release has left, none holds Redis up. */
import { StoreUnavailableError } from '../../errors.js'
import type { ListedRecord } from '../store.js'
import type { Connection } from './connection.js'
import { formatError, parseRecord } from './format.js'
import { scripts } from './scripts.js'

/** So many fields are looked at by one page. A person of today's bounds seldom has more than one. */
const fieldsOfPage = 1000

/** How often a list begins anew because another server goes on with it. */
const mostBeginnings = 3

/** Application, session and record of each, as the scripts answer them from a place on. */
export function recordsIn(person: string, reply: readonly (string | number)[], from: number): ListedRecord[] {
  const records: ListedRecord[] = []
  for (let index = from; index < reply.length; index += 3) {
    const [application, session, text] = reply.slice(index, index + 3)
    if (typeof application !== 'string' || typeof session !== 'string' || typeof text !== 'string')
      throw formatError()
    records.push({ address: { person, application, session }, record: parseRecord(text) })
  }
  return records
}

/**
 * Every record that is there from the first page to the last. `undefined`: pages came from different servers, of which
 * each orders a hash in its own way, so that records could be missing.
 */
async function listOnce(
  connection: Connection,
  key: string,
  person: string,
): Promise<ListedRecord[] | undefined> {
  const records = new Map<string, ListedRecord>()
  let cursor = '0'
  let first: string | undefined
  do {
    const reply = await connection.run(scripts.list, key, cursor, String(fieldsOfPage))
    const [, next, server] = reply
    if (typeof next !== 'string' || typeof server !== 'string') throw formatError()
    if (server !== (first ?? server)) return undefined
    first = server
    cursor = next
    // A hash that grows meanwhile shows some records twice: the later look is the newer one.
    for (const listed of recordsIn(person, reply, 3)) {
      records.set(`${listed.address.application}:${listed.address.session}`, listed)
    }
  } while (cursor !== '0')
  return [...records.values()]
}

/**
 * Every record of a person.
 * @throws StoreUnavailableError if the pages could not be had from one server
 */
export async function listRecords(
  connection: Connection,
  key: string,
  person: string,
): Promise<ListedRecord[]> {
  for (let beginning = 0; beginning < mostBeginnings; beginning += 1) {
    const records = await listOnce(connection, key, person)
    if (records !== undefined) return records
  }
  throw new StoreUnavailableError('the records of a person were asked of servers that replaced each other')
}
