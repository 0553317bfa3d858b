/** @module A token that a provider has replaced: its successor outlives outages, stops and answers that are half good. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../../src/index.js'
import type { RecordAddress } from '../../src/session-record.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { dueSeconds, type Engine, engines } from './renewals.js'

const rows = engines.flatMap(([name, create]) =>
  [false, true].map(
    (isSlow) => [name, isSlow ? 'a slow store' : 'memory', () => create({ isSlow })] as const,
  ),
)

/** No token was sent twice: the provider takes each of them once. */
const expectEachSentOnce = ({ sent }: Engine) => expect(new Set(sent).size).toBe(sent.length)

async function expectRenewable(engine: Engine, instance?: Parameters<Engine['visit']>[0]): Promise<void> {
  const before = engine.sent.length
  for (let round = 0; round < 3; round += 1) {
    engine.travel(dueSeconds)
    expect(await engine.visit(instance)).toMatchObject({ state: 'active', degraded: false })
  }
  expect(engine.sent.length).toBeGreaterThan(before + 1)
  expectEachSentOnce(engine)
}

afterEach(() => {
  vi.useRealTimers()
})

describe.each(rows)('the successor of a token of %s on %s', (_engine, _store, start) => {
  it('HLD-07 is written by the next request where the store was away for the write', async () => {
    const engine = await start()
    engine.travel(dueSeconds)
    engine.fault.fails = (name) => name === 'keepRefresh'
    expect(await engine.visit()).toMatchObject({ state: 'active' })
    expect(engine.fault.count).toBe(1)
    expect(engine.events).toContainEqual(
      expect.objectContaining({ type: 'identity.degraded', problem: 'store' }),
    )
    engine.fault.fails = () => false
    engine.travel(2)
    expect(await engine.visit()).toMatchObject({ state: 'active', degraded: false })
    expect(engine.sent).toHaveLength(1)
    await expectRenewable(engine)
  })

  it('HLD-07 is not lost to a store that goes away at any step, for one call or for ten seconds', async () => {
    for (const calls of [1, 40]) {
      for (let from = 4; from < 10; from += 1) {
        const engine = await start()
        engine.travel(dueSeconds)
        let call = 0
        engine.fault.fails = () => {
          call += 1
          return call >= from && call < from + calls
        }
        expect(['active', 'unavailable'], `${calls} from ${from}`).toContain((await engine.visit()).state)
        engine.travel(10)
        engine.fault.fails = () => false
        await engine.visit()
        engine.travel(62)
        expect(await engine.visit(), `${calls} from ${from}`).toMatchObject({ state: 'active' })
        await expectRenewable(engine)
        expect(engine.events.some(({ type }) => type === 'session.ended')).toBe(false)
      }
    }
  })

  it('HLD-07 is written without a request, and then known to another instance', async () => {
    const engine = await start()
    engine.travel(dueSeconds)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    engine.fault.fails = (name) => name === 'keepRefresh'
    const visit = engine.visit()
    await vi.advanceTimersByTimeAsync(0)
    await visit
    await vi.advanceTimersByTimeAsync(1000)
    expect(engine.fault.count).toBeGreaterThan(1)
    engine.fault.fails = () => false
    await vi.advanceTimersByTimeAsync(10_000)
    vi.useRealTimers()
    engine.travel(2)
    const twin = engine.twin()
    expect(await engine.visit(twin)).toMatchObject({ state: 'active' })
    expect(engine.sent).toHaveLength(1)
    await expectRenewable(engine, twin)
  })

  it('HLD-07 is waited for by a stop, also while the store is away for a write', async () => {
    const engine = await start()
    engine.travel(dueSeconds)
    let answer = (): void => undefined
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    let arrive = (): void => undefined
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    engine.script.onSent = () => {
      arrive()
      return held
    }
    const visit = engine.visit()
    await arrived
    engine.fault.fails = (name) => name === 'keepRefresh' && engine.fault.count < 2
    let isClosed = false
    const closing = engine.suite.close().then(() => {
      isClosed = true
    })
    await Promise.resolve()
    expect(isClosed).toBe(false)
    answer()
    await Promise.all([closing, visit])
    expect(engine.fault.count).toBe(2)
    engine.script.onSent = () => undefined
    engine.travel(2)
    const twin = engine.twin()
    expect(await engine.visit(twin)).toMatchObject({ state: 'active', degraded: false })
    expect(engine.sent).toHaveLength(1)
    await expectRenewable(engine, twin)
  })

  it('HLD-07 may be lost on its way: a refusal after that ends nothing before the tokens expire', async () => {
    const engine = await start()
    engine.travel(dueSeconds)
    engine.script.onAnswer = () => {
      throw new TypeError('the connection broke')
    }
    expect(await engine.visit()).toMatchObject({ state: 'active', degraded: true })
    engine.script.onAnswer = (answer) => answer
    for (let tries = 0; tries < 4; tries += 1) {
      engine.travel(62)
      expect(await engine.visit(tries === 2 ? engine.twin() : undefined)).toMatchObject({ state: 'active' })
    }
    expect(engine.sent.length).toBeGreaterThan(2)
    expect(engine.events).toContainEqual(expect.objectContaining({ problem: 'answer-lost' }))
    engine.travel(700)
    expect(await engine.visit()).toMatchObject({ state: 'anonymous' })
  })

  it('HLD-07 does not hide a revocation: a token that had its answer is refused for good', async () => {
    const engine = await start()
    engine.script.onAnswer = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    engine.travel(dueSeconds)
    expect(await engine.visit()).toMatchObject({ state: 'active', degraded: true })
    engine.travel(61)
    expect(await engine.visit()).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })
})

