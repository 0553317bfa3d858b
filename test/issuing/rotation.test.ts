import { describe, expect, it } from 'vitest'
import { keyFolder } from '../../src/issuing/key-folder.js'
import { memoryKeys } from '../../src/issuing/memory-keys.js'
import { createKeyRing } from '../../src/issuing/ring.js'
import {
  assertPolicy,
  defaultPolicy,
  nextKid,
  parseRing,
  serializeRing,
} from '../../src/issuing/ring-state.js'
import type { KeyStorage } from '../../src/issuing/storage.js'
import { createTestClock, quickKey, rotateQuickly, temporaryFolder } from './world.js'

const hour = 3600
const day = 24 * hour

function setUp(options: Partial<Parameters<typeof createKeyRing>[0]> = {}) {
  const time = createTestClock()
  const ring = createKeyRing({ storage: memoryKeys(), name: 'vivoldi-sso', clock: time.clock, ...options })
  const standings = async () => (await ring.list()).map(({ key, standing }) => `${key.jwk.kid} ${standing}`)
  const shown = async () => (await ring.published()).keys.map(({ kid }) => kid)
  return { ...time, ring, standings, shown }
}

describe('a key ring', () => {
  it('JWT-18 publishes a key before it signs, and keeps it as long as its last token lives and clocks differ', async () => {
    const { ring, travel, shown, standings } = setUp()
    expect(await rotateQuickly(ring)).toMatchObject({ kid: 'vivoldi-sso-20251008', isNew: true })
    expect((await ring.signer()).kid).toBe('vivoldi-sso-20251008')

    travel(90 * day)
    const { kid } = await rotateQuickly(ring)
    expect(kid).toBe('vivoldi-sso-20260106')
    expect(await standings()).toEqual(['vivoldi-sso-20251008 active', 'vivoldi-sso-20260106 next'])
    expect(await shown()).toEqual(['vivoldi-sso-20251008', 'vivoldi-sso-20260106'])
    travel(day - 1)
    expect((await ring.signer()).kid).toBe('vivoldi-sso-20251008')
    travel(1)
    expect((await ring.signer()).kid).toBe('vivoldi-sso-20260106')
    expect(await shown()).toEqual(['vivoldi-sso-20260106', 'vivoldi-sso-20251008'])
    travel(300 + 2 * 60 - 1)
    expect(await shown()).toEqual(['vivoldi-sso-20260106', 'vivoldi-sso-20251008'])
    travel(1)
    expect(await shown()).toEqual(['vivoldi-sso-20260106'])
  })

  it('HLD-05 signs with a first key that was made by a clock that was ahead', async () => {
    const { ring, travel, shown } = setUp()
    const { kid } = await rotateQuickly(ring)
    expect((await ring.signer()).kid).toBe(kid)
    travel(-30 * day)
    expect((await ring.signer()).kid).toBe(kid)
    expect(await shown()).toEqual([kid])
  })

  it('JWT-18 waits for a key that is to sign later, as its PEM file says', async () => {
    const { ring } = setUp()
    await rotateQuickly(ring)
    const made = await ring.state()
    const storage: KeyStorage = { read: async () => made, privateKey: async () => quickKey() }
    const later = createKeyRing({ storage, name: 'vivoldi-sso', clock: () => Date.UTC(2025, 8, 8) })
    await expect(later.signer()).rejects.toThrow('no key of the ring is in use yet')
  })

  it('JWT-18 gives no kid twice: dated, with a number where a day has several, whatever the clock does', async () => {
    const { ring, travel } = setUp()
    const kids: string[] = []
    for (const seconds of [0, day, 0, -day * 3]) {
      travel(seconds)
      const { kid } = await rotateQuickly(ring)
      kids.push(kid)
      await ring.revoke(kid)
    }
    expect(new Set(kids).size).toBe(kids.length)
    const all = (await ring.state())?.keys.map(({ jwk }) => jwk.kid) ?? []
    expect(all.filter((kid) => kids.includes(kid))).toEqual([])
  })

  it.each([
    [undefined, '2025-10-08', 'a-20251008', { day: '20251008', number: 1 }],
    [{ day: '20251007', number: 4 }, '2025-10-08', 'a-20251008', { day: '20251008', number: 1 }],
    [{ day: '20251008', number: 1 }, '2025-10-08', 'a-20251008-2', { day: '20251008', number: 2 }],
    [{ day: '20251008', number: 9 }, '2025-10-08', 'a-20251008-10', { day: '20251008', number: 10 }],
    [{ day: '20251009', number: 1 }, '2025-10-08', 'a-20251009-2', { day: '20251009', number: 2 }],
  ])('after %j on %s comes %s', (last, today, kid, then) => {
    expect(nextKid('a', last, Date.parse(today))).toEqual({ kid, last: then })
  })

  it.each([
    [{ publishSeconds: 3_600 }],
    [{ cacheSeconds: 86_400 }],
    [{ cacheSeconds: 86_251 }],
    [{ cacheSeconds: 0 }],
    [{ tokenSeconds: -1 }],
    [{ publishSeconds: 1.5 }],
    [{ clockSkewSeconds: Number.NaN }],
  ])('JWT-18 refuses %j: a partner could meet a key that it cannot know', (change) => {
    expect(() => assertPolicy({ ...defaultPolicy, ...change })).toThrow(TypeError)
  })

  it('makes no second next key', async () => {
    const { ring } = setUp()
    await rotateQuickly(ring)
    const { kid } = await rotateQuickly(ring)
    expect(await rotateQuickly(ring)).toMatchObject({ kid, isNew: false })
  })

  it('passes over a name that an imported key has', async () => {
    const { ring, travel } = setUp()
    await rotateQuickly(ring, { kid: 'vivoldi-sso-20251009' })
    travel(day)
    expect((await rotateQuickly(ring)).kid).toBe('vivoldi-sso-20251009-2')
    await expect(ring.rotate({ kid: '../x', privateKey: quickKey() })).resolves.toMatchObject({
      isNew: false,
    })
  })

  it('takes a compromised key out at once, and the next one signs', async () => {
    const { ring, shown } = setUp()
    const first = await rotateQuickly(ring)
    const next = await rotateQuickly(ring)
    expect(await ring.revoke(first.kid)).toMatchObject({ kid: next.kid })
    expect(await shown()).toEqual([next.kid])
    expect((await ring.signer()).kid).toBe(next.kid)
    await expect(ring.revoke(first.kid)).rejects.toMatchObject({ code: 'usage' })
  })

  it('makes a new key where a compromised one had no next', async () => {
    const { ring, shown } = setUp({ algorithm: 'ES256' })
    const first = await rotateQuickly(ring)
    const rotation = await ring.revoke(first.kid)
    expect(rotation).toMatchObject({ isNew: true })
    expect(await shown()).toEqual([rotation?.kid])
  })

  it('goes by its schedule, and forgets old private keys', async () => {
    const storage = memoryKeys()
    const { ring, travel, standings } = setUp({ storage, algorithm: 'EdDSA', rotateEverySeconds: 30 * day })
    expect((await ring.signer()).kid).toBe('vivoldi-sso-20251008')
    travel(29 * day - 60)
    await ring.maintain()
    expect(await standings()).toHaveLength(1)
    travel(60)
    await ring.maintain()
    expect(await standings()).toEqual(['vivoldi-sso-20251008 active', 'vivoldi-sso-20251106 next'])
    travel(day)
    expect((await ring.signer()).kid).toBe('vivoldi-sso-20251106')
    await storage.privateKey('vivoldi-sso-20251008')
    travel(hour)
    await ring.maintain()
    expect(await standings()).toEqual(['vivoldi-sso-20251106 active'])
    await expect(storage.privateKey('vivoldi-sso-20251008')).rejects.toMatchObject({ code: 'key-ring' })
  })

  it('lengthens the lead of the next key by the caches that are still filled under the old times', async () => {
    const { ring, clock } = setUp({})
    await rotateQuickly(ring)
    const { activatesAt } = await rotateQuickly(ring, { publishSeconds: 2 * hour, cacheSeconds: 600 })
    expect(activatesAt).toBe(clock() + day * 1000)
    expect((await ring.published()).cacheSeconds).toBe(600)
  })

  it('says when other times are asked for than the ring has', async () => {
    const storage = memoryKeys()
    await rotateQuickly(setUp({ storage }).ring)
    const { ring } = setUp({ storage, cacheSeconds: 60 })
    await expect(ring.published()).rejects.toMatchObject({ code: 'key-ring' })
  })

  it('says what to do where there is no ring', async () => {
    const { ring } = setUp()
    await expect(ring.signer()).rejects.toThrow(/keys generate/)
    await expect(ring.published()).rejects.toMatchObject({ code: 'key-ring' })
  })
})

