import { describe, expect, it } from 'vitest'
import { type CitizenEvent, createSuite, type SuiteOptions } from '../../src/index.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, serve, shown, type World, type WorldOptions } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const quick: WorldOptions = {
  emulator: { tokenSeconds: 1200, idleSeconds: 86_400, sessionSeconds: 86_400 },
  applications: {
    benefits: {
      application: { sensitivity: 'basic' },
      identityProvider: { refresh: { waitMilliseconds: 5000 } },
    },
  },
}
const withOptions = (options: SuiteOptions): WorldOptions => ({
  ...quick,
  applications: { benefits: options },
})
const partNames = ['c1_header', 'c1_payload', 'c1_signature']

const setNames = (response: { headers: Headers }): string[] =>
  response.headers.getSetCookie().map((line) => line.split('=', 1)[0] ?? '')
const ofType = <T extends CitizenEvent['type']>(world: World, type: T) =>
  world.application('benefits').events.filter((event) => event.type === type) as Extract<
    CitizenEvent,
    { type: T }
  >[]
const replay = (world: World, cookie: string, path = '/private', headers: Record<string, string> = {}) =>
  world.application('benefits').handle(new Request(`${url}${path}`, { headers: { cookie, ...headers } }))

async function signedIn(options: WorldOptions = quick) {
  const world = await createWorld(options)
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  return { world, browser }
}

describe('a refresh that is due', () => {
  it('is one POST of the token and the text "true", and the response carries all three cookies', async () => {
    const { world, browser } = await signedIn()
    world.travel(479)
    await browser.open(`${url}/private`)
    expect(world.emulator.requests.refresh).toBe(0)
    world.travel(121)
    const page = await browser.open(`${url}/private`)
    expect(world.emulator.requests.refresh).toBe(1)
    expect(setNames(page)).toEqual(expect.arrayContaining(partNames))
    expect(page.headers.get('cache-control')).toBe('private, no-store')
    const [header, payload] = page.headers.getSetCookie().filter((line) => /^c1_(header|payload)=/.test(line))
    expect(header).toMatch(/; Domain=citizen\.example/)
    expect(header).toMatch(/; HttpOnly/)
    expect(payload).not.toMatch(/; HttpOnly/)
    expect((await browser.open(`${url}/private`)).status).toBe(200)
    expect(world.emulator.requests.refresh).toBe(1)
    expect(ofType(world, 'identity.refreshed')).toEqual([expect.objectContaining({ result: 'token' })])
  })

  it('NIST-06 is not made for a poll', async () => {
    const { world, browser } = await signedIn()
    world.travel(700)
    await browser.fetch(`${url}/private`, { headers: { 'citizen-activity': 'none' } })
    await browser.fetch(`${url}/session/status`)
    expect(world.emulator.requests.refresh).toBe(0)
  })

  it.each(['token', 'authToken', 'access_token', 'jwt', 'cookies'] as const)(
    'reads an answer of the shape %s',
    async (shape) => {
      const { world, browser } = await signedIn()
      world.emulator.setRefreshAnswer(shape)
      world.travel(700)
      expect(setNames(await browser.open(`${url}/private`))).toEqual(expect.arrayContaining(partNames))
    },
  )

  it('takes a success without a token for an extension', async () => {
    const { world, browser } = await signedIn()
    world.emulator.setRefreshAnswer('empty')
    world.travel(700)
    const page = await browser.open(`${url}/private`)
    expect(page.status).toBe(200)
    expect(setNames(page)).not.toEqual(expect.arrayContaining(partNames))
    expect(ofType(world, 'identity.refreshed')).toEqual([expect.objectContaining({ result: 'extended' })])
    await browser.open(`${url}/private`)
    expect(world.emulator.requests.refresh).toBe(1)
  })

  it('HLD-03 a revocation reaches the person although the answer to an earlier extension was lost', async () => {
    const { world, browser } = await signedIn({
      ...quick,
      emulator: { tokenSeconds: 86_400, idleSeconds: 86_400, sessionSeconds: 86_400 },
      applications: {
        benefits: {
          application: { sensitivity: 'basic' },
          identityProvider: { refresh: { afterSeconds: 600, waitMilliseconds: 5000 } },
        },
      },
    })
    const { emulator } = world
    emulator.setRefreshAnswer('empty')
    /** Visits, until nothing waits any more: an extension is due as much later as the last was after the issue. */
    const visits = async (count: number) => {
      for (; count > 0; count -= 1) {
        world.travel(700)
        expect((await browser.fetch(`${url}/private`)).status).toBe(200)
      }
    }
    const loseAnswer = async () => {
      emulator.faults.set({ unreachable: ['refresh'] })
      const { length } = ofType(world, 'identity.degraded')
      await visits(1)
      expect(ofType(world, 'identity.degraded')).toHaveLength(length + 1)
      emulator.faults.clear()
    }
    const refuse = () => emulator.faults.set({ status: { refresh: 401 } })
    await loseAnswer()
    // Perhaps spent, as long as nothing shows that it is not.
    refuse()
    await visits(2)
    emulator.faults.clear()
    await visits(1)
    expect(ofType(world, 'identity.refreshed')).toEqual([expect.objectContaining({ result: 'extended' })])
    await visits(3)
    await loseAnswer()
    refuse()
    await visits(2)
    expect(ofType(world, 'identity.degraded').at(-1)).toMatchObject({ problem: 'answer-lost' })
    emulator.faults.clear()
    await visits(1)
    expect(ofType(world, 'identity.refreshed')).toHaveLength(2)
    await visits(10)
    refuse()
    await visits(1)
    world.travel(60)
    const over = await browser.fetch(`${url}/private`)
    expect(await over.json()).toMatchObject({ reason: 'identity-ended' })
  })

  it('REF-1 is one POST for a hundred requests at once on two instances, and everybody is served', async () => {
    const { world, browser } = await signedIn()
    const twin = secondInstance(world)
    const cookie = await browser.cookieHeader(url)
    world.travel(700)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        index % 2 === 0
          ? replay(world, cookie)
          : twin(new Request(`${url}/private`, { headers: { cookie } })),
      ),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(100).fill(200))
    expect(world.emulator.requests.refresh).toBe(1)
  })

  it('keeps the result for every response to the old token, until the new one is presented', async () => {
    const { world, browser } = await signedIn()
    const old = await browser.cookieHeader(url)
    world.travel(700)
    const first = await replay(world, old)
    const second = await replay(world, old)
    const signatureOf = (response: Response) =>
      response.headers
        .getSetCookie()
        .find((line) => line.startsWith('c1_signature='))
        ?.split(';')[0]
    expect(signatureOf(second)).toBe(signatureOf(first))
    expect(world.emulator.requests.refresh).toBe(1)
    const fresh = first.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    expect((await replay(world, fresh)).status).toBe(200)
    const third = await replay(world, old)
    expect(third.status).toBe(200)
    expect(setNames(third)).not.toEqual(expect.arrayContaining(partNames))
  })

  it('takes a token of the same session that the provider renewed by itself for the newest', async () => {
    const { world, browser } = await signedIn()
    world.travel(700)
    await browser.open(`${world.emulator.url}/`)
    const page = await browser.open(`${url}/private`)
    expect(page.status).toBe(200)
    expect(world.emulator.requests.refresh).toBe(0)
    expect(
      world.application('benefits').events.filter((event) => event.type === 'session.started'),
    ).toHaveLength(1)
  })
})

