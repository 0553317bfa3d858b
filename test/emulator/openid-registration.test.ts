/** @module Clients that register themselves at the emulator, by a client that we did not write, and by hand. */
import * as oidc from 'openid-client'
import { describe, expect, it } from 'vitest'
import { createEmulator, type OpenidOptions } from '../../src/emulator/index.js'
import { createBrowser } from '../support/browser.js'
import { callbackOf, typePassword } from './openid-world.js'

const url = 'https://id.citizen.example'
const redirect_uris = [callbackOf('library')]
const metadata = { redirect_uris, client_name: 'Library', unknown_to_all: 'x' }

const emulatorWith = (openid: Partial<OpenidOptions> = {}) =>
  createEmulator({
    url,
    domain: 'citizen.example',
    fetch: async () => new Response('told'),
    openid: { clients: [], registration: true, ...openid },
  })
type Emulator = Awaited<ReturnType<typeof emulatorWith>>
type Json = Readonly<Record<string, unknown>>

/** A request to the endpoint; `address` is the client's own. */
async function ask(
  emulator: Emulator,
  method: string,
  { address = `${url}/register`, token, body }: { address?: unknown; token?: unknown; body?: unknown } = {},
) {
  const response = await emulator.handle(
    new Request(String(address), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${String(token)}` }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  )
  const text = await response.text()
  return { status: response.status, response, json: (text === '' ? {} : JSON.parse(text)) as Json }
}
const register = async (emulator: Emulator, more: object = {}): Promise<Json> =>
  (await ask(emulator, 'POST', { body: { ...metadata, ...more } })).json
const ownOf = (client: Json) => ({
  address: client.registration_client_uri,
  token: client.registration_access_token,
})

describe('a client that registers itself (RFC 7591)', () => {
  it('is told of everything that is registered, and signs people in', async () => {
    const emulator = await emulatorWith()
    const reach: typeof fetch = (input, init) => emulator.handle(new Request(input, init))
    const configuration = await oidc.dynamicClientRegistration(
      new URL(url),
      metadata,
      oidc.ClientSecretBasic(),
      {
        [oidc.customFetch]: (address, init) => reach(address, init as RequestInit),
      },
    )
    const client = configuration.clientMetadata()
    expect(client).toMatchObject({
      client_id: expect.stringMatching(/^client-[\w-]{16}$/),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
      client_id_issued_at: Math.floor(emulator.clock() / 1000),
      token_endpoint_auth_method: 'client_secret_basic',
      registration_client_uri: `${url}/register?client_id=${client.client_id}`,
      redirect_uris,
      client_name: 'Library',
      response_types: ['code'],
      grant_types: ['authorization_code'],
    })
    expect(client).not.toHaveProperty('unknown_to_all')
    expect(client).not.toHaveProperty('methods')
    expect(emulator.openid.clients.map(({ client_id }) => client_id)).toEqual([client.client_id])

    const browser = createBrowser(
      new Map([
        [url, reach],
        ['https://library.example', async () => new Response('back')],
      ]),
    )
    const verifier = oidc.randomPKCECodeVerifier()
    const checks = { pkceCodeVerifier: verifier, expectedState: 'state', expectedNonce: 'nonce' }
    const visit = await browser.open(
      oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirect_uris[0] ?? '',
        scope: 'openid',
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: 'state',
        nonce: 'nonce',
      }).href,
    )
    const back = await typePassword(browser, visit)
    const tokens = await oidc.authorizationCodeGrant(configuration, new URL(back.url), checks)
    expect(tokens.claims()?.aud).toBe(client.client_id)
  })

  it('proves itself by a key of its own, or not at all, and gets no secret then', async () => {
    const emulator = await emulatorWith()
    const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' }] }
    for (const more of [
      { token_endpoint_auth_method: 'none' },
      { token_endpoint_auth_method: 'private_key_jwt', jwks },
    ]) {
      const client = await register(emulator, more)
      expect(client).toMatchObject(more)
      expect(client).not.toHaveProperty('client_secret')
      expect(client).not.toHaveProperty('client_secret_expires_at')
    }
  })

  it('chooses neither its id nor its secret', async () => {
    const emulator = await emulatorWith()
    const client = await register(emulator, { client_id: 'mine', client_secret: 'mine' })
    expect([client.client_id, client.client_secret]).not.toContain('mine')
  })

  it.each([
    ['no address', { redirect_uris: undefined }, 'invalid_redirect_uri'],
    ['an address with a fragment', { redirect_uris: ['https://a.example/#x'] }, 'invalid_redirect_uri'],
    ['an address that is a script', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    ['a method that nobody knows', { token_endpoint_auth_method: 'magic' }, 'invalid_client_metadata'],
    ['a key that is not there', { token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
  ])('is refused with %s', async (_what, more, error) => {
    const emulator = await emulatorWith()
    const { status, json } = await ask(emulator, 'POST', { body: { ...metadata, ...more } })
    expect([status, json.error]).toEqual([400, error])
    expect(emulator.openid.clients).toEqual([])
  })

  it.each(['[]', '7', '{', ''])('is refused with the body %j', async (body) => {
    const { status, json } = await ask(await emulatorWith(), 'POST', { body })
    expect([status, json.error]).toEqual([400, 'invalid_client_metadata'])
  })

  it('needs the initial access token where one is set', async () => {
    const emulator = await emulatorWith({ initialAccessToken: 'let-me-in' })
    for (const token of [undefined, 'let-me-out', 'let-me-in2']) {
      const { status, response } = await ask(emulator, 'POST', { body: metadata, token })
      expect(status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    }
    expect((await ask(emulator, 'POST', { body: metadata, token: 'let-me-in' })).status).toBe(201)
  })
})

describe('a registration, by its own token (RFC 7592)', () => {
  it('is read as it is', async () => {
    const emulator = await emulatorWith()
    const client = await register(emulator)
    expect(await ask(emulator, 'GET', ownOf(client))).toMatchObject({ status: 200, json: client })
  })

  it('is replaced as a whole, under a new token, and its people stay', async () => {
    const emulator = await emulatorWith()
    const client = await register(emulator, { backchannel_logout_uri: 'https://library.example/out' })
    emulator.travel(60)
    const body = { redirect_uris: ['https://other.example/cb'], client_id: client.client_id }
    const { status, json } = await ask(emulator, 'PUT', { ...ownOf(client), body })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      client_id: client.client_id,
      client_secret: client.client_secret,
      client_id_issued_at: client.client_id_issued_at,
      redirect_uris: body.redirect_uris,
    })
    expect(json).not.toHaveProperty('backchannel_logout_uri')
    expect((await ask(emulator, 'GET', ownOf(client))).status).toBe(401)
    expect((await ask(emulator, 'GET', ownOf(json))).status).toBe(200)
  })

  it.each([
    ['another id', { client_id: 'x' }],
    ['no id', { client_id: undefined }],
    ['another secret', { client_secret: 'x' }],
    ['a token', { registration_access_token: 'x' }],
    ['an address', { registration_client_uri: 'https://x.example' }],
    ['a time', { client_secret_expires_at: 0 }],
  ])('is not replaced by one that says %s', async (_what, more) => {
    const emulator = await emulatorWith()
    const client = await register(emulator)
    const body = { ...metadata, client_id: client.client_id, ...more }
    const { status, json } = await ask(emulator, 'PUT', { ...ownOf(client), body })
    expect([status, json.error]).toEqual([400, 'invalid_client_metadata'])
    expect((await ask(emulator, 'GET', ownOf(client))).json).toEqual(client)
  })

  it('is deleted, and nobody signs in by it any more', async () => {
    const emulator = await emulatorWith()
    const client = await register(emulator)
    expect((await ask(emulator, 'DELETE', ownOf(client))).status).toBe(204)
    expect((await ask(emulator, 'GET', ownOf(client))).status).toBe(401)
    expect(emulator.openid.clients).toEqual([])
  })

  it.each(['GET', 'PUT', 'DELETE'])(
    '%s: is nobody else’s, and no client of the option is one',
    async (method) => {
      const emulator = await emulatorWith({ clients: [{ client_id: 'fixed', redirect_uris }] })
      const [one, other] = [await register(emulator), await register(emulator)]
      const body = method === 'PUT' ? { ...metadata, client_id: one.client_id } : undefined
      for (const own of [
        { ...ownOf(one), token: other.registration_access_token },
        { ...ownOf(one), token: undefined },
        { ...ownOf(one), address: `${url}/register` },
        { token: one.registration_access_token, address: `${url}/register?client_id=fixed` },
      ]) {
        expect((await ask(emulator, method, { ...own, body })).status).toBe(401)
      }
      expect(emulator.openid.clients).toHaveLength(3)
    },
  )

  it('is forgotten by a reset', async () => {
    const emulator = await emulatorWith({ clients: [{ client_id: 'fixed', redirect_uris }] })
    await register(emulator)
    emulator.reset()
    expect(emulator.openid.clients.map(({ client_id }) => client_id)).toEqual(['fixed'])
  })
})

it('nobody registers where that is not switched on', async () => {
  const emulator = await emulatorWith({
    registration: false,
    clients: [{ client_id: 'fixed', redirect_uris }],
  })
  expect((await emulator.handle(new Request(`${url}/register`, { method: 'POST' }))).status).toBe(404)
  expect(emulator.openid.metadata).not.toHaveProperty('registration_endpoint')
  await expect(emulatorWith({ registration: false })).rejects.toThrow('at least one client')
  const initialAccessToken = 'x'
  const clients = [{ client_id: 'fixed', redirect_uris }]
  await expect(emulatorWith({ registration: false, clients, initialAccessToken })).rejects.toThrow(
    'belongs to',
  )
})
