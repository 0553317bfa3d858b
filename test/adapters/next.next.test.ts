/** @module The Next.js adapter in an application built and started for real, with its proxy and without. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Visit } from '../support/browser.js'
import { buildNext, installExample, type NextSite, startNext } from './next-site.js'

const builds = [
  { name: 'with-proxy', hasProxy: true, cacheComponents: true },
  { name: 'without-proxy', hasProxy: false, cacheComponents: false },
] as const

let site: NextSite

interface Shown {
  readonly state: string
  readonly reason?: string
  readonly sub?: string
  readonly locale?: string | null
  readonly payload?: string
  readonly session?: { readonly startedAt: number; readonly lastSeenAt: number }
}

/** What the page says that reads who is there. */
function shownOn({ body }: Visit): Shown {
  const text = /<pre>(.*?)<\/pre>/.exec(body)?.[1] ?? ''
  return JSON.parse(text.replaceAll('&quot;', '"')) as Shown
}

async function pageOf(browser: Browser, path = '/who'): Promise<Shown> {
  return shownOn(await browser.open(site.url + path))
}

async function json<T = Shown>(response: Response): Promise<T> {
  return (await response.json()) as T
}

/** A script's call of a server action of the page `/act`, as the router makes it. */
async function act(browser: Browser, name: string): Promise<Response> {
  const action = await actionId(name)
  return browser.fetch(`${site.url}/act`, {
    method: 'POST',
    body: '[]',
    headers: {
      'next-action': action,
      'content-type': 'text/plain;charset=UTF-8',
      accept: 'text/x-component',
      referer: `${site.url}/act?x=1`,
    },
  })
}

async function actionId(name: string): Promise<string> {
  const { body } = await site.browser().open(`${site.url}/act`)
  const form = new RegExp(`<form id="${name}".*?\\$ACTION_ID_([0-9a-f]+)`).exec(body)
  if (form?.[1] === undefined) throw new Error(`no action ${name} on the page`)
  return form[1]
}

/** The router's request for a page, with the parameter that Next.js wants to see for these headers. */
async function routerFetch(browser: Browser, path: string, more: Record<string, string> = {}) {
  const headers = { rsc: '1', accept: '*/*', ...more }
  const first = await browser.fetch(site.url + path, { headers })
  const location = first.headers.get('location')
  if (first.status !== 307 || location === null || !/[?&]_rsc/.test(location)) return first
  return browser.fetch(new URL(location, site.url).href, { headers })
}

/** Leads to a moment in which the next activity refreshes the identity session. Returns the count of refreshes since. */
async function untilRefreshIsDue(browser: Browser): Promise<() => number> {
  await site.travel(500)
  await browser.fetch(`${site.url}/api/me`)
  await site.travel(500)
  const before = site.emulator.requests.refresh
  return () => site.emulator.requests.refresh - before
}

const payloadOf = async (browser: Browser) =>
  (await browser.jar.getCookies(site.url)).find((cookie) => cookie.key === 'c1_payload')?.value

const ourCookies = (response: { readonly headers: Headers }) =>
  response.headers
    .getSetCookie()
    .map((line) => line.split('=', 1)[0])
    .filter((name) => name?.startsWith('c1_') || name?.startsWith('__Host-'))

beforeAll(installExample)

