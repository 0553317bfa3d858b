/** @module Whoever may not announce what it changes registers that first, and is asked again for the right. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../../../src/errors.js'
import { type Announcing, createAnnouncing } from '../../../src/stores/redis/announcing.js'
import type { Connection } from '../../../src/stores/redis/connection.js'
import { createFakeClient, FakeMaster } from './fake-servers.js'

const script = { source: 'return {}', digest: 'd' }
let log: string[]
let mayPublish: boolean
let failsToRegister: boolean
let announcing: Announcing

const connection: Connection = {
  client: createFakeClient([new FakeMaster()]),
  async run(_script, _key, ...given) {
    const channel = given.at(-1)
    if (channel !== '' && !mayPublish) {
      log.push('refused')
      return ['unannounced']
    }
    log.push(channel === '' ? 'changed in silence' : `changed, told ${channel}`)
    return ['done']
  },
  async command(_key, command) {
    log.push(command.join(' '))
    if (failsToRegister) throw new StoreUnavailableError('away')
    return 'OK'
  },
  both: async () => [null, null],
  async masters(command) {
    log.push(command.join(' ').trim())
    if (!mayPublish) throw new StoreUnavailableError('NOPERM')
    return [0]
  },
}
const told = 'changed, told citizen:near'
const registered = 'SET citizen:near:silent 1 PX 60000'
const silently = 'changed in silence'

beforeEach(() => {
  vi.useFakeTimers()
  log = []
  mayPublish = true
  failsToRegister = false
  announcing = createAnnouncing(connection, 'citizen:')
})
afterEach(() => {
  announcing.stop()
  vi.useRealTimers()
})
const change = () => announcing.run(script, 'citizen:{ana}', 'word')
const taken = () => log.splice(0)

it('HLD-20 a change is announced in its own script, a touch is not', async () => {
  await change()
  await announcing.runUnheard(script, 'citizen:{ana}')
  expect(log).toEqual([told, silently])
})

it('HLD-20 who may not publish changes nothing before it is registered, each time anew', async () => {
  mayPublish = false
  expect(await change()).toEqual(['done'])
  expect(taken()).toEqual(['refused', registered, silently])
  // A failover may have lost the registration: it is not relied on.
  await change()
  await vi.advanceTimersByTimeAsync(19_000)
  await change()
  expect(taken()).toEqual([registered, silently, registered, silently])
})

it('HLD-20 an end is done though it cannot be registered', async () => {
  mayPublish = false
  failsToRegister = true
  expect(await change()).toEqual(['done'])
  expect(taken()).toEqual(['refused', registered, silently])
  expect(await change()).toEqual(['done'])
})

it('HLD-20 without changes the registration is renewed before it ends, until the right is given', async () => {
  mayPublish = false
  await change()
  taken()
  for (let round = 0; round < 4; round += 1) {
    await vi.advanceTimersByTimeAsync(20_000)
    expect(taken()).toEqual(['PUBLISH citizen:near', registered])
  }
  mayPublish = true
  await vi.advanceTimersByTimeAsync(20_000)
  expect(taken()).toEqual(['PUBLISH citizen:near'])
  await change()
  expect(taken()).toEqual([told])
  await vi.advanceTimersByTimeAsync(120_000)
  expect(taken()).toEqual([])
  // And taken away once more.
  mayPublish = false
  await change()
  expect(taken()).toEqual(['refused', registered, silently])
})

it('HLD-20 a store that is closed asks no more', async () => {
  mayPublish = false
  await change()
  announcing.stop()
  taken()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(taken()).toEqual([])
  await change()
  expect(taken()).toEqual([registered, silently])
  await vi.advanceTimersByTimeAsync(120_000)
  expect(taken()).toEqual([])
})
