/** @module Claims that change while a session goes on: guards go by them from the next request on, without a sign-in. */
import { afterEach, describe, expect, it } from 'vitest'
import { type ActiveCitizen, type Citizen, createSuite, memoryStore } from '../../src/index.js'
import { shortfallOf } from '../../src/sessions/assurance.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf } from '../support/world.js'
import { activity, ask, closePlaces, known, type Place, places, poll, type Says } from './near-place.js'

afterEach(closePlaces)

/** What guards let through, and what the application reads of the person. */
function seen(citizen: Citizen) {
  if (citizen.state !== 'active') return citizen.state
  const passes = (demand: Parameters<typeof shortfallOf>[1]) =>
    shortfallOf(citizen.assurance, demand, 0) === undefined
  const { level, method } = citizen.assurance
  return {
    level,
    method,
    mfa: passes({ secondFactor: true }),
    two: passes({ level: 2 }),
    role: citizen.claims.role,
  }
}
const asSaid = ({ method, role }: Says) => {
  const level = method === 'did' ? 2 : 1
  return { level, method, mfa: method !== 'password', two: level === 2, role }
}
const startOf = (citizen: Citizen) => (citizen.state === 'active' ? citizen.session.startedAt : undefined)

const changes: readonly (readonly [string, Says, Says])[] = [
  ['a second factor added', { method: 'password' }, { method: 'mfa' }],
  ['Eeze', { method: 'password' }, { method: 'did' }],
  ['Eeze after a second factor', { method: 'mfa' }, { method: 'did' }],
  ['a role', { method: 'mfa' }, { method: 'mfa', role: 'clerk' }],
  ['a role taken away', { method: 'mfa', role: 'clerk' }, { method: 'mfa' }],
  ['a second factor taken back', { method: 'mfa' }, { method: 'password' }],
  ['a fall from Eeze to a password', { method: 'did', role: 'clerk' }, { method: 'password' }],
]
const reads = {
  near: () => undefined,
  // The proof of near reads is over: everything is read from the store.
  strict: ({ server }: Place) => server.pass(1001),
}

describe.each(Object.entries(places))('by %s', (_, make) => {
  describe.each(Object.entries(reads))('with %s reads', (_name, become) => {
    it.each(changes)('%s reaches every instance with the next request', async (_change, before, after) => {
      const { place, one, other } = await known(make, { tokenSeconds: 600 })
      become(place)
      const both = async (said: Says, headers: Readonly<Record<string, string>>) => {
        await place.reauthorize(said)
        const cookie = await place.cookie()
        // The first that is active is told; whoever comes then, of whichever kind and anywhere, sees the same.
        const first = await ask(place, one, cookie, activity)
        const answers = [
          first,
          await ask(place, one, cookie, headers),
          await ask(place, other, cookie, headers),
        ]
        expect(answers.map(({ citizen }) => seen(citizen))).toEqual(answers.map(() => asSaid(said)))
        return startOf(first.citizen)
      }
      const begun = await both(before, activity)
      expect(await both(after, activity)).toBe(begun)
      expect(await both(before, poll)).toBe(begun)
      expect(await both(after, poll)).toBe(begun)
    })
  })
})

it('a fall is in the list of sessions, and the next rise begins another generation', async () => {
  const { place, one } = await known(places['the shared cookie'], { tokenSeconds: 600 })
  const personOf = ({ claims: { iss, sub } }: ActiveCitizen) => ({ issuer: iss, subject: sub })
  const idOf = async (method: Says['method']) => {
    place.travel(11)
    await place.reauthorize({ method })
    const { citizen } = await ask(place, one, await place.cookie())
    const [listed] = citizen.state === 'active' ? await one.suite.sessions.list(personOf(citizen)) : []
    return [citizen.session?.publicId, listed?.level]
  }
  const [low] = await idOf('password')
  const [high, risen] = await idOf('did')
  const [fallen, level] = await idOf('password')
  const [again, raised] = await idOf('did')
  expect([risen, level, raised]).toEqual([2, 1, 2])
  expect([fallen === high, high === low, again === high]).toEqual([true, false, false])
})

describe('what a refresh of the shared cookie says counts for the request that refreshes already', () => {
  const asked = async (says: Readonly<Record<string, boolean>>) => {
    const world = await createWorld({ applications: {} })
    const { emulator, now } = world
    const at = (seconds: number) => Math.floor(now() / 1000) + seconds
    const signed = (claims: Readonly<Record<string, unknown>>) =>
      emulator.signToken({
        iss: emulator.issuer,
        sub: 'dan',
        jti: 'one',
        iat: at(0),
        exp: at(600),
        ...claims,
      })
    const refresh: typeof fetch = async (input, init) =>
      init?.method === 'POST'
        ? Response.json({ token: await signed({ mfaRequired: true, isMfa: true, isDidAuth: true, ...says }) })
        : emulator.fetch(input, init)
    const options = optionsOf('benefits', { emulator, clock: now, store: memoryStore({ clock: now }) })
    const suite = createSuite({ ...options, fetch: refresh }, {})
    const cookie = emulator.cookieHeader(await signed({ mfaRequired: true, isMfa: true, isDidAuth: true }))
    const get = async () => {
      const exchange = new TestExchange(
        new Request(`${suite.options.application.url}/private`, { headers: { ...activity, cookie } }),
      )
      return { citizen: await suite.authenticate(exchange), set: exchange.cookies.map(({ name }) => name) }
    }
    expect(seen((await get()).citizen)).toEqual(asSaid({ method: 'did' }))
    world.travel(301)
    const { citizen, set } = await get()
    expect(set).toContain('c1_payload')
    return citizen
  }

  it('a fall to a second factor', async () => {
    expect(seen(await asked({ isDidAuth: false }))).toEqual(asSaid({ method: 'mfa' }))
  })

  it('a second factor that is missing from now on', async () => {
    expect(seen(await asked({ isMfa: false, isDidAuth: false }))).toBe('mfa-required')
  })
})
