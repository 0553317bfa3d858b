import { describe, expect, it } from 'vitest'
import type { SamlOptions } from '../../src/emulator/index.js'
import { createBrowser } from './browser.js'
import {
  addressesOf,
  createSamlEmulator,
  formOf,
  pathOf,
  providerKeys,
  relyingParty,
  signInAt,
} from './saml-world.js'

const { entityId, acsUrl, slo } = addressesOf('benefits')
const { certificate, privateKey } = providerKeys.benefits
const own = { entityId, acsUrl, logout: { redirect: slo }, certificate }

describe('sign-on by SAML', () => {
  it('answers node-saml with an assertion that it accepts, bound to request, provider and session', async () => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator)
    const { action, fields, xml } = await signInAt(emulator, saml)
    expect(action).toBe(acsUrl)
    expect(fields.RelayState).toBe('state-1')
    const { profile } = await saml.validatePostResponseAsync(fields)
    const [participant] = emulator.saml.participants
    expect(profile).toMatchObject({
      issuer: emulator.saml.entityId,
      nameID: participant?.nameId.value,
      nameIDFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      sessionIndex: participant?.sessionIndex,
      displayName: 'Ana Archer',
      isMfa: 'false',
    })
    expect(participant?.session).toBe(emulator.sessions[0]?.jti)
    expect(xml).toContain(`Recipient="${acsUrl}"`)
    expect(xml).toContain(`<saml:Audience>${entityId}</saml:Audience>`)
    expect(xml).toContain(
      `SessionNotOnOrAfter="${new Date(emulator.sessions[0]?.endsAt ?? 0).toISOString()}"`,
    )
  })

  it.each<[Partial<SamlOptions>, Record<string, boolean>]>([
    [{ signs: 'assertion' }, { wantAssertionsSigned: true }],
    [{ signs: 'response' }, { wantAuthnResponseSigned: true, wantAssertionsSigned: false }],
    [{ signs: 'both' }, { wantAuthnResponseSigned: true, wantAssertionsSigned: true }],
  ])('signs what the option says: %j', async (options, config) => {
    const emulator = await createSamlEmulator(options)
    const saml = relyingParty(emulator, 'benefits', config)
    const { fields } = await signInAt(emulator, saml)
    await expect(saml.validatePostResponseAsync(fields)).resolves.toMatchObject({ loggedOut: false })
  })

  it.each(['aes256-gcm', 'aes256-cbc', true] as const)('encrypts the assertion: %s', async (encrypt) => {
    const emulator = await createSamlEmulator({ serviceProviders: [{ ...own, encrypt }] })
    const saml = relyingParty(emulator, 'benefits', { decryptionPvk: privateKey })
    const { fields, xml } = await signInAt(emulator, saml)
    expect(xml).not.toContain('Ana Archer')
    const { profile } = await saml.validatePostResponseAsync(fields)
    expect(profile?.displayName).toBe('Ana Archer')
  })

  it('takes a request by POST, and finds the session of the browser although its cookies did not come', async () => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator, 'benefits', {
      authnRequestBinding: 'HTTP-POST',
      skipRequestCompression: true,
    })
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    const page = await saml.getAuthorizeFormAsync('state-2')
    const SAMLRequest = /name="SAMLRequest" value="([^"]*)"/.exec(page)?.[1] ?? ''
    const foreign = { origin: 'https://benefits.example', 'sec-fetch-site': 'cross-site' }
    const response = await createBrowser(emulator).post(
      '/saml/sso',
      { SAMLRequest, RelayState: 'state-2' },
      foreign,
    )
    expect(response.status).toBe(303)
    const { fields } = await formOf(await browser.get(pathOf(response.headers.get('location'))))
    expect(fields.RelayState).toBe('state-2')
    const { profile } = await saml.validatePostResponseAsync(fields)
    expect(profile?.displayName).toBe('Ana Archer')
  })

  it('shares the session with the cookie mode and with other providers', async () => {
    const emulator = await createSamlEmulator()
    const { browser } = await signInAt(emulator, relyingParty(emulator))
    expect(browser.names()).toContain('c1_payload')
    await signInAt(emulator, relyingParty(emulator, 'permits'), { browser })
    await signInAt(emulator, relyingParty(emulator), { browser })
    expect(emulator.sessions).toHaveLength(1)
    const names = emulator.saml.participants.map(({ serviceProvider, nameId }) => [
      serviceProvider,
      nameId.value,
    ])
    expect(names).toHaveLength(2)
    expect(names[0]?.[1]).not.toBe(names[1]?.[1])
  })

  it('asks for the second factor, and asserts it', async () => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator)
    const browser = createBrowser(emulator)
    const to = pathOf(await saml.getAuthorizeUrlAsync('s', undefined, {}))
    const login = new URL((await browser.get(to)).headers.get('location') ?? '', emulator.url)
    const second = await browser.signIn('ben', Object.fromEntries(login.searchParams))
    expect(second.headers.get('location')).toMatch(/^\/second-factor\?/)
    const returnTo = new URL(second.headers.get('location') ?? '', emulator.url).searchParams.get('returnTo')
    const code = /\d{6}/.exec(emulator.messages[0]?.text ?? '')?.[0] ?? ''
    const done = await browser.post('/second-factor', { code, returnTo: returnTo ?? '' })
    const { fields, xml } = await formOf(await browser.get(pathOf(done.headers.get('location'))))
    expect(xml).toContain('<saml:AuthnContextClassRef>https://refeds.org/profile/mfa<')
    await expect(saml.validatePostResponseAsync(fields)).resolves.toBeDefined()
  })

  it('asks again with ForceAuthn, and the other providers stay in the new session', async () => {
    const emulator = await createSamlEmulator()
    const { browser } = await signInAt(emulator, relyingParty(emulator, 'permits'))
    const saml = relyingParty(emulator, 'benefits', { forceAuthn: true })
    const to = pathOf(await saml.getAuthorizeUrlAsync('s', undefined, {}))
    const asked = await browser.get(to)
    const login = new URL(asked.headers.get('location') ?? '', emulator.url)
    expect([login.pathname, login.searchParams.get('prompt')]).toEqual(['/login', 'login'])
    // Going on without a new sign-in leads back to the login page.
    const again = await browser.get(pathOf(login.searchParams.get('returnTo')))
    expect(again.headers.get('location')).toMatch(/^\/login\?/)
    const first = emulator.sessions[0]?.jti
    await signInAt(emulator, saml, { browser })
    expect(emulator.sessions.map(({ jti }) => jti)).not.toContain(first)
    const sessions = emulator.saml.participants.map(({ session }) => session)
    expect(new Set(sessions)).toEqual(new Set([emulator.sessions[0]?.jti]))
    expect(sessions).toHaveLength(2)
  })

  it('says NoPassive where nobody is signed in, and signs it', async () => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator, 'benefits', { passive: true })
    const { fields, xml } = await signInAt(emulator, saml)
    expect(xml).toContain('urn:oasis:names:tc:SAML:2.0:status:NoPassive')
    expect(xml).toContain('<ds:Signature')
    expect(await saml.validatePostResponseAsync(fields)).toEqual({ profile: null, loggedOut: false })
  })

  it('answers a passive request for who is signed in without a page, and extends the session by it', async () => {
    const emulator = await createSamlEmulator()
    const { browser } = await signInAt(emulator, relyingParty(emulator, 'permits'))
    const [session] = emulator.sessions
    // What node-saml signs has the time of this machine.
    emulator.travel(120)
    const saml = relyingParty(emulator, 'benefits', { passive: true, acceptedClockSkewMs: 150_000 })
    const asked = await browser.get(pathOf(await saml.getAuthorizeUrlAsync('s', undefined, {})))
    const policy = asked.headers.get('content-security-policy')
    // Nothing is shown: the application may have it in a frame of its own page.
    expect(policy).toMatch(/frame-ancestors 'self' https:\/\/benefits\.example$/)
    const { fields } = await formOf(asked)
    await expect(saml.validatePostResponseAsync(fields)).resolves.toMatchObject({ loggedOut: false })
    expect(emulator.sessions).toMatchObject([{ jti: session?.jti, startedAt: session?.startedAt }])
    expect(emulator.sessions[0]?.expiresAt).toBeGreaterThanOrEqual((session?.expiresAt ?? 0) + 120_000)
    emulator.revoke('ana')
    const nobody = await formOf(
      await browser.get(pathOf(await saml.getAuthorizeUrlAsync('s', undefined, {}))),
    )
    expect(nobody.xml).toContain('urn:oasis:names:tc:SAML:2.0:status:NoPassive')
  })

  it('lets nobody frame an answer that was not asked for passively', async () => {
    const emulator = await createSamlEmulator()
    const { browser } = await signInAt(emulator, relyingParty(emulator, 'permits'))
    const saml = relyingParty(emulator, 'benefits')
    const asked = await browser.get(pathOf(await saml.getAuthorizeUrlAsync('s', undefined, {})))
    expect(asked.headers.get('content-security-policy')).toMatch(/frame-ancestors 'self'$/)
  })

  it.each([
    ['ana', 'NoAuthnContext'],
    // With Eeze there is a way, but it needs a page.
    ['dan', 'NoPassive'],
  ])('where %s is asked passively for a class that was not shown says %s', async (username, status) => {
    const emulator = await createSamlEmulator()
    const { browser } = await signInAt(emulator, relyingParty(emulator, 'permits'), { username })
    const saml = relyingParty(emulator, 'benefits', {
      passive: true,
      authnContext: ['https://refeds.org/profile/mfa'],
      disableRequestedAuthnContext: false,
    })
    const { xml } = await formOf(
      await browser.get(pathOf(await saml.getAuthorizeUrlAsync('s', undefined, {}))),
    )
    expect(xml).toContain(`urn:oasis:names:tc:SAML:2.0:status:${status}`)
  })

  it.each([
    ['ana', ['urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'], 'exact', 'Success'],
    ['ana', ['https://refeds.org/profile/mfa'], 'exact', 'NoAuthnContext'],
    ['ana', ['https://refeds.org/profile/mfa'], 'minimum', 'NoAuthnContext'],
    ['ana', ['urn:oasis:names:tc:SAML:2.0:ac:classes:Password'], 'exact', 'Success'],
    [
      'ana',
      ['urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'],
      'better',
      'NoAuthnContext',
    ],
    ['ana', ['urn:nobody:knows'], 'exact', 'NoAuthnContext'],
  ] as const)('for %s with %j (%s) says %s', async (username, authnContext, racComparison, status) => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator, 'benefits', {
      authnContext: [...authnContext],
      racComparison,
      disableRequestedAuthnContext: false,
    })
    const { xml } = await signInAt(emulator, saml, { username })
    expect(xml).toContain(`urn:oasis:names:tc:SAML:2.0:status:${status}"`)
  })

  it.each([
    ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient', /^_[0-9a-f]{32}$/],
    ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', /^_[0-9a-f]{40}$/],
    ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', /^ana@example\.gov$/],
  ])('names the person by %s', async (identifierFormat, pattern) => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator, 'benefits', { identifierFormat })
    const { fields } = await signInAt(emulator, saml)
    const { profile } = await saml.validatePostResponseAsync(fields)
    expect(profile?.nameIDFormat).toBe(identifierFormat)
    expect(profile?.nameID).toMatch(pattern)
  })

  it('gives another transient name at each sign-in, and the same persistent one', async () => {
    const emulator = await createSamlEmulator()
    const nameOf = async (nameIdFormat: 'transient' | 'persistent') => {
      await emulator.saml.response({ serviceProvider: entityId, username: 'ana', nameIdFormat })
      return emulator.saml.participants.at(-1)?.nameId.value
    }
    expect(await nameOf('transient')).not.toBe(await nameOf('transient'))
    expect(await nameOf('persistent')).toBe(await nameOf('persistent'))
  })
})

