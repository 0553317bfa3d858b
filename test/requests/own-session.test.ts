import { describe, expect, it } from 'vitest'
import {
  type ActiveCitizen,
  type CitizenEvent,
  createSuite,
  memoryStore,
  type SuiteOptions,
} from '../../src/index.js'
import { type Browser, createBrowser, type Site } from '../support/browser.js'
import {
  endSession,
  issuer,
  providerSite,
  scriptedProtocol,
  sidPointer,
} from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const start = Date.UTC(2026, 0, 15, 12, 0, 0)
const secrets = ['a secret of thirty-two bytes or more']

function createPlace(given: SuiteOptions['application'] = {}, more: Partial<SuiteOptions> = {}) {
  let now = start
  const clock = () => now
  const store = memoryStore({ clock })
  const sites = new Map<string, Site>()
  const createApplication = (id: string, options: SuiteOptions['application'] = given) => {
    const scripted = scriptedProtocol()
    const events: CitizenEvent[] = []
    const url = `https://${id}.example`
    const suite = createSuite(
      {
        application: { id, url, secrets, sensitivity: 'basic', ...options },
        protocols: [scripted.protocol],
        store,
        clock,
        onEvent: (event) => events.push(event),
        ...more,
      },
      {},
    )
    sites.set(url, (request) => serve(suite, request))
    return { suite, url, scripted, events }
  }
  const application = createApplication('benefits')
  sites.set(
    issuer,
    providerSite(`${application.url}/session/return`, `${application.url}/session/scripted/callback`),
  )
  return {
    ...application,
    store,
    createApplication,
    browser: () => createBrowser(sites),
    travel(seconds: number) {
      now += seconds * 1000
    },
    now: clock,
  }
}

type Place = ReturnType<typeof createPlace>

const who = (place: Place, browser: Browser) => shown(browser.fetch(`${place.url}/open`))
const signIn = (place: Place, browser: Browser) =>
  browser.open(`${place.url}/session/login?returnTo=/private`)

async function cookieOf(place: Place, browser: Browser): Promise<string> {
  const found = (await browser.cookieHeader(place.url)).split('; ').find((pair) => pair.includes('.sid='))
  if (found === undefined) throw new Error('there is no session cookie')
  return found
}

async function withCookie(place: Place, cookie: string) {
  return shown(serve(place.suite, new Request(`${place.url}/open`, { headers: { cookie } })))
}

