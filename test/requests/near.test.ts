/** @module Requests that are answered from memory, and those that are not: both cookies, over two instances. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Citizen, Store } from '../../src/index.js'
import { endedAt } from '../contracts/store-harness.js'
import { createNearServer, type NearInstance } from '../stores/near/near-instances.js'
import { TestExchange } from '../support/exchange.js'
import {
  activity,
  addressIn,
  ask,
  closePlaces,
  closing,
  known,
  type Place,
  places,
  poll,
  sharedCookie,
} from './near-place.js'

/** Ends the session through a store. */
async function endAt(place: Place, store: Store): Promise<void> {
  const address = addressIn(place)
  const record = await place.server.strict.read(address)
  if (record?.state !== 'live') throw new Error('there is no live record')
  await store.end(address, record, endedAt(record, place.now(), 'revoked'))
}

afterEach(closePlaces)

const sessionOf = (citizen: Citizen) => JSON.parse(JSON.stringify(citizen.session)) as unknown
const reasonOf = (citizen: Citizen) => (citizen.state === 'anonymous' ? citizen.reason : citizen.state)

describe.each(Object.entries(places))('%s', (name, make) => {
  it('HLD-20 a plain request is answered at once, without a promise and without a command', async () => {
    const { place, cookie, one, other } = await known(make)
    for (const instance of [one, other]) {
      for (const headers of [activity, poll]) {
        const { citizen, isAtOnce } = await ask(place, instance, cookie, headers)
        expect([citizen.state, isAtOnce, instance.commands()]).toEqual(['active', true, []])
      }
    }
  })

  it('HLD-20 what is not remembered is read once', async () => {
    const { place, cookie, one, server } = await known(make)
    server.master.loseEars()
    await new Promise(setImmediate)
    for (let turn = 0; turn < 200 && !one.near.isProven; turn += 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
    const first = await ask(place, one, cookie)
    expect([first.isAtOnce, one.commands()]).toEqual([false, ['read']])
    const second = await ask(place, one, cookie)
    expect([second.isAtOnce, one.commands()]).toEqual([true, []])
  })

  it('HLD-20 a touch that is due costs one command, and nobody else is told of it', async () => {
    const { place, cookie, one, other, travel } = await known(make)
    travel(11)
    const touching = await ask(place, one, cookie)
    expect([touching.citizen.state, one.commands()]).toEqual(['active', ['update']])
    const next = await ask(place, one, cookie)
    expect([next.isAtOnce, one.commands()]).toEqual([true, []])
    // The other one touches by itself: it was not told.
    await ask(place, other, cookie)
    expect(other.commands()).toEqual(['update'])
  })

  it('HLD-20 a touch that is refused is looked at strictly', async () => {
    const { place, cookie, one, travel, server } = await known(make)
    travel(11)
    // Ended, and nobody was told.
    server.master.isSwallowing = true
    await endAt(place, server.strict)
    const { citizen } = await ask(place, one, cookie)
    expect(reasonOf(citizen)).toBe('revoked')
    expect(one.commands().slice(0, 2)).toEqual(['update', 'read'])
  })

  it('HLD-20 where a touch is due, who is not active reads, and is told the time that is left by the store', async () => {
    const { place, cookie, one, other, travel } = await known(make)
    // Somebody is busy on one instance: the other one hears nothing of it.
    for (let step = 0; step < 12; step += 1) {
      travel(30)
      await ask(place, one, cookie)
    }
    other.commands()
    const { citizen } = await ask(place, other, cookie, poll)
    expect(other.commands()).toEqual(['read'])
    const shown = await ask(place, one, cookie, poll)
    expect(sessionOf(citizen)).toEqual(sessionOf(shown.citizen))
  })

  it('HLD-20 a timer that seems over is read strictly: nobody is out who was busy elsewhere', async () => {
    const { place, cookie, one, other, travel } = await known(make)
    for (let step = 0; step < 40; step += 1) {
      travel(60)
      await ask(place, one, cookie)
    }
    other.commands()
    const { citizen } = await ask(place, other, cookie)
    expect(citizen.state).toBe('active')
    expect(other.commands()).toContain('read')
    travel(86_400)
    const late = await ask(place, other, cookie)
    expect(late.citizen.state).toBe('anonymous')
  })

  it('HLD-20 an end is heard of: from then on the other instance refuses, and this one at once', async () => {
    const { place, cookie, one, other } = await known(make)
    await endAt(place, one.store)
    for (const instance of [one, other]) {
      const after = await ask(place, instance, cookie)
      expect([after.isAtOnce, reasonOf(after.citizen)]).toEqual([false, 'revoked'])
    }
  })

  it('HLD-20 what is not proven is read strictly, and proven again it is answered from memory', async () => {
    const { place, cookie, one, server } = await known(make)
    server.pass(1000)
    expect((await ask(place, one, cookie)).isAtOnce).toBe(true)
    server.pass(1)
    const unproven = await ask(place, one, cookie)
    expect([unproven.isAtOnce, one.commands()]).toEqual([false, ['read']])
  })

  it('HLD-20 a clock that was put back puts nobody out, and by more than clocks differ it is met strictly', async () => {
    const { place, cookie, one, travel } = await known(make)
    travel(-30)
    expect((await ask(place, one, cookie)).citizen.state).toBe('active')
    // A token of the shared cookie is from the future then.
    if (name === 'the shared cookie') return
    travel(-3600)
    expect((await ask(place, one, cookie)).citizen.state).toBe('active')
    expect(one.commands()).toContain('read')
  })

  it('HLD-20 a peek reads strictly', async () => {
    const { cookie, one, url } = await known(make)
    await one.suite.peek(new TestExchange(new Request(`${url}/private`, { headers: { cookie } })))
    expect(one.commands()).toContain('read')
  })

  it('HLD-20 a refresh that is due is done strictly', async () => {
    const { place, cookie, one, travel } = await known(make, { tokenSeconds: 600 })
    for (let step = 0; step < 9; step += 1) {
      travel(60)
      await ask(place, one, cookie)
    }
    expect(one.commands()).toContain('lease')
  })

  it('HLD-20 a store for revocations that has no near reads is asked each time', async () => {
    let asked = 0
    const { place, cookie, one } = await known(make, {
      async revocations({ clock }) {
        const { strict } = createNearServer(clock)
        return {
          ...strict,
          revocation(...given) {
            asked += 1
            return strict.revocation(...given)
          },
        }
      },
    })
    asked = 0
    for (const _ of [1, 2, 3]) expect((await ask(place, one, cookie)).isAtOnce).toBe(false)
    expect(asked).toBe(3)
  })

  it('HLD-20 one that has them is answered from memory too, and what is revoked there is heard of', async () => {
    let elsewhere: NearInstance | undefined
    let strict: Store | undefined
    const { place, cookie, one } = await known(make, {
      async revocations({ clock }) {
        const server = createNearServer(clock)
        closing.push(() => server.close())
        elsewhere = await server.open()
        strict = server.strict
        return elsewhere.store
      },
    })
    elsewhere?.commands()
    const { citizen, isAtOnce } = await ask(place, one, cookie)
    expect([isAtOnce, one.commands(), elsewhere?.commands()]).toEqual([true, [], []])
    expect(citizen.state).toBe('active')
    await strict?.revoke(
      addressIn(place).person,
      { kind: 'person' },
      { reason: 'signed-out', at: place.now(), retainUntil: place.now() + 86_400_000 },
    )
    const after = await ask(place, one, cookie)
    expect(after.citizen.state).toBe('anonymous')
  })

  it('HLD-20 another credential of the same session is looked at strictly first', async () => {
    const { place, cookie, other } = await known(make)
    await place.signInAgain()
    other.commands()
    const { citizen, isAtOnce } = await ask(place, other, await place.cookie())
    expect([citizen.state, isAtOnce]).toEqual(['active', false])
    expect(other.commands()).toContain('read')
    await ask(place, other, await place.cookie())
    expect((await ask(place, other, await place.cookie())).isAtOnce).toBe(true)
    other.commands()
    if (name === 'the shared cookie') return
    // The old one beside it: what is remembered is of another generation.
    const old = await ask(place, other, cookie)
    expect([old.citizen.state, other.commands()]).toEqual(['anonymous', ['read']])
  })
})

describe('the hint of the shared cookie', () => {
  it('HLD-20 another one than is known is looked at strictly', async () => {
    const place = await sharedCookie()
    const cookie = await place.cookie()
    const { set } = await ask(place, place.one, cookie)
    const [hint] = set
    if (hint === undefined) throw new Error('no hint was given')
    const hinted = `${cookie}; ${hint.name}=${hint.value}`
    for (const _ of [1, 2, 3]) await ask(place, place.one, hinted)
    place.one.commands()
    expect((await ask(place, place.one, hinted)).isAtOnce).toBe(true)
    const other = await ask(place, place.one, `${cookie}; ${hint.name}=another`)
    expect([other.citizen.state, other.isAtOnce, place.one.commands()]).toEqual(['active', false, ['read']])
  })
})

it('HLD-20 a token that is not known here is answered from memory too, where the hint names its session', async () => {
  const { place, cookie, one } = await known(sharedCookie)
  place.travel(11)
  const hint = (await ask(place, one, cookie)).set.at(-1)
  const suite = await place.stranger?.()
  if (suite === undefined || hint === undefined) throw new Error('there is no stranger, or no hint')
  // What begins a session is news to this one too.
  await ask(place, one, cookie)
  one.commands()
  const hinted = await ask(place, { suite }, `${cookie}; ${hint.name}=${hint.value}`)
  expect([hinted.citizen.state, hinted.isAtOnce, one.commands()]).toEqual(['active', true, []])
})
