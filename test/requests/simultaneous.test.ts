/** @module Tabs that sign in at once, on a memory store and on one whose answers take their time. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { randomText } from '../../src/digest.js'
import { memoryStore, type Store } from '../../src/index.js'
import type { RecordAddress } from '../../src/session-record.js'
import { personOf } from '../../src/sessions/record.js'
import { issuer } from '../oidc/signer.js'
import { serve, shown } from '../support/world.js'
import { atOnce, describeSimultaneous, expectAllIn, oidcPlace } from './simultaneous.js'

/** A store as far away as a Redis: every answer takes a turn or some, in an order of its own. */
function slowly(store: Store, seed: number): Store {
  let state = seed
  const turns = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return 1 + ((state >> 16) % 4)
  }
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...given: unknown[]) => {
        for (let left = turns(); left > 0; left -= 1) await new Promise((done) => setImmediate(done))
        const answer: unknown = await Reflect.apply(member, target, given)
        for (let left = turns(); left > 0; left -= 1) await new Promise((done) => setImmediate(done))
        return answer
      }
    },
  })
}

describe('in memory', () => {
  describeSimultaneous((clock) => memoryStore({ clock }))
})

describe.each([1, 2])('in a slow store: order %d', (seed) => {
  describeSimultaneous((clock) => slowly(memoryStore({ clock }), seed))
})

describe('one tab after the other', () => {
  const stateOf = (place: ReturnType<typeof oidcPlace>, answer: Response | undefined) => {
    const cookie = answer?.headers.getSetCookie().findLast((line) => /\.sid=[^;]/.test(line)) ?? ''
    const [pair = ''] = cookie.split(';')
    return shown(place.handle(new Request('https://benefits.example/open', { headers: { cookie: pair } })))
  }

  it.each([
    ['while both are under way', 9, 'high', 'active'],
    ['later', 10, 'high', 'anonymous'],
    ['by the clock of another instance, which is behind', -1, 'high', 'active'],
    ['by a clock that was put back', -11, 'high', 'anonymous'],
    ['with more proof', 1, 'higher', 'anonymous'],
  ] as const)(
    'HLD-06 ASV-03 the first cookie %s: a session is shared only by what is simultaneous',
    async (...row) => {
      const [, seconds, acr, expected] = row
      const place = oidcPlace((clock) => memoryStore({ clock }))
      const browser = place.browser()
      place.script.claims = { acr: 'high' }
      const [first = { url: '' }, second = { url: '' }] = await place.begin(browser, 2)
      place.travel(5)
      const { answers } = await atOnce(browser, [first], [place.handle])
      expect((await stateOf(place, answers[0])).state).toBe('active')
      place.travel(seconds)
      place.script.claims = { acr }
      const later = await atOnce(browser, [second], [place.handle])
      expect(later.states).toEqual(['active'])
      expect((await stateOf(place, answers[0])).state).toBe(expected)
    },
  )

  it('HLD-06 ASV-03 with less proof both are in, and neither at a level that the later has not shown', async () => {
    const place = oidcPlace((clock) => memoryStore({ clock }))
    const browser = place.browser()
    place.script.claims = { acr: 'high' }
    const [first = { url: '' }, second = { url: '' }] = await place.begin(browser, 2)
    const { answers } = await atOnce(browser, [first], [place.handle])
    expect(await stateOf(place, answers[0])).toMatchObject({ state: 'active', assurance: { level: 2 } })
    place.script.claims = { acr: 'low' }
    const later = await atOnce(browser, [second], [place.handle])
    for (const answer of [answers[0], later.answers[0]]) {
      expect(await stateOf(place, answer)).toMatchObject({ state: 'active', assurance: { level: 1 } })
    }
  })

  it.each([-900, 0, 900])(
    'HLD-06 both are in where the clock of the other instance differs by %i ms',
    async (difference) => {
      const clock = { shift: 0 }
      const place = oidcPlace((now) => memoryStore({ clock: now }))
      const other = place.twin(() => place.now() + clock.shift)
      const browser = place.browser()
      const requests = await place.begin(browser, 2)
      clock.shift = difference
      const handles = [place.suite, other].map((suite) => (request: Request) => serve(suite, request))
      place.script.instance = () => undefined
      expectAllIn(await atOnce(browser, requests, handles))
    },
  )

  it('HLD-06 ASV-03 a login that began afterwards makes the older cookie dead at once', async () => {
    const place = oidcPlace((clock) => memoryStore({ clock }))
    const browser = place.browser()
    const { answers } = await atOnce(browser, await place.begin(browser, 1), [place.handle])
    place.travel(1)
    expect((await atOnce(browser, await place.begin(browser, 1), [place.handle])).states).toEqual(['active'])
    expect((await stateOf(place, answers[0])).state).toBe('anonymous')
  })
})

