/**
 * @module Which application has which id, in Redis: an id is free once none of its instances is left. Beside the text that
 * 0.1.0 knows, which names the application, lies a hash of its instances. Those of 0.1.0 have no names: what they write is
 * told by its longer life, and counts as one instance until it is over.
 */

import type { Store } from '../store.js'
import type { Connection } from './connection.js'
import { createScript } from './script-parts.js'

/** How much sooner the text of ours ends than one of 0.1.0 that is written in the same moment, in milliseconds. */
const shorterMilliseconds = 1000

/**
 * The ends of the leases by instance, in milliseconds of the server's clock; those that are over are dropped. `''` stands for
 * instances without a name: the text lives longer than the leases that are known, so somebody else has written it.
 */
const leases = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function text(number) return string.format('%.0f', number) end
local function leases()
  local all, ends, latest = redis.call('HGETALL', KEYS[2]), {}, 0
  for index = 1, #all, 2 do
    local finish = tonumber(all[index + 1]) or 0
    latest = math.max(latest, finish)
    if finish > now then ends[all[index]] = finish else redis.call('HDEL', KEYS[2], all[index]) end
  end
  local written = now + redis.call('PTTL', KEYS[1])
  if redis.call('EXISTS', KEYS[1]) == 1 and written > latest + ${shorterMilliseconds / 2} then
    ends[''] = written
    redis.call('HSET', KEYS[2], '', text(written))
  end
  return ends
end
`

/** KEYS: the text, the hash. ARGV: fingerprint, life, instance; without an instance as 0.1.0 does it. */
const register = createScript(
  leases,
  `
local fingerprint, life, instance = unpack(ARGV)
local known = redis.call('GET', KEYS[1])
if known and known ~= fingerprint then return {'other', known, redis.call('PTTL', KEYS[1])} end
local longest = tonumber(life)
if instance ~= '' then
  for _, finish in pairs(leases()) do longest = math.max(longest, finish - now) end
  redis.call('HSET', KEYS[2], instance, text(now + tonumber(life)))
  redis.call('PEXPIRE', KEYS[2], text(longest))
end
redis.call('SET', KEYS[1], fingerprint, 'PX', text(longest))
return {'done'}
`,
)

/** Frees the id unless another instance holds it. */
const deregister = createScript(
  leases,
  `
local fingerprint, instance = unpack(ARGV)
if redis.call('GET', KEYS[1]) ~= fingerprint then return {'other'} end
local ends = leases()
ends[instance] = nil
redis.call('HDEL', KEYS[2], instance)
local latest = 0
for _, finish in pairs(ends) do latest = math.max(latest, finish) end
if latest > 0 then
  redis.call('PEXPIRE', KEYS[1], text(latest - now))
  return {'kept'}
end
redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2])
return {'freed'}
`,
)

/** Makes the registrations below a prefix. */
export function createRedisRegistrations(
  connection: Connection,
  prefix: string,
): Pick<Store, 'register' | 'deregister'> {
  const keyOf = (application: string): string => `${prefix}application:${application}`
  /** In the slot of the other. */
  const instancesOf = (application: string): string => `${prefix}instances:{${keyOf(application)}}`

  return {
    async register(application, fingerprint, seconds, instance = '') {
      const life = seconds * 1000 - (instance === '' ? 0 : shorterMilliseconds)
      const [outcome, owner, left] = await connection.run(
        { ...register, keyCount: 2 },
        keyOf(application),
        instancesOf(application),
        fingerprint,
        String(Math.max(Math.ceil(life), 1)),
        instance,
      )
      if (outcome !== 'other') return true
      return { fingerprint: String(owner), seconds: Math.max(Math.ceil(Number(left) / 1000), 0) }
    },
    async deregister(application, fingerprint, instance) {
      await connection.run(
        { ...deregister, keyCount: 2 },
        keyOf(application),
        instancesOf(application),
        fingerprint,
        instance,
      )
    },
  }
}
