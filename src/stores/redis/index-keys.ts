/**
 * @module Index keys in Redis: one hash for each, with no hash tag, so that it lies in a place of its own. Field `v` is
 * its revocation, as in the hash of a person; `p:<person>` names a person: `1 p <retainUntil>`.
 */
import { timers } from '../../timers.js'
import { createForgetting } from '../forgetting.js'
import type { Revocation, Store } from '../store.js'
import type { Reply } from './connection.js'
import type { RedisContext } from './context.js'
import { forgottenWord, parseRevocation } from './format.js'
import { textAt } from './reply.js'
import { createScript, keepFor, mark, replicas, words } from './script-parts.js'

/** Whether a text is retained no longer. Newer formats are left to the end of life of the hash. */
const isOver = `
local PERSON = {retain = 3}
local function isOver(value, position, now)
  local record = words(value)
  return record[1] == '1' and tonumber(record[position]) <= tonumber(now)
end
`

/** Drops what may be forgotten, and returns the persons that are retained. */
const prune = `
local function prune(now, forgotten)
  local all, persons = redis.call('HGETALL', key), {}
  for index = 1, #all, 2 do
    local person = string.match(all[index], '^p:(.*)$')
    local value, position = all[index + 1], person and PERSON.retain or REVOCATION.retain
    if isOver(value, position, forgotten) then redis.call('HDEL', key, all[index])
    elseif person and not isOver(value, position, now) then persons[#persons + 1] = person end
  end
  return persons
end
`

const note = `
local person, retain, now, forgotten = unpack(ARGV)
prune(now, forgotten)
local value = redis.call('HGET', key, 'p:' .. person)
local record = value and words(value) or {'1', 'p', retain}
record[PERSON.retain] = larger(record[PERSON.retain], retain)
redis.call('HSET', key, 'p:' .. person, table.concat(record, ' '))
keepFor(tonumber(retain) - tonumber(now))
local revoked = redis.call('HGET', key, 'v')
return {'noted', revoked and not isOver(revoked, REVOCATION.retain, now) and revoked or ''}
`

const read = `
local value = redis.call('HGET', key, 'v')
return {'read', value and not isOver(value, REVOCATION.retain, ARGV[1]) and value or ''}
`

const persons = `
local all, reply = redis.call('HGETALL', key), {'persons'}
for index = 1, #all, 2 do
  local person = string.match(all[index], '^p:(.*)$')
  if person and not isOver(all[index + 1], PERSON.retain, ARGV[1]) then reply[#reply + 1] = person end
end
return reply
`

/** Replies replicas, then the persons. */
const revoke = `
local reason, at, retain, now, forgotten = unpack(ARGV)
local reply = {'revoked', replicas()}
for _, person in ipairs(prune(now, forgotten)) do reply[#reply + 1] = person end
mark('v', reason, at, retain)
keepFor(tonumber(retain) - tonumber(now))
return reply
`

const scripts = {
  note: createScript(words, keepFor, isOver, prune, note),
  read: createScript(words, isOver, read),
  persons: createScript(words, isOver, persons),
  revoke: createScript(words, keepFor, mark, replicas, isOver, prune, revoke),
} as const

function revocationIn(reply: Reply): Revocation | undefined {
  const text = textAt(reply, 1)
  return text === '' ? undefined : parseRevocation(text)
}

/** Makes the methods of index keys. */
export function createRedisIndexKeys(
  context: RedisContext,
): Pick<Store, 'noteIndexKey' | 'indexKeyRevocation' | 'indexKeyPersons' | 'revokeIndexKey'> {
  const { connection, acknowledgement, prefix, clock } = context
  // The name that 0.1.0 gave to these keys.
  const keyOf = (indexKey: string): string => `${prefix}pointer:${indexKey}`
  const forgetUntil = createForgetting()
  const now = (): string => String(clock())
  const times = (): readonly [string, string] => {
    const time = clock()
    return [String(time), forgottenWord(forgetUntil(time))]
  }

  return {
    async noteIndexKey(indexKey, person, retainUntil) {
      const key = keyOf(indexKey)
      return revocationIn(await connection.run(scripts.note, key, person, String(retainUntil), ...times()))
    },

    // A script, because a client may send plain reads to replicas.
    async indexKeyRevocation(indexKey) {
      return revocationIn(await connection.run(scripts.read, keyOf(indexKey), now()))
    },

    async indexKeyPersons(indexKey) {
      const [, ...found] = await connection.run(scripts.persons, keyOf(indexKey), now())
      return found.map(String)
    },

    async revokeIndexKey(indexKey, { reason, at, retainUntil }) {
      const deadline = timers.elapsed() + context.deadlineMilliseconds
      const key = keyOf(indexKey)
      const given = [reason, String(at), String(retainUntil), ...times()]
      const [, count, ...persons] = await connection.run(scripts.revoke, key, ...given)
      const acknowledged = await acknowledgement.isAcknowledged({ key, field: 'v', at, deadline }, count)
      return { persons: persons.map(String), acknowledged }
    },
  }
}
