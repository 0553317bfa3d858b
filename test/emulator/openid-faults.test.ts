import * as oidc from 'openid-client'
import { describe, expect, it } from 'vitest'
import { createEmulator, type EmulatorOptions, type OpenidFaults } from '../../src/emulator/index.js'
import { answerOf, clientOf, createOpenidWorld, signInAt, typePassword } from './openid-world.js'

const wrongClients: readonly [string, unknown, string][] = [
  ['no list', {}, 'a list with at least one client'],
  ['an empty list', [], 'a list with at least one client'],
  ['a text', ['sp1'], 'must be an object'],
  ['no client_id', [{ redirect_uris: ['https://a.example/'] }], 'client_id is missing'],
  ['no redirect_uris', [{ client_id: 'a' }], '"a": redirect_uris is missing'],
  ['an unknown field', [{ ...clientOf('a'), redirect_uri: 'x' }], 'the field "redirect_uri" is unknown'],
  ['a fragment', [clientOf('a', { redirect_uris: ['https://a.example/#x'] })], 'without a fragment'],
  ['a script', [clientOf('a', { redirect_uris: ['javascript:alert(1)'] })], 'redirect_uris must be'],
  ['a path', [clientOf('a', { backchannel_logout_uri: '/out' })], 'backchannel_logout_uri must be'],
  ['a client twice', [clientOf('a'), clientOf('a')], '"a" is there twice'],
  [
    'a method without its secret',
    [clientOf('a', { client_secret: undefined, token_endpoint_auth_method: 'client_secret_post' })],
    'needs client_secret',
  ],
  [
    'a method without its keys',
    [clientOf('a', { token_endpoint_auth_method: 'private_key_jwt' })],
    'needs jwks',
  ],
  [
    'an algorithm',
    [{ ...clientOf('a'), id_token_signed_response_alg: 'HS256' }],
    'one of RS256, PS256, ES256',
  ],
]

describe('the options', () => {
  it.each(wrongClients)('refuse %s, and say what to write', async (_, clients, message) => {
    await expect(createEmulator({ openid: { clients } } as EmulatorOptions)).rejects.toMatchObject({
      code: 'emulator',
      message: expect.stringContaining(message),
    })
  })

  it.each<[string, object]>([
    ['an unknown one', { codeSecond: 1 }],
    ['no life', { accessTokenSeconds: 0 }],
    ['a format', { accessTokenFormat: 'xml' }],
    ['a text for a switch', { confirmsLogout: 'no' }],
    ['a level', { acrValues: { high: '2' } }],
  ])('refuse %s', async (_, more) => {
    await expect(
      createEmulator({ openid: { clients: [clientOf('a')], ...more } } as EmulatorOptions),
    ).rejects.toMatchObject({ code: 'emulator' })
  })

  it('have no provider by default', async () => {
    const emulator = await createEmulator()
    expect(() => emulator.openid).toThrow(expect.objectContaining({ code: 'emulator' }))
    for (const path of ['/.well-known/openid-configuration', '/runtime/openidconnect/token.idp']) {
      expect((await emulator.fetch(path)).status).toBe(404)
    }
  })

  it('refuse an upstream that is no name', async () => {
    const people = [{ username: 'a', password: 'b', upstream: 'AD FS' }]
    await expect(createEmulator({ people })).rejects.toMatchObject({ code: 'emulator' })
  })
})

