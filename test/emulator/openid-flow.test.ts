import * as jose from 'jose'
import * as oidc from 'openid-client'
import { afterEach, describe, expect, it } from 'vitest'
import type { OpenidClient } from '../../src/emulator/index.js'
import {
  answerOf,
  callbackOf,
  clientOf,
  createOpenidWorld,
  type OpenidWorld,
  signInAt,
  type Transport,
  typePassword,
  type WorldRequest,
} from './openid-world.js'

const open: OpenidWorld[] = []
async function world(clients: readonly OpenidClient[], more: Partial<WorldRequest> = {}) {
  const made = await createOpenidWorld({ ...more, openid: { clients, ...more.openid } })
  open.push(made)
  return made
}
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ emulator }) => emulator.close()))
})

const publicClient = clientOf('spa', { client_secret: undefined })
const transports: readonly Transport[] = ['handle', 'http']

describe.each(transports)('with openid-client over %s', (transport) => {
  it('signs in with the code flow: login page, tokens, userinfo', async () => {
    const { emulator, browser, party } = await world([clientOf('sp1')], { transport })
    const chromium = browser()
    const sp1 = await party('sp1')
    const begun = await sp1.begin()
    const login = await chromium.open(begun.url)
    expect(new URL(login.url).pathname).toBe('/login')
    const back = await typePassword(chromium, login)
    const tokens = await sp1.finish(begun, back.url)
    const ana = emulator.people.find(({ username }) => username === 'ana')
    expect(tokens.claims()).toMatchObject({
      sub: ana?.sub,
      acr: 'urn:emulator:password',
      amr: ['pwd'],
      sid: expect.stringMatching(/^[A-Za-z0-9+/]{24}$/),
      auth_time: expect.any(Number),
    })
    expect(tokens).toMatchObject({
      expires_in: 600,
      scope: 'openid profile email offline_access',
      session_state: answerOf(back).session_state,
    })
    expect(await oidc.fetchUserInfo(sp1.configuration, tokens.access_token, ana?.sub ?? '')).toEqual({
      sub: ana?.sub,
      name: 'Ana Archer',
      preferred_username: 'ana',
      email: 'ana@citizen.example',
      email_verified: true,
    })
  })

  it('signs in without a page where the identity session lives, from the cookie mode too', async () => {
    const made = await world([clientOf('sp1'), clientOf('sp2')], { transport })
    const chromium = made.browser()
    await typePassword(chromium, await chromium.open(`${made.emulator.url}/login`))
    const first = await signInAt(made, chromium, 'sp1')
    const second = await signInAt(made, chromium, 'sp2')
    expect(second.claims?.sid).toBe(first.claims?.sid)
    expect(made.emulator.sessions).toHaveLength(1)
    expect(made.emulator.openid.participants().map(({ clientId }) => clientId)).toEqual(['sp1', 'sp2'])
  })

  it('rotates refresh tokens, and revokes all of a grant when an old one comes again', async () => {
    const made = await world([clientOf('sp1')], { transport })
    const { party, tokens, claims } = await signInAt(made, made.browser(), 'sp1')
    const next = await oidc.refreshTokenGrant(party.configuration, tokens.refresh_token ?? '')
    expect(next.refresh_token).not.toBe(tokens.refresh_token)
    expect(next.claims()).toMatchObject({ sub: claims?.sub, sid: claims?.sid, auth_time: claims?.auth_time })
    expect(next.claims()?.nonce).toBeUndefined()
    for (const token of [tokens.refresh_token, next.refresh_token]) {
      await expect(oidc.refreshTokenGrant(party.configuration, token ?? '')).rejects.toMatchObject({
        error: 'invalid_grant',
      })
    }
    await expect(
      oidc.fetchUserInfo(party.configuration, next.access_token, oidc.skipSubjectCheck),
    ).rejects.toThrow()
  })
})