describe.each(builds)('Next.js $name', (build) => {
  beforeAll(async () => {
    site = await startNext(await buildNext(build), build)
  }, 300_000)
  afterAll(() => site?.close())

  describe('guards', () => {
    it('answer a script with 401 and the reason', async () => {
      const response = await site.browser().fetch(`${site.url}/api/me`)
      expect(response.status).toBe(401)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await json(response)).toMatchObject({ code: 'login-required', reason: 'not-signed-in' })
    })

    it('lead a navigation to the login and back', async () => {
      const browser = site.browser()
      const page = await browser.open(`${site.url}/api/items/7?a=b`)
      expect(page.path.slice(1, 2)).toEqual([`${site.url}/session/login?returnTo=%2Fapi%2Fitems%2F7%3Fa%3Db`])
      const done = await browser.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      expect(done.url).toBe(`${site.url}/api/items/7?a=b`)
      expect(JSON.parse(done.body)).toMatchObject({ id: '7' })
    })

    it('keep nothing of a form that somebody sends who is not signed in', async () => {
      const page = await site.browser().post(`${site.url}/api/items/7`, { secret: 'word' })
      expect(page.status).toBe(401)
      expect(page.body).not.toContain('word')
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    })

    it('know GET from HEAD, and let Next.js answer OPTIONS', async () => {
      const [signedIn, nobody] = [await site.signedIn(), site.browser()]
      const statuses = async (browser: Browser, method: string) => {
        const response = await browser.fetch(`${site.url}/api/me`, { method })
        return [response.status, await response.text()]
      }
      expect(await statuses(signedIn, 'HEAD')).toEqual([200, ''])
      expect(await statuses(nobody, 'HEAD')).toEqual([401, ''])
      expect(await statuses(nobody, 'OPTIONS')).toEqual([204, ''])
      expect((await statuses(nobody, 'DELETE'))[0]).toBe(405)
    })

    it('hand the body, the parameters and the citizen to the handler', async () => {
      const browser = await site.signedIn()
      const got = await browser.fetch(`${site.url}/api/items/7`, { method: 'POST', body: 'text' })
      expect(await json(got)).toEqual({ id: '7', body: 'text' })
    })

    it('ask for more than a password where the handler does', async () => {
      const [ana, ben] = [await site.signedIn(), site.browser()]
      const response = await ana.fetch(`${site.url}/api/strong`)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('insufficient_user_authentication')
      const cookie = await site.emulator.cookiesFor('ben', { level: 'password' })
      const half = await ben.fetch(`${site.url}/api/me`, { headers: { cookie } })
      expect([half.status, await json(half)]).toEqual([
        401,
        expect.objectContaining({ code: 'second-factor-required' }),
      ])
    })

    it('are opened by no header that a client makes up', async () => {
      const cookie = await site.emulator.cookiesFor('ana')
      const forged = cookie.replace(/c1_signature=[^;]+/, `c1_signature=${'A'.repeat(342)}`)
      const headers = {
        cookie: forged,
        'x-middleware-subrequest': 'proxy:proxy:proxy:proxy:proxy',
        'x-middleware-request-cookie': cookie,
        'x-middleware-override-headers': 'cookie',
        'x-middleware-set-cookie': cookie.replaceAll('; ', ', '),
        'x-middleware-next': '1',
        'x-citizen': '{"state":"active"}',
        authorization: `Bearer ${cookie}`,
      }
      const paths = ['/api/me', '/api/strong', '/api/optional', '/who']
      const browser = site.browser()
      const [me, strong, optional, who] = await Promise.all(
        paths.map((path) => browser.fetch(site.url + path, { headers })),
      )
      expect([me?.status, strong?.status]).toEqual([401, 401])
      expect(await optional?.json()).toMatchObject({ state: 'anonymous', reason: 'invalid-token' })
      expect(await who?.text()).not.toContain('&quot;active&quot;')
    })

    it('are not opened by naming the proxy as the sender (CVE-2025-29927)', async () => {
      const names = ['proxy', 'src/proxy', 'middleware', 'src/middleware', 'pages/_middleware']
      for (const name of names) {
        const headers = { 'x-middleware-subrequest': Array(5).fill(name).join(':') }
        const response = await site.browser().fetch(`${site.url}/api/me`, { headers })
        expect([name, response.status]).toEqual([name, 401])
      }
    })

    it('say that the store cannot answer, and touch no cookie', async () => {
      const browser = await site.signedIn()
      await site.setStore('down')
      try {
        const response = await browser.fetch(`${site.url}/api/me`)
        expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
        expect(response.headers.getSetCookie()).toEqual([])
        expect(await json(await browser.fetch(`${site.url}/api/optional`))).toMatchObject({
          state: 'unavailable',
          reason: 'store',
        })
        expect(await pageOf(browser)).toMatchObject({ state: 'unavailable', reason: 'store' })
      } finally {
        await site.setStore('up')
      }
      expect((await browser.fetch(`${site.url}/api/me`)).status).toBe(200)
    })
  })

  describe('handlers', () => {
    it('keep their several cookies, status, stream and empty body', async () => {
      const browser = await site.signedIn()
      const two = await browser.fetch(`${site.url}/api/cookies`)
      expect(two.headers.getSetCookie()).toEqual([
        'a=1; Path=/',
        'b=2; Path=/; Expires=Wed, 21 Oct 2037 07:28:00 GMT',
      ])
      const stream = await browser.fetch(`${site.url}/api/stream`)
      expect([stream.status, await stream.text()]).toEqual([202, 'firstsecond'])
    })

    it('hear why a session is over, also where a proxy has met its end before them', async () => {
      const hintOf = async (browser: Browser) =>
        (await browser.cookieHeader(site.url)).split('; ').find((pair) => pair.startsWith('__Host-benefits.'))
      const reasonWith = async (cookie: string) =>
        (await json(await site.browser().fetch(`${site.url}/api/optional`, { headers: { cookie } }))).reason
      const [elsewhere, replaced] = [await site.signedIn(), await site.signedIn()]
      const dan = await site.emulator.cookiesFor('dan')
      expect(await reasonWith(`${dan}; ${await hintOf(replaced)}`)).toBe('identity-changed')
      expect(await reasonWith(`${await hintOf(elsewhere)}`)).toBe('signed-out')
    })

    it('may throw as Next.js wants a redirect, or break', async () => {
      const browser = await site.signedIn()
      const moved = await browser.fetch(`${site.url}/api/thrown`)
      expect([moved.status, moved.headers.get('location')]).toEqual([307, '/static'])
      expect((await browser.fetch(`${site.url}/api/thrown?error`)).status).toBe(500)
      expect((await browser.fetch(`${site.url}/api/me`)).status).toBe(200)
    })

    it('may sign out and then throw: the shared cookies are gone nevertheless', async () => {
      const browser = await site.signedIn()
      const saved = await browser.cookieHeader(site.url)
      const response = await browser.fetch(`${site.url}/api/out`, { method: 'POST' })
      expect(response.status).toBeLessThan(400)
      expect(await browser.cookieNames(site.url)).not.toContain('c1_signature')
      const replayed = await site.browser().fetch(`${site.url}/api/me`, { headers: { cookie: saved } })
      expect([replayed.status, await json(replayed)]).toEqual([
        401,
        expect.objectContaining({ reason: 'signed-out' }),
      ])
    })
  })

  describe('our own routes', () => {
    it('sign out, and a saved cookie is worthless then', async () => {
      const browser = await site.signedIn()
      const saved = await browser.cookieHeader(site.url)
      const asked = await browser.open(`${site.url}/session/logout`)
      const done = await browser.press(asked, /sign out/i)
      expect(done.status).toBe(200)
      expect(done.path.some((url) => url.startsWith(`${site.emulator.url}/logout`))).toBe(true)
      const page = await site.browser().fetch(`${site.url}/who`, { headers: { cookie: saved } })
      expect(await page.text()).toContain('signed-out')
      expect((await browser.fetch(`${site.url}/api/me`)).status).toBe(401)
    })

    it('tell the state without touching', async () => {
      const browser = await site.signedIn()
      const seen = (await pageOf(browser)).session?.lastSeenAt
      await site.travel(60)
      const status = await browser.fetch(`${site.url}/session/status`)
      expect(status.headers.get('cache-control')).toContain('no-store')
      expect(await json(status)).toMatchObject({ state: 'active' })
      const headers = { 'citizen-activity': 'none' }
      const optional = await json(await browser.fetch(`${site.url}/api/optional`, { headers }))
      expect(optional.session?.lastSeenAt).toBe(seen)
    })

    it('answer nothing to the router, which then lets the browser navigate', async () => {
      const response = await routerFetch(site.browser(), '/session/login?returnTo=/who')
      expect([response.status, response.headers.getSetCookie()]).toEqual([204, []])
    })

    it('answer HEAD and unknown names without doing anything', async () => {
      const browser = site.browser()
      const head = await browser.fetch(`${site.url}/session/login`, { method: 'HEAD' })
      expect([head.status, head.headers.getSetCookie()]).toEqual([405, []])
      expect((await browser.fetch(`${site.url}/session/no-such-route`)).status).toBe(404)
    })

    it('have a logout of the application beside them', async () => {
      const browser = await site.signedIn()
      const asked = await browser.open(`${site.url}/goodbye`)
      expect(asked.body).toContain('<form')
      expect((await pageOf(browser)).state).toBe('active')
      const done = await browser.post(`${site.url}/goodbye`)
      expect(done.url).toBe(`${site.url}/static`)
      expect((await pageOf(browser)).state).toBe('anonymous')
    })

    it('let a hostile Host build no address', async () => {
      const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
      const response = await fetch(`http://127.0.0.1:${site.port}/session/login`, {
        headers,
        redirect: 'manual',
      })
      const location = response.headers.get('location') ?? ''
      expect(new URL(location).origin).toBe(site.emulator.url)
      expect(decodeURIComponent(location)).not.toContain('evil.example')
    })
  })

  describe('a pure read', () => {
    it('says the state with its reason', async () => {
      const browser = site.browser()
      expect(await pageOf(browser)).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
      const signedIn = await site.signedIn()
      expect(await pageOf(signedIn)).toMatchObject({ state: 'active', sub: expect.any(String) })
      await site.travel(11 * 60)
      expect(await pageOf(signedIn)).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })
    })

    it('is the same in a careless try and catch: nothing of ours is thrown there', async () => {
      const browser = await site.signedIn()
      expect(await (await act(browser, 'careful')).text()).toContain('read active')
      const refused = await act(site.browser(), 'careful')
      expect(refused.headers.get('x-action-redirect')).toMatch(/^\/session\/login\?returnTo=%2Fact%3Fx%3D1;/)
    })
  })

  describe('server actions', () => {
    it('know their citizen, by the router and by a plain form', async () => {
      const browser = await site.signedIn()
      const { sub } = await pageOf(browser)
      const response = await act(browser, 'plain')
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining(`hello ${sub}`)])
      const form = new FormData()
      form.set(`$ACTION_ID_${await actionId('plain')}`, '')
      const asForm = await browser.fetch(`${site.url}/act`, {
        method: 'POST',
        body: form,
        headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' },
      })
      expect(asForm.status).toBe(200)
    })

    it('send who is not signed in to the login, and who has too little to more', async () => {
      const refused = await act(site.browser(), 'plain')
      expect(refused.headers.get('x-action-redirect')).toContain('/session/login?returnTo=%2Fact')
      expect(await refused.text()).not.toContain('hello')
      const strong = await act(await site.signedIn(), 'strong')
      expect(strong.headers.get('x-action-redirect')).toContain('level=2')
    })

    it('let everybody in where they say so', async () => {
      const response = await act(site.browser(), 'anybody')
      expect(await response.text()).toContain('anonymous not-signed-in')
    })

    it('do not reload the router: no cookie of ours on one call after the other', async () => {
      const browser = await site.signedIn()
      for (let call = 0; call < 4; call += 1) {
        await site.travel(30)
        const response = await act(browser, 'plain')
        expect([response.headers.getSetCookie(), response.headers.get('x-action-revalidated')]).toEqual([
          [],
          null,
        ])
      }
    })

    it('keep the session alive', async () => {
      const browser = await site.signedIn()
      await site.travel(500)
      await act(browser, 'plain')
      await site.travel(500)
      expect(await (await act(browser, 'plain')).text()).toContain('hello')
    })

    it('set their own cookies, and sign out', async () => {
      const browser = await site.signedIn()
      await act(browser, 'ownCookie')
      expect(await browser.cookieNames(site.url)).toContain('choice')
      const response = await act(browser, 'leave')
      expect(response.headers.get('x-action-redirect')).toContain('/session/leave?')
      expect(await browser.cookieNames(site.url)).not.toContain('c1_signature')
      expect((await pageOf(browser)).state).toBe('anonymous')
    })
  })

  describe('a refresh that is due', () => {
    it('reaches the browser with the answer of a handler, which then nobody stores', async () => {
      const browser = await site.signedIn()
      const refreshes = await untilRefreshIsDue(browser)
      const before = await payloadOf(browser)
      const response = await browser.fetch(`${site.url}/api/cookies`)
      expect(ourCookies(response)).toEqual(
        expect.arrayContaining(['c1_header', 'c1_payload', 'c1_signature']),
      )
      expect(response.headers.getSetCookie()).toContain('a=1; Path=/')
      expect(response.headers.get('cache-control')).toBe('private, no-store')
      expect(await payloadOf(browser)).not.toBe(before)
      expect(refreshes()).toBe(1)
    })

    it('reaches the browser from an action, once', async () => {
      const browser = await site.signedIn()
      const refreshes = await untilRefreshIsDue(browser)
      const before = await payloadOf(browser)
      await act(browser, 'plain')
      const renewed = await payloadOf(browser)
      expect(renewed).not.toBe(before)
      const again = await act(browser, 'plain')
      expect([again.headers.getSetCookie(), again.headers.get('x-action-revalidated')]).toEqual([[], null])
      expect(refreshes()).toBe(1)
    })

    it('is one request to the provider for many at once', async () => {
      const browser = await site.signedIn()
      const refreshes = await untilRefreshIsDue(browser)
      const paths = ['/api/me', '/who', '/api/optional', '/api/stream']
      const many = Array.from({ length: 24 }, (_, at) => browser.fetch(site.url + paths[at % paths.length]))
      const statuses = new Set((await Promise.all(many)).map((response) => response.status))
      expect([...statuses].sort()).toEqual([200, 202])
      expect(refreshes()).toBe(1)
    })

    it('is made by no prefetch, and no prefetch is activity', async () => {
      const browser = await site.signedIn()
      const refreshes = await untilRefreshIsDue(browser)
      const seen = (await json(await browser.fetch(`${site.url}/session/status`))).session
      const marks: readonly Record<string, string>[] = [
        { 'next-router-prefetch': '1' },
        { 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' },
        { purpose: 'prefetch' },
        { 'sec-purpose': 'prefetch;prerender' },
      ]
      for (const mark of marks) {
        for (const path of ['/who', '/private', '/static', '/api/me', '/api/optional']) {
          const isRouter = 'next-router-prefetch' in mark
          const response = isRouter
            ? await routerFetch(browser, path, mark)
            : await browser.fetch(site.url + path, { headers: mark })
          expect([path, mark, response.headers.getSetCookie()]).toEqual([path, mark, []])
        }
      }
      expect(refreshes()).toBe(0)
      expect((await json(await browser.fetch(`${site.url}/session/status`))).session).toEqual(seen)
      await site.travel(101)
      expect((await browser.fetch(`${site.url}/api/me`)).status).toBe(401)
    })
  })

  if (!build.hasProxy) {
    it('a pure read begins nothing: a route handler does', async () => {
      const headers = { cookie: await site.emulator.cookiesFor('dan') }
      const read = async () => shownOn(await site.browser().open(`${site.url}/who`, { headers }))
      expect(await read()).toMatchObject({ state: 'anonymous', reason: 'not-started' })
      expect((await site.browser().fetch(`${site.url}/api/me`, { headers })).status).toBe(200)
      expect(await read()).toMatchObject({ state: 'active' })
    })
    return
  }

  describe('the proxy', () => {
    it('brings a refreshed token to the browser from a page, and to the page in the same request', async () => {
      const browser = await site.signedIn()
      const refreshes = await untilRefreshIsDue(browser)
      const before = await payloadOf(browser)
      const page = await browser.open(`${site.url}/who`)
      expect(ourCookies(page)).toEqual(expect.arrayContaining(['c1_header', 'c1_payload', 'c1_signature']))
      expect(page.headers.get('cache-control')).toBe('private, no-store')
      const renewed = await payloadOf(browser)
      expect(renewed).not.toBe(before)
      expect(shownOn(page)).toMatchObject({ state: 'active', payload: renewed })
      expect(refreshes()).toBe(1)
      expect(ourCookies(await browser.open(`${site.url}/who`))).toEqual([])
    })

    it('hands the token over again when the first answer was lost', async () => {
      const browser = await site.signedIn()
      const refreshes = await untilRefreshIsDue(browser)
      const old = await browser.cookieHeader(site.url)
      const send = () => site.browser().fetch(`${site.url}/api/me`, { headers: { cookie: old } })
      const [lost, again] = [await send(), await send()]
      expect([lost.status, again.status]).toEqual([200, 200])
      expect(ourCookies(again)).toEqual(expect.arrayContaining(['c1_header', 'c1_payload', 'c1_signature']))
      expect(refreshes()).toBe(1)
    })

    it('begins a session at the first page, whose read knows it already', async () => {
      const browser = site.browser()
      const cookie = await site.emulator.cookiesFor('dan')
      const page = await browser.open(`${site.url}/who`, { headers: { cookie } })
      expect(shownOn(page).state).toBe('active')
    })

    it('counts what the router asks for, which is no prefetch', async () => {
      const browser = await site.signedIn()
      await site.travel(500)
      const page = await routerFetch(browser, '/who')
      expect(page.headers.get('content-type')).toContain('text/x-component')
      await site.travel(500)
      expect((await pageOf(browser)).state).toBe('active')
    })

    it('leaves static pages alone, which everybody may store', async () => {
      const browser = await site.signedIn()
      const page = await browser.open(`${site.url}/static`)
      expect(page.headers.getSetCookie()).toEqual([])
      expect(page.headers.get('cache-control')).toContain('s-maxage')
    })

    it('keeps every answer with a cookie of ours out of caches, whatever the page or route says', async () => {
      for (const path of ['/static', '/api/public']) {
        const browser = await site.signedIn()
        await untilRefreshIsDue(browser)
        const response = await browser.open(site.url + path)
        expect([path, ourCookies(response).slice(0, 3)]).toEqual([
          path,
          ['c1_header', 'c1_payload', 'c1_signature'],
        ])
        expect(response.headers.get('cache-control')).toBe('private, no-store')
        expect(response.headers.get('cdn-cache-control')).toBe('no-store')
        const other = await site.browser().open(site.url + path)
        expect(other.headers.getSetCookie()).toEqual([])
        expect(other.headers.get('cache-control')).toMatch(/max-?age/)
      }
    })

    it('merges the response of the application: rewrite, request headers, headers and cookies', async () => {
      const browser = await site.signedIn()
      await untilRefreshIsDue(browser)
      const page = await browser.open(`${site.url}/fr/who`)
      const names = page.headers.getSetCookie().map((line) => line.split('=', 1)[0])
      expect(names).toEqual(
        expect.arrayContaining(['LOCALE', 'SEEN', 'c1_header', 'c1_payload', 'c1_signature']),
      )
      expect(page.headers.get('content-language')).toBe('fr')
      expect(page.headers.get('cache-control')).toMatch(/^private, .*no-store/)
      expect(shownOn(page)).toMatchObject({
        state: 'active',
        locale: 'fr',
        payload: await payloadOf(browser),
      })
      const plain = await browser.open(`${site.url}/fr/who`)
      expect(ourCookies(plain)).toEqual([])
      expect(shownOn(plain)).toMatchObject({ state: 'active', locale: 'fr' })
    })

    it('merges a redirect of the application', async () => {
      const browser = await site.signedIn()
      await untilRefreshIsDue(browser)
      const before = await payloadOf(browser)
      const page = await browser.open(`${site.url}/moved`)
      expect(page.url).toBe(`${site.url}/static`)
      expect(await browser.cookieNames(site.url)).toContain('moved')
      expect(await payloadOf(browser)).not.toBe(before)
    })

    it('guards where the application asks it to', async () => {
      const nobody = site.browser()
      expect((await nobody.fetch(`${site.url}/kept`)).status).toBe(401)
      const page = await nobody.open(`${site.url}/kept?a=b`)
      expect(page.path[1]).toBe(`${site.url}/session/login?returnTo=%2Fkept%3Fa%3Db`)
      expect(await pageOf(await site.signedIn(), '/kept')).toMatchObject({ state: 'active' })
    })

    it('loses neither its token nor the cookie of an action that sets one', async () => {
      const browser = await site.signedIn()
      const refreshes = await untilRefreshIsDue(browser)
      const before = await payloadOf(browser)
      await act(browser, 'ownCookie')
      await browser.open(`${site.url}/who`)
      expect(await browser.cookieNames(site.url)).toContain('choice')
      expect(await payloadOf(browser)).not.toBe(before)
      expect(refreshes()).toBe(1)
    })
  })
})