describe('faults of the token endpoint', () => {
  const start = async () => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    const { party, tokens } = await signInAt(world, world.browser(), 'sp1')
    return { world, refresh: () => oidc.refreshTokenGrant(party.configuration, tokens.refresh_token ?? '') }
  }

  it.each<[string, Parameters<Awaited<ReturnType<typeof createEmulator>>['faults']['set']>[0], object]>([
    ['invalid_grant', { openid: { tokenError: 'invalid_grant' } }, { error: 'invalid_grant' }],
    ['503', { status: { token: 503 } }, { cause: { status: 503 } }],
    ['HTML', { nonsense: { token: 'html' } }, { code: 'OAUTH_RESPONSE_IS_NOT_JSON' }],
    ['half an answer', { nonsense: { token: 'missing-fields' } }, { code: 'OAUTH_INVALID_RESPONSE' }],
    ['no connection', { unreachable: ['token'] }, { cause: { code: 'ECONNREFUSED' } }],
  ])('%s, and is well again afterwards', async (_, fault, error) => {
    const { world, refresh } = await start()
    world.emulator.faults.set(fault)
    await expect(refresh()).rejects.toMatchObject(error)
    expect((await world.transport(`${world.emulator.url}/.well-known/openid-configuration`)).status).toBe(200)
    world.emulator.faults.clear()
    expect((await refresh()).id_token).toBeTypeOf('string')
  })

  it('is slow alone', async () => {
    const waits: number[] = []
    const world = await createOpenidWorld({
      openid: { clients: [clientOf('sp1')] },
      emulator: {
        wait: (milliseconds) => {
          waits.push(milliseconds)
          return Promise.resolve()
        },
      },
    })
    world.emulator.faults.set({ slow: { token: 700 } })
    await signInAt(world, world.browser(), 'sp1')
    expect(waits).toEqual([700])
  })

  it.each([
    ['wrong-nonce', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['wrong-aud', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['wrong-iss', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['late', 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
  ] as const)('hands out an id_token: %s', async (idToken, code) => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    world.emulator.faults.set({ openid: { idToken } })
    await expect(signInAt(world, world.browser(), 'sp1')).rejects.toMatchObject({ code })
  })

  it('hands out somebody else on refresh', async () => {
    const { world, refresh } = await start()
    world.emulator.faults.set({ openid: { idToken: 'other-sub-on-refresh' } })
    expect((await refresh()).claims()?.sub).toBe('somebody-else')
  })
})

describe('faults of the authorization endpoint', () => {
  it('discovery is down alone', async () => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    world.emulator.faults.set({ unreachable: ['openid-configuration', 'openid-keys'] })
    await expect(world.party('sp1')).rejects.toThrow()
    expect((await world.emulator.fetch('/login')).status).toBe(200)
  })

  it.each<[string, OpenidFaults, string]>([
    ['session_state', { withoutSessionState: true }, 'session_state'],
    ['iss', { withoutIss: true }, 'iss'],
  ])('answers without %s', async (_, openid, name) => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    world.emulator.faults.set({ openid })
    const { visit, tokens } = await signInAt(world, world.browser(), 'sp1')
    expect(answerOf(visit)).not.toHaveProperty(name)
    expect(tokens).not.toHaveProperty(name)
  })

  it('shows the login page to prompt=none', async () => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    world.emulator.faults.set({ openid: { loginPageForPromptNone: true } })
    const begun = await (await world.party('sp1')).begin({ prompt: 'none' })
    const page = await world.browser().open(begun.url)
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/login'])
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  it('gives less than max_age and acr_values ask for', async () => {
    const world = await createOpenidWorld({ openid: { clients: [clientOf('sp1')] } })
    const browser = world.browser()
    await typePassword(browser, await browser.open(`${world.emulator.url}/login`))
    world.emulator.faults.set({ openid: { ignoresAssurance: true } })
    const party = await world.party('sp1')
    const begun = await party.begin({ max_age: '0', acr_values: 'urn:emulator:mfa' })
    const tokens = await party.finish(begun, (await browser.open(begun.url)).url)
    expect(tokens.claims()).toMatchObject({ acr: 'urn:emulator:password' })
  })
})

describe('the control interface', () => {
  const start = () =>
    createOpenidWorld({ openid: { clients: [clientOf('sp1')] }, emulator: { control: true } })

  it('switches the faults of the provider, and refuses what is none', async () => {
    const { emulator } = await start()
    const send = (body: object) =>
      emulator.fetch('/emulator/faults', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect((await send({ openid: { logoutToken: 'late' }, unreachable: ['token'] })).status).toBe(200)
    expect(emulator.faults.settings).toMatchObject({
      openid: { logoutToken: 'late' },
      unreachable: ['token'],
    })
    for (const wrong of [
      { openid: { logoutToken: 'early' } },
      { openid: { nothing: true } },
      { openid: { tokenError: 'A <b>' } },
      { openid: [] },
      { unreachable: ['moon'] },
      { slow: { token: -1 } },
    ]) {
      expect((await send(wrong)).status).toBe(400)
    }
  })

  it('shows participants and deliveries', async () => {
    const world = await start()
    const { claims } = await signInAt(world, world.browser(), 'sp1')
    const state = async () => (await world.emulator.fetch('/emulator/state')).json()
    expect(await state()).toMatchObject({
      openid: { participants: [{ clientId: 'sp1', sid: claims?.sid, username: 'ana' }], deliveries: [] },
    })
    world.emulator.revoke('ana')
    await world.emulator.openid.settled()
    expect(await state()).toMatchObject({
      openid: { participants: [], deliveries: [{ clientId: 'sp1', outcome: 'delivered' }] },
    })
  })

  it('switches them by hand on its page, and shows whom it told', async () => {
    const world = await start()
    await signInAt(world, world.browser(), 'sp1')
    const set = await world.emulator.fetch('/faults', {
      method: 'POST',
      body: new URLSearchParams({
        'openid-logoutToken': 'late',
        'openid-idToken': 'wrong-aud',
        'openid-withoutIss': 'on',
      }),
      redirect: 'manual',
    })
    expect(set.status).toBe(303)
    expect(world.emulator.faults.settings.openid).toEqual({
      logoutToken: 'late',
      idToken: 'wrong-aud',
      withoutIss: true,
    })
    world.emulator.revoke('ana')
    await world.emulator.openid.settled()
    const page = await (await world.emulator.fetch('/faults')).text()
    expect(page).toContain('<option selected>late</option>')
    expect(page).toMatch(/sp1<\/td><td>delivered 200/)
  })
})