describe('clients prove themselves as they are registered', () => {
  it.each<[string, Partial<OpenidClient>, oidc.ClientAuth, boolean]>([
    ['basic', { token_endpoint_auth_method: 'client_secret_basic' }, oidc.ClientSecretBasic(), true],
    ['post', { token_endpoint_auth_method: 'client_secret_post' }, oidc.ClientSecretPost(), true],
    ['basic, nothing registered', {}, oidc.ClientSecretBasic(), true],
    ['post, nothing registered', {}, oidc.ClientSecretPost(), true],
    [
      'post, basic registered',
      { token_endpoint_auth_method: 'client_secret_basic' },
      oidc.ClientSecretPost(),
      false,
    ],
    ['a wrong secret', {}, oidc.ClientSecretPost('wrong'), false],
    ['no secret', {}, oidc.None(), false],
    ['none', { client_secret: undefined }, oidc.None(), true],
  ])('%s', async (_, more, authentication, isRight) => {
    const made = await world([clientOf('sp1', more)])
    const chromium = made.browser()
    const sp1 = await made.party('sp1', authentication)
    const begun = await sp1.begin()
    const back = await typePassword(chromium, await chromium.open(begun.url))
    const result = sp1.finish(begun, back.url)
    if (isRight) expect((await result).access_token).toBeTypeOf('string')
    else await expect(result).rejects.toMatchObject({ error: 'invalid_client', status: 401 })
  })

  it('private_key_jwt, and takes each assertion once', async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
    const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'mine', alg: 'ES256' }
    const made = await world([clientOf('sp1', { client_secret: undefined, jwks: { keys: [jwk] } })])
    const chromium = made.browser()
    const sp1 = await made.party('sp1', oidc.PrivateKeyJwt({ key: privateKey, kid: 'mine' }))
    const begun = await sp1.begin()
    const back = await typePassword(chromium, await chromium.open(begun.url))
    const tokens = await sp1.finish(begun, back.url)
    const assertion = await new jose.SignJWT({ jti: 'one' })
      .setProtectedHeader({ alg: 'ES256', kid: 'mine' })
      .setIssuer('sp1')
      .setSubject('sp1')
      .setAudience(made.emulator.issuer)
      .setExpirationTime('1m')
      .sign(privateKey)
    const send = () =>
      made.transport(String(made.emulator.openid.metadata.revocation_endpoint), {
        method: 'POST',
        body: new URLSearchParams({
          token: tokens.access_token,
          client_assertion: assertion,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        }),
      })
    expect([(await send()).status, (await send()).status]).toEqual([200, 401])
  })
})