describe('a refresh that fails', () => {
  it.each([
    ['down', { down: true }, 'network'],
    ['429', { status: { refresh: 429 } }, 'status'],
    ['403', { status: { refresh: 403 } }, 'status'],
    ['500', { status: { refresh: 500 } }, 'status'],
    ['503', { status: { refresh: 503 }, retryAfterSeconds: 120 }, 'status'],
    ['a page instead of JSON', { nonsense: { refresh: 'html' } }, 'answer'],
    ['a huge body', { nonsense: { refresh: 'huge' } }, 'answer'],
    ['the token unchanged', { nonsense: { refresh: 'unchanged' } }, 'unchanged'],
    ['a token of somebody else', { nonsense: { refresh: 'other-person' } }, 'subject'],
  ] as const)(
    'REF-2 REF-3 %s: nobody is signed out before exp, and the next try waits',
    async (_name, fault, problem) => {
      const { world, browser } = await signedIn()
      world.emulator.faults.set(fault)
      world.travel(700)
      const page = await browser.open(`${url}/private`)
      expect(page.status).toBe(200)
      expect(JSON.parse(page.body)).toMatchObject({ state: 'active', degraded: true })
      expect(setNames(page)).not.toEqual(expect.arrayContaining(partNames))
      const [event] = ofType(world, 'identity.degraded')
      expect(event?.problem).toBe(problem)
      const wait = event?.retryAfterSeconds ?? 0
      expect(wait).toBeGreaterThanOrEqual(problem === 'status' && 'retryAfterSeconds' in fault ? 120 : 3.7)
      await browser.open(`${url}/private`)
      expect(ofType(world, 'identity.degraded')).toHaveLength(1)
      world.emulator.faults.clear()
      world.travel(Math.ceil(wait) + 1)
      const later = await browser.open(`${url}/private`)
      expect(JSON.parse(later.body)).toMatchObject({ state: 'active', degraded: false })
      expect(setNames(later)).toEqual(expect.arrayContaining(partNames))
    },
  )

  it('REF-2 lives on in an outage until exp, and no longer', async () => {
    const { world, browser } = await signedIn()
    world.emulator.faults.set({ down: true })
    for (let minute = 0; minute < 20; minute += 1) {
      expect((await browser.fetch(`${url}/private`)).status).toBe(200)
      world.travel(60)
    }
    world.travel(31)
    const over = await browser.fetch(`${url}/private`)
    expect(over.status).toBe(401)
    expect(await over.json()).toMatchObject({ reason: 'token-expired' })
  })

  it('onUnavailable: end signs out at the first failure instead', async () => {
    const { world, browser } = await signedIn(
      withOptions({
        identityProvider: { refresh: { onUnavailable: 'end', waitMilliseconds: 5000 } },
        application: { sensitivity: 'basic' },
      }),
    )
    world.emulator.faults.set({ down: true })
    world.travel(700)
    const response = await browser.fetch(`${url}/private`)
    expect(await response.json()).toMatchObject({ reason: 'identity-ended' })
  })

  it('REF-2 a 401 that is repeated ends the session with the reason', async () => {
    const { world, browser } = await signedIn()
    world.emulator.revoke('ana')
    world.travel(700)
    expect((await browser.fetch(`${url}/private`)).status).toBe(200)
    world.travel(60)
    const response = await browser.fetch(`${url}/private`)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ reason: 'identity-ended' })
    expect(ofType(world, 'identity.refused')).toEqual([expect.objectContaining({ status: 401 })])
    expect(ofType(world, 'session.ended')).toEqual([expect.objectContaining({ reason: 'identity-ended' })])
  })

  it('REF-2 a 401 for an old token says nothing about the newest', async () => {
    const { world, browser } = await signedIn({
      ...quick,
      emulator: { ...quick.emulator, acceptsOlderTokens: false },
    })
    const old = await browser.cookieHeader(url)
    world.travel(700)
    await browser.open(`${world.emulator.url}/`)
    expect((await browser.open(`${url}/private`)).status).toBe(200)
    const stale = await replay(world, old)
    expect(stale.status).toBe(200)
    expect(ofType(world, 'session.ended')).toEqual([])
  })

  it('HLD-03 a provider that refuses most people at once is broken: the breaker keeps all of them', async () => {
    const world = await createWorld({
      ...quick,
      emulator: {
        ...quick.emulator,
        people: Array.from({ length: 12 }, (_, index) => ({
          username: `p${index}`,
          password: `p${index}-password`,
        })),
      },
    })
    const cookies = await Promise.all(
      Array.from({ length: 12 }, (_, index) => world.emulator.cookiesFor(`p${index}`)),
    )
    for (const cookie of cookies) expect((await replay(world, cookie)).status).toBe(200)
    world.emulator.faults.set({ status: { refresh: 401 } })
    world.travel(700)
    for (let minute = 0; minute < 5; minute += 1) {
      for (const cookie of cookies) expect((await replay(world, cookie)).status).toBe(200)
      world.travel(60)
    }
    expect(new Set(ofType(world, 'identity.degraded').map((event) => event.problem))).toEqual(
      new Set(['refused', 'outage']),
    )
    world.emulator.faults.clear()
    for (const cookie of cookies) {
      const answer = await replay(world, cookie)
      expect([answer.status, setNames(answer)]).toEqual([200, expect.arrayContaining(partNames)])
    }
  })

  it('goes on without waiting for a slow answer, and hands the result over later', async () => {
    const { world, browser } = await signedIn(
      withOptions({
        identityProvider: { refresh: { waitMilliseconds: 1 } },
        application: { sensitivity: 'basic' },
      }),
    )
    const release = world.emulator.faults.hold('refresh')
    world.travel(700)
    const page = await browser.open(`${url}/private`)
    expect(page.status).toBe(200)
    expect(setNames(page)).not.toEqual(expect.arrayContaining(partNames))
    const events = world.application('benefits').events
    const refreshed = new Promise<void>((resolve) => {
      events.push = (...more) => {
        if (more.some((event) => event.type === 'identity.refreshed')) resolve()
        return Array.prototype.push.apply(events, more)
      }
    })
    release()
    await refreshed
    expect(setNames(await browser.open(`${url}/private`))).toEqual(expect.arrayContaining(partNames))
    expect(world.emulator.requests.refresh).toBe(1)
  })

  it('CK-14 RACE-1 sets no cookie when the person signed out while the refresh was under way', async () => {
    const { world, browser } = await signedIn()
    const cookie = await browser.cookieHeader(url)
    world.travel(700)
    const release = world.emulator.faults.hold('refresh')
    const pending = replay(world, cookie)
    await world.emulator.arrived('refresh', 1)
    await browser.post(`${url}/session/logout`, {})
    release()
    const response = await pending
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ reason: 'signed-out' })
    expect(setNames(response)).toEqual([])
  })
})