describe('a place that cannot be read', () => {
  function failing() {
    const inner = memoryKeys()
    const state = { isDown: false, reads: 0 }
    const storage: KeyStorage = {
      ...inner,
      async read() {
        state.reads += 1
        if (state.isDown) throw new Error('down')
        return inner.read()
      },
    }
    return { storage, state }
  }

  it('JWT-18 is gone without for as long as nothing can be missed, and then nothing is served', async () => {
    const { storage, state } = failing()
    const problems: unknown[] = []
    const { ring, travel } = setUp({ storage, onProblem: (error) => problems.push(error) })
    await rotateQuickly(ring)
    state.isDown = true
    travel(86_400 - 3_600 - 60 - 30)
    await ring.published()
    expect(problems).toHaveLength(1)
    travel(1)
    for (const call of [() => ring.published(), () => ring.signer()])
      await expect(call()).rejects.toMatchObject({ code: 'keys-unavailable', status: 503 })
    state.isDown = false
    travel(1)
    await ring.published()
  })

  it('is asked once for all, and not again at once', async () => {
    const { storage, state } = failing()
    const { ring, travel } = setUp({ storage, onProblem: () => {} })
    await rotateQuickly(ring)
    travel(60)
    state.isDown = true
    state.reads = 0
    await Promise.all(Array.from({ length: 50 }, () => ring.published()))
    await ring.published()
    expect(state.reads).toBe(1)
  })
})