describe('the authorization endpoint', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }, 'no client is registered'],
    ['an address with more', { redirect_uri: `${callbackOf('sp1')}/` }, 'is not registered'],
    ['an address of another client', { redirect_uri: callbackOf('spa') }, 'is not registered'],
    [
      'a request_uri that nobody pushed',
      { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
      'request_uri',
    ],
  ])('sends nobody anywhere for %s', async (_, parameters, message) => {
    const made = await world([clientOf('sp1'), publicClient])
    const begun = await (await made.party('sp1')).begin(parameters)
    const visit = await made.browser().open(begun.url)
    expect([visit.status, visit.path.length]).toEqual([400, 1])
    expect(visit.body).toContain(message)
  })

  it.each([
    ['no openid', { scope: 'profile' }, 'invalid_scope'],
    ['another response_type', { response_type: 'token' }, 'unsupported_response_type'],
    ['implicit that is not allowed', { response_type: 'id_token' }, 'unauthorized_client'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['an unknown prompt', { prompt: 'dance' }, 'invalid_request'],
    ['none with another prompt', { prompt: 'none login' }, 'invalid_request'],
    ['a max_age that is no number', { max_age: '-1' }, 'invalid_request'],
    ['a request object', { request: 'x.y.z' }, 'request_not_supported'],
    ['a hint that is not ours', { id_token_hint: 'x.y.z' }, 'invalid_request'],
    ['nobody there', { prompt: 'none' }, 'login_required'],
  ])('tells the client about %s', async (_, parameters, error) => {
    const made = await world([clientOf('sp1')])
    const begun = await (await made.party('sp1')).begin(parameters)
    const visit = await made.browser().open(begun.url)
    expect(answerOf(visit)).toMatchObject({
      error,
      state: begun.checks.expectedState,
      iss: made.emulator.issuer,
      session_state: expect.stringMatching(/^[\w-]{43}\.[\w-]+$/),
    })
  })

  it('demands PKCE of public clients, and the right verifier of all', async () => {
    const made = await world([publicClient])
    const chromium = made.browser()
    const spa = await made.party('spa', oidc.None())
    const bare = new URL((await spa.begin()).url)
    for (const name of ['code_challenge', 'code_challenge_method']) bare.searchParams.delete(name)
    expect(answerOf(await chromium.open(bare.href))).toMatchObject({ error: 'invalid_request' })
    const begun = await spa.begin()
    const back = await typePassword(chromium, await chromium.open(begun.url))
    const wrong = { ...begun, checks: { ...begun.checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() } }
    await expect(spa.finish(wrong, back.url)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('gives a code once; its second use revokes what the first gave', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    const sp1 = await made.party('sp1')
    const begun = await sp1.begin()
    const back = await typePassword(chromium, await chromium.open(begun.url))
    const tokens = await sp1.finish(begun, back.url)
    await expect(sp1.finish(begun, back.url)).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(oidc.refreshTokenGrant(sp1.configuration, tokens.refresh_token ?? '')).rejects.toMatchObject(
      {
        error: 'invalid_grant',
      },
    )
  })

  it('forgets a code after a minute', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    const sp1 = await made.party('sp1')
    const begun = await sp1.begin()
    const back = await typePassword(chromium, await chromium.open(begun.url))
    made.emulator.travel(60)
    await expect(sp1.finish(begun, back.url)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('takes pushed requests, once, from the client that pushed them', async () => {
    const made = await world([clientOf('sp1', { require_pushed_authorization_requests: true })])
    const chromium = made.browser()
    const sp1 = await made.party('sp1')
    const plain = await sp1.begin()
    expect((await chromium.open(plain.url)).status).toBe(400)
    const url = await oidc.buildAuthorizationUrlWithPAR(
      sp1.configuration,
      Object.fromEntries(new URL(plain.url).searchParams),
    )
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    const back = await typePassword(chromium, await chromium.open(url.href))
    expect((await sp1.finish(plain, back.url)).id_token).toBeTypeOf('string')
    expect((await chromium.open(url.href)).status).toBe(400)
  })

  it('answers with a form where asked, whose policy lets it go to the client alone', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    const sp1 = await made.party('sp1')
    const begun = await sp1.begin({ response_mode: 'form_post' })
    const page = await typePassword(chromium, await chromium.open(begun.url))
    expect(page.headers.get('content-security-policy')).toContain('form-action https://sp1.example;')
    const back = await chromium.press(page, 'Continue')
    expect(back.url).toBe(callbackOf('sp1'))
    const body = made.seen.at(-1)?.body ?? ''
    const request = new Request(callbackOf('sp1'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    })
    expect((await sp1.finish(begun, request)).id_token).toBeTypeOf('string')
  })

  it('takes the request as a form of another site, and sees the session all the same', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    await typePassword(chromium, await chromium.open(`${made.emulator.url}/login`))
    const sp1 = await made.party('sp1')
    const begun = await sp1.begin()
    const url = new URL(begun.url)
    const form = Object.fromEntries(url.searchParams)
    const back = await chromium.post(`${url.origin}${url.pathname}`, form, { from: 'https://sp1.example' })
    expect((await sp1.finish(begun, back.url)).id_token).toBeTypeOf('string')
  })

  it('gives an id_token in the fragment where the implicit flow is allowed', async () => {
    const made = await world([clientOf('sp1', { response_types: ['code', 'id_token'] })])
    const chromium = made.browser()
    const sp1 = await made.party('sp1')
    oidc.useIdTokenResponseType(sp1.configuration)
    const begun = await sp1.begin({ response_type: 'id_token' })
    const visit = await typePassword(chromium, await chromium.open(begun.url))
    const claims = await oidc.implicitAuthentication(
      sp1.configuration,
      new URL(visit.path.at(-1) ?? ''),
      begun.checks.expectedNonce,
      { expectedState: begun.checks.expectedState },
    )
    expect(claims).toMatchObject({ name: 'Ana Archer', sid: expect.any(String) })
    expect(visit.url).toContain('session_state=')
  })

  it('asks anew for prompt=login and an old authentication; sid stays, auth_time and OPBS move on', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    const first = await signInAt(made, chromium, 'sp1')
    const before = await chromium.cookieHeader(made.emulator.url)
    const party = await made.party('sp1')
    expect(answerOf(await chromium.open((await party.begin({ max_age: '100' })).url)).code).toBeTypeOf(
      'string',
    )
    made.emulator.travel(101)
    const silent = await party.begin({ max_age: '100', prompt: 'none' })
    expect(answerOf(await chromium.open(silent.url)).error).toBe('login_required')
    for (const parameters of ['max_age=100', 'prompt=login', 'max_age=0']) {
      const begun = await party.begin(Object.fromEntries(new URLSearchParams(parameters)))
      const page = await chromium.open(begun.url)
      expect(page.body).toContain('asks you to sign in again')
      const back = await typePassword(chromium, page)
      const answer = await made.transport(String(made.emulator.openid.metadata.token_endpoint), {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: answerOf(back).code ?? '',
          redirect_uri: callbackOf('sp1'),
          code_verifier: begun.checks.pkceCodeVerifier,
          client_id: 'sp1',
          client_secret: clientOf('sp1').client_secret ?? '',
        }),
      })
      const { id_token } = (await answer.json()) as { id_token: string }
      const claims = jose.decodeJwt(id_token)
      expect(claims.sid).toBe(first.claims?.sid)
      expect(claims.auth_time).toBeGreaterThan(Number(first.claims?.auth_time) + 100)
    }
    expect(await chromium.cookieHeader(made.emulator.url)).not.toBe(before)
    expect(made.emulator.openid.deliveries).toEqual([])
  })

  it('tells the clients when somebody else signs in instead', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    await signInAt(made, chromium, 'sp1')
    const begun = await (await made.party('sp1')).begin({ prompt: 'login' })
    await typePassword(chromium, await chromium.open(begun.url), 'dan')
    await made.emulator.openid.settled()
    expect(made.emulator.openid.deliveries).toMatchObject([{ clientId: 'sp1', outcome: 'delivered' }])
  })
})

