/** @module Providers that come and go while the application runs, on instances that are told one after the other. */
import { describe, expect, it, vi } from 'vitest'
import { ConfigurationError, createSuite, memoryStore, StoreUnavailableError } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { saml } from '../../src/saml/saml.js'
import { watchMilliseconds } from '../../src/sessions/ended-signal.js'
import { keyOf } from '../saml/world.js'
import type { Browser } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { shown } from '../support/world.js'
import {
  createPlural,
  type Given,
  home,
  type Instance,
  originOf,
  type PluralPlace,
  routesOf,
} from './plural.js'

const openid: Given = { protocol: 'oidc' }
const both = { adfs: openid, entra: openid } as const
const login = `${home}/session/login?returnTo=/private`

const use = (place: PluralPlace, { handle }: Instance) => place.sites.set(home, handle)
const endsOf = ({ events }: Instance) =>
  events.flatMap((event) => (event.type === 'session.ended' ? [[event.reason, event.provider]] : []))
const codesOf = (promise: Promise<unknown>): Promise<readonly string[]> =>
  promise.then(
    () => [],
    (error: unknown) => {
      if (!(error instanceof ConfigurationError)) throw error
      return error.problems.map(({ path, message }) => `${path} ${message}`)
    },
  )
/** What a navigation finds at a guarded page. */
const guarded = async (browser: Browser) => {
  const visit = await browser.open(`${home}/private`)
  return [visit.status, visit.headers.get('retry-after')]
}

describe('a provider that is added', () => {
  it('signs people in at once, and was answered with 503 before', async () => {
    const place = await createPlural(both, { installed: ['adfs'] })
    const browser = place.browser()
    expect((await browser.open(`${login}&via=entra`)).status).toBe(503)
    expect((await browser.open(`${routesOf('entra')}callback?state=x&code=y`)).status).toBe(503)
    await place.suite.protocols.add(place.plugIn('entra'))
    expect(place.suite.protocols.names).toEqual(['adfs', 'entra'])
    await place.signIn(browser, 'entra')
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: 'entra' })
  })

  it('may be the first of all, where the list at the start is empty', async () => {
    const place = await createPlural(both, { installed: [] })
    expect((await place.browser().open(login)).status).toBe(200)
    await place.suite.protocols.add(place.plugIn('adfs'))
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    expect(await place.who(browser)).toMatchObject({ state: 'active' })
  })

  it('loses no login that comes back to an instance which does not know it yet', async () => {
    const place = await createPlural({ ...both, adfs: { ...openid, oidc: { pushedAuthorization: 'never' } } })
    const late = place.instance(['entra'])
    const browser = place.browser()
    const answer = await browser.fetch(`${login}&via=adfs`)
    use(place, late)
    const visit = await place.goOn(
      browser,
      await browser.open(answer.headers.get('location') ?? '', { from: home }),
    )
    expect([visit.status, visit.headers.get('retry-after')]).toEqual([503, '5'])
    await late.suite.protocols.add(place.plugIn('adfs'))
    const again = await browser.open(visit.url)
    expect([again.status, again.url]).toEqual([200, `${home}/private`])
  })

  it('is told to try again, when it sends a message to an instance which does not know it yet', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const logout_token = await place.emulator('adfs').openid.logoutToken('benefits')
    const body = new URLSearchParams({ logout_token })
    const post = () => new Request(`${routesOf('adfs')}backchannel-logout`, { method: 'POST', body })
    const late = place.instance(['entra'])
    expect((await late.handle(post())).status).toBe(503)
    await late.suite.protocols.add(place.plugIn('adfs'))
    expect((await late.handle(post())).status).toBe(200)
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })

  it.each([
    ['a name that is there', 'adfs', {}, 'protocols.adfs is there already'],
    [
      'the issuer of another',
      'other',
      { issuer: originOf('adfs') },
      'protocols.other has the issuer of adfs',
    ],
    ['options that are wrong', 'other', { scope: 'x' }, 'oidc.other.scope'],
  ])('is refused with %s, and nothing is changed', async (_what, name, more, message) => {
    const place = await createPlural(both)
    const made = () =>
      oidc({ issuer: originOf('x'), clientId: 'benefits', clientSecret: 's', ...more, name } as never)
    const said = await codesOf((async () => place.suite.protocols.add(made()))())
    expect(said).toEqual([expect.stringContaining(message)])
    expect(place.suite.protocols.names).toEqual(['adfs', 'entra'])
  })

  it('needs the option protocols, and secrets that every instance has', async () => {
    const shared = {
      identityProvider: { url: 'https://id.example.gov' },
      sharedCookie: { domain: 'example.gov' },
      application: { id: 'benefits', url: 'https://benefits.example.gov' },
      store: memoryStore(),
    }
    const plugIn = () => oidc({ name: 'adfs', issuer: originOf('adfs'), clientId: 'b', clientSecret: 's' })
    const without = createSuite(shared, {})
    expect(await codesOf(without.protocols.add(plugIn()))).toEqual([
      expect.stringMatching(/^protocols write a list/),
    ])
    const unsecret = createSuite({ ...shared, protocols: [], store: memoryStore() }, {})
    expect(await codesOf(unsecret.protocols.add(plugIn()))).toEqual([
      expect.stringMatching(/^application.secrets is missing/),
    ])
  })

  it('reads from the environment what its options leave out', async () => {
    const suite = createSuite(
      {
        application: { id: 'benefits', url: home, secrets: ['a secret that is thirty-two bytes or more'] },
        protocols: [],
        store: memoryStore(),
      },
      { CITIZEN_OIDC_ADFS_ISSUER: originOf('adfs'), CITIZEN_OIDC_ADFS_CLIENT_ID: 'benefits' },
    )
    expect(await codesOf(suite.protocols.add(oidc({ name: 'adfs' } as never)))).toEqual([
      expect.stringContaining('oidc.adfs.clientSecret'),
    ])
    await suite.protocols.add(oidc({ name: 'adfs', clientAuthentication: 'none' } as never))
    expect(suite.protocols.names).toEqual(['adfs'])
  })
})