describe('a session that a protocol begins', () => {
  it('begins with the login and leads to where the person wanted to go', async () => {
    const place = createPlace()
    const browser = place.browser()
    const visit = await browser.open(`${place.url}/private`)
    expect(visit.url).toBe(`${place.url}/private`)
    expect(visit.path[1]).toContain('/session/login?returnTo=')
    expect(await who(place, browser)).toMatchObject({ state: 'active', sub: 'ana', assurance: { level: 1 } })
  })

  it('has a cookie that is host-only, HttpOnly, Secure, Lax, opaque and another one for each login', async () => {
    const place = createPlace()
    const [one, other] = [place.browser(), place.browser()]
    for (const browser of [one, other]) await signIn(place, browser)
    const [cookie] = (await one.jar.getCookies(place.url)).filter(({ key }) => key.endsWith('.sid'))
    expect(cookie).toMatchObject({
      key: '__Host-benefits.sid',
      httpOnly: true,
      secure: true,
      sameSite: 'lax',
      path: '/',
      hostOnly: true,
      expires: 'Infinity',
    })
    expect(cookie?.value).not.toContain('ana')
    expect(await cookieOf(place, one)).not.toBe(await cookieOf(place, other))
  })

  it('ends when idle, at its absolute limit, and when the provider says so, and tells which', async () => {
    const place = createPlace({ idleSeconds: 600, absoluteSeconds: 1500 })
    const idle = place.browser()
    await signIn(place, idle)
    place.travel(599)
    expect((await who(place, idle)).state).toBe('active')
    place.travel(600)
    expect(await who(place, idle)).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })

    const absolute = place.browser()
    await signIn(place, absolute)
    for (const _ of [1, 2, 3]) {
      place.travel(499)
      expect((await who(place, absolute)).state).toBe('active')
    }
    place.travel(3)
    expect(await who(place, absolute)).toMatchObject({ reason: 'absolute-timeout' })

    const bounded = place.browser()
    place.scripted.script.endsAt = place.now() + 60_000
    await signIn(place, bounded)
    place.travel(60)
    expect(await who(place, bounded)).toMatchObject({ state: 'anonymous', reason: 'absolute-timeout' })
  })

  it('is not kept alive by polls, and is by activity', async () => {
    const place = createPlace({ idleSeconds: 600 })
    const browser = place.browser()
    await signIn(place, browser)
    place.travel(500)
    await browser.fetch(`${place.url}/open`, { headers: { 'citizen-activity': 'none' } })
    await browser.fetch(`${place.url}/session/status`)
    place.travel(150)
    expect((await who(place, browser)).reason).toBe('idle-timeout')
  })

  it('tells the application once, and lets nothing through before it has done its work', async () => {
    const seen: string[] = []
    const place = createPlace({}, { onSignIn: ({ claims }) => void seen.push(claims.sub) })
    const browser = place.browser()
    await signIn(place, browser)
    await who(place, browser)
    expect(seen).toEqual(['ana'])
  })

  it('gives a planted, a foreign and a broken cookie nothing', async () => {
    const place = createPlace()
    const library = place.createApplication('library')
    const browser = place.browser()
    await signIn(place, browser)
    const cookie = await cookieOf(place, browser)
    const value = cookie.slice(cookie.indexOf('=') + 1)
    for (const planted of [
      '__Host-benefits.sid=chosen',
      `__Host-benefits.sid=${value.slice(0, -2)}AA`,
      `__Host-benefits.sid=${value}; __Host-benefits.sid=${value}`,
      `__hOsT-benefits.sid=${value}`,
    ]) {
      expect(await withCookie(place, planted)).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
    }
    const elsewhere = new Request(`${library.url}/open`, {
      headers: { cookie: `__Host-library.sid=${value}` },
    })
    expect(await shown(serve(library.suite, elsewhere))).toMatchObject({ reason: 'not-signed-in' })
  })

  it('begins anew at a new authentication: the old cookie is dead at once, the limit starts again', async () => {
    const place = createPlace({ absoluteSeconds: 3600 })
    place.scripted.script.sid = 'one'
    const browser = place.browser()
    await signIn(place, browser)
    const old = await cookieOf(place, browser)
    const before = await who(place, browser)
    place.travel(1000)
    await browser.open(`${place.url}/session/login?returnTo=/recent&maxAge=300`)
    const after = await who(place, browser)
    expect(after.session.publicId).not.toBe(before.session.publicId)
    expect(after.session.endsAt).toBe(before.session.endsAt + 1_000_000)
    expect(await withCookie(place, old)).toMatchObject({ state: 'anonymous' })
  })

  it('ends the session of the person before, and never mixes the two', async () => {
    const place = createPlace()
    const browser = place.browser()
    await signIn(place, browser)
    const old = await cookieOf(place, browser)
    place.scripted.script.person = 'ben'
    await browser.open(`${place.url}/session/login?returnTo=/mfa&level=2`)
    place.scripted.script.level = 2
    await browser.open(`${place.url}/session/login?returnTo=/mfa&level=2`)
    expect(await who(place, browser)).toMatchObject({ sub: 'ben' })
    expect(await withCookie(place, old)).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
  })
})

describe('the end of it from outside', () => {
  it('reaches every application of the store by what the provider calls the session', async () => {
    const place = createPlace()
    place.scripted.script.sid = 'shared'
    const browser = place.browser()
    await signIn(place, browser)
    const { ended, acknowledged } = await place.scripted
      .host()
      .sessions.revokeByIndex([sidPointer('shared')], { issuer, sessionValue: 'shared' }, 'signed-out')
    expect({ ended, acknowledged }).toEqual({ ended: 1, acknowledged: true })
    expect(await who(place, browser)).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
  })

  it.each([['another session', sidPointer('other'), { issuer, sessionValue: 'other' }] as const])(
    'leaves %s alone',
    async (_, pointer, scope) => {
      const place = createPlace()
      place.scripted.script.sid = 'shared'
      const browser = place.browser()
      await signIn(place, browser)
      await place.scripted.host().sessions.revokeByIndex([pointer], scope, 'signed-out')
      expect((await who(place, browser)).state).toBe('active')
    },
  )

  it('RACE-3 a logout between callback and start begins nothing, though nobody knew the session yet', async () => {
    const place = createPlace()
    place.scripted.script.sid = 'late'
    place.scripted.script.beforeBegin = async () => {
      place.travel(1)
      await place.scripted
        .host()
        .sessions.revokeByIndex([sidPointer('late')], { issuer, sessionValue: 'late' }, 'signed-out')
    }
    const browser = place.browser()
    const visit = await signIn(place, browser)
    expect(visit.status).toBe(401)
    expect(visit.body).toContain('Sign in')
    expect((await who(place, browser)).state).toBe('anonymous')
    expect(await place.store.list('nobody')).toEqual([])
  })

  it('refuses a silent return to a session that was ended, and takes a new authentication', async () => {
    const place = createPlace()
    const { script } = place.scripted
    script.sid = 'same'
    script.authenticatedAt = place.now() - 5000
    const browser = place.browser()
    await signIn(place, browser)
    place.travel(10)
    await place.scripted
      .host()
      .sessions.revokeByIndex([sidPointer('same')], { issuer, sessionValue: 'same' }, 'signed-out')
    place.travel(10)
    const page = await signIn(place, browser)
    expect(page.body).toContain('signed out')
    const silent = await browser.press(page, 'Sign in')
    expect(silent.path[0]).toContain('/session/login')
    expect(silent.path.join(' ')).toContain('prompt=login')
    expect(silent.status).toBe(401)
    script.authenticatedAt = undefined
    place.travel(10)
    const again = await signIn(place, browser)
    const done = await browser.press(again, 'Sign in')
    expect(done.url).toBe(`${place.url}/private`)
  })

  it('ends everything of a person, sessions without a name of the provider too', async () => {
    const place = createPlace()
    const browser = place.browser()
    await signIn(place, browser)
    place.travel(1)
    await place.suite.sessions.endAllOf({ subject: 'ana' })
    expect(await who(place, browser)).toMatchObject({ state: 'anonymous', reason: 'revoked' })
    place.travel(1)
    // HLD-09: by the provider's own clock the old authentication is no new one, whatever the skew.
    place.scripted.script.authenticatedAt = start
    const page = await signIn(place, browser)
    const silent = await browser.press(page, 'Sign in')
    expect(silent.url).not.toBe(`${place.url}/private`)
    expect(await who(place, browser)).toMatchObject({ state: 'anonymous', reason: 'revoked' })
    place.scripted.script.authenticatedAt = start + 1000
    const done = await browser.press(await signIn(place, browser), 'Sign in')
    expect(done.url).toBe(`${place.url}/private`)
  })
})

