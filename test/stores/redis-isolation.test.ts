/** @module A master without its replicas, by a clock of the test. */
import { expect, it } from 'vitest'
import type { RedisClient } from '../../src/stores/redis/client.js'
import { withIsolation } from '../../src/stores/redis/isolation.js'

function createMaster() {
  let now = 0
  let answer: (() => string) | undefined
  const client: RedisClient = {
    topology: 'sentinel',
    cautions: [],
    readsReplicas: false,
    database: 0,
    links: () => [],
    isDown: () => false,
    wasConnected: () => true,
    trouble: () => undefined,
    call: async () => null,
    callScript: async () => null,
    callBoth: async () => [null, null],
    callMasters: async () => {
      if (answer === undefined) throw new Error('CLOSED')
      return [answer()]
    },
    close: async () => undefined,
  }
  const isolation = withIsolation(client, 5, () => now)
  return {
    isDown: () => isolation.client.isDown(),
    stop: isolation.stop,
    /** What the master says from now on, `seconds` later. */
    async says(seconds: number, replicas: number | undefined, id = 'abc') {
      now += seconds * 1000
      const online = Array.from({ length: replicas ?? 0 }, (_, at) => `slave${at}:ip=a,state=online`)
      const lines = ['role:master', ...online, `master_replid:${id}`, '']
      answer = replicas === undefined ? undefined : () => lines.join('\r\n')
      await isolation.look()
    },
  }
}

it('HLD-26 a master that had replicas and has none for the time given is not asked any more', async () => {
  const master = createMaster()
  await master.says(0, 2)
  await master.says(10, 0)
  expect(master.isDown()).toBe(false)
  await master.says(4, 0)
  expect(master.isDown()).toBe(false)
  await master.says(1, 0)
  expect(master.isDown()).toBe(true)
  // A look that fails is no news.
  await master.says(1, undefined)
  expect(master.isDown()).toBe(true)
  await master.says(1, 1)
  expect(master.isDown()).toBe(false)
  master.stop()
})

it('HLD-26 a master that never had a replica, or was just promoted, is not suspected', async () => {
  const master = createMaster()
  await master.says(0, 0)
  await master.says(60, 0)
  expect(master.isDown()).toBe(false)
  await master.says(1, 2)
  await master.says(1, 0, 'promoted')
  await master.says(60, 0, 'promoted')
  expect(master.isDown()).toBe(false)
  await master.says(1, 1, 'promoted')
  await master.says(1, 0, 'promoted')
  await master.says(6, 0, 'promoted')
  expect(master.isDown()).toBe(true)
  master.stop()
})
