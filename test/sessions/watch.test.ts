import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ActiveCitizen, createSuite, type Suite } from '../../src/index.js'
import { createSealer } from '../../src/seal.js'
import type { AliasRecord, LiveRecord, RecordAddress, SessionRecord } from '../../src/session-record.js'
import { createEndedSignals, watchMilliseconds, watchSlots } from '../../src/sessions/ended-signal.js'
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

/** A record as stores keep it. */
const live = (change: Partial<LiveRecord> = {}): LiveRecord => ({
  state: 'live',
  generation: 'g1',
  startedAt: 1000,
  lastSeenAt: 1000,
  endsAt: 1e12,
  idleMilliseconds: 1e12,
  tokenExpiresAt: 1e12,
  level: 1,
  authenticatedAt: 0,
  retainUntil: 1e12,
  sealed: '',
  ...change,
})
const address = (session: string): RecordAddress => ({ person: 'p', session, application: 'benefits' })

/** A watch over a store that answers what it is told, and counts. */
function watchOver() {
  const records = new Map<string, SessionRecord | AliasRecord>()
  let reads = 0
  const watch = createEndedSignals({
    store: {
      async read({ session }) {
        reads += 1
        return records.get(session)
      },
    },
    clock: () => 2000,
    idleMilliseconds: 1e12,
    skewMilliseconds: 30_000,
    sealer: createSealer({ application: 'benefits', secrets: ['s'.repeat(32)], random: randomBytes }),
    lifecycle: { applyRevocation: async () => false, countFromNow: async () => undefined },
  })
  return { watch, records, reads: () => reads }
}

/** An exchange that tells its end when it is told to. */
function exchangeThatEnds() {
  const listeners: (() => void)[] = []
  return {
    onClose: (listener: () => void) => listeners.push(listener) > 0,
    close: () => {
      for (const listener of listeners) listener()
    },
  }
}

const second = 1000

describe('the watch', () => {
  it('HLD-17 gives each request a signal of its own, and lets go of it with the request', async () => {
    const { watch, records } = watchOver()
    records.set('s', live())
    const exchanges = Array.from({ length: 10_000 }, exchangeThatEnds)
    const signals = exchanges.map((exchange) => watch.signalFor(address('s'), live(), exchange))
    expect(new Set(signals).size).toBe(10_000)
    for (const exchange of exchanges.slice(1)) exchange.close()
    watch.noteEnd(address('s'), 'signed-out')
    expect(signals.map(({ aborted }) => aborted).indexOf(true)).toBe(0)
    expect(signals.filter(({ aborted }) => aborted)).toHaveLength(1)
  })

  it('HLD-17 looks at nothing any more once the last request is over', () => {
    const { watch } = watchOver()
    const exchange = exchangeThatEnds()
    watch.signalFor(address('s'), live(), exchange)
    expect(vi.getTimerCount()).toBe(1)
    exchange.close()
    exchange.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives all exchanges that cannot tell their end one signal', () => {
    const { watch } = watchOver()
    const one = watch.signalFor(address('s'), live(), {})
    expect(watch.signalFor(address('s'), live(), { onClose: () => false })).toBe(one)
    watch.noteEnd(address('s'), 'signed-out')
    expect(one.aborted).toBe(true)
  })

  it('HLD-17 spreads its looks over the interval, and looks at each session once in it', async () => {
    const { watch, records, reads } = watchOver()
    const count = 20 * watchSlots
    for (let index = 0; index < count; index += 1) {
      records.set(`s${index}`, live())
      watch.signalFor(address(`s${index}`), live(), exchangeThatEnds())
    }
    const each: number[] = []
    for (let slot = 0; slot < watchSlots; slot += 1) {
      const before = reads()
      await vi.advanceTimersByTimeAsync(watchMilliseconds / watchSlots)
      each.push(reads() - before)
    }
    expect(reads()).toBe(count)
    expect(Math.max(...each)).toBe(20)
  })

  it.each<[string, Partial<LiveRecord>, boolean]>([
    ['the same', {}, false],
    ['touched', { lastSeenAt: 1900 }, false],
    ['risen in assurance', { generation: 'g2', level: 2 }, false],
    ['authenticated anew', { generation: 'g2', authenticatedAt: 1500 }, false],
    ['begun anew later', { generation: 'g2', startedAt: 1500, level: 2 }, true],
    ['lifted, with its old beginning', { generation: 'g2', lastSeenAt: 1900 }, true],
    ['of a lower level', { generation: 'g2', level: 0, authenticatedAt: 1500 }, true],
  ])('HLD-17 a record that is %s elsewhere closes old sockets or not', async (_, change, isOver) => {
    const { watch, records } = watchOver()
    const signal = watch.signalFor(address('s'), live(), exchangeThatEnds())
    const later = live(change)
    records.set('s', later)
    const fresh = watch.signalFor(address('s'), later, exchangeThatEnds())
    await vi.advanceTimersByTimeAsync(watchMilliseconds + second)
    expect(signal.aborted).toBe(isOver)
    expect(fresh.aborted).toBe(false)
  })

  it('follows a session that got another name', async () => {
    const { watch, records } = watchOver()
    const signal = watch.signalFor(address('s'), live(), exchangeThatEnds())
    records.set('s', { state: 'alias', session: 'root' })
    records.set('root', live())
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(signal.aborted).toBe(false)
    records.delete('root')
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(signal.reason).toMatchObject({ code: 'session-ended' })
  })
})
