/** @module The engine of every renewal: what it holds while it waits, how long it waits, and what a stop waits for. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { dueSeconds, engines } from './renewals.js'

afterEach(() => {
  vi.useRealTimers()
})

describe.each(engines)('a renewal of %s', (_name, start) => {
  it('REF-1 keeps its lease while the provider is slow: no other instance sends the same token', async () => {
    const engine = await start()
    const twin = engine.twin()
    engine.travel(dueSeconds)
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    engine.script.onSent = async () => {
      engine.script.onSent = () => undefined
      for (let quarter = 0; quarter < 4; quarter += 1) {
        engine.travel(15)
        await vi.advanceTimersByTimeAsync(15_000)
      }
      expect(await engine.visit(twin)).toMatchObject({ state: 'active' })
    }
    expect(await engine.visit()).toMatchObject({ state: 'active', degraded: false })
    expect(engine.sent).toHaveLength(1)
  })

  it('REF-2 waits longer after each failure, also where another instance takes turns', async () => {
    const engine = await start()
    const twin = engine.twin()
    engine.script.onSent = () => {
      throw new TypeError('the provider cannot be reached')
    }
    engine.travel(dueSeconds)
    for (let second = 0; second < 300; second += 1) {
      await engine.visit(second % 2 === 0 ? undefined : twin)
      engine.travel(1)
    }
    // 5, 10, 20, 40 and then 60 seconds for each of the two.
    expect(engine.sent.length).toBeLessThan(20)
  })

  it('HLD-07 is waited for by a stop that comes before the call', async () => {
    const engine = await start({ isSlow: true })
    engine.travel(dueSeconds)
    let answer = (): void => undefined
    const sent = new Promise<void>((resolve) => {
      engine.script.onSent = () => {
        resolve()
        return new Promise((answered) => {
          answer = answered
        })
      }
    })
    let closing: Promise<void> | undefined
    let isClosed = false
    engine.fault.before = (name, [key]) => {
      if (closing !== undefined || name !== 'lease' || !/^(?:refresh|tokens):/.test(String(key))) return
      closing = Promise.resolve().then(async () => {
        await engine.suite.close()
        isClosed = true
      })
    }
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const visit = engine.visit()
    await sent
    await vi.advanceTimersByTimeAsync(4000)
    expect(isClosed).toBe(false)
    answer()
    await Promise.all([closing, visit])
    expect(engine.events).toContainEqual(expect.objectContaining({ type: 'identity.refreshed' }))
    expect(isClosed).toBe(true)
  })
})
