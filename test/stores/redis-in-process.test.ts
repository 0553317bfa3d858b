/** @module The store contract on the Redis of the simulation: what it says of Redis is worth what this suite is. */
import { describe } from 'vitest'
import type { Ear, Master, RedisClient } from '../../src/stores/redis/client.js'
import { createRedisStore, type RedisStoreOptions } from '../../src/stores/redis/store.js'
import { describeStoreContract } from '../contracts/store.js'
import type { StoreHarness } from '../contracts/store-harness.js'
import { Lua, Status } from '../simulation/redis/lua.js'
import { RedisServer } from '../simulation/redis/server.js'
import { answeringNear } from './near/answering-near.js'

/** A client that stands beside its server. */
function clientOf(server: RedisServer): RedisClient {
  const ask = async (words: readonly string[]): Promise<unknown> => {
    if (words[0] === 'WAIT') return 0
    const reply = server.execute(words)
    return reply instanceof Status ? reply.text : reply
  }
  const listen = (channel: string, hear: (message: string) => void): Ear => {
    const listener = (to: string, message: string): void => {
      if (to === channel) hear(message)
    }
    server.listeners.add(listener)
    return {
      opened: ask(['INFO', 'server']),
      lost: new Promise(() => {}),
      close: () => void server.listeners.delete(listener),
    }
  }
  const master: Master = { name: 'master', ask, listen }
  return {
    call: (_key, command) => ask(command),
    callScript: (_key, command) => ask(command),
    callBoth: async (_key, first, second) => [await ask(first), await ask(second)],
    callMasters: async (command) => [await ask(command)],
    isDown: () => false,
    wasConnected: () => true,
    trouble: () => undefined,
    masters: () => [master],
    cautions: [],
    links: () => [],
    topology: 'single',
    readsReplicas: false,
    database: 0,
    close: async () => undefined,
  }
}

async function makeHarness(options: RedisStoreOptions = {}): Promise<StoreHarness> {
  let now = 1_800_000_000_000
  let serverNow = now
  const clock = () => now
  const server = new RedisServer({ lua: await Lua.load(), clock: () => serverNow, id: 'ab'.repeat(20) })
  const store = answeringNear(createRedisStore(clientOf(server), { clock, ...options }), clock)
  return {
    store,
    now: clock,
    async advance(seconds) {
      now += seconds * 1000
      serverNow += seconds * 1000
    },
    async setBack(seconds) {
      now -= seconds * 1000
    },
    close: () => store.close(),
  }
}

describe('the Redis of the simulation', () => {
  describeStoreContract('Lua in the process', () => makeHarness(), { races: 'seeded' })
  const near = { staleMilliseconds: 30_000 }
  describeStoreContract('Lua in the process, with near reads', () => makeHarness({ near }), {
    races: 'seeded',
  })
})
