import { inflateRawSync } from 'node:zlib'
import type { Profile } from '@node-saml/node-saml'
import { describe, expect, it } from 'vitest'
import type { Emulator, SamlOptions } from '../../src/emulator/index.js'
import { createBrowser } from './browser.js'
import {
  addressesOf,
  createSamlEmulator,
  formOf,
  pathOf,
  providerKeys,
  relyingParty,
  signInAt,
  soapLogoutRequest,
  soapProvider,
} from './saml-world.js'

const benefits = addressesOf('benefits')
const permits = addressesOf('permits')
type Name = 'benefits' | 'permits'

const provider = (name: Name, logout: Record<string, string>) => ({
  entityId: addressesOf(name).entityId,
  acsUrl: addressesOf(name).acsUrl,
  logout,
  certificate: providerKeys[name].certificate,
})

async function profileAt(
  emulator: Emulator,
  name: Name,
  browser = createBrowser(emulator),
): Promise<Profile> {
  const saml = relyingParty(emulator, name)
  const { fields } = await signInAt(emulator, saml, { browser })
  const { profile } = await saml.validatePostResponseAsync(fields)
  if (!profile) throw new Error('no profile')
  return profile
}

/** What a provider does with a message by redirect: verifies it as node-saml does. */
function received(emulator: Emulator, name: Name, url: string) {
  const { searchParams, search } = new URL(url)
  return relyingParty(emulator, name).validateRedirectAsync(Object.fromEntries(searchParams), search.slice(1))
}

/** Answers a LogoutRequest of the emulator by redirect. */
async function answered(emulator: Emulator, name: Name, url: string, isDone = true) {
  const { profile } = await received(emulator, name, url)
  if (!profile) throw new Error('no profile')
  const relayState = new URL(url).searchParams.get('RelayState') ?? ''
  const saml = relyingParty(emulator, name)
  return pathOf(await saml.getLogoutResponseUrlAsync(profile, relayState, {}, isDone))
}

const decode = (url: string) => new URL(url).searchParams

