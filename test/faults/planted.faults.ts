/** @module The checker of near reads finds what is there: readers that miss announcements, and readers without a time. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../support/redis.js'
import { check, type Served } from './near/checker.js'
import { bound, type NearWorld, startNearWorld } from './near/worlds.js'

const world: { current?: NearWorld } = {}
beforeAll(async () => {
  world.current = await startNearWorld('single', { isFrozen: true })
}, 120_000)
afterAll(() => world.current?.close())

/** What is found while this is done. */
async function findingsOf(work: (world: NearWorld) => Promise<void>) {
  const { current } = world
  if (current === undefined) throw new Error('there is no world')
  await until(async () => current.readers.every(({ isProven }) => isProven), 'near reads')
  await until(async () => current.ends.size > 5, 'people who come and go')
  const logs = () => Promise.all(current.readers.map((reader) => reader.ask({ log: true }, 'log')))
  await logs()
  await work(current)
  await pause(bound + 300)
  const served: readonly Served[] = (await logs()).flatMap((log) => log?.served ?? [])
  return check(current.ends, served, bound)
}

it('finds a reader for which no proof is ever too old', async () => {
  const { beyond, longest } = await findingsOf(async ({ readers }) => {
    // What comes meanwhile is heard only after some requests that were due.
    for (let time = 0; time < 2; time += 1) {
      for (const reader of readers) reader.send({ block: 800 })
      await pause(1000)
    }
  })
  console.log(
    `planted: time stands still; ${beyond.length} beyond, the longest after ${longest.toFixed(0)} ms`,
  )
  expect(beyond).not.toEqual([])
})

it('finds announcements that are swallowed where heartbeats come through', async () => {
  const { beyond, longest } = await findingsOf(async ({ proxies }) => {
    for (const proxy of proxies) proxy.mode = 'lie'
    await pause(1500)
  })
  console.log(
    `planted: announcements swallowed; ${beyond.length} beyond, the longest after ${longest.toFixed(0)} ms`,
  )
  expect(beyond).not.toEqual([])
})
