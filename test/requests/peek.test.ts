import { describe, expect, it } from 'vitest'
import { type Citizen, memoryStore, type Store } from '../../src/index.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'

/** A store that counts what would change it. */
function watched(store: Store): { store: Store; writes: string[] } {
  const writes: string[] = []
  const reading = ['read', 'keptRefresh', 'list', 'revocation', 'register', 'ready', 'close']
  const proxy = new Proxy(store, {
    get(target, name: keyof Store) {
      const member = target[name]
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        if (!reading.includes(name)) writes.push(name)
        return Reflect.apply(member, target, given)
      }
    },
  })
  return { store: proxy, writes }
}

async function prepared() {
  let writes: string[] = []
  const world = await createWorld({
    emulator: { tokenSeconds: 3600 },
    store: (clock) => {
      const made = watched(memoryStore({ clock }))
      writes = made.writes
      return made.store
    },
  })
  const peek = async (cookie: string): Promise<Citizen> => {
    const before = writes.length
    const exchange = new TestExchange(new Request(`${url}/private`, { headers: { cookie } }))
    const citizen = await world.application('benefits').suite.peek(exchange)
    expect(exchange.cookies).toEqual([])
    expect(writes.slice(before)).toEqual([])
    return citizen
  }
  return { world, peek }
}

const touch = (world: World, cookie: string) =>
  world.application('benefits').handle(new Request(`${url}/private`, { headers: { cookie } }))

describe('a pure read', () => {
  it('says what is there, and writes, sets and fetches nothing', async () => {
    const { world, peek } = await prepared()
    expect(await peek('')).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
    expect(await peek('c1_header=a; c1_payload=b; c1_signature=c')).toMatchObject({ reason: 'invalid-token' })
    const cookie = await world.emulator.cookiesFor('ana')
    expect(await peek(cookie)).toMatchObject({ state: 'anonymous', reason: 'not-started' })
    await touch(world, cookie)
    expect(await peek(cookie)).toMatchObject({ state: 'active', assurance: { level: 1 } })
    world.travel(599)
    expect(await peek(cookie)).toMatchObject({ state: 'active', session: { idleEndsAt: world.now() + 1000 } })
    world.travel(1)
    expect(await peek(cookie)).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })
    expect(world.application('benefits').events.map((event) => event.type)).not.toContain('session.ended')
    await touch(world, cookie)
    expect(await peek(cookie)).toMatchObject({ reason: 'idle-timeout' })
    expect(world.emulator.requests.refresh).toBe(0)
  })

  it('says that a second factor is missing, and that cookies do not belong together', async () => {
    const { world, peek } = await prepared()
    expect(await peek(await world.emulator.cookiesFor('ben', { level: 'password' }))).toMatchObject({
      state: 'mfa-required',
    })
    const two = `${await world.emulator.cookiesFor('ana')}; ${await world.emulator.cookiesFor('dan')}`
    expect(await peek(two)).toMatchObject({ reason: 'ambiguous-cookie' })
  })
})
