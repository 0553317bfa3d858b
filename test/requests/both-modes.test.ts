import { describe, expect, it } from 'vitest'
import { type CitizenEvent, createSuite } from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf, serve, shown } from '../support/world.js'

/** An application with the shared cookie and another way to sign in. */
async function createPlace() {
  const world = await createWorld()
  const scripted = scriptedProtocol()
  const events: CitizenEvent[] = []
  const options = optionsOf('library', { emulator: world.emulator, clock: world.now, store: world.store })
  const suite = createSuite(
    { ...options, protocols: [scripted.protocol], onEvent: (event) => events.push(event) },
    {},
  )
  const { url } = suite.options.application
  const sites = new Map<string, Site>([
    [world.emulator.url, (request) => world.emulator.handle(request)],
    [url, (request) => serve(suite, request)],
    [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
  ])
  const browser = createBrowser(sites)
  const who = () => shown(browser.fetch(`${url}/open`))
  const signInShared = async (username = 'ana') => {
    // As another application of the base domain does.
    const page = await browser.open(`${world.emulator.url}/login`)
    return browser.press(page, /^Sign in$/, { username, password: `${username}-password` })
  }
  const signInOwn = () => browser.open(`${url}/session/login?returnTo=/private&via=scripted`)
  return { world, suite, url, browser, scripted, events, who, signInShared, signInOwn }
}

describe('an application with the shared cookie and another way to sign in', () => {
  it('leads to the shared cookie’s provider unless the login says otherwise', async () => {
    const place = await createPlace()
    const plain = await place.browser.open(`${place.url}/private`)
    expect(plain.url).toContain(place.world.emulator.url)
    const other = await place.signInOwn()
    expect(other.url).toBe(`${place.url}/private`)
  })

  it('takes the shared cookie first, and the other session for the rest', async () => {
    const place = await createPlace()
    place.scripted.script.person = 'olga'
    await place.signInOwn()
    expect(await place.who()).toMatchObject({ state: 'active', sub: 'olga' })
    await place.signInShared()
    const both = await place.who()
    expect(both.state).toBe('active')
    expect(both.sub).not.toBe('olga')
  })

  it('has one of the two at a time: the other does not come back once the shared cookie is gone', async () => {
    const place = await createPlace()
    place.scripted.script.person = 'olga'
    await place.signInOwn()
    await place.signInShared()
    expect(await place.who()).toMatchObject({ state: 'active', sub: expect.not.stringContaining('olga') })
    expect(place.events).toContainEqual(expect.objectContaining({ type: 'session.identity-changed' }))
    // Another application signs out: its cookie is gone, ours is still there.
    await place.browser.open(`${place.world.emulator.url}/logout`)
    await place.browser.jar.setCookie('c1_header=; Domain=citizen.example; Path=/; Max-Age=0', place.url)
    expect(await place.who()).toMatchObject({ state: 'anonymous' })
    place.world.travel(60)
    expect(await place.who()).toMatchObject({ state: 'anonymous' })
  })

  it('visits the provider of a session that has given way, when the person signs out', async () => {
    const place = await createPlace()
    await place.signInOwn()
    await place.signInShared()
    expect(await place.who()).toMatchObject({ state: 'active' })
    const first = await place.browser.post(`${place.url}/session/logout`, {})
    await place.browser.press(first, 'Continue')
    const identity = place.events.filter((event) => event.type === 'logout.leg' && event.leg === 'identity')
    expect(identity).toMatchObject([{ target: issuer }, { target: place.world.emulator.url }])
    expect(await place.who()).toMatchObject({ state: 'anonymous' })
  })

  it('ends both with one logout, which visits both providers and accounts for each', async () => {
    const place = await createPlace()
    await place.signInOwn()
    await place.signInShared()
    const first = await place.browser.post(`${place.url}/session/logout`, {})
    const second = await place.browser.press(first, 'Continue')
    expect(second.path.some((address) => address.startsWith(`${place.world.emulator.url}/logout`))).toBe(true)
    expect(second.body).toContain('You are signed out')
    expect(await place.who()).toMatchObject({ state: 'anonymous' })
    expect(await place.browser.cookieNames(place.url)).toEqual([])
    expect(place.world.emulator.sessions).toEqual([])
    const identity = place.events.filter((event) => event.type === 'logout.leg' && event.leg === 'identity')
    expect(identity).toMatchObject([
      { target: issuer, state: 'done' },
      { target: place.world.emulator.url, state: 'done' },
    ])
  })

  it('needs no look at the other session while the shared cookie is good', async () => {
    const place = await createPlace()
    await place.signInShared()
    expect((await place.who()).state).toBe('active')
    place.world.travel(3)
    const peeked = await place.browser.fetch(`${place.url}/session/status`)
    expect(await peeked.json()).toMatchObject({ state: 'active' })
  })

  it('leads back the way the person came in', async () => {
    const place = await createPlace()
    await place.signInOwn()
    const stronger = await place.browser.fetch(`${place.url}/session/login?returnTo=/private&level=2`, {
      headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    })
    expect(stronger.headers.get('location')).toContain(issuer)
  })
})

describe.each(['signInShared', 'signInOwn'] as const)(
  'an idle time that the operator has shortened, for a session by %s',
  (way) => {
    /** The application with the shorter time, for a browser whose session began before. */
    async function createShorter() {
      const place = await createPlace()
      await place[way]()
      expect(await place.who()).toMatchObject({ state: 'active' })
      const options = optionsOf('library', {
        emulator: place.world.emulator,
        clock: place.world.now,
        store: place.world.store,
      })
      const application = { ...options.application, idleSeconds: 300 }
      expect(place.suite.options.application.idleSeconds).toBeGreaterThan(application.idleSeconds)
      const suite = createSuite({ ...options, application, protocols: [scriptedProtocol().protocol] }, {})
      const cookie = await place.browser.jar.getCookieString(place.url)
      const request = (path: string) => new Request(`${place.url}${path}`, { headers: { cookie } })
      return { travel: place.world.travel, suite, request }
    }

    it('counts at once, and the status says so', async () => {
      const { travel, suite, request } = await createShorter()
      const ask = async () => {
        const response = await serve(suite, request('/session/status'))
        return (await response.json()) as {
          state: string
          reason: string
          session: Record<string, number> | null
        }
      }
      const { state, session } = await ask()
      expect(state).toBe('active')
      expect(session?.idleEndsAt).toBe((session?.lastSeenAt ?? 0) + 300_000)
      travel(301)
      expect(await ask()).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })
    })

    it('is no more work for a plain request: the citizen is there at once', async () => {
      const { suite, request } = await createShorter()
      await suite.authenticate(new TestExchange(request('/open')))
      expect(suite.authenticate(new TestExchange(request('/open')))).toMatchObject({ state: 'active' })
    })
  },
)