describe('a session whose provider an instance does not know', () => {
  it('is unavailable there, never ended, and active again once the provider is added', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const late = place.instance(['entra'])
    use(place, late)
    expect(await place.who(browser)).toMatchObject({ state: 'unavailable', reason: 'provider' })
    expect(await guarded(browser)).toEqual([503, '5'])
    expect(await shown(browser.fetch(`${home}/session/status`))).toMatchObject({ state: 'unavailable' })
    expect(late.events).toEqual([
      expect.objectContaining({ type: 'warning', code: 'provider-unknown', provider: 'adfs' }),
    ])
    place.travel(1000)
    expect(await place.who(browser)).toMatchObject({ state: 'unavailable' })
    place.travel(3000)
    await late.suite.protocols.add(place.plugIn('adfs'))
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: 'adfs' })
    expect(endsOf(place)).toEqual([])
  })

  it('is unavailable to a pure read too', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const { suite } = place.instance(['entra'])
    const headers = { cookie: await browser.cookieHeader(home) }
    const citizen = await suite.peek(new TestExchange(new Request(`${home}/open`, { headers })))
    expect(citizen).toMatchObject({ state: 'unavailable', reason: 'provider' })
  })

  it('may be left: for another provider, or by signing out, which says that nobody knows of the provider', async () => {
    const place = await createPlural({ ...both, third: openid })
    const late = place.instance(['entra', 'third'])
    const leaving = place.browser()
    await place.signIn(leaving, 'adfs')
    const going = place.browser()
    await place.signIn(going, 'adfs')
    use(place, late)
    const page = await leaving.open(login)
    expect([page.status, page.body]).toEqual([503, expect.stringContaining('Nobody has signed you out')])
    const choice = await leaving.press(page, 'Other ways to sign in')
    const visit = await place.goOn(leaving, await leaving.press(choice, /entra/))
    expect([visit.url, await place.who(leaving)]).toMatchObject([`${home}/private`, { provider: 'entra' }])
    const receipt = await (await going.fetch(`${home}/session/logout`, { method: 'POST', from: home })).json()
    expect(receipt).toMatchObject({
      outcome: 'partial',
      legs: expect.arrayContaining([
        expect.objectContaining({ leg: 'sessions', state: 'done' }),
        expect.objectContaining({ leg: 'identity', state: 'unknown', reason: 'provider-unknown' }),
      ]),
    })
    // The next login there asks anew: its session may go on.
    use(place, place)
    const asked = await going.open(`${login}&via=adfs`)
    expect(asked.url).toContain(originOf('adfs'))
    expect(asked.body).toContain('password')
  })
})