describe('single logout that a provider begins', () => {
  it('ends the session, visits the other provider by redirect, and answers Success', async () => {
    const emulator = await createSamlEmulator()
    const browser = createBrowser(emulator)
    const profile = await profileAt(emulator, 'benefits', browser)
    const other = await profileAt(emulator, 'permits', browser)
    const saml = relyingParty(emulator)
    const first = await browser.get(pathOf(await saml.getLogoutUrlAsync(profile, 'mine', {})))
    expect(emulator.sessions).toEqual([])
    expect(browser.names()).toEqual([])
    const toPermits = first.headers.get('location') ?? ''
    expect(toPermits.startsWith(`${permits.slo}?SAMLRequest=`)).toBe(true)
    const request = await received(emulator, 'permits', toPermits)
    expect(request).toMatchObject({ loggedOut: true, profile: { nameID: other.nameID } })
    expect(request.profile?.sessionIndex).toBe(other.sessionIndex)
    const last = await browser.get(await answered(emulator, 'permits', toPermits))
    const toBenefits = last.headers.get('location') ?? ''
    expect(toBenefits.startsWith(`${benefits.slo}?SAMLResponse=`)).toBe(true)
    expect(decode(toBenefits).get('RelayState')).toBe('mine')
    expect(await received(emulator, 'benefits', toBenefits)).toEqual({ profile: null, loggedOut: true })
    expect(emulator.saml.deliveries).toMatchObject([
      { serviceProvider: permits.entityId, binding: 'redirect', state: 'done', status: ['Success'] },
    ])
  })

  it('says PartialLogout at the second level when the other one could not', async () => {
    const emulator = await createSamlEmulator()
    const browser = createBrowser(emulator)
    const profile = await profileAt(emulator, 'benefits', browser)
    await profileAt(emulator, 'permits', browser)
    const url = await relyingParty(emulator).getLogoutUrlAsync(profile, 'mine', {})
    const first = await browser.get(pathOf(url))
    const back = await answered(emulator, 'permits', first.headers.get('location') ?? '', false)
    const last = await browser.get(back)
    await expect(received(emulator, 'benefits', last.headers.get('location') ?? '')).resolves.toMatchObject({
      loggedOut: true,
    })
    const answer = decode(last.headers.get('location') ?? '').get('SAMLResponse') ?? ''
    const code = (word: string) => `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${word}">`
    expect(inflateRawSync(Buffer.from(answer, 'base64')).toString()).toContain(
      `${code('Success')}${code('PartialLogout')}</samlp:StatusCode></samlp:StatusCode>`,
    )
    expect(emulator.saml.deliveries).toMatchObject([{ state: 'failed', problem: undefined }])
  })

  it('says UnknownPrincipal about a stranger, and ends nothing', async () => {
    const emulator = await createSamlEmulator()
    const browser = createBrowser(emulator)
    const profile = await profileAt(emulator, 'benefits', browser)
    const saml = relyingParty(emulator)
    const url = await saml.getLogoutUrlAsync({ ...profile, nameID: 'somebody' }, '', {})
    const last = await browser.get(pathOf(url))
    await expect(received(emulator, 'benefits', last.headers.get('location') ?? '')).rejects.toThrow(
      /UnknownPrincipal|Bad status/,
    )
    expect(emulator.sessions).toHaveLength(1)
    expect(browser.names()).toContain('__Host-c1_identity')
  })

  it('comes by POST without a cookie, and still ends the session', async () => {
    const emulator = await createSamlEmulator({
      serviceProviders: [
        provider('benefits', { post: benefits.slo }),
        provider('permits', { post: permits.slo }),
      ],
    })
    const browser = createBrowser(emulator)
    await profileAt(emulator, 'benefits', browser)
    await profileAt(emulator, 'permits', browser)
    const [first] = emulator.saml.participants
    const { body } = soapLogoutRequest('benefits', {
      nameId: first?.nameId.value ?? '',
      sessionIndexes: [first?.sessionIndex ?? ''],
      now: emulator.clock(),
    })
    const message = /<soap:Body>(.*)<\/soap:Body>/s.exec(body)?.[1] ?? ''
    const SAMLRequest = Buffer.from(message).toString('base64')
    const response = await createBrowser(emulator).post(
      '/saml/slo',
      { SAMLRequest, RelayState: 'r' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://benefits.example' },
    )
    expect(emulator.sessions).toEqual([])
    expect(response.headers.getSetCookie().join()).toContain('c1_identity=; Path=/; Max-Age=0')
    const { action, fields } = await formOf(response)
    expect(action).toBe(permits.slo)
    const asked = await relyingParty(emulator, 'permits').validatePostRequestAsync(fields)
    expect(asked.loggedOut).toBe(true)
  })

  it('comes by SOAP, is passed on by SOAP, and is answered in the same response', async () => {
    const soap = soapProvider('permits', { now: () => emulator.clock() })
    const emulator = await createSamlEmulator(
      {
        serviceProviders: [
          provider('benefits', { soap: benefits.soap }),
          provider('permits', { soap: permits.soap }),
        ],
      },
      { fetch: soap.fetch },
    )
    const browser = createBrowser(emulator)
    const profile = await profileAt(emulator, 'benefits', browser)
    await profileAt(emulator, 'permits', browser)
    const { id, body } = soapLogoutRequest('benefits', {
      nameId: profile.nameID,
      sessionIndexes: [],
      now: emulator.clock(),
    })
    const response = await emulator.fetch('/saml/soap', { method: 'POST', body })
    const text = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/xml; charset=utf-8'])
    expect(text).toContain(`InResponseTo="${id}"`)
    expect(text).toContain('status:Success')
    expect(text).not.toContain('PartialLogout')
    expect(soap.received).toHaveLength(1)
    expect(emulator.sessions).toEqual([])
    expect(emulator.saml.deliveries).toMatchObject([{ binding: 'soap', state: 'done' }])
    const again = await emulator.fetch('/saml/soap', { method: 'POST', body })
    expect([again.status, await again.text()]).toEqual([500, expect.stringContaining('soap:Fault')])
    expect(emulator.saml.refusals).toMatchObject([{ problem: 'replayed' }])
  })

  it('ends one of two devices by SessionIndex, both without', async () => {
    for (const [hasIndex, left] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const emulator = await createSamlEmulator({
        serviceProviders: [provider('benefits', { soap: benefits.soap })],
      })
      const profile = await profileAt(emulator, 'benefits')
      await profileAt(emulator, 'benefits')
      const { body } = soapLogoutRequest('benefits', {
        nameId: profile.nameID,
        sessionIndexes: hasIndex ? [profile.sessionIndex ?? ''] : [],
        now: emulator.clock(),
      })
      await emulator.fetch('/saml/soap', { method: 'POST', body })
      expect(emulator.sessions).toHaveLength(left)
    }
  })

  it.each<[string, Parameters<typeof relyingParty>[2], (path: string) => string]>([
    ['unsigned', { privateKey: undefined }, (path) => path],
    ['signature', { privateKey: providerKeys.permits.privateKey }, (path) => path],
    ['algorithm', { signatureAlgorithm: 'sha1' }, (path) => path],
    ['signature', {}, (path) => path.replace('RelayState=mine', 'RelayState=yours')],
    [
      'destination',
      { logoutUrl: 'https://elsewhere.example/slo' },
      (path) => path.replace('/slo', '/saml/slo'),
    ],
  ])('is refused as %s, and ends nothing', async (problem, config, change) => {
    const emulator = await createSamlEmulator()
    const browser = createBrowser(emulator)
    const profile = await profileAt(emulator, 'benefits', browser)
    const url = await relyingParty(emulator, 'benefits', config).getLogoutUrlAsync(profile, 'mine', {})
    const response = await browser.get(change(pathOf(url)))
    expect([response.status, emulator.saml.refusals[0]?.problem]).toEqual([400, problem])
    expect(emulator.sessions).toHaveLength(1)
  })
})

describe('single logout that the provider of identities begins', () => {
  it('leads the browser from /logout through every participant, then returns it', async () => {
    const emulator = await createSamlEmulator({
      serviceProviders: [
        provider('benefits', { redirect: benefits.slo }),
        provider('permits', { post: permits.slo }),
      ],
    })
    const browser = createBrowser(emulator)
    await profileAt(emulator, 'benefits', browser)
    await profileAt(emulator, 'permits', browser)
    const first = await browser.get('/logout?returnTo=https%3A%2F%2Fapp.example.gov%2F')
    expect(browser.names()).toEqual([])
    const second = await browser.get(
      await answered(emulator, 'benefits', first.headers.get('location') ?? ''),
    )
    const { action, fields } = await formOf(second)
    expect(action).toBe(permits.slo)
    const saml = relyingParty(emulator, 'permits')
    const { profile } = await saml.validatePostRequestAsync(fields)
    if (!profile) throw new Error('no profile')
    const back = await saml.getLogoutResponseUrlAsync(profile, fields.RelayState ?? '', {}, true)
    const last = await browser.get(pathOf(back))
    expect(last.headers.get('location')).toBe('https://app.example.gov/')
    expect(emulator.saml.deliveries.map(({ state }) => state)).toEqual(['done', 'done'])
    expect(emulator.saml.participants).toEqual([])
  })

  it('holds every participant in a frame, and goes on when all have answered', async () => {
    const emulator = await createSamlEmulator({ frontChannel: 'frames' })
    const browser = createBrowser(emulator)
    await profileAt(emulator, 'benefits', browser)
    await profileAt(emulator, 'permits', browser)
    const page = await (await browser.get('/logout')).text()
    const frames = [...page.matchAll(/<iframe name="([^"]*)" title="[^"]*" src="([^"]*)"/g)]
    expect(frames).toHaveLength(2)
    for (const [name, [, id, src]] of [
      ['benefits', frames[0] ?? []],
      ['permits', frames[1] ?? []],
    ] as const) {
      const request = await browser.get(src ?? '')
      const end = await browser.get(await answered(emulator, name, request.headers.get('location') ?? ''))
      expect(end.headers.get('content-security-policy')).toContain("frame-ancestors 'self'")
      expect(await end.text()).toContain(`data-id="${id}"`)
    }
    const next = /<a href="([^"]*)">Continue/.exec(page)?.[1] ?? ''
    expect(await (await browser.get(next)).text()).toContain('You are signed out')
    expect(emulator.saml.deliveries.map(({ state }) => state)).toEqual(['done', 'done'])
  })

  it.each([
    [{}, 'done', undefined],
    [{ status: 'Responder' }, 'failed', undefined],
    [{ signedBy: 'benefits' as const }, 'failed', 'signature'],
    [{ destination: '' }, 'done', undefined],
    [{ destination: 'https://elsewhere.example/saml' }, 'failed', 'destination'],
  ])('tells by SOAP what revoke and logout end: %j', async (answer, state, problem) => {
    const soap = soapProvider('permits', { now: () => emulator.clock(), ...answer })
    const emulator = await createSamlEmulator(
      { serviceProviders: [provider('permits', { soap: permits.soap })] },
      { fetch: soap.fetch },
    )
    await emulator.saml.response({ serviceProvider: permits.entityId, username: 'ana' })
    expect(await emulator.saml.logout({ username: 'ana' })).toMatchObject([{ state, problem }])
    await emulator.saml.response({ serviceProvider: permits.entityId, username: 'ana' })
    expect(emulator.revoke('ana')).toBe(1)
    await emulator.saml.settled()
    expect(emulator.saml.deliveries).toMatchObject([{ state }, { state }])
    expect(soap.received).toHaveLength(2)
    expect(soap.received[0]).toContain(`Destination="${permits.soap}"`)
  })

  it('says whom no server call can reach', async () => {
    const emulator = await createSamlEmulator()
    await emulator.saml.response({ serviceProvider: benefits.entityId, username: 'ana' })
    expect(await emulator.saml.logout({ username: 'ana' })).toMatchObject([
      { state: 'unreachable', binding: undefined },
    ])
  })

  it.each<[string, (path: string) => string, Parameters<typeof relyingParty>[2]]>([
    ['unsigned', (path) => path, { privateKey: undefined }],
    ['relay-state', (path) => path, {}],
    ['algorithm', (path) => path, { signatureAlgorithm: 'sha1' }],
  ])('records an answer that is %s, and goes on', async (problem, change, config) => {
    const emulator = await createSamlEmulator()
    const browser = createBrowser(emulator)
    await profileAt(emulator, 'benefits', browser)
    const first = await browser.get('/logout')
    const url = first.headers.get('location') ?? ''
    const { profile } = await received(emulator, 'benefits', url)
    if (!profile) throw new Error('no profile')
    const state = problem === 'relay-state' ? 'other' : (decode(url).get('RelayState') ?? '')
    const back = await relyingParty(emulator, 'benefits', config).getLogoutResponseUrlAsync(
      profile,
      state,
      {},
      true,
    )
    const last = await browser.get(change(pathOf(back)))
    expect(last.status).toBe(200)
    expect(emulator.saml.deliveries).toMatchObject([{ state: 'failed', problem }])
  })

  it('refuses an answer to nothing', async () => {
    const emulator = await createSamlEmulator()
    const browser = createBrowser(emulator)
    await profileAt(emulator, 'benefits', browser)
    const first = await browser.get('/logout')
    const back = await answered(emulator, 'benefits', first.headers.get('location') ?? '')
    expect((await browser.get(back)).status).toBe(200)
    expect((await browser.get(back)).status).toBe(400)
  })
})

