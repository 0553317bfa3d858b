/** @module The records in Redis: read, changed, retained, listed, and found under other names. */
import type { AliasRecord, RecordAddress, SessionRecord } from '../../session-record.js'
import type { RecordChange, Store } from '../store.js'
import { fieldOf, keyOf, lifeUntil, type RedisContext } from './context.js'
import { formatError, newestTokenWord, numberWord, parseRecord, signInWord, toWord } from './format.js'
import { listRecords } from './list.js'
import { isDone, textAt } from './reply.js'
import { scripts } from './scripts.js'

/** Makes the methods of single records, but for their start and end. */
export function createRedisRecords(
  context: RedisContext,
): Pick<Store, 'read' | 'update' | 'retain' | 'list' | 'alias'> {
  const { connection, announcing } = context
  return {
    async read(address) {
      if (connection.client.readsReplicas) return readAlias(context, address)
      const key = keyOf(context, address.person)
      const text = await connection.command(key, ['HGET', key, fieldOf(address)])
      if (text === null) return readAlias(context, address)
      if (typeof text !== 'string') throw formatError()
      return parseRecord(text)
    },

    async update(address, generation, change) {
      const run = isTouch(change) ? announcing.runUnheard : announcing.run
      const reply = await run(
        scripts.update,
        keyOf(context, address.person),
        fieldOf(address),
        generation,
        change.retainUntil === undefined ? '' : lifeUntil(context, change.retainUntil),
        numberWord(change.lastSeenAt),
        numberWord(change.tokenExpiresAt),
        change.generation ?? '',
        numberWord(change.level),
        numberWord(change.authenticatedAt),
        numberWord(change.retainUntil),
        change.sealed === undefined ? '' : toWord(change.sealed),
        numberWord(change.endsAt),
        change.replaces === undefined ? '' : toWord(change.replaces),
        numberWord(change.notAfter),
        change.signIn === undefined ? '' : signInWord(change.signIn),
        change.newestToken === undefined ? '' : newestTokenWord(change.newestToken),
      )
      return isDone(reply)
    },

    async retain({ person, application, session }, retainUntil) {
      const key = keyOf(context, person)
      const life = lifeUntil(context, retainUntil)
      await connection.run(scripts.retain, key, application, session, String(retainUntil), life)
    },

    async list(person) {
      return listRecords(connection, keyOf(context, person), person)
    },

    async alias({ person, application, session }, generation, named) {
      const key = keyOf(context, person)
      return isDone(await connection.run(scripts.alias, key, application, session, generation, named))
    },
  }
}

/** Whether a change moves nothing but when the person was there, and how long that is kept. */
export function isTouch({ lastSeenAt: _seen, retainUntil: _retain, ...rest }: RecordChange): boolean {
  return Object.values(rest).every((value) => value === undefined)
}

/** A record that was not there under its own session value: perhaps under an older one. */
async function readAlias(
  context: RedisContext,
  { person, application, session }: RecordAddress,
): Promise<SessionRecord | AliasRecord | undefined> {
  const key = keyOf(context, person)
  const reply = await context.connection.run(scripts.readAlias, key, application, session)
  if (reply[0] === 'record') return parseRecord(textAt(reply, 1))
  return reply[0] === 'alias' ? { state: 'alias', session: textAt(reply, 1) } : undefined
}
