/**
 * @module `trustedClaims`: what a provider says of factors counts where the application says so of it, by each of the three
 * roads, and nowhere else.
 */
import { describe, expect, it } from 'vitest'
import { type Citizen, type CitizenEvent, createSuite, type Suite } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import type { Protocol } from '../../src/protocols/protocol.js'
import { saml } from '../../src/saml/saml.js'
import { requestIdOf } from '../../src/saml/service-provider.js'
import { createPlace, home as openidHome } from '../attacks/oidc-place.js'
import { clientId, issuer } from '../oidc/signer.js'
import { createSamlWorld, entityOf, keyOf, urlOf } from '../saml/world.js'
import type { Browser } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, serve } from '../support/world.js'

interface Says {
  readonly isMfa?: boolean
  readonly isDidAuth?: boolean
}
const password = { isMfa: false, isDidAuth: false } as const
const mfa = { isMfa: true, isDidAuth: false } as const
const eeze = { isMfa: true, isDidAuth: true } as const

/** An application whose provider says of factors what a test wants; `trusted`: what the application says of it. */
interface Road {
  readonly suite: Suite
  readonly events: readonly CitizenEvent[]
  /** A login that shows nothing else than this. */
  signIn(says: Says): Promise<void>
  /** What the provider says when the session goes on. */
  later(says: Says): Promise<void>
  cookie(): Promise<string>
  /** Another instance on the same store, which says this of the provider. */
  instance(trusted?: readonly string[]): Suite
  /** The plug-in of the provider, made anew. */
  plugIn?(trusted?: readonly string[]): Protocol
}
type Trusted = readonly string[] | undefined

/** What the application reads of the browser's person, and which guards let them through. */
async function found({ suite, cookie }: Pick<Road, 'suite' | 'cookie'>) {
  const { url } = suite.options.application
  const at = async (path: string) =>
    (await serve(suite, new Request(`${url}${path}`, { headers: { cookie: await cookie() } }))).status
  const exchange = new TestExchange(new Request(`${url}/open`, { headers: { cookie: await cookie() } }))
  const citizen: Citizen = await suite.authenticate(exchange)
  const { state, assurance, claims } = citizen
  const read = { isMfa: claims?.isMfa, isDidAuth: claims?.isDidAuth }
  return {
    state,
    shown: [assurance?.level, assurance?.method],
    claims: read,
    guards: [await at('/private'), await at('/mfa'), await at('/level2')],
  }
}

/** The levels that an administrator reads there of the sessions of the browser's person. */
async function listed(suite: Suite, { cookie }: Pick<Road, 'cookie'>) {
  const { url } = suite.options.application
  const exchange = new TestExchange(new Request(`${url}/open`, { headers: { cookie: await cookie() } }))
  const { claims } = await suite.authenticate(exchange)
  const sessions = await suite.sessions.list({ issuer: claims?.iss, subject: claims?.sub ?? '' })
  return sessions.map(({ level }) => level)
}

const nothing = { isMfa: undefined, isDidAuth: undefined }
const asPassword = { state: 'active', shown: [1, 'password'], guards: [200, 401, 401] }
const asMfa = { state: 'active', shown: [1, 'mfa'], guards: [200, 200, 401] }
const asEeze = { state: 'active', shown: [2, 'did'], guards: [200, 200, 200] }

const sameApplication = ({ options: { application } }: Suite) => {
  const { id, url, secrets } = application
  return { id, url, secrets, sensitivity: 'basic' as const }
}
const ofOpenid = (trusted: Trusted) =>
  trusted === undefined ? {} : { trustedClaims: ['acr', 'amr', ...trusted] }
const openidPlugIn = (trusted: Trusted) =>
  oidc({ issuer, clientId, clientSecret: 'the secret of the client', ...ofOpenid(trusted) })
const bySame = (trusted: Trusted) => (trusted === undefined ? {} : { trustedClaims: trusted })

async function byOpenid(trusted: Trusted): Promise<Road> {
  const place = createPlace({ oidc: ofOpenid(trusted), suite: { application: { sensitivity: 'basic' } } })
  const { script, suite } = place
  const browser: Browser = place.browser()
  let serial = 0
  return {
    suite,
    events: place.events,
    async signIn(says) {
      script.claims = { ...says }
      await browser.open(`${openidHome}/session/login?returnTo=/private`)
    },
    async later(says) {
      script.claims = { ...says }
      script.onToken = () => {
        serial += 1
        const tokens = { access_token: `new-${serial}`, refresh_token: `next-${serial}`, expires_in: 3600 }
        return Response.json({ ...tokens, token_type: 'Bearer', id_token: place.idToken() })
      }
      place.travel(1801)
      // The first request renews, and the second finds it.
      for (let count = 0; count < 2; count += 1) {
        await browser.open(`${openidHome}/private`, { from: openidHome })
      }
    },
    cookie: () => browser.cookieHeader(openidHome),
    instance(other) {
      const { store, clock, fetch } = suite.options
      const application = sameApplication(suite)
      return createSuite({ application, protocols: [openidPlugIn(other)], store, clock, fetch }, {})
    },
    plugIn: openidPlugIn,
  }
}