describe('a sign-in under way', () => {
  it('is one request for a test with the cookies of a person', async () => {
    const made = await world([clientOf('sp1')])
    const sp1 = await made.party('sp1')
    const begun = await sp1.begin()
    const cookie = await made.emulator.cookiesFor('ana')
    const answer = await made.emulator.fetch(begun.url, { headers: { cookie }, redirect: 'manual' })
    const tokens = await sp1.finish(begun, answer.headers.get('location') ?? '')
    expect(tokens.claims()?.sub).toBe(made.emulator.people[0]?.sub)
  })

  it('ends after half an hour, with a page that says so', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    const login = await chromium.open((await (await made.party('sp1')).begin()).url)
    made.emulator.travel(1800)
    const late = await typePassword(chromium, login)
    expect([late.status, late.body.includes('too long ago')]).toEqual([400, true])
  })

  it('goes on beside another one in the same browser', async () => {
    const made = await world([clientOf('sp1'), clientOf('sp2')])
    const chromium = made.browser()
    const parties = [await made.party('sp1'), await made.party('sp2')] as const
    const flows = [await parties[0].begin(), await parties[1].begin()] as const
    const pages = [await chromium.open(flows[0].url), await chromium.open(flows[1].url)] as const
    const second = await typePassword(chromium, pages[1])
    const first = await typePassword(chromium, pages[0])
    expect((await parties[0].finish(flows[0], first.url)).claims()?.sub).toBe(
      (await parties[1].finish(flows[1], second.url)).claims()?.sub,
    )
  })

  it('keeps a browser state that a form of another site says nothing about', async () => {
    const made = await world([clientOf('sp1')])
    const begun = new URL((await (await made.party('sp1')).begin()).url)
    const answer = await made.emulator.handle(
      new Request(`${begun.origin}${begun.pathname}`, {
        method: 'POST',
        headers: { origin: 'https://sp1.example', 'sec-fetch-site': 'cross-site' },
        body: begun.searchParams,
      }),
    )
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([303, []])
  })
})

