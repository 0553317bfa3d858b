/** @module What a provider may answer to a registration: judged, told in words, kept only where it is one, never run. */
import { describe, expect, it, vi } from 'vitest'
import { type AskedClient, type Difference, differencesIn } from '../../src/cli/registration/differences.js'
import { registrationOf } from '../../src/oidc/registration.js'
import { registration, setUpRegistration, startProvider } from './registering.js'

const home = 'https://benefits.example'
const { code_challenge_methods: _sheet, ...described } = registrationOf({
  applicationUrl: home,
  routesPath: '/session',
  responseTypes: ['code'],
  scope: 'openid offline_access',
})
const asked: AskedClient = { ...described, token_endpoint_auth_method: 'client_secret_basic' }
const accepted = { idTokenAlgorithms: ['RS256'] }

const weightsOf = (differences: readonly Difference[]) =>
  differences.map(({ member, weight }) => `${weight} ${member}`)
const judge = (more: object, wanted: Partial<AskedClient> = {}) =>
  weightsOf(differencesIn({ ...asked, ...wanted }, { ...asked, ...wanted, ...more }, accepted))

describe('what is registered otherwise than it was asked for', () => {
  it('is nothing where everything comes back, in any order, or as the specification has it by itself', () => {
    expect(judge({})).toEqual([])
    expect(judge({ redirect_uris: [...asked.redirect_uris].reverse() })).toEqual([])
    expect(judge({ grant_types: ['refresh_token', 'authorization_code', 'urn:other'] })).toEqual([])
    expect(judge({ application_type: undefined, response_types: undefined, scope: undefined })).toEqual([])
    expect(judge({ token_endpoint_auth_method: undefined })).toEqual([])
    expect(judge({ response_types: ['id_token code'] }, { response_types: ['code id_token'] })).toEqual([])
  })

  it.each([
    [{ redirect_uris: [asked.redirect_uris[0]] }, 'fail redirect_uris'],
    [{ redirect_uris: [...asked.redirect_uris, 'https://evil.example/cb'] }, 'fail redirect_uris'],
    [{ redirect_uris: ['https://evil.example/a', 'https://evil.example/b'] }, 'fail redirect_uris'],
    [{ redirect_uris: undefined }, 'fail redirect_uris'],
    [{ redirect_uris: 'https://evil.example' }, 'fail redirect_uris'],
    [{ token_endpoint_auth_method: 'client_secret_post' }, 'fail token_endpoint_auth_method'],
    [{ token_endpoint_auth_method: ['client_secret_basic'] }, 'fail token_endpoint_auth_method'],
    [{ response_types: ['id_token'] }, 'fail response_types'],
    [{ grant_types: ['authorization_code'] }, 'warn grant_types'],
    [{ grant_types: undefined }, 'warn grant_types'],
    [{ scope: 'openid' }, 'warn scope'],
    [{ post_logout_redirect_uris: undefined }, 'warn post_logout_redirect_uris'],
    [{ backchannel_logout_uri: 'https://evil.example' }, 'warn backchannel_logout_uri'],
    [{ backchannel_logout_session_required: false }, 'warn backchannel_logout_session_required'],
    [{ frontchannel_logout_uri: undefined }, 'warn frontchannel_logout_uri'],
    [{ require_auth_time: undefined }, 'warn require_auth_time'],
    [{ id_token_signed_response_alg: 'HS256' }, 'fail id_token_signed_response_alg'],
    [{ id_token_encrypted_response_alg: 'RSA-OAEP' }, 'fail id_token_encrypted_response_alg'],
    [{ userinfo_encrypted_response_alg: 'RSA-OAEP' }, 'warn userinfo_encrypted_response_alg'],
  ])('%j', (more, said) => {
    expect(judge(more)).toEqual([said])
  })

  it('is without the one flow by which everybody signs in', () => {
    expect(judge({ grant_types: ['implicit'] })).toEqual(['warn grant_types', 'fail grant_types'])
  })

  it('is a key that is missing, and not one that comes with more beside it', () => {
    const keys = [{ kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ', use: 'sig' }]
    const wanted = {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys },
    }
    expect(
      judge(
        {
          jwks: {
            keys: [
              { kty: 'RSA', n: 'x' },
              { ...keys[0], kid: 'theirs' },
            ],
          },
        },
        wanted,
      ),
    ).toEqual([])
    expect(judge({ token_endpoint_auth_signing_alg: undefined }, wanted)).toEqual([])
    expect(judge({ jwks: { keys: [{ kty: 'EC', x: 'other' }] } }, wanted)).toEqual(['warn jwks'])
    expect(judge({ jwks: undefined, token_endpoint_auth_signing_alg: 'RS256' }, wanted)).toEqual([
      'fail token_endpoint_auth_signing_alg',
      'warn jwks',
    ])
  })
})

describe('an answer', () => {
  const world = setUpRegistration()

  /** A good one, with some members changed. */
  const client = (more: object = {}) => ({
    ...asked,
    client_id: 'c1',
    client_secret: 'the secret of the client',
    client_secret_expires_at: 0,
    registration_client_uri: `${world.provider.issuer}/register/c1`,
    registration_access_token: 'the.token-of~it',
    ...more,
  })
  const answering = (more: object) => {
    world.provider.answer = () => ({ body: client(more) })
  }
  const run = (...args: string[]) => registration([...args, '--file', world.folder.file, '--timeout', '5'])

  it('is to what the application needs, and to nothing that is only for a person to read', async () => {
    answering({})
    vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN', 'initial')
    expect(await run('--register')).toMatchObject({
      code: 0,
      out: expect.stringContaining('as it was asked for'),
    })
    const [request] = world.provider.asked
    expect(request).toMatchObject({ method: 'POST', url: '/register' })
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer initial',
      'content-type': 'application/json',
    })
    expect(JSON.parse(request?.body ?? '')).toEqual(asked)
  })

  it('asks for the way to prove itself that the provider has', async () => {
    world.provider.document = {
      ...world.provider.document,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    }
    answering({ token_endpoint_auth_method: 'client_secret_post' })
    expect((await run('--register')).code).toBe(0)
    world.provider.answer = ({ method }) =>
      method === 'PUT'
        ? { status: 200, body: client({ token_endpoint_auth_method: 'client_secret_post' }) }
        : undefined
    expect((await run('--update')).code).toBe(0)
    for (const { body } of world.provider.asked) {
      expect(JSON.parse(body).token_endpoint_auth_method).toBe('client_secret_post')
    }
    expect(JSON.parse(world.provider.asked[1]?.body ?? '')).toMatchObject({
      client_id: 'c1',
      client_secret: 'the secret of the client',
    })
    expect(world.provider.asked[1]?.headers.authorization).toBe('Bearer the.token-of~it')
  })

  it.each([
    ['no JSON', 'client_id: c1', 'is no JSON object'],
    ['a list', [client], 'is no JSON object'],
    ['nothing', '', 'is no JSON object'],
    ['no id', { client_id: undefined }, 'no client_id'],
    ['an id that is a number', { client_id: 7 }, 'no client_id'],
    ['an id with a line break', { client_id: 'a\nb' }, 'no client_id'],
    ['an id that is too long', { client_id: 'x'.repeat(513) }, 'no client_id'],
    ['more than 64 KiB', { more: 'x'.repeat(66_000) }, 'longer than 64 KiB'],
  ])('that is %s is no registration, and nothing is kept', async (_what, body, words) => {
    const isWhole = typeof body === 'string' || Array.isArray(body)
    world.provider.answer = () => ({ body: isWhole ? body : client(body) })
    const { code, out, err } = await run('--register')
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(words)
    expect(err).toContain('whether a client was registered cannot be told')
    expect(world.folder.names()).toEqual([])
  })

  it.each([
    ['a secret that is an object', { client_secret: {} }, 'client_secret is no text'],
    ['an empty secret', { client_secret: '' }, 'client_secret is no text'],
    ['a secret that is too long', { client_secret: 'x'.repeat(1025) }, 'client_secret is no text'],
    ['null for a secret', { client_secret: null }, 'fail  client_secret'],
    ['an end that is a text', { client_secret_expires_at: 'never' }, 'is no time in seconds'],
    ['an end below zero', { client_secret_expires_at: -1 }, 'is no time in seconds'],
    ['an end in milliseconds', { client_secret_expires_at: 1_900_000_000_000 }, 'is no time in seconds'],
    ['an end after all times', { client_secret_expires_at: 2 ** 53 - 1 }, 'is no time in seconds'],
    ['null for an end', { client_secret_expires_at: null }, 'as it was asked for'],
  ])('with %s is about a client all the same: what opens it is kept', async (_what, more, words) => {
    answering(more)
    const { code, out } = await run('--register')
    const isSecretBad = 'client_secret' in more
    expect([code, out]).toEqual([isSecretBad ? 1 : 0, expect.stringContaining(words)])
    const { client_secret, registration_client_uri, registration_access_token } = client()
    expect(world.folder.kept()).toEqual({
      issuer: world.provider.issuer,
      client_id: 'c1',
      token_endpoint_auth_method: 'client_secret_basic',
      ...(isSecretBad ? { client_secret_expires_at: 0 } : { client_secret }),
      registration_client_uri,
      registration_access_token,
    })
    world.provider.answer = () => ({ status: 204, body: '' })
    expect((await run('--delete')).code).toBe(0)
  })

  it.each([
    ['a line break', 'a\nCITIZEN_APPLICATION_URL=https://evil.example'],
    ['a blank at its end', 'secret '],
    ['half a character', '\ud800secret'],
  ])('whose secret has %s is kept, and not in the file that the application reads', async (_what, secret) => {
    answering({ client_secret: secret })
    const { code, out } = await run('--register')
    expect([code, out]).toEqual([1, expect.stringContaining('fail  client_secret')])
    expect(out).not.toContain('CITIZEN_OIDC_CLIENT_SECRET_FILE')
    expect([world.folder.kept().client_secret, world.folder.names()]).toEqual([
      secret,
      ['openid-client.json'],
    ])
  })

  it('whose secret has ended is one by which nobody signs in', async () => {
    answering({ client_secret_expires_at: 1000 })
    const { code, out } = await run('--register')
    expect([code, out]).toEqual([1, expect.stringContaining('fail  client_secret_expires_at')])
    expect(out).not.toContain('before')
  })

  it.each([
    ['a gateway’s', { status: 502, body: 'no' }],
    ['a server’s that broke', { status: 500, body: { error: 'server_error' } }],
    ['neither yes nor no', { status: 202, body: {} }],
    ['without a body', { status: 204 }],
    ['a redirect to what was made', { status: 303, headers: { location: 'https://evil.example/' } }],
  ])('that is %s leaves open what was done, and says so', async (_what, answer) => {
    world.provider.answer = () => answer
    const registered = await run('--register')
    expect([registered.code, world.folder.names()]).toEqual([1, []])
    expect(registered.err).toContain('whether a client was registered cannot be told')
    answering({})
    await run('--register')
    world.provider.answer = () => (answer.status === 204 ? { status: 202 } : answer)
    expect((await run('--update')).err).toContain('whether it was changed cannot be told')
    expect((await run('--delete')).err).toContain('only 204 says that the client is deleted')
  })

  it.each([
    [
      'a refusal',
      { status: 400, body: { error: 'invalid_redirect_uri', error_description: 'not https' } },
      'invalid_redirect_uri, not https',
    ],
    [
      'a refusal that would steer a terminal',
      { status: 400, body: { error: '\u001b[2J\u202egone' } },
      '\\u001b[2J\\u202egone',
    ],
    [
      'a refusal that is no JSON',
      { status: 403, body: '<html>' },
      'the answer is 403; the token may not do this',
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://evil.example/' } },
      'redirects are not followed',
    ],
    ['nothing there', { status: 404, body: {} }, 'nothing takes registrations'],
  ])('that is %s is told in words', async (_what, answer, words) => {
    world.provider.answer = () => answer
    const { code, err } = await run('--register')
    expect([code, err]).toEqual([1, expect.stringContaining(words)])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey
    expect(err).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    expect([world.provider.asked.length, world.folder.names()]).toEqual([1, []])
  })

  it('that never comes leaves no file, and says what cannot be told', async () => {
    world.provider.answer = () => undefined
    const { code, err } = await run('--register')
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('whether a client was registered cannot be told'),
    ])
    expect(world.folder.names()).toEqual([])
  })

  it('whose id a shell would run is printed in quotes', async () => {
    answering({ client_id: "$(reboot)';id" })
    const { out } = await run('--register')
    expect(out).toContain(`CITIZEN_OIDC_CLIENT_ID='$(reboot)'\\'';id'`)
  })

  it.each([
    ['is no address', { registration_client_uri: 7 }, 'registration_client_uri'],
    ['is without TLS', { registration_client_uri: 'http://id.example.gov/c1' }, 'registration_client_uri'],
    [
      'has a token that fits into no header',
      { registration_access_token: 'a b' },
      'registration_access_token',
    ],
  ])('whose way to the registration %s is kept without that', async (_what, more, member) => {
    answering(more)
    const { code, out } = await run('--register')
    expect([code, out]).toEqual([0, expect.stringContaining('cannot be changed from here')])
    expect(out).not.toContain('it changes the registration')
    const { [member]: _bad, ...rest } = client() as Record<string, unknown>
    const { registration_client_uri, registration_access_token } = rest
    const both = { registration_client_uri, registration_access_token }
    expect(world.folder.kept()).toMatchObject(JSON.parse(JSON.stringify(both)))
    expect(world.folder.kept()).not.toHaveProperty(member)
    const read = await run('--read')
    expect([read.code, read.err]).toEqual([1, expect.stringContaining('names no way to the registration')])
    expect(world.provider.asked).toHaveLength(1)
  })

  it('whose way to the registration lies elsewhere sends nothing there before that origin is named', async () => {
    const elsewhere = await startProvider()
    try {
      answering({ registration_client_uri: `${elsewhere.issuer}/c1` })
      const registered = await run('--register')
      expect([registered.code, registered.out]).toEqual([0, expect.stringContaining('--openid-origin')])
      expect((await run('--read')).err).toContain('--openid-origin')
      expect(elsewhere.asked).toEqual([])
      elsewhere.answer = () => ({ status: 204, body: '' })
      expect((await run('--delete', '--openid-origin', elsewhere.issuer)).code).toBe(0)
      expect(elsewhere.asked[0]?.headers.authorization).toBe('Bearer the.token-of~it')
    } finally {
      await elsewhere.close()
    }
  })

  it('to an update brings a token that counts, also where the address beside it is none', async () => {
    answering({})
    await run('--register')
    const more = { registration_access_token: 'rotated', registration_client_uri: '/register/c1' }
    world.provider.answer = () => ({ status: 200, body: client(more) })
    expect((await run('--update')).out).toContain('registration_client_uri is no https address')
    expect(world.folder.kept()).toMatchObject({
      registration_access_token: 'rotated',
      registration_client_uri: `${world.provider.issuer}/register/c1`,
    })
  })

  it('is kept although it is not as asked, so that it can be put right', async () => {
    answering({ redirect_uris: ['https://evil.example/cb'] })
    const { code, out } = await run('--register')
    expect([code, out]).toEqual([1, expect.stringContaining('fail  redirect_uris')])
    expect(world.folder.names()).toEqual(['openid-client.json', 'openid-client.secret'])
  })

  const nonsense = { toString: 1, valueOf: 1 }
  const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)
  it.each([
    ['an address that is nonsense', { redirect_uris: [nonsense] }, 'fail  redirect_uris'],
    ['addresses that nest too deep', { redirect_uris: deep }, 'fail  redirect_uris'],
    ['a scope that is nonsense', { scope: nonsense }, 'warn  scope'],
    ['an algorithm that is nonsense', { id_token_signed_response_alg: nonsense }, 'id_token_signed'],
  ])('with %s is told in words', async (_what, more, words) => {
    const text = JSON.stringify(client()).slice(0, -1)
    const [[name = '', value] = []] = Object.entries(more)
    const written = value === deep ? `${'['.repeat(20_000)}${']'.repeat(20_000)}` : JSON.stringify(value)
    world.provider.answer = () => ({ body: `${text},"${name}":${written}}` })
    const { out } = await run('--register')
    expect(out).toContain(words)
    expect(world.folder.names()).toEqual(['openid-client.json', 'openid-client.secret'])
  })

  it('without a secret is no client that proves itself by one', async () => {
    answering({ client_secret: undefined })
    expect(await run('--register')).toMatchObject({
      code: 1,
      out: expect.stringContaining('fail  client_secret'),
    })
    expect(world.folder.names()).toEqual(['openid-client.json'])
  })

  it('to an update may bring another secret and another token, or leave them as they are', async () => {
    answering({ client_secret_expires_at: 1_900_000_000 })
    expect((await run('--register')).out).toContain('the secret ends on 2030-03-17T17:46:40.000Z')
    world.provider.answer = () => ({
      status: 200,
      body: client({
        client_secret: 'another secret',
        registration_access_token: 'another',
        client_secret_expires_at: 0,
      }),
    })
    await run('--update')
    expect(world.folder.kept()).toMatchObject({
      client_secret: 'another secret',
      registration_access_token: 'another',
    })
    expect([world.folder.text(world.folder.secretFile), world.folder.mode(world.folder.secretFile)]).toEqual([
      'another secret',
      '600',
    ])
    const without = {
      client_secret: undefined,
      registration_access_token: undefined,
      registration_client_uri: undefined,
    }
    world.provider.answer = () => ({
      status: 200,
      body: client({ ...without, client_secret_expires_at: undefined }),
    })
    const before = world.folder.kept()
    expect((await run('--read')).code).toBe(0)
    expect(world.folder.kept()).toEqual(before)
  })

  it.each(['********', '••••', '', null])(
    'that shows %j for the secret leaves the one that is kept',
    async (shown) => {
      answering({})
      await run('--register')
      world.provider.answer = () => ({ status: 200, body: client({ client_secret: shown }) })
      expect((await run('--read')).code).toBe(0)
      expect(world.folder.kept().client_secret).toBe('the secret of the client')
      expect(world.folder.text(world.folder.secretFile)).toBe('the secret of the client')
    },
  )

  it('about another client changes nothing that is kept', async () => {
    answering({})
    await run('--register')
    const before = world.folder.kept()
    world.provider.answer = () => ({ status: 200, body: client({ client_id: 'c2' }) })
    expect(await run('--update')).toMatchObject({
      code: 1,
      err: expect.stringContaining('about another client'),
    })
    expect(world.folder.kept()).toEqual(before)
  })

  it('to a deletion is 204, and nothing else', async () => {
    answering({})
    await run('--register')
    world.provider.answer = () => ({ status: 200, body: client() })
    expect(await run('--delete')).toMatchObject({ code: 1, err: expect.stringContaining('only 204') })
    expect(world.folder.names()).toHaveLength(2)
    world.provider.answer = () => ({ status: 204, body: '' })
    expect((await run('--delete')).code).toBe(0)
    expect(world.folder.names()).toEqual([])
  })

  it.each([
    ['names no endpoint', { registration_endpoint: undefined }, 'registered by hand'],
    [
      'names one elsewhere',
      { registration_endpoint: 'https://evil.example/register' },
      'name it with --openid-origin',
    ],
    [
      'names one without TLS',
      { registration_endpoint: 'http://id.example.gov/register' },
      'is no https address',
    ],
    ['is another issuer’s', { issuer: 'https://evil.example' }, 'letter by letter'],
    ['is none', { issuer: undefined }, 'no discovery document'],
  ])('is not asked for where the discovery document %s', async (_what, more, words) => {
    world.provider.document = { ...world.provider.document, ...more }
    const { code, err } = await run('--register')
    expect([code, err]).toEqual([1, expect.stringContaining(words)])
    expect([world.provider.asked, world.folder.names()]).toEqual([[], []])
  })

  it('comes from the endpoint that is named, where the provider describes none', async () => {
    world.provider.document = {}
    answering({})
    const { code } = await run('--register', '--registration-endpoint', `${world.provider.issuer}/elsewhere`)
    expect([code, world.provider.asked[0]?.url]).toEqual([0, '/elsewhere'])
  })

  it('is not waited for where the person stops it: what came of it cannot be told', async () => {
    const controller = new AbortController()
    world.provider.answer = () => {
      controller.abort()
      return { body: '{' }
    }
    const { code, err } = await registration(['--register', '--file', world.folder.file], {
      stop: controller.signal,
    })
    expect([code, err]).toEqual([1, expect.stringContaining('stopped; whether a client was')])
    expect(err).toContain('cannot be told')
    expect(world.folder.names()).toEqual([])
  })
})
