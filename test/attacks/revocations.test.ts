import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore, type Store, StoreUnavailableError, type Suite } from '../../src/index.js'
import { base, createWorld, optionsOf, serve, shown } from '../support/world.js'

const emulator = { tokenSeconds: 86_400, idleSeconds: 86_400, sessionSeconds: 86_400 }

/** A store that can be cut off. */
function fragile(store: Store) {
  const state = { isDown: false }
  const proxy = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        if (state.isDown) throw new StoreUnavailableError('cut off')
        return member.apply(target, given) as unknown
      }
    },
  })
  return { store: proxy, state }
}

/** Two applications with a store of their own, and one store for the revocations of both. */
async function twoStores() {
  const world = await createWorld({ emulator })
  const clock = world.now
  const shared = fragile(memoryStore({ clock }))
  const make = (id: string) => {
    const own = fragile(memoryStore({ clock }))
    const parts = { emulator: world.emulator, clock, store: own.store }
    const options = {
      application: { id, url: `https://${id}.${base}`, sensitivity: 'basic' },
      revocations: shared.store,
    } as const
    const secrets = ['a secret of thirty-two bytes or more']
    const suite = createSuite(
      optionsOf(id, parts, { ...options, application: { ...options.application, secrets } }),
      {},
    )
    const get = (cookie: string, path = '/private') =>
      serve(
        suite,
        new Request(`https://${id}.${base}${path}`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } }),
      )
    const logout = (cookie: string) =>
      serve(
        suite,
        new Request(`https://${id}.${base}/session/logout`, {
          method: 'POST',
          headers: { cookie, 'sec-fetch-site': 'same-origin' },
        }),
      )
    return { suite, get, logout, state: own.state }
  }
  const sub = world.emulator.people.find(({ username }) => username === 'ana')?.sub ?? ''
  return {
    world,
    north: make('north'),
    south: make('south'),
    shared: shared.state,
    subject: { subject: sub },
  }
}

const publicIdOf = async (suite: Suite, subject: { subject: string }, last = false): Promise<string> => {
  const sessions = [...(await suite.sessions.list(subject))].sort((a, b) => a.startedAt - b.startedAt)
  return sessions.at(last ? -1 : 0)?.publicId ?? ''
}

describe('revocations in a store of their own', () => {
  it('ASV-05 refuse a token that this application has never seen, also once it has been renewed', async () => {
    const { world, north, south, subject } = await twoStores()
    const cookie = await world.emulator.cookiesFor('ana')
    world.travel(10)
    await north.suite.sessions.endAllOf(subject)
    world.travel(10)
    expect(await shown(await south.get(cookie, '/open'))).toMatchObject({ reason: 'revoked' })
    world.travel(10)
    const jti = world.emulator.sessions[0]?.jti
    const renewed = await world.emulator.tokenFor('ana', { session: jti })
    expect(await shown(await south.get(world.emulator.cookieHeader(renewed), '/open'))).toMatchObject({
      reason: 'revoked',
    })
    const fresh = await world.emulator.cookiesFor('ana')
    expect((await south.get(fresh)).status).toBe(200)
  })

  it('ASV-05 end what lives in the other application, for good', async () => {
    const { world, north, south, subject } = await twoStores()
    const cookie = await world.emulator.cookiesFor('ana')
    expect((await south.get(cookie)).status).toBe(200)
    world.travel(10)
    await north.suite.sessions.endAllOf(subject)
    for (let count = 0; count < 2; count += 1) {
      expect(await shown(await south.get(cookie, '/open'))).toMatchObject({ reason: 'revoked' })
    }
    expect(await south.suite.sessions.list(subject)).toEqual([])
  })

  it('ASV-07 "end all others" reaches the other application as well', async () => {
    const { world, north, south, subject } = await twoStores()
    const mine = await world.emulator.cookiesFor('ana')
    await north.get(mine)
    world.travel(1)
    const other = await world.emulator.cookiesFor('ana')
    for (const cookie of [mine, other]) {
      expect((await north.get(cookie)).status).toBe(200)
      expect((await south.get(cookie)).status).toBe(200)
    }
    await north.suite.sessions.endOthers({ ...subject, publicId: await publicIdOf(north.suite, subject) })
    expect((await north.get(mine)).status).toBe(200)
    expect((await south.get(mine)).status).toBe(200)
    expect((await north.get(other)).status).toBe(401)
    expect((await south.get(other)).status).toBe(401)
  })

  it('are written although the own store cannot be reached, and the receipt says what is missing', async () => {
    const { world, north, south } = await twoStores()
    const cookie = await world.emulator.cookiesFor('ana')
    await north.get(cookie)
    await south.get(cookie)
    north.state.isDown = true
    const answer = await north.logout(cookie)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ outcome: 'failed' })
    expect((await south.get(cookie)).status).toBe(401)
    north.state.isDown = false
    expect((await north.get(cookie)).status).toBe(401)
  })

  it('that cannot be reached are neither permission nor a sign-out', async () => {
    const { world, north, south, shared } = await twoStores()
    const cookie = await world.emulator.cookiesFor('ana')
    const unseen = await world.emulator.cookiesFor('ben')
    await south.get(cookie)
    shared.isDown = true
    for (const each of [cookie, unseen]) {
      const answer = await south.get(each)
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []])
    }
    const receipt = await north.logout(cookie)
    expect(await receipt.json()).toMatchObject({ outcome: 'failed' })
    shared.isDown = false
    expect((await south.get(cookie)).status).toBe(200)
  })
})

