/** @module What a process remembers of sessions seen before: bounded by an option, in two generations, never thrown away whole. */
import { getHeapStatistics } from 'node:v8'
import { describe, expect, it, vi } from 'vitest'
import { createRecent, shareOfMemory } from '../../src/recent.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { createWorld, serve, shown } from '../support/world.js'
import { createSigningKey, createTestCache, createTestVerifier, createToken } from '../tokens/signing.js'

describe('a memory of what was used lately', () => {
  it.each([1, 2, 10, 101])(
    'HLD-24 never holds more than about %i entries, and always the newest',
    (maximumEntries) => {
      const recent = createRecent<number>({ maximumEntries })
      for (let count = 0; count < 500; count += 1) {
        recent.set(`n${count}`, count, 1)
        expect(recent.size).toBeLessThanOrEqual(Math.max(2, maximumEntries))
        expect(recent.get(`n${count}`)).toBe(count)
      }
    },
  )

  it('HLD-24 keeps what is asked for while others come and go', () => {
    const recent = createRecent<number>({ maximumEntries: 10 })
    recent.set('kept', 0, 1)
    for (let count = 1; count < 200; count += 1) {
      recent.set(`n${count}`, count, 1)
      expect(recent.get('kept')).toBe(0)
    }
  })

  it('HLD-24 is bounded by memory, also where what it holds grows later', () => {
    const recent = createRecent<number>({ maximumBytes: 1000 })
    for (let count = 0; count < 100; count += 1) recent.set(`n${count}`, count, 10)
    expect(recent.size).toBe(100)
    for (let count = 0; count < 100; count += 1) {
      recent.set(`m${count}`, count, 10)
      recent.grow(`m${count}`, 90)
    }
    expect(recent.size).toBeLessThanOrEqual(10)
    expect(recent.get('m99')).toBe(99)
    recent.set('large', 1, 5000)
    expect(recent.get('large')).toBe(1)
  })

  it('HLD-24 is bounded by memory, also where what has grown is asked for again and again', () => {
    const recent = createRecent<number>({ maximumBytes: 1000 })
    for (let count = 0; count < 100; count += 1) {
      recent.set(`n${count}`, count, 10)
      recent.grow(`n${count}`, 90)
      for (let before = 0; before < count; before += 1) recent.get(`n${before}`)
      expect(recent.size).toBeLessThanOrEqual(11)
    }
  })

  it('HLD-24 counts no memory for what is no longer there', () => {
    const recent = createRecent<number>({ maximumBytes: 1000 })
    recent.set('first', 1, 10)
    for (let count = 0; count < 1000; count += 1) recent.grow('nobody', 90)
    recent.set('second', 2, 10)
    expect([recent.get('first'), recent.get('second'), recent.size]).toEqual([1, 2, 2])
  })

  it('HLD-24 takes its part of the memory that the process may use', () => {
    expect(shareOfMemory(1 / 4)).toBeGreaterThan(16 * 1024 * 1024)
    expect(shareOfMemory(1 / 8)).toBeLessThan(shareOfMemory(1 / 4))
  })
})

it('HLD-24 a token that was verified is found again, round after round, within what the option allows', async () => {
  const key = createSigningKey('k1')
  const tokens = Array.from({ length: 300 }, (_, count) => createToken(key, { jti: `session-${count}` }))
  const again = async (rememberedTokens: number | undefined): Promise<number> => {
    const { cache, clock } = createTestCache([key])
    const verifier = createTestVerifier(cache, { keys: { rememberedTokens } })
    const round = async () => {
      const found: unknown[] = []
      for (const token of tokens) found.push(await verifier.verify(token, clock()))
      return found
    }
    const first = await round()
    const second = await round()
    return second.filter((token, count) => token === first[count]).length
  }
  expect(await again(undefined)).toBe(300)
  expect(await again(1000)).toBe(300)
  expect(await again(100)).toBe(0)
})

it.each([
  [undefined, true],
  [100, false],
])(
  'HLD-24 with identityProvider.keys.rememberedTokens %s, what hangs on a token of 121 people is kept: %s',
  async (rememberedTokens, isKept) => {
    const world = await createWorld({
      emulator: { tokenSeconds: 1200, idleSeconds: 86_400, sessionSeconds: 86_400 },
      applications: {
        benefits: {
          application: { sensitivity: 'basic' },
          identityProvider: { keys: { rememberedTokens }, refresh: { waitMilliseconds: 5000 } },
        },
      },
    })
    const { suite } = world.application('benefits')
    const ask = async (cookie: string, activity: Record<string, string> = {}) => {
      const headers = { cookie, 'sec-fetch-site': 'same-origin', ...activity }
      return shown(serve(suite, new Request('https://benefits.citizen.example/open', { headers })))
    }
    const used = await world.emulator.cookiesFor('ana')
    await ask(used)
    world.travel(700)
    const others: string[] = []
    for (let count = 0; count < 120; count += 1) others.push(await world.emulator.cookiesFor('ben'))
    world.emulator.faults.set({ down: true })
    expect(await ask(used)).toMatchObject({ state: 'active', degraded: true })
    for (const other of others) await ask(other, { 'citizen-activity': 'none' })
    // How long a provider that fails is left alone, and that it fails, is part of the state of the token.
    expect(await ask(used, { 'citizen-activity': 'none' })).toMatchObject({
      state: 'active',
      degraded: isKept,
    })
  },
)

it('HLD-24 a session that is used keeps its state, however many others come and go', async () => {
  const place = createPlace({
    suite: {
      application: { sensitivity: 'public' },
      identityProvider: { keys: { rememberedTokens: 100 } },
    },
  })
  const used = place.browser()
  await used.open(`${home}/session/login?returnTo=/private`)
  // What hangs on the state: how long a provider that fails is left alone.
  place.travel(2000)
  place.script.onToken = (form) => (form.has('refresh_token') ? new Response('', { status: 503 }) : undefined)
  expect(await place.state(used)).toMatchObject({ state: 'active', degraded: true })
  for (let count = 0; count < 120; count += 1) {
    place.script.sub = `p${count}`
    await place.browser().open(`${home}/session/login?returnTo=/private`)
    if (count % 20 === 0) expect(await place.state(used)).toMatchObject({ state: 'active', degraded: true })
  }
  expect(await place.state(used)).toMatchObject({ state: 'active', degraded: true })
})

describe('HLD-24 a runtime that does not say how much memory there is', () => {
  it.each<[string, () => number]>([
    [
      'and lets nobody ask, as Deno without --allow-sys',
      () => {
        throw new Error('NotCapable')
      },
    ],
    ['and knows of no bound', () => 0],
    ['and says nothing', () => Number.NaN],
  ])('%s: a part of the heap is taken', (_name, answer) => {
    const asked = vi.spyOn(process, 'constrainedMemory').mockImplementation(answer)
    try {
      expect(shareOfMemory(0.5)).toBe(Math.floor(getHeapStatistics().heap_size_limit / 2))
      expect(asked).toHaveBeenCalled()
    } finally {
      asked.mockRestore()
    }
  })
})