describe('options of the mode', () => {
  const given = (serviceProviders: unknown): SamlOptions => ({
    serviceProviders: serviceProviders as SamlOptions['serviceProviders'],
  })
  it.each<[SamlOptions, string]>([
    [given('x'), 'serviceProviders must be a list'],
    [given([{}]), 'serviceProviders[0].entityId must be'],
    [given([{ entityId: 'a' }]), 'serviceProviders[0].acsUrl is missing'],
    [given([{ entityId: 'a', acsUrl: '/acs' }]), 'must be an absolute http or https URL'],
    [
      given([{ entityId: 'a', acsUrl: 'https://a.example', certificate: 'x' }]),
      'must be an X.509 certificate',
    ],
    [given([{ entityId: 'a', acsUrl: 'https://a.example', encrypt: true }]), 'encrypt needs a certificate'],
    [
      given([{ entityId: 'a', acsUrl: 'https://a.example', logout: { get: 'https://a.example' } }]),
      'logout.get is unknown',
    ],
    [
      given([{ entityId: 'a', acsUrl: 'https://a.example', nameIdFormat: 'x' }]),
      'nameIdFormat must be one of',
    ],
    [given([{ metadata: '<x/>' }]), 'must be an EntityDescriptor'],
    [{ serviceProviders: [], signs: 'all' as 'both' }, 'signs must be one of'],
    [{ serviceProviders: [], assertionSeconds: -1 }, 'assertionSeconds must be a number of seconds'],
    [{ serviceProviders: [], typo: 1 } as SamlOptions, 'typo is unknown'],
  ])('%j: %s', async (saml, message) => {
    await expect(createSamlEmulator(saml)).rejects.toMatchObject({
      code: 'emulator',
      message: expect.stringContaining(message),
    })
  })
})
