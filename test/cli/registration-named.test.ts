/** @module What is registered of providers with names: each by its own variables, whatever its neighbours are called. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runRegistration as run } from './run-registration.js'

const home = 'https://benefits.example.gov'
const variables = {
  CITIZEN_APPLICATION_URL: home,
  CITIZEN_OIDC_ISSUER: 'https://id.example.gov',
  CITIZEN_OIDC_T1_ISSUER: 'https://t1.example.gov',
  CITIZEN_OIDC_T1_SCOPE: 'openid email',
  CITIZEN_OIDC_T2_ISSUER: 'https://t2.example.gov',
  CITIZEN_OIDC_T2_SCOPE: 'openid profile',
  CITIZEN_OIDC_T2_CLIENT_AUTHENTICATION: 'client_secret_post',
  CITIZEN_OIDC_T2_X_ISSUER: 'https://t2-x.example.gov',
  CITIZEN_SAML_EDUID_IDENTITY_PROVIDER: 'https://eduid.example/idp',
  CITIZEN_SAML_EDUID_ENTITY_ID: 'urn:benefits',
  CITIZEN_SAML_EDUIE_IDENTITY_PROVIDER: 'https://eduie.example/idp',
}

beforeEach(() => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
})
afterEach(() => {
  vi.unstubAllEnvs()
})

describe('citizen-session registration of providers with names', () => {
  it('prints each that variables describe, under its own name and by its own settings', async () => {
    const { code, out, err } = await run('--json')
    expect([code, err]).toEqual([0, ''])
    const { openid, providers } = JSON.parse(out) as {
      openid: object
      providers: Record<string, { openid?: object; saml?: object }>
    }
    expect(Object.keys(providers).toSorted()).toEqual(['eduid', 'eduie', 't1', 't2', 't2-x'])
    expect(openid).toMatchObject({ redirect_uris: [`${home}/session/callback`, expect.anything()] })
    expect(providers).toMatchObject({
      t1: {
        openid: { scope: 'openid email', backchannel_logout_uri: `${home}/session/t1/backchannel-logout` },
      },
      t2: { openid: { scope: 'openid profile', token_endpoint_auth_method: 'client_secret_post' } },
      't2-x': { openid: { frontchannel_logout_uri: `${home}/session/t2-x/frontchannel-logout` } },
    })
    const { eduid, eduie } = providers
    expect(JSON.stringify(eduid?.saml)).toContain('urn:benefits')
    expect(JSON.stringify(eduid?.saml)).toContain(`${home}/session/eduid/acs`)
    expect(JSON.stringify(eduie?.saml)).toContain(`${home}/session/eduie/metadata`)
  })

  it.each(['t1', 't2', 't2-x', 'eduid'])('prints %s alone where it is named', async (name) => {
    const { code, out } = await run('--json', '--provider', name)
    const document = JSON.parse(out) as { providers: object }
    expect([code, Object.keys(document), Object.keys(document.providers)]).toEqual([0, ['providers'], [name]])
  })

  it('prints one that no variable describes: its options may be in code', async () => {
    const { code, out } = await run('--openid', '--provider', 'other')
    expect([code, out]).toEqual([0, expect.stringContaining(`${home}/session/other/callback`)])
  })

  it('tells a mistake in the variables of one, by that variable', async () => {
    vi.stubEnv('CITIZEN_OIDC_T2_SCOPE', 'profile')
    expect(await run('--provider', 't2')).toMatchObject({
      code: 2,
      err: expect.stringContaining('CITIZEN_OIDC_T2_SCOPE'),
    })
    expect((await run('--provider', 't1')).code).toBe(0)
    vi.stubEnv('CITIZEN_OIDC_T2_SCOPE', '')
    vi.stubEnv('CITIZEN_OIDC_T2_SCOPES', 'openid')
    expect((await run('--provider', 't2')).err).toContain('write CITIZEN_OIDC_T2_SCOPE')
    expect((await run('--provider', 't1')).code).toBe(0)
  })

  it.each(['login', 'client', 'saml', 'A', ''])('takes %j for no name', async (name) => {
    const { code, err } = await run('--openid', '--provider', name)
    expect([code, err]).toEqual([2, expect.stringContaining('--provider')])
  })
})