describe('revocations in a store of their own, asked for beside the record', () => {
  /** An application whose two stores answer when they are told to. */
  async function heldStores() {
    const world = await createWorld({ emulator })
    const asked: string[] = []
    const held: (() => void)[] = []
    const state = { isHolding: false, areRevocationsDown: false }
    const holding = (name: string, store: Store): Store => ({
      ...store,
      ...Object.fromEntries(
        (['read', 'revocation'] as const).map((method) => [
          method,
          async (...given: never[]) => {
            if (state.isHolding) {
              asked.push(`${name}.${method}`)
              await new Promise<void>((resolve) => held.push(resolve))
            }
            if (name === 'revocations' && state.areRevocationsDown) throw new StoreUnavailableError('cut off')
            return (store[method] as (...all: never[]) => unknown)(...given)
          },
        ]),
      ),
    })
    const clock = world.now
    const own = holding('store', memoryStore({ clock }))
    const revocations = holding('revocations', memoryStore({ clock }))
    const parts = { emulator: world.emulator, clock, store: own }
    const suite = createSuite(optionsOf('north', parts, { revocations }), {})
    const cookie = await world.emulator.cookiesFor('ana')
    const get = () =>
      serve(
        suite,
        new Request(`https://north.${base}/open`, {
          headers: { cookie, 'sec-fetch-site': 'same-origin' },
        }),
      )
    await get()
    return { get, asked, held, state, suite, world }
  }

  it('the two reads of a request go out together', async () => {
    const { get, asked, held, state } = await heldStores()
    state.isHolding = true
    const answer = get()
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect([...asked].sort()).toEqual(['revocations.revocation', 'store.read'])
    state.isHolding = false
    for (const release of held) release()
    expect(await shown(await answer)).toMatchObject({ state: 'active' })
    // Neither is asked twice.
    expect(asked).toHaveLength(2)
  })

  it('an ended session is told as ended while they are away, and a live one as neither', async () => {
    const { get, state, world } = await heldStores()
    state.areRevocationsDown = true
    expect(await shown(await get())).toMatchObject({ state: 'unavailable' })
    state.areRevocationsDown = false
    // The idle time of the application is over.
    world.travel(3601)
    expect(await shown(await get())).toMatchObject({ reason: 'idle-timeout' })
    state.areRevocationsDown = true
    expect(await shown(await get())).not.toMatchObject({ state: 'active' })
  })
})
