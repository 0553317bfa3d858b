/** @module Requests that are answered from memory, and those that are not: both cookies, over two instances. */
import { afterEach, describe, expect, it } from 'vitest'
import { type Citizen, createSuite, type Store, type Suite } from '../../src/index.js'
import type { RecordAddress } from '../../src/session-record.js'
import { endedAt } from '../contracts/store-harness.js'
import { createNearServer, type NearInstance, type NearServer } from '../stores/near/near-instances.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf, serve } from '../support/world.js'

const start = Date.UTC(2026, 0, 15, 12, 0, 0)
const idleSeconds = 1800
const secrets = ['a secret of thirty-two bytes or more']
const activity = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
const poll = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'citizen-activity': 'none' }

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Two instances of one application, and a browser that is signed in. */
interface Place {
  readonly server: NearServer
  readonly one: NearInstance & { readonly suite: Suite }
  readonly other: NearInstance & { readonly suite: Suite }
  readonly url: string
  /** The cookies of the browser, as it sends them. */
  cookie(): Promise<string>
  signInAgain(): Promise<void>
  travel(seconds: number): void
  now(): number
  /** A suite over the store of the first, which has the keys and has seen no token of hers. */
  stranger?(): Promise<Suite>
}

interface Given {
  readonly revocations?: (server: { readonly clock: () => number }) => Promise<Store>
  readonly tokenSeconds?: number
}

async function sharedCookie({ revocations, tokenSeconds = 3600 }: Given = {}): Promise<Place> {
  let server: NearServer | undefined
  const world = await createWorld({
    store(clock) {
      server = createNearServer(clock)
      return server.strict
    },
    applications: {},
    emulator: { tokenSeconds },
  })
  const { emulator } = world
  if (server === undefined) throw new Error('there is no server')
  const elsewhere = await revocations?.({ clock: world.now })
  const instances = [await server.open(), await server.open()].map((instance) => {
    const given = optionsOf(
      'benefits',
      { emulator, clock: world.now, store: instance.store },
      { application: { idleSeconds } },
    )
    return {
      ...instance,
      suite: createSuite({ ...given, ...(elsewhere === undefined ? {} : { revocations: elsewhere }) }, {}),
    }
  })
  const [one, other] = instances
  if (one === undefined || other === undefined) throw new Error('there is no instance')
  const { url } = one.suite.options.application
  const stranger = async () => {
    const parts = { emulator, clock: world.now, store: one.store }
    const suite = createSuite(optionsOf('benefits', parts, { application: { idleSeconds } }), {})
    closing.push(() => suite.close())
    const headers = { ...activity, cookie: await emulator.cookiesFor('dan') }
    await suite.authenticate(new TestExchange(new Request(`${url}/private`, { headers })))
    return suite
  }
  let cookies = await emulator.cookiesFor('ana')
  closing.push(
    () => server?.close() ?? Promise.resolve(),
    () => one.suite.close(),
    () => other.suite.close(),
  )
  return {
    server,
    one,
    other,
    url,
    cookie: async () => cookies,
    async signInAgain() {
      cookies = await emulator.cookiesFor('ana')
    },
    travel: world.travel,
    now: world.now,
    stranger,
  }
}

async function sessionCookie({ revocations, tokenSeconds = 0 }: Given = {}): Promise<Place> {
  let now = start
  const clock = () => now
  const server = createNearServer(clock)
  const url = 'https://benefits.example'
  const sites = new Map<string, Site>([
    [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
  ])
  const elsewhere = await revocations?.({ clock })
  const made = [await server.open(), await server.open()].map((instance) => {
    const scripted = scriptedProtocol()
    scripted.script.sid = 's1'
    scripted.script.tokenSeconds = tokenSeconds
    const suite = createSuite(
      {
        application: { id: 'benefits', url, secrets, sensitivity: 'basic', idleSeconds },
        protocols: [scripted.protocol],
        store: instance.store,
        clock,
        ...(elsewhere === undefined ? {} : { revocations: elsewhere }),
      },
      {},
    )
    return { ...instance, suite }
  })
  const [one, other] = made
  if (one === undefined || other === undefined) throw new Error('there is no instance')
  sites.set(url, (request) => serve(one.suite, request))
  const browser = createBrowser(sites)
  const signIn = () => browser.open(`${url}/session/login?returnTo=/private`)
  await signIn()
  closing.push(
    () => server.close(),
    () => one.suite.close(),
    () => other.suite.close(),
  )
  return {
    server,
    one,
    other,
    url,
    cookie: () => browser.cookieHeader(url),
    async signInAgain() {
      now += 5000
      await browser.open(`${url}/session/login?returnTo=/private&maxAge=1`)
    },
    travel(seconds) {
      now += seconds * 1000
    },
    now: clock,
  }
}

const places = { 'the shared cookie': sharedCookie, 'the session cookie': sessionCookie }

/** A request, as authenticate answers it: a value, or a promise. */
async function ask(
  { url }: Place,
  { suite }: { readonly suite: Suite },
  cookie: string,
  headers: Readonly<Record<string, string>> = activity,
) {
  const exchange = new TestExchange(new Request(`${url}/private`, { headers: { ...headers, cookie } }))
  const answer = suite.authenticate(exchange)
  const isAtOnce = !(answer instanceof Promise)
  return { citizen: await answer, isAtOnce, set: exchange.cookies }
}
function addressIn({ server }: Place): RecordAddress {
  const address = server.addresses.at(-1)
  if (address === undefined) throw new Error('no session has begun')
  return address
}

/** Ends the session through a store. */
async function endAt(place: Place, store: Store): Promise<void> {
  const address = addressIn(place)
  const record = await place.server.strict.read(address)
  if (record?.state !== 'live') throw new Error('there is no live record')
  await store.end(address, record, endedAt(record, place.now(), 'revoked'))
}

const sessionOf = (citizen: Citizen) => JSON.parse(JSON.stringify(citizen.session)) as unknown
const reasonOf = (citizen: Citizen) => (citizen.state === 'anonymous' ? citizen.reason : citizen.state)

/** What the requests of both instances have in common: both have seen the session. */
async function known(make: (given?: Given) => Promise<Place>, given?: Given) {
  const place = await make(given)
  const cookie = await place.cookie()
  for (const instance of [place.one, place.other]) {
    for (const _ of [1, 2]) {
      const { citizen } = await ask(place, instance, cookie)
      expect(citizen.state).toBe('active')
    }
    instance.commands()
  }
  // What begins a session is news to the others: read once more.
  for (const instance of [place.one, place.other]) await ask(place, instance, cookie)
  for (const instance of [place.one, place.other]) instance.commands()
  const { server, one, other, url, travel } = place
  return { place, cookie, server, one, other, url, travel }
}

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