describe('its tokens', () => {
  it('REF-1 are renewed once for all who ask at the same time', async () => {
    const place = createPlace()
    place.scripted.script.tokenSeconds = 300
    const browser = place.browser()
    await signIn(place, browser)
    place.travel(119)
    await who(place, browser)
    expect(place.scripted.renewed).toHaveLength(0)
    place.travel(41)
    const all = await Promise.all(Array.from({ length: 50 }, () => who(place, browser)))
    expect(all.every(({ state }) => state === 'active')).toBe(true)
    expect(place.scripted.renewed).toHaveLength(1)
  })

  it('REF-1 are renewed at a moment of each session’s own, so that no provider is asked for all in one second', async () => {
    const place = createPlace()
    place.scripted.script.tokenSeconds = 300
    const browsers = Array.from({ length: 20 }, () => place.browser())
    for (const browser of browsers) await signIn(place, browser)
    place.travel(119)
    const inEachSecond: number[] = []
    for (let second = 119; second <= 150; second += 1) {
      const before = place.scripted.renewed.length
      for (const browser of browsers) expect(await who(place, browser)).toMatchObject({ state: 'active' })
      inEachSecond.push(place.scripted.renewed.length - before)
      place.travel(1)
    }
    expect(inEachSecond[0]).toBe(0)
    expect(place.scripted.renewed).toHaveLength(20)
    expect(Math.max(...inEachSecond)).toBeLessThanOrEqual(8)
  })

  it('REF-2 end the session where the provider refuses them, and only degrade it where it cannot be reached', async () => {
    const place = createPlace()
    const { script } = place.scripted
    script.tokenSeconds = 300
    const browser = place.browser()
    await signIn(place, browser)
    script.renewal = { kind: 'failed', problem: 'timeout', retryAfterSeconds: 20 }
    place.travel(160)
    expect(await who(place, browser)).toMatchObject({ state: 'active', degraded: true })
    place.travel(19)
    await who(place, browser)
    expect(place.scripted.renewed).toHaveLength(1)
    script.renewal = { kind: 'refused', problem: 'invalid_grant' }
    place.travel(10)
    expect(await who(place, browser)).toMatchObject({ state: 'active', degraded: true })
    place.travel(61)
    expect(await who(place, browser)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })

  it('sign nobody in where they have not been renewable for too long', async () => {
    const place = createPlace()
    const { script } = place.scripted
    script.tokenSeconds = 300
    script.renewal = { kind: 'failed', problem: 'status', status: 503 }
    const browser = place.browser()
    await signIn(place, browser)
    for (let minutes = 0; minutes < 66; minutes += 6) {
      place.travel(360)
      expect((await who(place, browser)).state, String(minutes)).toBe(minutes < 60 ? 'active' : 'anonymous')
    }
    expect(await who(place, browser)).toMatchObject({ reason: 'token-expired' })
  })

  it('give an access token that is still good, else a renewed one, else an error that says to try again', async () => {
    const given: ActiveCitizen[] = []
    const place = createPlace({}, { onSignIn: (citizen) => void given.push(citizen) })
    const { script } = place.scripted
    script.tokenSeconds = 300
    await signIn(place, place.browser())
    const [citizen] = given
    expect(await citizen?.accessToken()).toBe('access-1')
    place.travel(295)
    expect(await citizen?.accessToken()).toBe('access-2')
    script.renewal = { kind: 'failed', problem: 'timeout' }
    place.travel(600)
    await expect(citizen?.accessToken()).rejects.toMatchObject({
      code: 'identity-unavailable',
      isTransient: true,
    })
    await citizen?.logout()
    await expect(citizen?.accessToken()).rejects.toMatchObject({ code: 'session-ended' })
  })
})

describe('its logout', () => {
  it('ends the session first, then visits the provider by a form, and tells the whole', async () => {
    const place = createPlace()
    const browser = place.browser()
    await signIn(place, browser)
    const cookie = await cookieOf(place, browser)
    const page = await browser.post(`${place.url}/session/logout`, { returnTo: '/open' })
    expect(page.body).toContain(`action="${endSession}"`)
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'sha256-/)
    expect(await withCookie(place, cookie)).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
    expect(await browser.cookieNames(place.url)).not.toContain('__Host-benefits.sid')
    expect(place.scripted.parted[0]?.tokens).toContain('serial')
    const back = await browser.press(page, 'Continue')
    expect(back.url).toBe(`${place.url}/open`)
    const legs = place.events.filter(({ type }) => type === 'logout.leg')
    expect(legs.map((leg) => 'leg' in leg && `${leg.leg} ${leg.state}`)).toEqual([
      'sessions done',
      'cookies done',
      'identity done',
    ])
  })

  it('says why where the provider offers none', async () => {
    const place = createPlace()
    place.scripted.script.parting = {
      visit: undefined,
      identity: { state: 'skipped', reason: 'not-offered' },
    }
    const browser = place.browser()
    await signIn(place, browser)
    const response = await browser.fetch(`${place.url}/session/logout`, { method: 'POST', from: place.url })
    expect(await response.json()).toMatchObject({
      outcome: 'partial',
      legs: [
        { leg: 'sessions', state: 'done' },
        { leg: 'cookies', state: 'done' },
        { leg: 'identity', state: 'skipped', reason: 'not-offered', target: issuer },
      ],
    })
  })

  it('hands a script an address that leads on to the provider, with nothing secret in it', async () => {
    const place = createPlace()
    const browser = place.browser()
    await signIn(place, browser)
    const response = await browser.fetch(`${place.url}/session/logout`, { method: 'POST', from: place.url })
    const { continueAt, outcome } = (await response.json()) as { continueAt: string; outcome: string }
    expect(outcome).toBe('partial')
    expect(continueAt).toMatch(/^https:\/\/benefits\.example\/session\/leave\?state=[\w-]{32}$/)
    const page = await browser.open(continueAt)
    expect(page.body).toContain(`action="${endSession}"`)
    const back = await browser.press(page, 'Continue')
    expect(back.body).toContain('You are signed out')
    expect((await browser.open(continueAt)).status).toBe(400)
  })

  it('is over with nothing to visit where nobody was signed in', async () => {
    const place = createPlace()
    const response = await place
      .browser()
      .fetch(`${place.url}/session/logout`, { method: 'POST', from: place.url })
    expect(await response.json()).toMatchObject({ outcome: 'global' })
    expect(place.scripted.parted).toEqual([])
  })

  it('hides no failure of the plug-in, and has ended the session before', async () => {
    const place = createPlace()
    const browser = place.browser()
    await signIn(place, browser)
    Object.defineProperty(place.scripted.script, 'parting', {
      get: () => {
        throw new Error('the plug-in is broken')
      },
    })
    const response = await browser.fetch(`${place.url}/session/logout`, { method: 'POST', from: place.url })
    expect(await response.json()).toMatchObject({
      outcome: 'partial',
      legs: [{ state: 'done' }, { state: 'done' }, { leg: 'identity', state: 'unknown', reason: 'failed' }],
    })
    expect((await who(place, browser)).state).toBe('anonymous')
  })
})

describe('HLD-05 a clock that was ahead and is put back', () => {
  it('HLD-05 ends the wait of a renewal that failed by the fast clock', async () => {
    const place = createPlace()
    place.scripted.script.tokenSeconds = 1200
    const browser = place.browser()
    await signIn(place, browser)
    place.travel(3000)
    place.scripted.script.renewal = { kind: 'failed', problem: 'network' }
    await who(place, browser)
    expect(place.scripted.renewed).toHaveLength(1)
    place.travel(-3000)
    place.scripted.script.renewal = undefined
    place.travel(601)
    await who(place, browser)
    expect(place.scripted.renewed).toHaveLength(2)
  })
})
