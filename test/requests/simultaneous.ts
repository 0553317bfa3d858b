/** @module Tabs that sign in at once, on any store: a browser restored with several tabs, one session at the provider. */
import { describe, expect, it } from 'vitest'
import type { Claims, Store } from '../../src/index.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { createSamlWorld, urlOf } from '../saml/world.js'
import type { Browser, Site } from '../support/browser.js'
import { shown } from '../support/world.js'

/** A store that all instances use, by the clock of the test. */
export type OpenStore = (clock: () => number) => Store

/** What the tabs of one browser do at the same moment. */
interface Tabs {
  /** Answers of the application to every tab. */
  readonly answers: readonly Response[]
  /** Who is there with the cookie of each answer, whichever of them the browser keeps. */
  readonly states: readonly string[]
  /** Whether all answers gave the browser one and the same session. */
  readonly sessions: ReadonlySet<string>
}

/** Sends the requests at once, with the cookies that the browser has, and looks at the cookie of each answer. */
export async function atOnce(
  browser: Browser,
  requests: readonly { url: string; form?: string }[],
  handles: readonly Site[],
): Promise<Tabs> {
  const [first = { url: home }] = requests
  const cookie = await browser.cookieHeader(first.url)
  const answers = await Promise.all(
    requests.map(({ url, form }, index) => {
      const headers = new Headers({ cookie, accept: 'text/html', origin: new URL(url).origin })
      headers.set('sec-fetch-mode', 'navigate')
      headers.set('sec-fetch-site', 'same-origin')
      if (form !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded')
      const method = form === undefined ? 'GET' : 'POST'
      const request = new Request(url, { method, headers, ...(form === undefined ? {} : { body: form }) })
      return handles[index % handles.length]?.(request) ?? new Response()
    }),
  )
  const looks = answers.map(async (answer) => {
    const line = answer.headers.getSetCookie().findLast((each) => /\.sid=[^;]/.test(each))
    const sid = line?.split(';')[0]
    if (sid === undefined) return { state: `no cookie: ${answer.status}`, session: '' }
    const headers = { cookie: sid, 'sec-fetch-site': 'same-origin' }
    const { state, session } = await shown(
      handles[0]?.(new Request(new URL('/open', first.url), { headers })) ?? new Response(),
    )
    return { state, session: session?.publicId ?? '' }
  })
  const found = await Promise.all(looks)
  return {
    answers,
    states: found.map(({ state }) => state),
    sessions: new Set(found.map(({ session }) => session)),
  }
}

export function expectAllIn({ answers, states, sessions }: Tabs): void {
  // A POST leads on by 303.
  for (const { status } of answers) expect([302, 303]).toContain(status)
  expect(states).toEqual(answers.map(() => 'active'))
  expect(sessions.size).toBe(1)
}

const oidcOptions = { assuranceLevel: (claims: Claims) => ({ high: 2, higher: 3 })[String(claims.acr)] ?? 1 }

/** An application in two instances, with a provider that has one session of the person. */
export function oidcPlace(open: OpenStore) {
  const clock = { now: () => 0 }
  const store = open(() => clock.now())
  const place = createPlace({ oidc: oidcOptions, store: () => store })
  clock.now = place.now
  place.script.sid = 's1'
  const twin = place.twin()
  let isSecond = false
  place.script.instance = () => {
    isSecond = !isSecond
    return isSecond ? twin : undefined
  }

  /** Begins a login in each tab, and goes as far as the provider's answer. */
  const begin = async (browser: Browser, tabs: number, query = ''): Promise<{ url: string }[]> => {
    const urls: { url: string }[] = []
    for (let tab = 0; tab < tabs; tab += 1) {
      const left = await browser.fetch(`${home}/session/login?returnTo=/tab${tab}${query}`)
      const back = await browser.fetch(left.headers.get('location') ?? '')
      urls.push({ url: back.headers.get('location') ?? '' })
    }
    return urls
  }
  return { ...place, begin }
}

async function samlPlace(open: OpenStore) {
  const world = await createSamlWorld({ benefits: {}, permits: {} }, { store: open })
  const twin = world.instance('benefits')
  const held: { url: string; form: string }[] = []
  const site = world.party('benefits').handle
  const begin = async (browser: Browser, tabs: number, query = '') => {
    held.length = 0
    world.sites.set(urlOf('benefits'), async (request) => {
      if (!request.url.endsWith('/saml/acs')) return site(request)
      held.push({ url: request.url, form: await request.text() })
      return new Response('held')
    })
    for (let tab = 0; tab < tabs; tab += 1) {
      const left = await browser.open(`${urlOf('benefits')}/session/login?returnTo=/tab${tab}${query}`)
      const there = await world.follow(browser, left)
      if (there.body === 'held') continue
      const typed = { username: 'ana', password: 'ana-password' }
      await world.follow(browser, await browser.press(there, /^Sign in$/, typed))
    }
    world.sites.set(urlOf('benefits'), site)
    return [...held]
  }
  return { ...world, begin, handles: [site, twin.handle] }
}

/** Describes tabs that sign in at once, on one kind of store. */
export function describeSimultaneous(open: OpenStore): void {
  describe.each([2, 5])('%d tabs', (tabs) => {
    it('HLD-06 are all in: OpenID Connect', async () => {
      const place = oidcPlace(open)
      const browser = place.browser()
      expectAllIn(await atOnce(browser, await place.begin(browser, tabs), [place.handle]))
    })

    it('HLD-06 are all in where the provider names no session', async () => {
      const place = oidcPlace(open)
      place.script.sid = undefined
      const browser = place.browser()
      const { answers, states } = await atOnce(browser, await place.begin(browser, tabs), [place.handle])
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 302))
      expect(states).toEqual(answers.map(() => 'active'))
    })

    it('HLD-06 are all in where the person was signed in: a new authentication, a step up', async () => {
      const place = oidcPlace(open)
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      const before = await browser.cookieHeader(home)
      place.travel(60)
      place.script.authTime = place.now() / 1000
      expectAllIn(await atOnce(browser, await place.begin(browser, tabs, '&maxAge=30'), [place.handle]))
      const old = await shown(place.handle(new Request(`${home}/open`, { headers: { cookie: before } })))
      expect(old.state).toBe('anonymous')

      await browser.open(`${home}/session/login?returnTo=/private&maxAge=30`)
      place.travel(60)
      place.script.claims = { acr: 'high' }
      const requests = await place.begin(browser, tabs, '&level=2')
      const stepped = await atOnce(browser, requests, [place.handle])
      expectAllIn(stepped)
    })

    it('HLD-06 are all in: SAML, at first and again', async () => {
      const place = await samlPlace(open)
      const browser = place.browser()
      await place.signIn(browser, 'permits')
      expectAllIn(await atOnce(browser, await place.begin(browser, tabs), place.handles))
      place.travel(60)
      expectAllIn(await atOnce(browser, await place.begin(browser, tabs, '&maxAge=30'), place.handles))
    })
  })
}
