/** @module Back-channel logout at the endpoint: whom it ends, what it answers, and what cannot undo it. */
import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/errors.js'
import type { Exchange } from '../../src/exchange.js'
import { memoryStore } from '../../src/index.js'
import type { Store } from '../../src/stores/store.js'
import { createOidcWorld, type OidcWorld, providerUrl, stateAt, urlOf } from './world.js'

const home = urlOf('benefits')
const endpoint = `${home}/session/backchannel-logout`

const send = (
  world: OidcWorld,
  body: string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/x-www-form-urlencoded' },
): Promise<Response> =>
  world.party('benefits').handle(new Request(endpoint, { method: 'POST', headers, body }))

const sendToken = (world: OidcWorld, jwt: string): Promise<Response> =>
  send(world, new URLSearchParams({ logout_token: jwt }).toString())

const tokenFor = (
  world: OidcWorld,
  request: Parameters<NonNullable<OidcWorld['emulator']['openid']>['logoutToken']>[1] = {},
) => world.emulator.openid.logoutToken('benefits', request)

const signedIn = async (world: OidcWorld, username = 'ana') => {
  const browser = world.browser()
  await world.signIn(browser, 'benefits', username)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  return browser
}

const subOf = (world: OidcWorld, username: string): string =>
  world.emulator.people.find((person) => person.username === username)?.sub ?? ''
const sidOf = (world: OidcWorld, username: string): string =>
  world.emulator.openid.participants(username)[0]?.sid ?? ''

