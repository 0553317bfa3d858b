import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/run.js'

beforeEach(() => {
  vi.stubEnv('CITIZEN_APPLICATION_URL', 'https://benefits.example.gov')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

async function run(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommandLine(['registration', ...args], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stop: new AbortController().signal,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

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

  it('prints one protocol alone', async () => {
    expect((await run('--saml')).out).not.toContain('OpenID')
    expect((await run('--openid')).out).not.toContain('SAML')
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
