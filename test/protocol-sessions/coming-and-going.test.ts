/** @module Providers that come and go: names that could be mistaken for others, logins in flight, clocks, failures. */
import { describe, expect, it, vi } from 'vitest'
import { ConfigurationError, createSuite, memoryStore, StoreUnavailableError } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import type { InstalledProtocol, Protocol } from '../../src/protocols/protocol.js'
import { saml } from '../../src/saml/saml.js'
import { keyOf } from '../saml/world.js'
import { scriptedProtocol } from '../support/scripted-protocol.js'
import { serve } from '../support/world.js'
import { createPlural, type Given, home, originOf } from './plural.js'

const openid: Given = { protocol: 'oidc' }
const inAddress: Given = { ...openid, oidc: { pushedAuthorization: 'never' } }
const both = { adfs: inAddress, entra: openid } as const
const login = `${home}/session/login?returnTo=/private`
const application = { id: 'benefits', url: home, secrets: ['a secret that is thirty-two bytes or more'] }
const at = (name: string) => ({ name, issuer: originOf(name), clientId: 'benefits', clientSecret: 's' })
const messagesOf = (work: () => unknown): Promise<readonly string[]> =>
  Promise.resolve()
    .then(work)
    .then(
      () => [],
      (error: unknown) => {
        if (!(error instanceof ConfigurationError)) throw error
        return error.problems.map(({ path, message }) => `${path} ${message}`)
      },
    )

describe('a login that is under way while its provider is removed', () => {
  it('is not taken up by the next provider of that name, which never sees its code', async () => {
    const place = await createPlural({ ...both, other: openid })
    const browser = place.browser()
    const answer = await browser.fetch(`${login}&via=adfs`)
    const away = await browser.open(answer.headers.get('location') ?? '', { from: home })
    place.travel(5)
    await place.suite.protocols.remove('adfs')
    await place.suite.protocols.add(place.plugIn('adfs'))
    place.travel(5)
    const visit = await place.goOn(browser, away)
    expect([visit.status, visit.url]).toEqual([400, expect.stringContaining('/session/adfs/callback')])
    expect(place.called.filter((url) => url.endsWith('/token.idp'))).toEqual([])
    expect(place.events.filter(({ type }) => type === 'session.started')).toEqual([])
    await place.signIn(browser, 'adfs')
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: 'adfs' })
  })

  it('is not taken up on an instance that has been told later, nor after a new start', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    const answer = await browser.fetch(`${login}&via=adfs`)
    const away = await browser.open(answer.headers.get('location') ?? '', { from: home })
    place.travel(5)
    await place.suite.protocols.remove('adfs')
    place.travel(5)
    place.sites.set(home, place.instance().handle)
    const visit = await place.goOn(browser, away)
    expect(visit.status).toBe(400)
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous' })
  })
})

describe('a session of a removed provider', () => {
  it('is over also where it began by a clock that was ahead, and has been put right', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    place.travel(7200)
    await place.signIn(browser, 'adfs')
    place.travel(-7200)
    await place.suite.protocols.remove('adfs')
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
  })

  it('is over however many other providers are removed after it', async () => {
    const place = await createPlural(both)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    place.travel(5)
    const { protocols } = place.suite
    await protocols.remove('adfs')
    await protocols.add(place.plugIn('adfs'))
    for (let count = 0; count < 10_010; count += 1) await protocols.remove(`t${count}`)
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous', reason: 'provider-removed' })
  })
})

describe('a provider that is removed', () => {
  it('is closed although its mark cannot be written', async () => {
    const close = vi.fn()
    const store = memoryStore()
    const broken = new Proxy(store, {
      get: (target, name) =>
        name === 'revokeIndexKey'
          ? () => {
              throw new StoreUnavailableError('cut off')
            }
          : Reflect.get(target, name),
    })
    const suite = createSuite(
      { application, protocols: [closing(scriptedProtocol('alpha').protocol, close)], store: broken },
      {},
    )
    await expect(suite.protocols.remove('alpha')).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(close).toHaveBeenCalledOnce()
  })
})

const closing = (protocol: Protocol, close: () => void): Protocol => ({
  ...protocol,
  install: (host): InstalledProtocol => ({ ...protocol.install(host), close }),
})