describe('assurance', () => {
  it('always asks for the second factor of a person who has one', async () => {
    const made = await world([clientOf('sp1')])
    const chromium = made.browser()
    const sp1 = await made.party('sp1')
    const begun = await sp1.begin()
    const page = await typePassword(chromium, await chromium.open(begun.url), 'ben')
    expect(new URL(page.url).pathname).toBe('/second-factor')
    const silent = await sp1.begin({ prompt: 'none' })
    expect(answerOf(await chromium.open(silent.url)).error).toBe('interaction_required')
    const back = await chromium.press(page, 'Continue', { code: made.emulator.messages[0]?.code ?? '' })
    const tokens = await sp1.finish(begun, back.url)
    expect(tokens.claims()).toMatchObject({ acr: 'urn:emulator:mfa', amr: ['pwd', 'sms', 'mfa'] })
  })

  it('reaches a level by Eeze, and tells when somebody cannot', async () => {
    const made = await world([clientOf('sp1')], {
      openid: { clients: [clientOf('sp1')], acrValues: { did: '3' } },
    })
    const chromium = made.browser()
    await signInAt(made, chromium, 'sp1', 'dan')
    const sp1 = await made.party('sp1')
    const silent = await sp1.begin({ acr_values: '3', prompt: 'none' })
    expect(answerOf(await chromium.open(silent.url)).error).toBe('interaction_required')
    const begun = await sp1.begin({ acr_values: '3' })
    const back = await chromium.press(await chromium.open(begun.url), /Eeze as Dan/, { eeze: 'dan' })
    expect((await sp1.finish(begun, back.url)).claims()).toMatchObject({ acr: '3' })
    const other = made.browser()
    await signInAt(made, other, 'sp1', 'ana')
    const unmet = await sp1.begin({ acr_values: 'urn:emulator:mfa' })
    expect(answerOf(await other.open(unmet.url)).error).toBe('unmet_authentication_requirements')
  })

  it('fills in the login_hint, and lets it do no harm', async () => {
    const made = await world([clientOf('sp1')])
    const begun = await (await made.party('sp1')).begin({ login_hint: '"><script>' })
    const page = await made.browser().open(begun.url)
    expect(page.body).toContain('value="&quot;&gt;&lt;script&gt;"')
  })
})