describe('a write that is lost', () => {
  /** A store in which something happens before the n-th write of that name. */
  const interrupted = (name: 'keepRefresh' | 'update', before: (store: Store) => Promise<void>) => {
    let isDue = true
    return (clock: () => number): Store => {
      const store = memoryStore({ clock })
      return new Proxy(store, {
        get(target, member) {
          const value: unknown = Reflect.get(target, member)
          if (member !== name || typeof value !== 'function') return value
          return async (...given: unknown[]) => {
            if (isDue) {
              isDue = false
              await before(store)
            }
            return Reflect.apply(value, target, given) as unknown
          }
        },
      })
    }
  }
  const live = async (store: Store) => {
    const [found] = await store.list(person)
    if (found?.record.state !== 'live') throw new Error('no live record')
    return { ...found, record: found.record }
  }
  const person = personOf(issuer, 'ana')

  it('HLD-06 is looked at again: what is live is taken up', async () => {
    let times = 0
    const open = interrupted('keepRefresh', async (store) => {
      times += 1
      const { address, record } = await live(store)
      expect(await store.update(address, record.generation, { generation: 'x'.repeat(22), level: 2 })).toBe(
        true,
      )
    })
    const place = oidcPlace(open)
    const browser = place.browser()
    expectAllIn(await atOnce(browser, await place.begin(browser, 1), [place.handle]))
    expect(times).toBe(1)
  })

  it.each(['keepRefresh', 'update'] as const)(
    'HLD-06 is looked at again: what has ended stays so (%s)',
    async (name) => {
      let times = 0
      const open = interrupted(name, async (store) => {
        times += 1
        const { address } = await live(store)
        const revocation = {
          reason: 'revoked' as const,
          at: place.now() + 1,
          retainUntil: place.now() + 90_000_000,
        }
        await store.revoke(person, { kind: 'session', session: address.session }, revocation)
      })
      const place = oidcPlace(open)
      const browser = place.browser()
      if (name === 'update') {
        await atOnce(browser, await place.begin(browser, 1), [place.handle])
        place.travel(60)
      }
      const { answers, states } = await atOnce(browser, await place.begin(browser, 1), [place.handle])
      expect(times).toBe(1)
      expect(answers.map(({ status }) => status)).toEqual([401])
      expect(states).toEqual(['anonymous'])
      expect(await answers[0]?.text()).toContain('You were signed out from elsewhere')
    },
  )

  it('HLD-06 is an outage where the record never stops changing, and no end', async () => {
    const place = oidcPlace((clock) => {
      const store = memoryStore({ clock })
      return { ...store, keepRefresh: () => false, read: (address) => changed(store, address) }
    })
    const browser = place.browser()
    const { answers } = await atOnce(browser, await place.begin(browser, 1), [place.handle])
    expect(answers.map(({ status }) => status)).toEqual([503])
  })

  async function changed(store: Store, address: RecordAddress) {
    const record = await store.read(address)
    if (record?.state === 'live')
      await store.update(address, record.generation, { generation: randomText(randomBytes, 16) })
    return store.read(address)
  }
})
