import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runRegistration as run } from './run-registration.js'

beforeEach(() => {
  vi.stubEnv('CITIZEN_APPLICATION_URL', 'https://benefits.example.gov')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

describe('citizen-session registration', () => {
  it('RPI-05 BCL-33 FCL-10 prints every address exactly, without fragment', async () => {
    const { code, out } = await run()
    expect(code).toBe(0)
    const addresses = [...out.matchAll(/https:\/\/\S+/g)].map(([address]) => address)
    expect(addresses.map((address) => new URL(address).pathname)).toEqual([
      '/',
      '/session/return',
      '/session/callback',
      '/session/reauthenticate',
      '/session/return',
      '/session/backchannel-logout',
      '/session/frontchannel-logout',
      '/session/saml/metadata',
      '/session/saml/acs',
      '/session/saml/slo',
      '/session/saml/slo',
      '/session/saml/soap',
    ])
    expect(out).not.toContain('#')
  })

  it('FLD-01 names the addresses that browsers see where a proxy takes a path away', async () => {
    vi.stubEnv('CITIZEN_APPLICATION_PATH', '/app')
    const { out } = await run()
    const paths = [...out.matchAll(/https:\/\/\S+/g)].map(([address]) => new URL(address).pathname)
    expect(paths.slice(1).filter((path) => !path.startsWith('/app/session/'))).toEqual([])
    vi.stubEnv('CITIZEN_APPLICATION_PATH', '/app/')
    const wrong = await run()
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('CITIZEN_APPLICATION_PATH')])
  })

  it('prints a client’s metadata as JSON', async () => {
    vi.stubEnv('CITIZEN_ROUTES_PATH', '/auth')
    const { out } = await run('--openid', '--json', '--implicit', '--scope', 'openid profile')
    expect(JSON.parse(out)).toEqual({
      openid: {
        application_type: 'web',
        redirect_uris: [
          'https://benefits.example.gov/auth/callback',
          'https://benefits.example.gov/auth/reauthenticate',
        ],
        post_logout_redirect_uris: ['https://benefits.example.gov/auth/return'],
        response_types: ['code', 'id_token'],
        grant_types: ['authorization_code', 'refresh_token', 'implicit'],
        scope: 'openid profile',
        code_challenge_methods: ['S256'],
        backchannel_logout_uri: 'https://benefits.example.gov/auth/backchannel-logout',
        backchannel_logout_session_required: true,
        frontchannel_logout_uri: 'https://benefits.example.gov/auth/frontchannel-logout',
        frontchannel_logout_session_required: true,
        require_auth_time: true,
      },
    })
  })

  it('prints the hybrid flow, and keys of encryption without their private half', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...privateKey.export({ format: 'jwk' }), alg: 'ECDH-ES', kid: 'e1' }
    vi.stubEnv('CITIZEN_OIDC_USER_INFO_DECRYPTION_KEYS', JSON.stringify([jwk]))
    const { out } = await run('--openid', '--json', '--hybrid')
    const encryption = { userinfo_encrypted_response_alg: 'ECDH-ES', userinfo_signed_response_alg: 'RS256' }
    const published = { kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y, use: 'enc', kid: 'e1', alg: 'ECDH-ES' }
    expect(JSON.parse(out).openid).toMatchObject({
      response_types: ['code id_token'],
      grant_types: ['authorization_code', 'refresh_token', 'implicit'],
      ...encryption,
      jwks: { keys: [published] },
    })
    // One key that serves both is there once.
    vi.stubEnv('CITIZEN_OIDC_ID_TOKEN_DECRYPTION_KEYS', JSON.stringify([jwk]))
    const both = await run('--openid', '--json', '--hybrid', '--implicit')
    expect(JSON.parse(both.out).openid).toMatchObject({
      response_types: ['code id_token', 'id_token'],
      id_token_encrypted_response_alg: 'ECDH-ES',
      ...encryption,
      jwks: { keys: [published] },
    })
    const sheet = (await run('--openid')).out
    for (const line of ['Encryption of ID tokens', 'ECDH-ES, signed with RS256 first'])
      expect(sheet).toContain(line)
    expect(`${out}${both.out}${sheet}`).not.toContain(String(jwk.d))
  })

  it('prints one protocol alone', async () => {
    expect((await run('--saml')).out).not.toContain('OpenID')
    expect((await run('--openid')).out).not.toContain('SAML')
  })

  it('prints what the variables of the providers say, each below its name', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'k1' }
    vi.stubEnv('CITIZEN_APPLICATION_NAME', 'Tax Portal')
    vi.stubEnv('CITIZEN_OIDC_ISSUER', 'https://id.example.gov')
    vi.stubEnv('CITIZEN_OIDC_SCOPE', 'openid profile')
    vi.stubEnv('CITIZEN_OIDC_CLIENT_AUTHENTICATION', JSON.stringify(jwk))
    vi.stubEnv('CITIZEN_OIDC_ADFS_ISSUER', 'https://adfs.example.gov')
    vi.stubEnv('CITIZEN_OIDC_ADFS_SESSION_MANAGEMENT_RESPONSE_TYPE', 'id_token')
    vi.stubEnv('CITIZEN_OIDC_ADFS_ID_TOKEN_ALGORITHMS', 'ES256,RS256')
    vi.stubEnv('CITIZEN_SAML_EDUID_IDENTITY_PROVIDER', 'https://eduid.example.gov')
    vi.stubEnv('CITIZEN_SAML_EDUID_ENTITY_ID', 'urn:benefits')
    const base = 'https://benefits.example.gov/session'
    const { out } = await run('--json')
    const { openid, saml, providers } = JSON.parse(out)
    expect(openid).toMatchObject({
      client_name: 'Tax Portal',
      redirect_uris: [`${base}/callback`, `${base}/reauthenticate`],
      scope: 'openid profile',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y, use: 'sig', kid: 'k1', alg: 'ES256' }] },
    })
    expect(out).not.toContain(String(jwk.d))
    expect(saml).toBeUndefined()
    expect(providers.adfs.openid).toMatchObject({
      redirect_uris: [`${base}/adfs/callback`, `${base}/adfs/reauthenticate`],
      post_logout_redirect_uris: [`${base}/return`],
      backchannel_logout_uri: `${base}/adfs/backchannel-logout`,
      response_types: ['code', 'id_token'],
      id_token_signed_response_alg: 'ES256',
    })
    expect(providers.eduid.saml).toMatchObject({
      entityId: 'urn:benefits',
      metadata: `${base}/eduid/metadata`,
    })
    const sheet = (await run()).out
    for (const line of ['OpenID Connect: adfs', 'SAML 2.0: eduid', 'private_key_jwt', 'urn:benefits']) {
      expect(sheet).toContain(line)
    }
    expect(sheet).not.toContain(String(jwk.d))
    const adfs = (await run('--provider', 'adfs')).out
    expect([adfs.includes('/adfs/callback'), adfs.includes('SAML'), adfs.includes('/eduid/')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('prints for a provider that no variable describes, by its name', async () => {
    const { out } = await run('--provider', 'entra', '--openid')
    expect(out).toContain('https://benefits.example.gov/session/entra/callback')
    expect((await run('--provider', 'Entra')).code).toBe(2)
  })

  it.each([
    ['CITIZEN_OIDC_SCOPE', 'profile'],
    ['CITIZEN_OIDC_SCOPES', 'openid'],
    ['CITIZEN_OIDC_CLIENT_AUTHENTICATION', 'precious-precious'],
    ['CITIZEN_OIDC_CLIENT_AUTHENTICATION_FILE', '/nowhere/at/all'],
    [
      'CITIZEN_OIDC_CLIENT_AUTHENTICATION',
      '{"kty":"EC","alg":"ES256","crv":"P-256","d":"precious","x":"a","y":"b"}',
    ],
    ['CITIZEN_SAML_ENTITY_ID', 'a b'],
  ])('says what is wrong with %s=%s, and nothing of it', async (name, value) => {
    vi.stubEnv(name, value)
    const { code, out, err } = await run()
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(name.startsWith('CITIZEN_OIDC_CLIENT') && value.startsWith('{') ? 'oidc' : name)
    expect(err).not.toContain('precious')
  })

  it.each([
    ['an unknown option', ['--nothing'], 'https://benefits.example.gov'],
    ['scopes that are none', ['--scope', 'a  b'], 'https://benefits.example.gov'],
    ['no address', [], ''],
    ['an address that is none', [], 'benefits'],
  ])('says what is wrong with %s', async (_, args, url) => {
    vi.stubEnv('CITIZEN_APPLICATION_URL', url)
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err).toMatch(/citizen-session registration: \S/)
  })
})