describe('a session value that changes at a refresh', () => {
  it('is an alias: the old beginning stays, and one logout ends it under both names', async () => {
    const { world, browser } = await signedIn()
    const began = world.now()
    const old = await browser.cookieHeader(url)
    world.emulator.faults.set({ nonsense: { refresh: 'other-session' } })
    world.travel(700)
    await browser.open(`${url}/private`)
    expect(ofType(world, 'session.aliased')).toHaveLength(1)
    world.emulator.faults.clear()
    const renewed = await browser.cookieHeader(url)
    expect(renewed).not.toBe(old)
    const citizen = await shown(await browser.fetch(`${url}/private`))
    expect(citizen.session.startedAt).toBe(began)
    const twin = secondInstance(world)
    const seen = await shown(await twin(new Request(`${url}/private`, { headers: { cookie: renewed } })))
    expect(seen.session.publicId).toBe(citizen.session.publicId)
    await browser.post(`${url}/session/logout`, {})
    for (const cookie of [old, renewed]) {
      expect((await replay(world, cookie)).status).toBe(401)
      expect((await twin(new Request(`${url}/private`, { headers: { cookie } }))).status).toBe(401)
    }
  })
})

describe('citizen.refresh()', () => {
  it('extends at once, and says whether the provider answered with a success', async () => {
    const { world, browser } = await signedIn()
    world.travel(5)
    const cookie = await browser.cookieHeader(url)
    const exchange = new TestExchange(new Request(`${url}/private`, { headers: { cookie } }))
    const citizen = await world.application('benefits').suite.authenticate(exchange)
    const { refresh } = citizen.state === 'active' ? citizen : { refresh: undefined }
    expect(await refresh?.()).toBe(true)
    expect(exchange.cookies.map((each) => each.name)).toEqual(partNames)
  })

  it('says false when the provider cannot be reached', async () => {
    const { world, browser } = await signedIn()
    world.emulator.faults.set({ down: true })
    const cookie = await browser.cookieHeader(url)
    const exchange = new TestExchange(new Request(`${url}/private`, { headers: { cookie } }))
    const citizen = await world.application('benefits').suite.authenticate(exchange)
    expect(citizen.state === 'active' && (await citizen.refresh())).toBe(false)
    expect(exchange.cookies).toEqual([])
  })
})

