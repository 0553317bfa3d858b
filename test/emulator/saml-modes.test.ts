import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createEmulator, type EmulatorOptions } from '../../src/emulator/index.js'
import { createBrowser } from './browser.js'
import { addressesOf, formOf, pathOf, providerKeys, relyingParty, signInAt } from './saml-world.js'

const { entityId, acsUrl, slo } = addressesOf('benefits')
const { certificate } = providerKeys.benefits

async function createBoth(options: EmulatorOptions = {}) {
  const told: string[] = []
  const emulator = await createEmulator({
    url: 'https://id.example.gov',
    domain: 'example.gov',
    ...options,
    fetch: async (input) => {
      told.push(new Request(input).url)
      return new Response(null)
    },
    openid: {
      clients: [
        {
          client_id: 'library',
          client_secret: 'library-secret',
          redirect_uris: ['https://library.example/callback'],
          post_logout_redirect_uris: ['https://library.example/bye'],
          backchannel_logout_uri: 'https://library.example/backchannel-logout',
        },
      ],
    },
    saml: { serviceProviders: [{ entityId, acsUrl, logout: { post: slo }, certificate }] },
  })
  const browser = createBrowser(emulator)
  const saml = relyingParty(emulator)
  const { fields } = await signInAt(emulator, saml, { browser })
  const { profile } = await saml.validatePostResponseAsync(fields)
  if (!profile) throw new Error('no profile')
  const query = new URLSearchParams({
    client_id: 'library',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: 'https://library.example/callback',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })
  const answer = await browser.get(`/runtime/openidconnect/authorize.idp?${query}`)
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code')
  const tokens = await emulator.fetch('/runtime/openidconnect/token.idp', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: code ?? '',
      client_id: 'library',
      client_secret: 'library-secret',
      redirect_uri: 'https://library.example/callback',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    }),
  })
  return { emulator, browser, saml, profile, tokens, told }
}

describe('one identity session for all modes', () => {
  it('signs on to OpenID and SAML with one sign-in', async () => {
    const { emulator, tokens } = await createBoth()
    expect(tokens.status).toBe(200)
    expect(emulator.sessions).toHaveLength(1)
    expect(emulator.saml.participants).toHaveLength(1)
  })

  it('ends at OpenID too when a SAML provider asks, and deletes the shared cookie', async () => {
    const { browser, saml, profile, told } = await createBoth()
    const last = await browser.get(pathOf(await saml.getLogoutUrlAsync(profile, 'r', {})))
    expect((await formOf(last)).action).toBe(slo)
    expect(told).toEqual(['https://library.example/backchannel-logout'])
    expect(browser.names()).not.toContain('c1_payload')
  })

  it('visits SAML providers when an OpenID client asks, then returns to it', async () => {
    const { emulator, browser, saml } = await createBoth()
    const query = new URLSearchParams({
      client_id: 'library',
      post_logout_redirect_uri: 'https://library.example/bye',
    })
    const asked = await (await browser.get(`/runtime/openidconnect/logout.idp?${query}`)).text()
    const confirmed = /name="confirmed" value="([^"]*)"/.exec(asked)?.[1] ?? ''
    const first = await browser.post('/runtime/openidconnect/logout.idp', { confirmed })
    const { action, fields } = await formOf(first)
    expect(action).toBe(slo)
    expect(emulator.sessions).toEqual([])
    const { profile } = await saml.validatePostRequestAsync(fields)
    if (!profile) throw new Error('no profile')
    const back = await saml.getLogoutResponseUrlAsync(profile, fields.RelayState ?? '', {}, true)
    const last = await browser.get(pathOf(back))
    expect(last.headers.get('location')).toBe('https://library.example/bye')
    expect(emulator.saml.deliveries).toMatchObject([{ state: 'done' }])
  })

  it.each([true, false])(
    'has one identifier in all of them where it is asked for (%s)',
    async (sharesSessionId) => {
      const { emulator, browser, profile, tokens } = await createBoth({ sharesSessionId })
      const { sid, auth_time } = decodeJwt((await tokens.json()).id_token)
      const sharedClaims = () =>
        decodeJwt(['c1_header', 'c1_payload', 'c1_signature'].map(browser.cookie).join('.'))
      const first = sharedClaims()
      expect(first.sid).toBe(sharesSessionId ? sid : undefined)
      expect(first.auth_time).toBe(sharesSessionId ? auth_time : undefined)
      expect(profile.sessionIndex === sid).toBe(sharesSessionId)
      emulator.travel(60)
      await browser.signIn('ana', { prompt: 'login' })
      const next = sharedClaims()
      expect(Number(next.auth_time) >= Number(first.auth_time) + 60).toBe(sharesSessionId)
      expect(next.jti).not.toBe(first.jti)
      expect([next.sid, emulator.openid.participants('ana')[0]?.sid]).toEqual([first.sid, sid])
    },
  )

  it('another person signing in takes the place of the first, whose providers are told', async () => {
    const { emulator, browser } = await createBoth()
    await browser.signIn('dan', { prompt: 'login' })
    await emulator.saml.settled()
    expect(emulator.saml.participants).toEqual([])
    expect(emulator.saml.deliveries).toMatchObject([{ state: 'unreachable' }])
  })
})
