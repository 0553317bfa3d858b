import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ActiveCitizen, createSuite, type Suite } from '../../src/index.js'
import { watchMilliseconds } from '../../src/sessions/watch.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

async function citizenAt(suite: Suite, cookie: string): Promise<ActiveCitizen> {
  const citizen = await suite.authenticate(
    new TestExchange(new Request(`${url}/private`, { headers: { cookie } })),
  )
  if (citizen.state !== 'active') throw new Error(citizen.state)
  return citizen
}

const twinOf = (world: World) =>
  createSuite(optionsOf('benefits', { emulator: world.emulator, clock: world.now, store: world.store }), {})

describe('citizen.ended', () => {
  it('fires at once when this instance ends the session, with the reason', async () => {
    const world = await createWorld()
    const { suite } = world.application('benefits')
    const citizen = await citizenAt(suite, await world.emulator.cookiesFor('ana'))
    expect(citizen.ended.aborted).toBe(false)
    expect(citizen.ended).toBe(citizen.ended)
    await citizen.logout()
    expect(citizen.ended.aborted).toBe(true)
    expect(citizen.ended.reason).toMatchObject({
      code: 'session-ended',
      message: 'the session has ended: signed-out',
    })
  })

  it('fires within seconds when another instance, or a timer, ends it; watching is no activity', async () => {
    const world = await createWorld()
    const { suite } = world.application('benefits')
    const [anas, dans] = [await world.emulator.cookiesFor('ana'), await world.emulator.cookiesFor('dan')]
    const ana = await citizenAt(suite, anas)
    const dan = await citizenAt(suite, dans)
    const [endedOfAna, endedOfDan] = [ana.ended, dan.ended]
    await (await citizenAt(twinOf(world), anas)).logout()
    expect(endedOfAna.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(endedOfAna.aborted).toBe(true)
    expect(endedOfDan.aborted).toBe(false)
    world.travel(599)
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(endedOfDan.aborted).toBe(false)
    world.travel(1)
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(endedOfDan.reason).toMatchObject({ message: 'the session has ended: idle-timeout' })
    expect(vi.getTimerCount()).toBeLessThanOrEqual(2)
  })
})