describe('names of providers beside each other', () => {
  const environment = {
    CITIZEN_OIDC_A_B_ISSUER: originOf('ab'),
    CITIZEN_OIDC_A_B_CLIENT_ID: 'ab',
    CITIZEN_OIDC_A_B_CLIENT_SECRET: 's',
    CITIZEN_OIDC_A_ISSUER: originOf('a'),
    CITIZEN_OIDC_A_CLIENT_ID: 'a',
    CITIZEN_OIDC_A_CLIENT_SECRET: 's',
  }
  const create = (protocols: readonly Protocol[], given = {}) =>
    createSuite({ application, protocols, store: memoryStore() }, given)

  it('a and a-b are two, and CITIZEN_OIDC_A_B_ISSUER is the issuer of a-b', async () => {
    const asked: string[] = []
    const suite = createSuite(
      {
        application,
        protocols: [oidc({ name: 'a' }), oidc({ name: 'a-b' })],
        store: memoryStore(),
        onEvent: () => undefined,
        fetch: async (input) => {
          asked.push(new URL(new Request(input).url).origin)
          return new Response('', { status: 502 })
        },
      },
      environment,
    )
    for (const name of ['a', 'a-b']) {
      const started = await serve(suite, new Request(`${home}/session/login?via=${name}`))
      expect(started.status).toBe(503)
    }
    expect([...new Set(asked)]).toEqual([originOf('a'), originOf('ab')])
  })

  it.each([
    ['refresh', 'CITIZEN_OIDC_A_REFRESH_TIMEOUT_SECONDS'],
    ['endpoints', 'CITIZEN_OIDC_A_ENDPOINTS_USER_INFO'],
  ])('a and a-%s are refused together, at the start and at run time alike', async (word, variable) => {
    const plugIns = () =>
      [oidc(at('a')), oidc({ ...at('a'), name: `a-${word}`, issuer: originOf('other') })] as const
    const said = [expect.stringContaining(`has the variable ${variable} in common`)]
    const [first, second] = plugIns()
    expect(await messagesOf(() => create([first, second]))).toEqual(said)
    for (const [one, other] of [plugIns(), [...plugIns()].reverse()]) {
      if (one === undefined || other === undefined) throw new Error('two')
      const suite = create([one])
      expect(await messagesOf(() => suite.protocols.add(other))).toEqual(said)
      // Whoever goes first may be followed by the other.
      await suite.protocols.remove(one.name)
      expect(await messagesOf(() => suite.protocols.add(other))).toEqual([])
    }
  })

  it.each([
    ['t1', { CITIZEN_OIDC_T2_ISSUER: originOf('t2'), CITIZEN_OIDC_T2_CLIENT_ID: 'benefits' }],
    [undefined, { CITIZEN_OIDC_A_ISSUER: originOf('a'), CITIZEN_OIDC_A_CLIENT_ID: 'benefits' }],
  ])('variables of one that is added later are no typing mistakes beside %s', async (name, variables) => {
    const suite = create([oidc({ ...at('x'), name })], variables)
    const added = name === undefined ? 'a' : 't2'
    await suite.protocols.add(oidc({ name: added, clientAuthentication: 'none' }))
    expect(suite.protocols.names).toContain(added)
  })

  it('a typing mistake in a variable of one that is added is told then', async () => {
    const suite = create([oidc(at('t1'))], {
      CITIZEN_OIDC_T2_ISSUER: originOf('t2'),
      CITIZEN_OIDC_T2_SCOPES: 'openid',
    })
    expect(await messagesOf(() => suite.protocols.add(oidc(at('t2'))))).toEqual([
      'oidc.t2.scope is not known: write CITIZEN_OIDC_T2_SCOPE',
    ])
  })

  it('of OpenID Connect and of SAML are not the same', async () => {
    const twin = () =>
      saml({
        name: 'adfs',
        identityProvider: `${originOf('other')}/saml`,
        metadataUrl: `${originOf('other')}/metadata`,
        ...keyOf('benefits'),
      })
    expect(await messagesOf(() => create([oidc(at('adfs')), twin()]))).toEqual([
      expect.stringContaining('with different names'),
    ])
    expect(await messagesOf(() => create([oidc(at('adfs'))]).protocols.add(twin()))).toEqual([
      'protocols.adfs is there already: use suite.protocols.replace, or another name',
    ])
  })

  it('a typing mistake in the variable of one that is there is told all the same', async () => {
    const given = { CITIZEN_OIDC_T1_SCOPES: 'openid' }
    expect(await messagesOf(() => create([oidc(at('t1'))], given))).toEqual([
      'oidc.t1.scope is not known: write CITIZEN_OIDC_T1_SCOPE',
    ])
    const withName = { CITIZEN_OIDC_T2_SCOPES: 'openid', CITIZEN_OIDC_T1_ISSUER: originOf('t1') }
    expect(await messagesOf(() => create([oidc(at('t2'))], withName))).toEqual([
      'oidc.t2.scope is not known: write CITIZEN_OIDC_T2_SCOPE',
    ])
  })
})

describe('a plug-in of somebody else', () => {
  const named = (name: string, endpoints?: InstalledProtocol['endpoints']): Protocol => {
    const { protocol } = scriptedProtocol('alpha')
    return {
      ...protocol,
      name,
      install: (host) => ({
        ...protocol.install(host),
        issuer: originOf(name),
        ...(endpoints && { endpoints }),
      }),
    }
  }
  const create = (protocols: readonly Protocol[]) =>
    createSuite({ application, protocols, store: memoryStore() }, {})

  it('is not called as the shared cookie is', async () => {
    const taking = named('shared-cookie')
    expect(await messagesOf(() => create([taking]))).toEqual([expect.stringContaining('another name')])
    expect(await messagesOf(() => create([]).protocols.add(taking))).toEqual([
      expect.stringContaining('another name'),
    ])
  })

  it.each([
    ['a route of ours', 'logout'],
    ['a route of another plug-in', 'adfs/callback'],
  ])('does not take %s, neither at the start nor at run time', async (_, path) => {
    const taking = () =>
      named('beta', { [path]: { GET: () => ({ status: 200, headers: {}, body: 'beta' }) } })
    const others = () => [oidc(at('adfs'))]
    const said = [expect.stringContaining(`protocols.beta.endpoints.${path}`)]
    expect(await messagesOf(() => create([...others(), taking()]))).toEqual(said)
    const suite = create(others())
    expect(await messagesOf(() => suite.protocols.add(taking()))).toEqual(said)
    expect(suite.protocols.names).toEqual(['adfs'])
    expect((await serve(suite, new Request(`${home}/session/${path}`))).status).not.toBe(404)
  })
})
