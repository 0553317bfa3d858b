/** @module The watch over a store that hears of every change: nothing is asked while nothing happens. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSealer } from '../../src/seal.js'
import type { LiveRecord, RecordAddress, SessionRecord } from '../../src/session-record.js'
import { createEndedSignals, timerMilliseconds, watchMilliseconds } from '../../src/sessions/ended-signal.js'
import { sealDetails } from '../../src/sessions/record.js'
import type { NearWatcher } from '../../src/stores/near-reads.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const live = (change: Partial<LiveRecord> = {}): LiveRecord => ({
  state: 'live',
  generation: 'g1',
  startedAt: 0,
  lastSeenAt: 0,
  endsAt: 1e12,
  idleMilliseconds: 600_000,
  tokenExpiresAt: 0,
  level: 1,
  authenticatedAt: 0,
  retainUntil: 1e12,
  sealed: '',
  ...change,
})

const ended: SessionRecord = {
  state: 'ended',
  reason: 'signed-out',
  at: 1,
  generation: 'g1',
  retainUntil: 1e12,
  sealed: '',
}

const address = (person: string): RecordAddress => ({ person, session: 's', application: 'benefits' })

/** A store that hears, as the test says what there is to hear. */
function nearStore() {
  const records = new Map<string, SessionRecord>()
  const watchers = new Set<NearWatcher>()
  const state = { isProven: true, isKnown: false, reads: 0, isAway: false }
  const near = {
    get isProven() {
      return state.isProven
    },
    read: ({ person }: RecordAddress) => {
      const record = records.get(person)
      return state.isKnown && state.isProven && record?.state === 'live' ? record : undefined
    },
    isUnrevoked: () => false,
    watch(watcher: NearWatcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
  }
  const store = {
    near,
    async read({ person }: RecordAddress) {
      state.reads += 1
      if (state.isAway) throw new Error('away')
      return records.get(person)
    },
  }
  const tell = (what: (watcher: NearWatcher) => void) => watchers.forEach(what)
  return {
    store,
    records,
    state,
    watchers,
    changed: (person: string) => tell((watcher) => watcher.changed?.(person)),
    lose() {
      state.isProven = false
      tell((watcher) => watcher.gap?.())
      tell((watcher) => watcher.lost?.({ reason: 'unheard', message: '' }))
    },
    restore() {
      tell((watcher) => watcher.gap?.())
      state.isProven = true
      tell((watcher) => watcher.restored?.())
    },
    /** The process was held, and goes on: nothing was found to be lost. */
    lapse: () => tell((watcher) => watcher.gap?.()),
  }
}

function watchOver(revocations?: ReturnType<typeof nearStore>['store'] | Record<string, never>) {
  const here = nearStore()
  const clock = { now: 1000 }
  const sealer = createSealer({ application: 'benefits', secrets: ['s'.repeat(32)], random: randomBytes })
  const watch = createEndedSignals({
    store: here.store,
    revocations,
    clock: () => clock.now,
    idleMilliseconds: 600_000,
    skewMilliseconds: 30_000,
    sealer,
    lifecycle: { applyRevocation: async () => false, countFromNow: async () => undefined },
  })
  const signalOf = (person: string) => watch.signalFor(address(person), live(), {})
  const begin = (person: string) => {
    here.records.set(person, live())
    return signalOf(person)
  }
  const pass = (milliseconds: number) => {
    clock.now += milliseconds
    return vi.advanceTimersByTimeAsync(milliseconds)
  }
  return { ...here, watch, clock, sealer, begin, signalOf, pass }
}

/** Lets what was begun go on. */
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('HLD-17 the watch, where every change is heard of', () => {
  it('looks at each session once, and then at none, however long nothing happens', async () => {
    const { begin, pass, state } = watchOver()
    const signals = Array.from({ length: 200 }, (_, index) => begin(`p${index}`))
    await pass(watchMilliseconds)
    expect(state.reads).toBe(200)
    await pass(60_000)
    expect(state.reads).toBe(200)
    expect(signals.some(({ aborted }) => aborted)).toBe(false)
  })

  it('asks nothing at all for a session that the store still proves', async () => {
    const { begin, pass, state } = watchOver()
    state.isKnown = true
    begin('p')
    await pass(60_000)
    expect(state.reads).toBe(0)
  })

  it('fires at once when the person changes, whoever ended the session', async () => {
    const { begin, changed, records } = watchOver()
    const [mine, other] = [begin('p'), begin('q')]
    records.set('p', ended)
    changed('p')
    await settle()
    expect(mine.reason).toMatchObject({ message: 'the session has ended: signed-out' })
    expect(other.aborted).toBe(false)
  })

  it('looks again at what changes while it is looked at', async () => {
    const { begin, changed, records, state } = watchOver()
    const signal = begin('p')
    changed('p')
    records.set('p', ended)
    changed('p')
    await settle()
    expect(signal.aborted).toBe(true)
    expect(state.reads).toBeLessThanOrEqual(2)
  })

  it('looks once more where a limit seems reached, and goes on where a touch has moved it', async () => {
    const { begin, pass, records, state } = watchOver()
    const signal = begin('p')
    await pass(watchMilliseconds)
    records.set('p', live({ lastSeenAt: 500_000 }))
    await pass(600_000)
    expect(state.reads).toBe(2)
    expect(signal.aborted).toBe(false)
    await pass(510_000)
    expect(signal.reason).toMatchObject({ message: 'the session has ended: idle-timeout' })
    expect(state.reads).toBe(3)
  })

  it('fires where the last token of the shared cookie that was seen is over, within a second of it', async () => {
    const { watch, records, pass, state } = watchOver()
    const record = live({ tokenExpiresAt: 20_000 })
    records.set('p', record)
    const signal = watch.signalFor(address('p'), record, {}, 15_000)
    await pass(watchMilliseconds)
    // A token is taken for as long after its expiry as the clocks may be apart.
    await pass(20_000 + 30_000 - watchMilliseconds - 2000)
    expect([signal.aborted, state.reads]).toEqual([false, 2])
    await pass(1000 + timerMilliseconds)
    expect(signal.reason).toMatchObject({ message: 'the session has ended: token-expired' })
    expect(state.reads).toBe(3)
  })

  it('goes on by a later token, whichever of its requests has brought it', async () => {
    const { watch, records, pass, clock } = watchOver()
    const record = live({ tokenExpiresAt: 20_000 })
    records.set('p', record)
    const signal = watch.signalFor(address('p'), record, {}, 20_000)
    expect(watch.signalFor(address('p'), record, {}, 90_000)).toBe(signal)
    await pass(90_000 + 29_000 - clock.now)
    expect(signal.aborted).toBe(false)
    await pass(1000 + timerMilliseconds)
    expect(signal.aborted).toBe(true)
  })

  it('does not look again and again at a protocol’s session whose token is over, and that has not ended', async () => {
    const { watch, records, pass, state, sealer } = watchOver()
    const own = { issuer: 'i', subject: 'ana', claims: { iss: 'i', sub: 'ana', iat: 0, exp: 1 } }
    const details = { own: { ...own, method: 'password', provenAt: 0, tokenLife: 20_000 } } as const
    const record = live({ tokenExpiresAt: 20_000, sealed: sealDetails(sealer, address('p'), details) })
    records.set('p', record)
    const signal = watch.signalFor(address('p'), record, {}, 20_000)
    await pass(watchMilliseconds)
    await pass(300_000)
    expect(signal.aborted).toBe(false)
    expect(state.reads).toBe(2)
  })

  it.each<[string, Partial<LiveRecord>]>([
    ['idle-timeout', {}],
    ['absolute-timeout', { endsAt: 600_000 }],
  ])('tells of an %s within a second, by one look', async (reason, change) => {
    const { watch, records, pass, clock, state } = watchOver()
    const record = live(change)
    const signals = Array.from({ length: 100 }, (_, index) => {
      records.set(`p${index}`, record)
      return watch.signalFor(address(`p${index}`), record, {})
    })
    await pass(599_000 - clock.now)
    expect([signals.some(({ aborted }) => aborted), state.reads]).toEqual([false, 100])
    await pass(1000 + timerMilliseconds)
    for (const signal of signals)
      expect(signal.reason).toMatchObject({ message: `the session has ended: ${reason}` })
    expect(state.reads).toBe(200)
  })

  it('looks at each as before while changes may come unheard, and at each once after that', async () => {
    const { begin, pass, lose, restore, records, state } = watchOver()
    const [one, other] = [begin('p'), begin('q')]
    await pass(watchMilliseconds)
    lose()
    await pass(2 * watchMilliseconds)
    expect(state.reads).toBe(6)
    // Ended, and nobody was told.
    records.set('p', ended)
    restore()
    await pass(watchMilliseconds)
    expect(one.aborted).toBe(true)
    expect(state.reads).toBe(8)
    await pass(60_000)
    expect(state.reads).toBe(8)
    expect(other.aborted).toBe(false)
  })

  it('looks once at each after a gap that nobody called a loss', async () => {
    const { begin, pass, lapse, records, state } = watchOver()
    const [one, other] = [begin('p'), begin('q')]
    await pass(watchMilliseconds)
    records.set('p', ended)
    lapse()
    await pass(watchMilliseconds)
    expect([one.aborted, other.aborted]).toEqual([true, false])
    await pass(60_000)
    expect(state.reads).toBe(4)
  })

  it('does not take a look that began before a gap for one after it', async () => {
    const { begin, pass, lose, restore, changed, state } = watchOver()
    begin('p')
    changed('p')
    lose()
    restore()
    await pass(watchMilliseconds)
    expect(state.reads).toBe(2)
  })

  it('does not take an outage for an answer: it looks again until there is one', async () => {
    const { begin, pass, changed, records, state } = watchOver()
    const signal = begin('p')
    await pass(watchMilliseconds)
    state.isAway = true
    records.set('p', ended)
    changed('p')
    await settle()
    expect(signal.aborted).toBe(false)
    state.isAway = false
    await pass(watchMilliseconds)
    expect(signal.aborted).toBe(true)
  })

  it('looks as before where revocations are elsewhere, and nothing is heard of them', async () => {
    const { begin, pass, state } = watchOver({})
    begin('p')
    await pass(4 * watchMilliseconds)
    expect(state.reads).toBe(4)
  })

  it('listens to the store of revocations as well', async () => {
    const elsewhere = nearStore()
    const { begin, pass, state, records } = watchOver(elsewhere.store)
    const signal = begin('p')
    await pass(4 * watchMilliseconds)
    expect(state.reads).toBe(1)
    records.set('p', ended)
    elsewhere.changed('p')
    await settle()
    expect(signal.aborted).toBe(true)
  })

  it('stops listening when it is closed', () => {
    const { watch, watchers } = watchOver()
    expect(watchers.size).toBe(1)
    watch.close()
    expect(watchers.size).toBe(0)
  })

  it('counts a clock that was put back as a reason to look', async () => {
    const { begin, pass, clock, state } = watchOver()
    begin('p')
    await pass(watchMilliseconds)
    clock.now = -1e9
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(state.reads).toBe(2)
  })
})
