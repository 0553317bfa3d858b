/** @module `onSignIn` over several instances: at least once, one at a time, and nobody is let in before. */
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type ActiveCitizen,
  createSuite,
  memoryStore,
  type Receipt,
  type Store,
  type Suite,
} from '../../src/index.js'
import { personOf } from '../../src/sessions/record.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf } from '../support/world.js'

type Work = (citizen: ActiveCitizen) => unknown
type SignInBy = 'own cookie' | 'shared cookie'
const ways: readonly SignInBy[] = ['own cookie', 'shared cookie']

/** What a test holds back until it lets it go. */
function createGate() {
  let open = (): void => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}

/** Serves as an adapter does where the application's own error handler answers 500: with the cookies that were set. */
async function answer(suite: Suite, request: Request): Promise<Response> {
  const exchange = new TestExchange(request)
  try {
    const reply = await suite.endpoint(exchange)?.(exchange)
    if (reply !== undefined) return exchange.respond(reply)
    const citizen = await suite.authenticate(exchange)
    const refusal = exchange.target === '/open' ? undefined : suite.guard(exchange, citizen)
    const { state, reason } = citizen
    return exchange.respond(refusal ?? { status: 200, headers: {}, body: JSON.stringify({ state, reason }) })
  } catch (error) {
    return exchange.respond({ status: 500, headers: {}, body: String(error) })
  }
}