it('HLD-07 the successor of a shared token is kept under the generation that the session has by then', async () => {
  const [[, start]] = engines
  const engine = await start()
  engine.travel(dueSeconds)
  let isRaised = false
  engine.fault.before = (name, [address, generation], store) => {
    if (name !== 'keepRefresh' || isRaised) return
    isRaised = true
    const raised = store.update(address as RecordAddress, generation as string, {
      generation: 'g'.repeat(22),
    })
    expect(raised).toBe(true)
  }
  expect(await engine.visit()).toMatchObject({ state: 'active', degraded: false })
  expect(isRaised).toBe(true)
  await expectRenewable(engine)
})

it('HLD-07 neither of two logins loses its tokens to a renewal that was under way', async () => {
  const place = createPlace({ suite: { application: { sensitivity: 'public' } } })
  place.script.sid = 'one-session'
  const newest = new Map<string, string>()
  const sent: string[] = []
  let logins = 0
  let serial = 0
  let meanwhile = async (): Promise<void> => undefined
  place.script.onToken = async (form) => {
    const spent = form.get('refresh_token')
    if (spent === null) logins += 1
    else {
      sent.push(spent)
      const run = meanwhile
      meanwhile = async () => undefined
      await run()
    }
    const family = spent?.split('/')[0] ?? `login-${logins}`
    if (spent !== null && newest.get(family) !== spent) {
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    serial += 1
    newest.set(family, `${family}/${serial}`)
    const nonce = place.asked.at(-1)?.get('nonce')
    return Response.json({
      access_token: `a${serial}`,
      token_type: 'Bearer',
      expires_in: 1200,
      refresh_token: newest.get(family),
      ...(spent === null ? { id_token: place.idToken({ nonce }) } : {}),
    })
  }
  const first = place.browser()
  const second = place.browser()
  await first.open(`${home}/session/login?returnTo=/private`)
  place.travel(dueSeconds)
  meanwhile = async () => {
    await second.open(`${home}/session/login?returnTo=/private`)
  }
  await first.open(`${home}/private`)
  for (let round = 0; round < 4; round += 1) {
    place.travel(dueSeconds)
    await second.open(`${home}/private`)
    expect(await place.state(second)).toMatchObject({ state: 'active', degraded: false })
  }
  expect(new Set(sent).size).toBe(sent.length)
  expect(sent.slice(1).every((token) => token.startsWith('login-2/'))).toBe(true)
})

it('HLD-07 a login that meets a store away for one write leaves the session its old tokens', async () => {
  let fails = false
  const place = createPlace({
    suite: { application: { sensitivity: 'public' } },
    store: (store) => ({
      ...store,
      keepRefresh(...given) {
        if (fails) throw new StoreUnavailableError('away')
        return store.keepRefresh(...given)
      },
    }),
  })
  place.script.sid = 'one-session'
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  place.travel(60)
  place.script.authTime = place.now() / 1000
  fails = true
  await browser.open(`${home}/session/login?returnTo=/private&maxAge=10`)
  fails = false
  place.travel(2000)
  await browser.open(`${home}/private`)
  expect(await place.state(browser)).toMatchObject({ state: 'active', degraded: false })
  expect(place.grants.filter((form) => form.has('refresh_token'))).toHaveLength(1)
})

describe('a refresh token beside an ID token that is not to be used', () => {
  const seconds = (place: ReturnType<typeof createPlace>) => Math.floor(place.now() / 1000)
  const odd = {
    'another time of authentication': (place) => ({ auth_time: seconds(place) }),
    'another authorized party': () => ({ azp: 'permits' }),
    'another audience': () => ({ aud: 'permits' }),
    'a time of issue before the last': (place) => ({ iat: seconds(place) - 9000, exp: seconds(place) + 300 }),
    'an expiry that has passed': (place) => ({ iat: seconds(place) - 400, exp: seconds(place) - 100 }),
    'an event of a logout token': () => ({ events: {} }),
    'a nonce that was not sent': () => ({ nonce: 'another' }),
  } as const satisfies Record<string, (place: ReturnType<typeof createPlace>) => Record<string, unknown>>

  const lived = async (firstIdToken: (place: ReturnType<typeof createPlace>) => string) => {
    const place = createPlace({ suite: { application: { sensitivity: 'public' } } })
    let current = 'r0'
    const sent: string[] = []
    place.script.expiresIn = 1200
    place.script.onToken = (form) => {
      const spent = form.get('refresh_token')
      if (spent !== null) {
        sent.push(spent)
        if (spent !== current) return Response.json({ error: 'invalid_grant' }, { status: 400 })
      }
      current = `r${sent.length}`
      const nonce = place.asked.at(-1)?.get('nonce')
      const idToken =
        spent === null ? place.idToken({ nonce }) : sent.length === 1 ? firstIdToken(place) : undefined
      return Response.json({
        access_token: `a${sent.length}`,
        token_type: 'Bearer',
        expires_in: 1200,
        refresh_token: current,
        id_token: idToken,
      })
    }
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    const before = await place.state(browser)
    place.travel(dueSeconds)
    const during = await place.state(browser)
    for (let minute = 0; minute < 25; minute += 1) {
      place.travel(60)
      await browser.fetch(`${home}/private`)
    }
    return { place, sent, before, during, after: await place.state(browser) }
  }

  it.each(Object.entries(odd))(
    'HLD-07 SES-21 is kept, and nothing else of the answer: %s',
    async (_, more) => {
      const { place, sent, before, during, after } = await lived((there) => there.idToken(more(there)))
      expect(during).toMatchObject({ state: 'active', degraded: true })
      expect(after).toMatchObject({ state: 'active', degraded: false })
      expect(sent.slice(0, 2)).toEqual(['r0', 'r1'])
      expect(new Set(sent).size).toBe(sent.length)
      expect({ ...during, session: undefined, degraded: undefined }).toEqual({
        ...before,
        session: undefined,
        degraded: undefined,
      })
      expect(place.events).toContainEqual(
        expect.objectContaining({ type: 'identity.degraded', problem: expect.stringMatching(/^id-token-/) }),
      )
    },
  )

  it.each([
    ['somebody else’s', (place: ReturnType<typeof createPlace>) => place.idToken({ sub: 'ben' })],
    [
      'of another issuer',
      (place: ReturnType<typeof createPlace>) => place.idToken({ iss: 'https://evil.example' }),
    ],
    [
      'not signed by the provider',
      (place: ReturnType<typeof createPlace>) => `${place.idToken().slice(0, -8)}AAAAAAAA`,
    ],
  ])('SES-21 is not kept where the ID token is %s', async (_, idToken) => {
    const { sent, after } = await lived(idToken)
    expect(sent).not.toContain('r1')
    // The old one is spent: the session lives until its tokens expire. Only then a refusal says something.
    expect(after).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })
})