describe('tokens', () => {
  it.each(['RS256', 'PS256', 'ES256'] as const)(
    'are signed with %s, through a rotation of the keys',
    async (alg) => {
      const made = await world([clientOf('sp1', { id_token_signed_response_alg: alg })])
      const chromium = made.browser()
      const before = await signInAt(made, chromium, 'sp1')
      await made.emulator.rotateKeys()
      const after = await signInAt(made, chromium, 'sp1')
      const keys = (await (
        await made.transport(String(made.emulator.openid.metadata.jwks_uri))
      ).json()) as jose.JSONWebKeySet
      const kids: (string | undefined)[] = []
      for (const { tokens } of [before, after]) {
        const { protectedHeader } = await jose.jwtVerify(
          tokens.id_token ?? '',
          jose.createLocalJWKSet(keys),
          {
            issuer: made.emulator.issuer,
            audience: 'sp1',
            algorithms: [alg],
          },
        )
        kids.push(protectedHeader.kid)
      }
      expect(new Set(kids).size).toBe(2)
    },
  )

  it('live with the session, except those with offline_access', async () => {
    const made = await world([clientOf('sp1', { grant_types: ['authorization_code', 'refresh_token'] })])
    const party = await made.party('sp1')
    const refresh: string[] = []
    const chromium = made.browser()
    for (const scope of ['openid', 'openid offline_access']) {
      const begun = await party.begin({ scope })
      let visit = await chromium.open(begun.url)
      if (visit.url.includes('/login')) visit = await typePassword(chromium, visit)
      refresh.push((await party.finish(begun, visit.url)).refresh_token ?? '')
    }
    made.emulator.revoke('ana')
    await expect(oidc.refreshTokenGrant(party.configuration, refresh[0] ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    expect((await oidc.refreshTokenGrant(party.configuration, refresh[1] ?? '')).id_token).toBeTypeOf(
      'string',
    )
  })

  it('are revoked one by one, or the whole grant by its refresh token', async () => {
    const made = await world([clientOf('sp1'), clientOf('sp2')])
    const chromium = made.browser()
    const { party, tokens } = await signInAt(made, chromium, 'sp1')
    const stranger = await made.party('sp2')
    await oidc.tokenRevocation(stranger.configuration, tokens.access_token)
    const { sub } = await oidc.fetchUserInfo(party.configuration, tokens.access_token, oidc.skipSubjectCheck)
    expect(sub).toBe(tokens.claims()?.sub)
    await oidc.tokenRevocation(party.configuration, tokens.refresh_token ?? '')
    await expect(
      oidc.fetchUserInfo(party.configuration, tokens.access_token, oidc.skipSubjectCheck),
    ).rejects.toThrow()
  })

  it('extend the identity session when they are refreshed', async () => {
    const made = await world([clientOf('sp1')])
    const { party, tokens } = await signInAt(made, made.browser(), 'sp1')
    const before = made.emulator.sessions[0]?.expiresAt ?? 0
    made.emulator.travel(1000)
    const send = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
    })
    const answer = await made.transport(party.configuration.serverMetadata().token_endpoint ?? '', {
      method: 'POST',
      body: new URLSearchParams([
        ...send,
        ['client_id', 'sp1'],
        ['client_secret', clientOf('sp1').client_secret ?? ''],
      ]),
    })
    expect(answer.status).toBe(200)
    expect(made.emulator.sessions[0]?.expiresAt).toBeGreaterThanOrEqual(before + 1_000_000)
  })

  it('are JWTs for APIs where asked', async () => {
    const made = await world([clientOf('sp1')], {
      openid: { clients: [clientOf('sp1')], accessTokenFormat: 'jwt', accessTokenSeconds: 60 },
    })
    const { tokens, party } = await signInAt(made, made.browser(), 'sp1')
    const { payload } = await jose.jwtVerify(
      tokens.access_token,
      jose.createLocalJWKSet({ keys: [...made.emulator.jwks().keys] }),
      { typ: 'at+jwt', issuer: made.emulator.issuer, audience: made.emulator.issuer },
    )
    expect(payload).toMatchObject({ client_id: 'sp1', sub: tokens.claims()?.sub })
    expect(tokens.expires_in).toBe(60)
    expect(await oidc.fetchUserInfo(party.configuration, tokens.access_token, payload.sub ?? '')).toBeTruthy()
  })
})
