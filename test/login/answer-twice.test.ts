/** @module The answer of a provider that comes twice at once, as a form does that is sent by two clicks, by every way in. */
import { describe, expect, it } from 'vitest'
import type { CitizenEvent } from '../../src/index.js'
import { createOidcWorld } from '../oidc/world.js'
import { createSamlWorld } from '../saml/world.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { createWorld } from '../support/world.js'

/** An application with its provider, before anybody has signed in. */
interface Place {
  readonly home: string
  readonly handle: Site
  readonly provider: Site
  readonly events: readonly CitizenEvent[]
}

const provider = 'https://id.citizen.example'
const answers = /\/session\/(?:return|callback|saml\/acs)(?:\?|$)/

const ways: readonly (readonly [name: string, place: () => Promise<Place>])[] = [
  [
    'the shared cookie',
    async () => {
      const world = await createWorld()
      const { url: home, handle, events } = world.application('benefits')
      return { home, handle, events, provider: (request) => world.emulator.handle(request) }
    },
  ],
  ...([['code'], ['code id_token']] as const).map(
    ([responseType]) =>
      [
        `OpenID Connect, ${responseType}`,
        async () => {
          const client = { response_types: [responseType] }
          const world = await createOidcWorld({ benefits: { oidc: { responseType }, client } })
          const { url: home, handle, events } = world.party('benefits')
          return { home, handle, events, provider: (request: Request) => world.emulator.handle(request) }
        },
      ] as const,
  ),
  [
    'SAML',
    async () => {
      const world = await createSamlWorld()
      const { url: home, handle, events } = world.party('benefits')
      return { home, handle, events, provider: (request) => world.emulator.handle(request) }
    },
  ],
]

/** A browser that sends so many answers twice at once, with the same cookies, and takes only what came second. */
function doublingBrowser({ home, handle, provider: site }: Place, most: number) {
  const doubled: string[] = []
  const twice: Site = async (request) => {
    const hasCookie = request.headers.has('cookie')
    if (!answers.test(request.url) || !hasCookie || doubled.length === most) return handle(request)
    doubled.push(request.url)
    const copy = request.clone()
    const [, second] = await Promise.all([handle(request), handle(copy)])
    return second
  }
  const sites = new Map<string, Site>([
    [home, twice],
    [provider, site],
  ])
  return { browser: createBrowser(sites), doubled }
}

/** Signs in, and goes on through every page whose form sends itself. */
async function signIn(browser: Browser, home: string): Promise<{ visit: Visit; passwords: number }> {
  let visit = await browser.open(`${home}/session/login?returnTo=/private`)
  let passwords = 0
  for (let hops = 0; hops < 20 && /\bsubmit\b|name="password"/.test(visit.body); hops += 1) {
    if (visit.status >= 400) break
    const isLogin = visit.body.includes('name="password"')
    passwords += isLogin ? 1 : 0
    const typed = { username: 'ana', password: 'ana-password' }
    visit = isLogin ? await browser.press(visit, /^Sign in$/, typed) : await browser.press(visit, /./)
  }
  return { visit, passwords }
}

const problems = (events: readonly CitizenEvent[]) =>
  events.flatMap((event) => (event.type === 'token.rejected' ? [event.problem] : []))

describe.each(ways)('FLD-06 an answer that comes twice at once: %s', (name, make) => {
  it('brings the person in, where they wanted to go, and asks for no second password', async () => {
    const place = await make()
    const { browser, doubled } = doublingBrowser(place, 1)
    const { visit, passwords } = await signIn(browser, place.home)
    expect([doubled.length, passwords, visit.url, visit.status]).toEqual([1, 1, `${place.home}/private`, 200])
    expect(problems(place.events)).toEqual([])
  })

  it('ends at a page where something on the way sends everything twice, and goes round in no circle', async () => {
    const place = await make()
    const { browser, doubled } = doublingBrowser(place, Number.POSITIVE_INFINITY)
    const { visit } = await signIn(browser, place.home)
    const isIn = visit.status === 200 && visit.url === `${place.home}/private`
    // Whoever has the cookie of all applications is in, whichever of the two has begun the session.
    expect(isIn ? 'in' : visit.status).toBe(name === 'the shared cookie' ? 'in' : 400)
    expect(doubled.length).toBeLessThan(3)
    expect(problems(place.events)).toEqual(isIn ? [] : ['no-state'])
  })
})