describe('whom it ends', () => {
  it('BCL-23 one session, by sid and sub: another device of the person stays', async () => {
    const world = await createOidcWorld()
    const phone = await signedIn(world)
    const laptop = await signedIn(world)
    const jwt = await tokenFor(world, { sub: subOf(world, 'ana'), sid: sidOf(world, 'ana'), hasSid: true })
    expect((await sendToken(world, jwt)).status).toBe(200)
    expect(await stateAt(phone, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
    expect(await stateAt(laptop, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('BCL-23 nobody where sub and sid do not belong together', async () => {
    const world = await createOidcWorld()
    const ana = await signedIn(world)
    const dan = await signedIn(world, 'dan')
    const jwt = await tokenFor(world, { sub: subOf(world, 'dan'), sid: sidOf(world, 'ana'), hasSid: true })
    expect((await sendToken(world, jwt)).status).toBe(200)
    expect(await stateAt(ana, 'benefits')).toMatchObject({ state: 'active' })
    expect(await stateAt(dan, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('BCL-21 one session by sid alone', async () => {
    const world = await createOidcWorld()
    const phone = await signedIn(world)
    const laptop = await signedIn(world)
    const sid = sidOf(world, 'ana')
    const jwt = await tokenFor(world, { sid, hasSid: true, claims: { sub: undefined } })
    expect((await sendToken(world, jwt)).status).toBe(200)
    expect(await stateAt(phone, 'benefits')).toMatchObject({ state: 'anonymous' })
    expect(await stateAt(laptop, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('BCL-21 nothing of the same sid at another issuer', async () => {
    const world = await createOidcWorld()
    const browser = await signedIn(world)
    const jwt = await tokenFor(world, {
      sid: sidOf(world, 'ana'),
      hasSid: true,
      claims: { sub: undefined, iss: 'https://other.example' },
    })
    expect((await sendToken(world, jwt)).status).toBe(400)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('BCL-22 every session of the person by sub alone, in every application, and a later login is good', async () => {
    const world = await createOidcWorld({ benefits: {}, permits: {} })
    const phone = await signedIn(world)
    const laptop = await signedIn(world)
    await world.signIn(laptop, 'permits')
    const other = await signedIn(world, 'dan')
    world.travel(1)
    const jwt = await tokenFor(world, { sub: subOf(world, 'ana'), hasSid: false, claims: { sid: undefined } })
    expect((await sendToken(world, jwt)).status).toBe(200)
    expect(await stateAt(phone, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
    expect(await stateAt(laptop, 'benefits')).toMatchObject({ state: 'anonymous' })
    expect(await stateAt(laptop, 'permits')).toMatchObject({ state: 'anonymous' })
    expect(await stateAt(other, 'benefits')).toMatchObject({ state: 'active' })
    const old = await phone.cookieHeader(home)
    world.travel(1)
    // The provider's own session is there still, and the person comes back after a decision of their own.
    const page = await laptop.open(`${home}/session/login?returnTo=/private`)
    const login = await laptop.press(page, /^Sign in$/)
    const done = await laptop.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(done.url).toBe(`${home}/private`)
    expect(await stateAt(laptop, 'benefits')).toMatchObject({ state: 'active' })
    const replayed = await world
      .party('benefits')
      .handle(new Request(`${home}/open`, { headers: { cookie: old } }))
    expect(await replayed.json()).toMatchObject({ state: 'anonymous' })
    expect(await stateAt(phone, 'benefits')).toMatchObject({ state: 'anonymous' })
  })

  it('BCL-24 nobody, which is a success as well', async () => {
    const world = await createOidcWorld()
    const jwt = await tokenFor(world, { sub: 'nobody', sid: 'none', hasSid: true })
    expect((await sendToken(world, jwt)).status).toBe(200)
  })

  it('BCL-25 drops the tokens with the session', async () => {
    const world = await createOidcWorld()
    const browser = await signedIn(world)
    const [asked] = world.called.filter(({ body }) => body.includes('grant_type=authorization_code'))
    expect(asked).toBeDefined()
    await sendToken(world, await tokenFor(world))
    world.travel(400)
    await browser.open(`${home}/private`)
    expect(world.called.some(({ body }) => body.includes('grant_type=refresh_token'))).toBe(false)
  })
})

describe('what it takes', () => {
  it('BCL-01 only a form', async () => {
    const world = await createOidcWorld()
    const browser = await signedIn(world)
    const jwt = await tokenFor(world)
    const json = await send(world, JSON.stringify({ logout_token: jwt }), {
      'content-type': 'application/json',
    })
    expect(json.status).toBe(400)
    const get = await world.party('benefits').handle(new Request(`${endpoint}?logout_token=${jwt}`))
    expect(get.status).toBe(405)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it.each([
    ['BCL-02 nothing', ''],
    ['BCL-02 an empty token', 'logout_token='],
    ['BCL-02 other parameters', 'token=x'],
    ['BCL-03 two tokens', 'logout_token=a&logout_token=b'],
    ['BCL-04 a token that is too long', `logout_token=${'x'.repeat(8193)}`],
    ['what is no token', 'logout_token=<script>'],
  ])(
    '%s is refused with BCL-29 an error that a program can read, and BCL-28 kept by nobody',
    async (_, body) => {
      const world = await createOidcWorld()
      const answer = await send(world, body)
      expect(answer.status).toBe(400)
      expect(answer.headers.get('content-type')).toBe('application/json')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(await answer.json()).toEqual({ error: 'invalid_request', error_description: expect.any(String) })
    },
  )

  it('BCL-02 ignores parameters that it does not know', async () => {
    const world = await createOidcWorld()
    const browser = await signedIn(world)
    const body = new URLSearchParams({ logout_token: await tokenFor(world), other: 'x' })
    expect((await send(world, body.toString())).status).toBe(200)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  })

  it('BCL-28 BCL-30 answers 200 without a cookie, needs none, and is kept by nobody', async () => {
    const world = await createOidcWorld()
    await signedIn(world)
    const answer = await sendToken(world, await tokenFor(world))
    expect([answer.status, await answer.text()]).toEqual([200, ''])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  it.each([
    'alg-hs256',
    'alg-none',
    'unsigned',
    'stranger-key',
    'late',
    'no-subject',
    'wrong-iss',
    'wrong-aud',
    'with-nonce',
    'without-events',
    'wrong-event',
    'without-jti',
    'older-provider',
  ] as const)('no token that is %s', async (fault) => {
    const world = await createOidcWorld()
    const browser = await signedIn(world)
    const answer = await sendToken(world, await tokenFor(world, { fault }))
    expect(answer.status).toBe(400)
    expect(await answer.text()).not.toContain('eyJ')
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('BCL-31 no ID token', async () => {
    const world = await createOidcWorld({ benefits: { oidc: { pushedAuthorization: 'never' } } })
    const browser = await signedIn(world)
    const logout = await browser.post(`${home}/session/logout`, { scope: 'everywhere' })
    const visited = logout.path.find((url) => url.includes('id_token_hint=')) ?? ''
    const idToken = new URL(visited).searchParams.get('id_token_hint') ?? ''
    expect(idToken).toMatch(/^eyJ/)
    const answer = await sendToken(world, idToken)
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_request' }])
  })
})

describe('a token that comes again', () => {
  it('BCL-14 is refused, on whichever instance, for longer than it could be accepted', async () => {
    const world = await createOidcWorld()
    await signedIn(world)
    const jwt = await tokenFor(world)
    expect((await sendToken(world, jwt)).status).toBe(200)
    const browser = await signedIn(world)
    for (const seconds of [0, 60, 60, 30, 30]) {
      world.travel(seconds)
      expect((await sendToken(world, jwt)).status).toBe(400)
    }
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('BCL-14 ends once where fifty bring it at once', async () => {
    const world = await createOidcWorld()
    await signedIn(world)
    const jwt = await tokenFor(world)
    const answers = await Promise.all(Array.from({ length: 50 }, () => sendToken(world, jwt)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

it.each(['outage', 'unacknowledged', 'unsettled'] as const)(
  'BCL-15 BCL-27 answers 400 after an end that is not confirmed (%s), and the same token works at the next try',
  async (kind) => {
    let isFailing = false
    const fragile = (clock: () => number): Store => {
      const inner = memoryStore({ clock })
      return {
        ...inner,
        async revoke(...given) {
          if (isFailing && kind === 'outage') throw new StoreUnavailableError('the store is away')
          const result = await inner.revoke(...given)
          return isFailing && kind === 'unacknowledged' ? { ...result, acknowledged: false } : result
        },
        async confirmClaim(...given) {
          if (isFailing && kind === 'unsettled') throw new StoreUnavailableError('the store is away')
          return inner.confirmClaim(...given)
        },
      }
    }
    const world = await createOidcWorld({ benefits: {} }, { store: fragile })
    const browser = await signedIn(world)
    const jwt = await tokenFor(world)
    isFailing = true
    const answer = await sendToken(world, jwt)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: 'logout_failed', error_description: expect.any(String) })
    isFailing = false
    expect((await sendToken(world, jwt)).status).toBe(200)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  },
)

it('answers 400 while the provider’s keys cannot be had, and works once they can', async () => {
  const world = await createOidcWorld()
  const browser = await signedIn(world)
  const jwt = await tokenFor(world)
  await world.emulator.rotateKeys()
  const rotated = await tokenFor(world)
  world.outage = true
  expect((await sendToken(world, rotated)).status).toBe(400)
  world.outage = false
  world.travel(31)
  expect((await sendToken(world, rotated)).status).toBe(200)
  expect(jwt).not.toBe(rotated)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
})

it('JWT-16 takes no token of a key that was purged in an emergency', async () => {
  const world = await createOidcWorld()
  const browser = await signedIn(world)
  const jwt = await tokenFor(world)
  await world.emulator.rotateKeys({ dropOld: true })
  world.party('benefits').suite.purgeKeys()
  expect((await sendToken(world, jwt)).status).toBe(400)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
})

describe('races', () => {
  it('RACE-3 a callback that comes after the logout of its session starts nothing', async () => {
    const world = await createOidcWorld({ permits: {}, benefits: {} })
    const browser = world.browser()
    await world.signIn(browser, 'permits')
    const asPage = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
    const login = await browser.fetch(`${home}/session/login?returnTo=/private`, { headers: asPage })
    // The provider answers at once; its answer is still on its way when the logout comes.
    const authorize = login.headers.get('location') ?? ''
    const answer = await browser.fetch(authorize, { from: providerUrl, headers: asPage })
    const callback = answer.headers.get('location') ?? ''
    expect(callback).toContain(`${home}/session/callback?`)
    const jwt = await tokenFor(world, { sub: subOf(world, 'ana'), sid: sidOf(world, 'ana'), hasSid: true })
    expect((await sendToken(world, jwt)).status).toBe(200)
    const late = await browser.open(callback)
    expect([late.status, new URL(late.url).pathname]).toEqual([401, '/session/callback'])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  })

  it('BCL-32 a request that is under way writes nothing back', async () => {
    const world = await createOidcWorld()
    const browser = await signedIn(world)
    world.travel(60)
    const requests = Array.from({ length: 20 }, () => browser.open(`${home}/private`))
    await Promise.all([
      ...requests.slice(0, 10),
      sendToken(world, await tokenFor(world)),
      ...requests.slice(10),
    ])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })
})

it('answers none of 10,000 mutations of a good request with anything but 400', async () => {
  const world = await createOidcWorld()
  const browser = await signedIn(world)
  const good = new URLSearchParams({ logout_token: await tokenFor(world) }).toString()
  const { suite } = world.party('benefits')
  const statusOf = async (body: string): Promise<number> => {
    const exchange: Exchange = {
      method: 'POST',
      target: '/session/backchannel-logout',
      remoteAddress: undefined,
      header: (name) => (name === 'content-type' ? 'application/x-www-form-urlencoded' : undefined),
      body: async () => new TextEncoder().encode(body),
      form: async () => new URLSearchParams(body),
      setCookie: () => undefined,
    }
    return (await suite.endpoint(exchange)?.(exchange))?.status ?? 0
  }
  let seed = 4
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed % below
  }
  const letters = 'ABCXYZabcxyz0189-_.=+%&;/ \u0000é{}"'
  const statuses = new Map<number, number>()
  for (let count = 0; count < 10_000; count += 1) {
    const at = 'logout_token='.length + next(good.length - 'logout_token='.length)
    const letter = letters[next(letters.length)] ?? 'A'
    const kind = next(3)
    const body =
      kind === 0
        ? good.slice(0, at) + letter + good.slice(at + 1)
        : kind === 1
          ? good.slice(0, at) + good.slice(at + 1 + next(4))
          : good.slice(0, at) + letter + good.slice(at)
    // An ampersand at the very end changes nothing.
    if (new URLSearchParams(body).get('logout_token') === new URLSearchParams(good).get('logout_token'))
      continue
    const status = await statusOf(body)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  expect([...statuses.keys()]).toEqual([400])
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
}, 120_000)

it('BCL-27 answers 400 while the store has been away since the start, so that the provider tries again', async () => {
  let isAway = true
  const away = (clock: () => number): Store => {
    const inner = memoryStore({ clock })
    return {
      ...inner,
      // As a Redis is: its answer comes later.
      isShared: true,
      async register(...given) {
        if (isAway) throw new StoreUnavailableError('the store is away')
        return inner.register(...given)
      },
    }
  }
  const world = await createOidcWorld({ benefits: {} }, { store: away })
  const jwt = await tokenFor(world, { sub: 'somebody', sid: 'a session' })
  const answer = await sendToken(world, jwt)
  expect(answer.status).toBe(400)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await answer.json()).toEqual({ error: 'logout_failed', error_description: expect.any(String) })
  isAway = false
  const again = await sendToken(world, jwt)
  expect([again.status, await again.text()]).toEqual([200, ''])
})