describe('the tokens of a session', () => {
  it('are shown to no other provider of the name by which it began, at a renewal or a sign-out', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    // It has been told of the next provider of that name, and not of the removal before.
    const other = place.instance([])
    await other.suite.protocols.add(place.plugIn('entra', { oidc: { name: 'adfs' } }))
    use(place, other)
    place.called.length = 0
    place.travel(301)
    expect(await guarded(browser)).toEqual([200, null])
    expect(await place.who(browser)).toMatchObject({ state: 'active', degraded: true })
    const receipt = await browser.post(`${home}/session/logout`)
    const asked = place.called.filter((url) => !url.endsWith('/.well-known/openid-configuration'))
    expect([asked, receipt.path.filter((url) => !url.startsWith(home))]).toEqual([[], []])
    expect(receipt.body).toContain('Your sign-out is not complete yet')
  })
})

describe('a provider that is replaced', () => {
  it('loses no login that is under way, and no session', async () => {
    const place = await createPlural({ ...both, adfs: { ...openid, oidc: { pushedAuthorization: 'never' } } })
    const [signedIn, onItsWay] = [place.browser(), place.browser()]
    await place.signIn(signedIn, 'adfs')
    const answer = await onItsWay.fetch(`${login}&via=adfs`)
    await place.suite.protocols.replace(place.plugIn('adfs', { oidc: { displayName: 'ADFS' } }))
    const visit = await place.goOn(
      onItsWay,
      await onItsWay.open(answer.headers.get('location') ?? '', { from: home }),
    )
    expect([visit.status, visit.url]).toEqual([200, `${home}/private`])
    expect(await place.who(signedIn)).toMatchObject({ state: 'active' })
    expect((await place.browser().open(login)).body).toContain('<button>ADFS</button>')
    expect(endsOf(place)).toEqual([])
  })

  it.each([
    [
      'one that is not there',
      () => oidc({ name: 'other', issuer: originOf('o'), clientId: 'b', clientSecret: 's' }),
      'protocols.other is not there',
    ],
    [
      'another issuer',
      () => oidc({ name: 'adfs', issuer: originOf('o'), clientId: 'b', clientSecret: 's' }),
      'protocols.adfs has another issuer',
    ],
    [
      'another protocol',
      () =>
        saml({
          name: 'adfs',
          identityProvider: originOf('o'),
          metadataUrl: originOf('o'),
          ...keyOf('benefits'),
        }),
      'protocols.adfs speaks another protocol',
    ],
  ] as const)('is not replaced by %s', async (_what, made, message) => {
    const place = await createPlural(both)
    expect(await codesOf(place.suite.protocols.replace(made()))).toEqual([expect.stringContaining(message)])
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    expect(await place.who(browser)).toMatchObject({ state: 'active' })
  })
})