describe('a sign-in request', () => {
  const refused = async (
    config: Parameters<typeof relyingParty>[2],
    change: (path: string) => string = (path) => path,
    options: Partial<SamlOptions> = {},
  ) => {
    const emulator = await createSamlEmulator(options)
    const saml = relyingParty(emulator, 'benefits', config)
    const path = change(pathOf(await saml.getAuthorizeUrlAsync('state', undefined, {})))
    const response = await createBrowser(emulator).get(path)
    return [response.status, emulator.saml.refusals[0]?.problem]
  }

  it.each<[string, Parameters<typeof refused>]>([
    ['unsigned', [{ privateKey: undefined }]],
    ['signature', [{ privateKey: providerKeys.permits.privateKey }]],
    ['signature', [{}, (path) => path.replace('RelayState=state', 'RelayState=other')]],
    ['algorithm', [{ signatureAlgorithm: 'sha1' }]],
    ['acs-url', [{ callbackUrl: 'https://evil.example/acs' }]],
    ['unknown-issuer', [{ issuer: 'https://stranger.example' }]],
    [
      'destination',
      [{ entryPoint: 'https://id.example.gov/elsewhere' }, (path) => path.replace('/elsewhere', '/saml/sso')],
    ],
    ['malformed', [{}, (path) => `${path}&SAMLRequest=x`]],
    ['malformed', [{}, (path) => `${path}&SAMLResponse=x`]],
    [
      'unsigned',
      [
        { privateKey: undefined },
        undefined,
        { wantsSignedRequests: true, serviceProviders: [{ entityId, acsUrl }] },
      ],
    ],
  ])('is refused as %s', async (problem, given) => {
    expect(await refused(...given)).toEqual([400, problem])
  })

  it('may be unsigned where no certificate is registered', async () => {
    expect(
      await refused({ privateKey: undefined }, undefined, { serviceProviders: [{ entityId, acsUrl }] }),
    ).toEqual([303, undefined])
  })

  it('counts once, and not for long', async () => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator)
    const browser = createBrowser(emulator)
    const path = pathOf(await saml.getAuthorizeUrlAsync('state', undefined, {}))
    expect((await browser.get(path)).status).toBe(303)
    expect((await browser.get(path)).status).toBe(400)
    const other = pathOf(await saml.getAuthorizeUrlAsync('state', undefined, {}))
    emulator.travel(600)
    expect((await browser.get(other)).status).toBe(400)
    expect(emulator.saml.refusals.map(({ problem }) => problem)).toEqual(['replayed', 'time'])
  })
})