/** Instances of one application on one store. `works` is each one's `onSignIn`. */
async function createPlace(by: SignInBy, works: readonly (Work | undefined)[], given: Partial<Store> = {}) {
  const world = await createWorld()
  const memory = memoryStore({ clock: world.now })
  const store: Store = { ...memory, ...given }
  const scripted = works.map(() => scriptedProtocol())
  for (const { script } of scripted) script.sid = 'session-1'
  const suites = works.map((onSignIn, index) => {
    const protocol = scripted[index]?.protocol
    const options = optionsOf('library', { emulator: world.emulator, clock: world.now, store })
    return createSuite({ ...options, protocols: protocol === undefined ? [] : [protocol], onSignIn }, {})
  })
  const suiteOf = (index: number) => {
    const suite = suites[index]
    if (suite === undefined) throw new Error(`no instance ${index}`)
    return suite
  }
  const { url } = suiteOf(0).options.application
  let serving = 0
  const sites = new Map<string, Site>([
    [world.emulator.url, (request) => world.emulator.handle(request)],
    [url, (request) => answer(suiteOf(serving), request)],
    [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
  ])
  const browser = createBrowser(sites)
  onTestFinished(() => Promise.all(suites.map((suite) => suite.close())).then(() => undefined))
  const request = async (path: string, isSent: (pair: string) => boolean = () => true) =>
    new Request(`${url}${path}`, {
      headers: {
        cookie: (await browser.cookieHeader(url)).split('; ').filter(isSent).join('; '),
        accept: 'application/json',
        'sec-fetch-site': 'none',
      },
    })
  return {
    world,
    store: memory,
    suiteOf,
    /** How many tokens of sessions the provider was asked to end. */
    parted: () =>
      scripted.flatMap(({ parted }) => parted).filter(({ tokens }) => tokens !== undefined).length,
    /** Which instance the browser reaches from now on. */
    serveBy(index: number) {
      serving = index
    },
    /** The first request of the session; for the own cookie that is the provider's answer. */
    async signIn() {
      if (by === 'own cookie') return browser.open(`${url}/session/login?returnTo=/private&via=scripted`)
      const page = await browser.open(`${world.emulator.url}/login`)
      await browser.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      return browser.open(`${url}/private`)
    },
    ask: async (index: number, path = '/private') => answer(suiteOf(index), await request(path)),
    /** As a link of another site asks: with the token, and without the hint. */
    askFromElsewhere: async () =>
      answer(suiteOf(0), await request('/private', (pair) => pair.startsWith('c1_'))),
    peek: async (index: number) => suiteOf(index).peek(new TestExchange(await request('/private'))),
  }
}

const failing = () => {
  throw new Error('no users today')
}

describe.each(ways)('the work for a sign-in, by the %s', (by) => {
  it('HLD-10 that failed on one instance is done by the other, once, before it serves', async () => {
    const told: string[] = []
    const place = await createPlace(by, [failing, ({ claims }) => void told.push(claims.sub)])
    expect((await place.signIn()).status).toBe(500)
    expect((await place.ask(0)).status).toBe(500)
    expect(await place.peek(1)).toMatchObject({ state: 'unavailable', reason: 'sign-in' })
    expect((await place.ask(1)).status).toBe(200)
    expect((await place.ask(1)).status).toBe(200)
    // The first instance finds in the record that there is nothing left to do.
    expect((await place.ask(0)).status).toBe(200)
    expect(await place.peek(0)).toMatchObject({ state: 'active' })
    expect(told).toHaveLength(1)
  })

  it('HLD-10 is not forgotten by purgeKeys()', async () => {
    const works = [() => failing(), () => undefined]
    const place = await createPlace(by, [() => works[0]?.()])
    expect((await place.signIn()).status).toBe(500)
    place.suiteOf(0).purgeKeys()
    expect((await place.ask(0)).status).toBe(500)
    works.shift()
    expect((await place.ask(0)).status).toBe(200)
  })

  it('HLD-10 is done by one instance at a time; meanwhile others answer 503, and say why', async () => {
    const [began, finished] = [createGate(), createGate()]
    let runs = 0
    const work = async () => {
      runs += 1
      // Only with this answer the browser has its cookie.
      if (runs === 1) failing()
      began.open()
      await finished.passed
    }
    const place = await createPlace(by, [work, work])
    expect((await place.signIn()).status).toBe(500)
    const first = place.ask(0)
    await began.passed
    const other = await place.ask(1)
    expect(other.status).toBe(503)
    expect(other.headers.get('retry-after')).toBe('5')
    expect(await other.json()).toMatchObject({ code: 'unavailable', reason: 'sign-in' })
    expect(await (await place.ask(1, '/open')).json()).toMatchObject({
      state: 'unavailable',
      reason: 'sign-in',
    })
    finished.open()
    expect((await first).status).toBe(200)
    expect((await place.ask(1)).status).toBe(200)
    expect(runs).toBe(2)
  })

  it('HLD-10 goes on elsewhere when the instance ends in the middle of it', async () => {
    const began = createGate()
    let isGone = false
    let runs = 0
    const never = () => {
      runs += 1
      if (runs === 1) failing()
      began.open()
      return new Promise(() => {})
    }
    let told = 0
    const count = () => {
      told += 1
    }
    const store: { renew?: Store['renewLease'] } = {}
    const place = await createPlace(by, [never, count], {
      renewLease: (...given) => (isGone ? false : (store.renew?.(...given) ?? false)),
    })
    store.renew = place.store.renewLease
    expect((await place.signIn()).status).toBe(500)
    place.ask(0).catch(() => undefined)
    await began.passed
    expect((await place.ask(1)).status).toBe(503)
    isGone = true
    place.world.travel(11)
    expect((await place.ask(1)).status).toBe(200)
    expect(told).toBe(1)
  })

  it('HLD-10 is done once more where it could not be noted that it was done', async () => {
    let told = 0
    const count = () => {
      told += 1
    }
    let isDown = true
    const down: { update?: Store['update'] } = {}
    const place = await createPlace(by, [count], {
      update: (...given) =>
        isDown && given[2].signIn !== undefined ? false : (down.update?.(...given) ?? false),
    })
    down.update = place.store.update
    const answer = await place.signIn()
    expect(answer.status).toBe(503)
    isDown = false
    const before = told
    expect((await place.ask(0)).status).toBe(200)
    expect(told).toBe(before + 1)
  })

  it('HLD-10 is not asked of an application that has none, nor for a session that says nothing of it', async () => {
    let told = 0
    const count = () => {
      told += 1
    }
    const place = await createPlace(by, [undefined, count])
    expect((await place.signIn()).status).toBe(200)
    // As a session of 0.1.0.
    expect((await place.ask(1)).status).toBe(200)
    expect(told).toBe(0)
    const due = await createPlace(by, [failing, undefined])
    expect((await due.signIn()).status).toBe(500)
    expect((await due.ask(1)).status).toBe(200)
  })
})

it('HLD-06 a login whose work takes long leaves the browser the cookie of a later one, by which the session goes on', async () => {
  const [begun, gate] = [createGate(), createGate()]
  const slow = async () => {
    begun.open()
    await gate.passed
  }
  const place = await createPlace('own cookie', [slow, () => undefined])
  const first = place.signIn()
  // Work that never begins must show what the login was answered instead.
  expect(await Promise.race([begun.passed, first])).toBeUndefined()
  // Long enough that the two do not share a generation.
  place.world.travel(11)
  place.serveBy(1)
  expect((await place.signIn()).status).toBe(200)
  expect((await place.ask(1)).status).toBe(200)
  gate.open()
  await first
  expect(await (await place.ask(1)).json()).toMatchObject({ state: 'active' })
})

it('HLD-06 a login whose work takes long does not bring back what was ended meanwhile', async () => {
  const [begun, gate] = [createGate(), createGate()]
  const slow = async () => {
    begun.open()
    await gate.passed
  }
  const place = await createPlace('own cookie', [slow])
  const first = place.signIn()
  // Work that never begins must show what the login was answered instead.
  expect(await Promise.race([begun.passed, first])).toBeUndefined()
  const now = place.world.now()
  const revocation = { reason: 'revoked', at: now, retainUntil: now + 86_400_000 } as const
  expect(
    (await place.store.revoke(personOf(issuer, 'ana'), { kind: 'person' }, revocation)).ended,
  ).toHaveLength(1)
  gate.open()
  expect((await first).status).toBeGreaterThanOrEqual(400)
  expect(await (await place.ask(0, '/open')).json()).toMatchObject({ state: 'anonymous' })
})

describe('a request that waits for the work of another', () => {
  it('gets the hint once, although it looks at the record twice', async () => {
    const [began, touched, finished] = [createGate(), createGate(), createGate()]
    let runs = 0
    const work = async () => {
      runs += 1
      if (runs === 1) failing()
      began.open()
      await finished.passed
    }
    const store: { update?: Store['update'] } = {}
    const place = await createPlace('shared cookie', [work], {
      update(...given) {
        if (given[2].lastSeenAt !== undefined) touched.open()
        return store.update?.(...given) ?? false
      },
    })
    store.update = place.store.update
    expect((await place.signIn()).status).toBe(500)
    const first = place.ask(0)
    await began.passed
    place.world.travel(20)
    const second = place.askFromElsewhere()
    await touched.passed
    // By then it waits.
    await new Promise(setImmediate)
    finished.open()
    expect((await first).status).toBe(200)
    const { status, headers } = await second
    expect(status).toBe(200)
    const names = headers.getSetCookie().map((line) => line.split('=', 1)[0])
    expect(names).toEqual(['__Host-library.seen'])
  })
})

describe('a login whose work signs the person out', () => {
  const works: readonly [string, Work][] = [
    ['and is done', async (citizen) => void (await citizen.logout())],
    [
      'and fails',
      async (citizen) => {
        await citizen.logout()
        failing()
      },
    ],
  ]
  it.each(works)('HLD-10 %s leaves the browser without the cookie', async (_, work) => {
    const place = await createPlace('own cookie', [work])
    expect((await place.signIn()).status).toBeGreaterThanOrEqual(400)
    expect(await (await place.ask(0, '/open')).json()).toMatchObject({ reason: 'not-signed-in' })
  })

  it('HLD-13 never says that the provider has nobody signed in, for its session has begun too', async () => {
    const receipts: Receipt[] = []
    const place = await createPlace('own cookie', [
      async (citizen) => void receipts.push(await citizen.logout()),
    ])
    await place.signIn()
    expect(receipts[0]?.outcome).not.toBe('global')
    expect(receipts[0]?.legs.find(({ leg }) => leg === 'identity')).toMatchObject({
      state: 'unknown',
      reason: 'browser-not-back-yet',
    })
    expect(receipts[0]?.continueAt).toBeDefined()
    expect(place.parted()).toBe(1)
  })
})