describe('a provider that is removed', () => {
  it('ends its sessions with a reason, here and where it was never known, and no others', async () => {
    const place = await createPlural(both)
    const [here, there, other] = [place.browser(), place.browser(), place.browser()]
    for (const browser of [here, there]) await place.signIn(browser, 'adfs')
    await place.signIn(other, 'entra')
    expect(await place.suite.protocols.remove('adfs')).toEqual({ acknowledged: true })
    expect(await place.who(here)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
    expect(endsOf(place)).toEqual([['provider-removed', 'adfs']])
    const late = place.instance(['entra'])
    use(place, late)
    expect(await place.who(there)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
    expect(await place.who(other)).toMatchObject({ state: 'active' })
    const page = await there.open(login)
    expect(page.body).toContain('not part of this application any more')
    expect((await place.handle(new Request(`${routesOf('adfs')}callback`))).status).toBe(404)
  })

  it('leads on to the others, which need no new password for that', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'entra')
    await browser.jar.setCookie('__Host-benefits.sid=; Max-Age=0; Secure; Path=/', home)
    // Signed in at both then: at one of them without a session of ours.
    await place.signIn(browser, 'adfs')
    await place.suite.protocols.remove('adfs')
    const page = await browser.open(login)
    const visit = await place.follow(browser, await browser.press(page, 'Sign in'))
    expect([visit.url, visit.path.some((url) => url.includes('prompt=login'))]).toEqual([
      `${home}/private`,
      false,
    ])
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: 'entra' })
  })

  it('ends sessions of a provider that a deployment has left out', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const next = place.instance(['entra'])
    use(place, next)
    expect(await place.who(browser)).toMatchObject({ state: 'unavailable' })
    await next.suite.protocols.remove('adfs')
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
  })

  it('and added again lets nobody in who began before, on any instance, not even after a new start', async () => {
    const place = await createPlural(both)
    const [early, late, restarted] = [place.browser(), place.browser(), place.browser()]
    for (const browser of [early, restarted]) await place.signIn(browser, 'adfs')
    place.travel(5)
    await place.suite.protocols.remove('adfs')
    await place.suite.protocols.add(place.plugIn('adfs'))
    expect(await place.who(early)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
    place.travel(5)
    await place.signIn(late, 'adfs')
    expect(await place.who(late)).toMatchObject({ state: 'active' })
    use(place, place.instance())
    expect(await place.who(restarted)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
    expect(await place.who(late)).toMatchObject({ state: 'active' })
  })

  it('ends what is open of its sessions, sockets and streams, within seconds', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const place = await createPlural(both)
      const signals = await Promise.all(
        ['adfs', 'entra'].map(async (name) => {
          const browser = place.browser()
          await place.signIn(browser, name)
          const headers = { cookie: await browser.cookieHeader(home) }
          const citizen = await place.suite.authenticate(
            new TestExchange(new Request(`${home}/private`, { headers })),
          )
          return citizen.state === 'active' ? citizen.ended : undefined
        }),
      )
      await place.suite.protocols.remove('adfs')
      await vi.advanceTimersByTimeAsync(watchMilliseconds)
      expect(signals.map((signal) => signal?.aborted)).toEqual([true, false])
      expect(signals[0]?.reason).toMatchObject({ message: 'the session has ended: provider-removed' })
      expect(endsOf(place)).toEqual([['provider-removed', 'adfs']])
    } finally {
      vi.useRealTimers()
    }
  })

  it('takes nobody whose login comes back from it meanwhile', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    const emulator = place.emulator('adfs')
    place.sites.set(originOf('adfs'), async (request) => {
      const answer = await emulator.handle(request)
      if (request.url.endsWith('/token.idp')) await place.suite.protocols.remove('adfs')
      return answer
    })
    const visit = await place.signIn(browser, 'adfs')
    expect(visit.status).toBe(503)
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
    expect(place.events.filter(({ type }) => type === 'session.started')).toEqual([])
  })

  it('is nothing that a sign-out still waits for', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    await browser.fetch(`${home}/session/logout`, { method: 'POST', from: home })
    await place.suite.protocols.remove('adfs')
    await place.signIn(browser, 'entra')
    const visit = await place.follow(browser, await browser.post(`${home}/session/logout`))
    expect(visit.path.some((url) => url.startsWith(originOf('adfs')))).toBe(false)
    expect(visit.body).toContain('You are signed out')
  })

  it('is removed here though the store is away; there is nothing added without it', async () => {
    let isAway = false
    const place = await createPlural(both, {
      store(clock) {
        const store = memoryStore({ clock })
        const away = () => {
          throw new StoreUnavailableError('cut off')
        }
        return new Proxy(store, {
          get: (target, name) =>
            isAway && (name === 'revokeIndexKey' || name === 'indexKeyRevocation')
              ? away
              : Reflect.get(target, name),
        })
      },
    })
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    isAway = true
    await expect(place.suite.protocols.remove('adfs')).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
    await expect(place.suite.protocols.add(place.plugIn('adfs'))).rejects.toBeInstanceOf(
      StoreUnavailableError,
    )
    expect(place.suite.protocols.names).toEqual(['entra'])
    isAway = false
    await place.suite.protocols.remove('adfs')
    const late = place.instance(['entra'])
    use(place, late)
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous' })
  })

  it.each(['shared-cookie', '', 'A', 7])('is not called %j', async (name) => {
    const place = await createPlural(both)
    await expect(place.suite.protocols.remove(name as string)).rejects.toMatchObject({ code: 'usage' })
  })
})