/** Another process of the same application: nothing shared but the store. */
function secondInstance(world: World) {
  const suite = createSuite(
    optionsOf(
      'benefits',
      { emulator: world.emulator, clock: world.now, store: world.store },
      quick.applications?.benefits,
    ),
    {},
  )
  return (request: Request) => serve(suite, request)
}

describe('HLD-05 a clock that was ahead and is put back', () => {
  const ahead = 3000
  const due = 600
  const place: WorldOptions = {
    emulator: { ...quick.emulator, tokenSeconds: 7200 },
    applications: {
      benefits: {
        application: { sensitivity: 'basic' },
        identityProvider: { refresh: { waitMilliseconds: 5000, afterSeconds: due } },
      },
    },
  }

  it.each(['an extension without a token', 'a failure'])(
    'HLD-05 is followed by a refresh when one is due, after %s',
    async (answer) => {
      const { world, browser } = await signedIn(place)
      world.travel(ahead)
      if (answer === 'a failure') world.emulator.faults.set({ status: { refresh: 500 } })
      else world.emulator.setRefreshAnswer('empty')
      await browser.open(`${url}/private`)
      expect(world.emulator.requests.refresh).toBe(1)
      world.travel(-ahead)
      world.emulator.faults.clear()
      world.emulator.setRefreshAnswer('token')
      world.travel(due - 1)
      await browser.open(`${url}/private`)
      expect(world.emulator.requests.refresh).toBe(1)
      world.travel(1)
      expect(setNames(await browser.open(`${url}/private`))).toEqual(expect.arrayContaining(partNames))
    },
  )
})