describe('a place that is slow', () => {
  it('JWT-18 makes a key wait for as much longer as its publishing took', async () => {
    const time = createTestClock()
    const inner = memoryKeys()
    let delay = 0
    const storage: KeyStorage = {
      ...inner,
      async replace(change) {
        time.travel(delay)
        return inner.replace?.(change) ?? 'changed'
      },
    }
    const ring = createKeyRing({ storage, clock: time.clock })
    await rotateQuickly(ring)
    delay = 300
    const { kid, activatesAt } = await rotateQuickly(ring)
    const published = time.clock() - delay * 1000
    expect(activatesAt).toBe(published + day * 1000)
    expect((await ring.list()).at(-1)?.key).toMatchObject({ jwk: { kid }, activatesAt })
  })

  it('that takes no change is not asked for one all the time', async () => {
    const time = createTestClock()
    const inner = memoryKeys()
    let isFull = false
    const storage: KeyStorage = {
      ...inner,
      async replace(change) {
        if (isFull) throw new Error('full')
        return inner.replace?.(change) ?? 'changed'
      },
    }
    const failed: unknown[] = []
    const ring = createKeyRing({
      storage,
      clock: time.clock,
      algorithm: 'EdDSA',
      rotateEverySeconds: 30 * day,
      onProblem: (error) => failed.push(error),
    })
    await ring.signer()
    isFull = true
    time.travel(40 * day)
    for (let minute = 0; minute < 25; minute++) {
      time.travel(60)
      await ring.signer()
      // What the schedule does is not waited for.
      await ring.maintain().catch(() => {})
    }
    expect(failed).toHaveLength(3)
    isFull = false
    time.travel(600)
    await ring.signer()
    await ring.maintain()
    expect(await ring.list()).toHaveLength(2)
  })
})

describe('the state', () => {
  it('comes back as it was', async () => {
    const { ring } = setUp()
    await rotateQuickly(ring)
    const state = await ring.state()
    if (state === undefined) throw new Error('no state')
    expect(parseRing(serializeRing(state))).toEqual(state)
  })

  it.each([
    ['', 'nothing'],
    ['[]', 'a list'],
    ['{"version":2}', 'a newer release'],
    ['{"version":1,"revision":1,"name":"a","keys":[{}]}', 'half of it'],
  ])('%j is refused: %s', (text) => {
    expect(() => parseRing(text)).toThrow(expect.objectContaining({ code: 'key-ring' }))
  })

  it('JWT-11 with a private member is refused, not cleaned', async () => {
    const { ring } = setUp()
    await rotateQuickly(ring)
    const state = await ring.state()
    if (state === undefined) throw new Error('no state')
    const { d } = quickKey().export({ format: 'jwk' })
    const text = serializeRing(state).replace('"kty"', `"d": "${d}", "kty"`)
    expect(() => parseRing(text)).toThrow(expect.objectContaining({ code: 'key-ring' }))
  })
})

describe('several instances', () => {
  it('that rotate at the same moment make one next key, in a shared folder', async () => {
    const folder = temporaryFolder()
    const time = createTestClock()
    const rings = Array.from({ length: 6 }, () =>
      createKeyRing({ storage: keyFolder(folder), name: 'sso', algorithm: 'EdDSA', clock: time.clock }),
    )
    const kids = async () => (await rings[0]?.list())?.map(({ key }) => key.jwk.kid)
    const first = await Promise.all(rings.map((ring) => ring.rotate()))
    expect(first.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(await kids()).toEqual(['sso-20251008'])
    const next = await Promise.all(rings.map((ring) => ring.rotate()))
    expect(next.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(await kids()).toEqual(['sso-20251008', 'sso-20251008-2'])
    const signers = await Promise.all(rings.map((ring) => ring.signer()))
    expect(new Set(signers.map(({ kid }) => kid))).toEqual(new Set(['sso-20251008']))
  })
})