async function bySaml(trusted: Trusted): Promise<Road> {
  const given = { keepAlive: { by: 'frame' }, ...bySame(trusted) } as const
  const world = await createSamlWorld({ benefits: { saml: given } })
  const home = urlOf('benefits')
  const { suite, events } = world.party('benefits')
  const browser = world.browser()
  const framed = { from: home, headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' } }
  /** Answers the request that an address of ours leads to, by an assertion with these attributes. */
  const answer = async (path: string, says: Says, more: { readonly session?: string | undefined }) => {
    const isFrame = path.includes('keep-alive')
    const sent = await browser.fetch(`${home}${path}`, isFrame ? { headers: framed.headers } : {})
    const relayState = new URL(sent.headers.get('location') ?? '').searchParams.get('RelayState') ?? ''
    const message = await world.emulator.saml.response({
      serviceProvider: entityOf('benefits'),
      username: 'ana',
      level: 'password',
      inResponseTo: requestIdOf('sign-in', relayState),
      relayState,
      assertion: { attributes: { ...says } },
      ...more,
    })
    await browser.post(message.url, { ...message.fields, again: '1' }, isFrame ? framed : { from: home })
  }
  return {
    suite,
    events,
    signIn: (says) => answer('/session/login?returnTo=/private', says, {}),
    async later(says) {
      world.travel(900)
      await browser.fetch(`${home}/open`)
      const session = world.emulator.sessions[0]?.jti
      await answer('/session/saml/keep-alive?begin=frame', says, { session })
    },
    cookie: () => browser.cookieHeader(home),
    instance: (other) => world.instance('benefits', { saml: bySame(other) }).suite,
    plugIn: (other) =>
      saml({
        identityProvider: world.emulator.saml.entityId,
        metadataUrl: world.emulator.saml.metadataUrl,
        ...keyOf('benefits'),
        ...bySame(other),
      }),
  }
}

async function byCookie(trusted: Trusted): Promise<Road> {
  const options = (names: Trusted) => ({
    application: { sensitivity: 'basic' as const },
    identityProvider: bySame(names),
  })
  const world = await createWorld({ applications: { benefits: options(trusted) } })
  const { emulator } = world
  const { suite, events } = world.application('benefits')
  let cookies = await emulator.cookiesFor('ana')
  const say = async (says: Says) => {
    world.travel(1)
    const payload = /c1_payload=([^;]+)/.exec(cookies)?.[1] ?? ''
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, number>
    const { iat = 0, exp = 0 } = claims
    cookies = emulator.cookieHeader(
      await emulator.signToken({ ...claims, iat: iat + 1, exp: exp + 1, ...password, ...says }),
    )
    // The session starts, or goes on, with a page.
    const headers = { cookie: cookies, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    await serve(suite, new Request(`${suite.options.application.url}/private`, { headers }))
  }
  return {
    suite,
    events,
    signIn: say,
    later: say,
    cookie: async () => cookies,
    instance(other) {
      const { identityProvider, sharedCookie, store, clock, fetch } = suite.options
      if (identityProvider === undefined || sharedCookie === undefined) throw new Error('no shared cookie')
      return createSuite(
        {
          ...options(other),
          identityProvider: { url: identityProvider.url, ...options(other).identityProvider },
          sharedCookie: { domain: sharedCookie.domain },
          application: sameApplication(suite),
          store,
          clock,
          fetch,
        },
        {},
      )
    },
  }
}

const roads = { 'OpenID Connect': byOpenid, SAML: bySaml, 'the shared cookie': byCookie }
const believed = ['isMfa', 'isDidAuth']

describe('a provider of which nothing is said', () => {
  it.each([
    ['OpenID Connect', nothing, asPassword, asPassword],
    ['SAML', nothing, asPassword, asPassword],
    // Its own document says what the claims mean.
    ['the shared cookie', undefined, asMfa, asEeze],
  ] as const)('by %s', async (name, read, ofMfa, ofEeze) => {
    const road = await roads[name](undefined)
    await road.signIn(mfa)
    expect(await found(road)).toEqual({ ...ofMfa, claims: read ?? mfa })
    await road.later(eeze)
    expect(await found(road)).toEqual({ ...ofEeze, claims: read ?? eeze })
  })
})

describe.each(Object.entries(roads))('by %s', (name, make) => {
  it('isMfa and isDidAuth count for guards, level and method where the provider is believed them', async () => {
    const road = await make(believed)
    await road.signIn(mfa)
    expect(await found(road)).toEqual({ ...asMfa, claims: mfa })
    const another = await make(believed)
    await another.signIn(eeze)
    expect(await found(another)).toEqual({ ...asEeze, claims: eeze })
  })

  it('they count when they are said later, and fall when they are taken back', async () => {
    const road = await make(believed)
    await road.signIn(password)
    expect(await found(road)).toEqual({ ...asPassword, claims: password })
    await road.later(eeze)
    expect(await found(road)).toEqual({ ...asEeze, claims: eeze })
    await road.later(password)
    expect(await found(road)).toEqual({ ...asPassword, claims: password })
  })

  it('what is not believed is no factor for a guard, in assurance or among the claims, at once and later', async () => {
    const road = await make([])
    await road.signIn(eeze)
    expect(await found(road)).toEqual({ ...asPassword, claims: nothing })
    await road.later(eeze)
    expect(await found(road)).toEqual({ ...asPassword, claims: nothing })
  })

  it('each of them is believed by itself', async () => {
    const road = await make(['isMfa'])
    await road.signIn(eeze)
    expect(await found(road)).toEqual({ ...asMfa, claims: { isMfa: true, isDidAuth: undefined } })
  })

  it('a session that began while they were believed goes on, and they count no longer', async () => {
    const road = await make(believed)
    await road.signIn(eeze)
    const before = await found(road)
    expect(before).toEqual({ ...asEeze, claims: eeze })
    expect(await listed(road.suite, road)).toEqual([2])
    const suite = road.instance([])
    expect(await found({ ...road, suite })).toEqual({ ...asPassword, claims: nothing })
    // What a list says is what counts there.
    expect(await listed(suite, road)).toEqual([1])
    const one = road.instance(['isMfa'])
    const shown = async () => (await found({ ...road, suite: one })).shown
    if (name === 'the shared cookie') {
      // What an instance believes of the newest token holds for all that believe more, until the provider gives the next one.
      expect(await shown()).toEqual([1, 'password'])
      await road.later(eeze)
    } else {
      expect(await shown()).toEqual([1, 'mfa'])
    }
    expect(await found(road)).toEqual(before)
  })
})

it.each(['OpenID Connect', 'SAML'] as const)(
  'by %s, a provider that is replaced by one that is believed less lowers a session that is remembered',
  async (name) => {
    const road = await roads[name](believed)
    await road.signIn(eeze)
    expect((await found(road)).shown).toEqual([2, 'did'])
    if (road.plugIn === undefined) throw new Error('nothing to replace')
    await road.suite.protocols.replace(road.plugIn([]))
    expect(await found(road)).toEqual({ ...asPassword, claims: nothing })
  },
)

describe('the operator is told, once', () => {
  const toldBy = ({ events }: Road) =>
    events.flatMap((event) => (event.type === 'warning' && event.code === 'untrusted-claims' ? [event] : []))

  it.each([
    ['OpenID Connect', 'oidc', issuer],
    ['SAML', 'saml', 'https://id.citizen.example'],
  ] as const)('which claims count for nothing by %s, and of which provider', async (name, provider, who) => {
    const road = await roads[name](undefined)
    await road.signIn(password)
    expect(toldBy(road)).toEqual([])
    await road.later(mfa)
    await road.later(mfa)
    expect(toldBy(road)).toMatchObject([{ provider }])
    const [told] = toldBy(road)
    expect(told?.message).toContain(who)
    expect(told?.message).toContain('says isMfa, which')
    expect(told?.message).toContain('trustedClaims')
    await road.later(eeze)
    expect(toldBy(road).map(({ message }) => message.includes('says isDidAuth, which'))).toEqual([
      false,
      true,
    ])
  })

  it.each(Object.entries(roads))('nothing where they are believed, by %s', async (_name, make) => {
    const road = await make(believed)
    await road.signIn(eeze)
    expect(toldBy(road)).toEqual([])
  })
})

describe('by SAML, claims that the application makes', () => {
  const made = async (value: unknown, trusted: Trusted) => {
    const world = await createSamlWorld({
      benefits: { saml: { ...bySame(trusted), claims: () => ({ isMfa: value, role: 'clerk' }) } },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const { suite } = world.party('benefits')
    return found({ suite, cookie: () => browser.cookieHeader(urlOf('benefits')) })
  }

  it.each([[true], ['true'], [['true']]])('count as %j, where they are trusted', async (value) => {
    expect(await made(value, believed)).toEqual({
      ...asMfa,
      claims: { isMfa: true, isDidAuth: false },
    })
    expect(await made(value, undefined)).toEqual({ ...asPassword, claims: nothing })
  })

  it.each([[false], ['false'], ['TRUE'], [1], [[]], [['true', 'true']], [['true', 'false']], [{}], [null]])(
    'count for nothing as %j, wherever',
    async (value) => {
      expect(await made(value, believed)).toEqual({
        ...asPassword,
        claims: { isMfa: false, isDidAuth: false },
      })
    },
  )
})
