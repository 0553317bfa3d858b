/** @module UserInfo of a login and of a refresh: when it is asked, what it adds, and what it can never change. */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Store, SuiteOptions } from '../../src/index.js'
import { createPlace, home, type Place, type PlaceOptions } from '../attacks/oidc-place.js'
import type { Browser } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer } from './signer.js'
import { createOidcWorld, type PartyOptions, urlOf } from './world.js'

/** A place whose provider has a UserInfo endpoint: what it answers, and how often it was asked. */
function createUserInfoPlace(
  oidc: PlaceOptions['oidc'],
  suite: NonNullable<PlaceOptions['suite']> = {},
  store: PlaceOptions['store'] = undefined,
) {
  const asked: Request[] = []
  const place = createPlace({
    oidc: { refresh: { waitMilliseconds: 5000 }, ...oidc },
    suite: { ...suite, application: { sensitivity: 'basic', ...suite.application } },
    description: { userinfo_endpoint: `${issuer}/userinfo` },
    store,
  })
  const state = {
    asked,
    answer: (): Response => Response.json({ sub: place.script.sub, email: 'ana@example.gov' }),
  }
  place.script.answers['/userinfo'] = (request) => {
    asked.push(request)
    return state.answer()
  }
  return { place, state }
}

const signIn = (browser: Browser) => browser.open(`${home}/session/login?returnTo=/private`)
const requestOf = async (browser: Browser) =>
  new TestExchange(
    new Request(`${home}/private`, {
      headers: {
        cookie: await browser.cookieHeader(home),
        'sec-fetch-site': 'same-origin',
        'sec-fetch-dest': 'empty',
      },
    }),
  )
const citizenAt = async (place: Pick<Place, 'suite'>, browser: Browser) =>
  place.suite.authenticate(await requestOf(browser))
const failed = (events: Place['events']) => events.filter(({ type }) => type === 'userinfo.failed')

describe('at a login', () => {
  it.each([
    ['auto', ['email'], {}, 1],
    ['auto', ['email'], { email: 'of the ID token' }, 0],
    ['auto', ['email', 'name'], { email: 'of the ID token' }, 1],
    ['auto', ['constructor', 'email'], { email: 'of the ID token' }, 1],
    ['auto', [], {}, 0],
    ['always', [], { email: 'of the ID token' }, 1],
    ['never', ['email'], {}, 0],
  ] as const)('%s with %j asks for what an ID token with %j lacks: %s times', async (...row) => {
    const [userInfo, userInfoClaims, claims, times] = row
    const { place, state } = createUserInfoPlace({ userInfo, userInfoClaims })
    place.script.claims = claims
    const browser = place.browser()
    await signIn(browser)
    expect(state.asked).toHaveLength(times)
    const email = 'email' in claims ? claims.email : times === 1 ? 'ana@example.gov' : undefined
    expect(await citizenAt(place, browser)).toMatchObject({ state: 'active', claims: { sub: 'ana' } })
    expect((await citizenAt(place, browser)).claims?.email).toBe(email)
  })

  it('asks nothing where the options say nothing', async () => {
    const { place, state } = createUserInfoPlace({})
    const browser = place.browser()
    await signIn(browser)
    expect(state.asked).toEqual([])
    expect(await citizenAt(place, browser)).toMatchObject({ state: 'active' })
  })

  it('takes what is named and no more; with always and no names, all of it', async () => {
    const answer = {
      sub: 'ana',
      email: 'a@example.gov',
      name: 'Ana',
      address: { locality: 'Bern' },
      phone: null,
    }
    for (const [userInfoClaims, expected] of [
      [['email', 'phone'], { email: 'a@example.gov' }],
      [[], { email: 'a@example.gov', name: 'Ana', address: { locality: 'Bern' } }],
    ] as const) {
      const { place, state } = createUserInfoPlace({ userInfo: 'always', userInfoClaims })
      state.answer = () => Response.json(answer)
      const browser = place.browser()
      await signIn(browser)
      const { claims } = await citizenAt(place, browser)
      const ofIdToken = ['iss', 'sub', 'exp', 'iat', 'auth_time']
      const added = Object.entries(claims ?? {}).filter(([name]) => !ofIdToken.includes(name))
      expect(Object.fromEntries(added)).toEqual(expected)
    }
  })

  it('hands to `profile` what was said, and nothing where nobody was asked', async () => {
    for (const userInfo of ['always', 'never'] as const) {
      const given: unknown[] = []
      const profile: SuiteOptions['profile'] = (_claims, sources) => {
        given.push(sources.userInfo)
        return { email: sources.userInfo?.email }
      }
      const { place } = createUserInfoPlace({ userInfo }, { profile })
      const browser = place.browser()
      await signIn(browser)
      const released = await browser.fetch(`${home}/session/profile`)
      const email = userInfo === 'always' ? 'ana@example.gov' : undefined
      expect(given).toEqual([email === undefined ? undefined : { email }])
      expect(await released.json()).toMatchObject({ profile: email === undefined ? {} : { email } })
    }
  })

  it.each([
    ['of the same address', { email: 'ana@x' }, { email: 'ana@x', email_verified: true }, true],
    ['where the ID token says none', {}, { email: 'ana@x', email_verified: true }, true],
    ['of another address', { email: 'old@x' }, { email: 'ana@x', email_verified: true }, undefined],
    ['of no address', { email: 'old@x' }, { email_verified: true }, undefined],
    ['of the ID token', { email: 'old@x', email_verified: false }, { email_verified: true }, false],
  ] as const)('takes `email_verified` %s', async (_, claims, said, expected) => {
    const { place, state } = createUserInfoPlace({ userInfo: 'always' })
    place.script.claims = claims
    const phone = { phone_number: '2', phone_number_verified: true }
    state.answer = () => Response.json({ sub: 'ana', ...said, ...phone })
    const browser = place.browser()
    await signIn(browser)
    const found = (await citizenAt(place, browser)).claims
    expect([found?.email_verified, found?.phone_number_verified]).toEqual([expected, true])
    expect(found?.email).toBe('email' in claims ? claims.email : 'ana@x')
  })

  it('lets the ID token win, and adds nothing that says who somebody is or how they authenticated', async () => {
    const { place, state } = createUserInfoPlace(
      {
        userInfo: 'always',
        stepUpAcrValues: ['urn:strong'],
        assuranceLevel: ({ vip }) => (vip === true ? 3 : 1),
      },
      {
        identityProvider: { url: home, kindClaims: ['tier'] },
        sharedCookie: { domain: false },
      },
    )
    place.script.sid = 'session-1'
    place.script.claims = { name: 'of the ID token' }
    const seconds = place.now() / 1000
    const forged = {
      ...{
        iss: 'https://evil.example',
        aud: 'evil',
        exp: seconds + 1e6,
        iat: 1,
        nbf: 1,
        nonce: 'n',
        azp: 'evil',
      },
      ...{ sid: 'session-2', acr: 'urn:strong', amr: ['mfa'], auth_time: seconds + 1, session_expiry: 1 },
      ...{
        isMfa: true,
        isDidAuth: true,
        mfaRequired: false,
        tier: true,
        jti: 'j',
        at_hash: 'h',
        c_hash: 'h',
      },
      ...{
        s_hash: 'h',
        events: {},
        _claim_names: { a: 'b' },
        _claim_sources: { b: { access_token: 'secret' } },
      },
    }
    state.answer = () => Response.json({ ...forged, sub: 'ana', name: 'of UserInfo', vip: true })
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private&via=oidc`)
    const citizen = await citizenAt(place, browser)
    expect(citizen).toMatchObject({
      state: 'active',
      assurance: { level: 1, method: 'password', authenticatedAt: place.now() },
      claims: { iss: issuer, sub: 'ana', name: 'of the ID token', vip: true, auth_time: seconds },
    })
    const others = Object.keys(forged).filter((name) => !['iss', 'exp', 'iat', 'auth_time'].includes(name))
    for (const name of others) expect(citizen.claims).not.toHaveProperty(name)
    expect(citizen.claims?.exp).toBe(seconds + 300)
  })

  it.each([
    ['another person', () => Response.json({ sub: 'ben', email: 'ben@example.gov' }), 'subject'],
    ['an error', () => new Response('', { status: 500 }), 'status'],
    ['too much', () => Response.json({ sub: 'ana', email: 'x'.repeat(20_000) }), 'too-large'],
  ])('auto goes on without %s, with an event; always lets nobody in (503)', async (_, answer, problem) => {
    for (const userInfo of ['auto', 'always'] as const) {
      const { place, state } = createUserInfoPlace({ userInfo, userInfoClaims: ['email'] })
      state.answer = answer
      const browser = place.browser()
      const visit = await signIn(browser)
      expect(visit.status).toBe(userInfo === 'auto' ? 200 : 503)
      const citizen = await citizenAt(place, browser)
      expect(citizen.state).toBe(userInfo === 'auto' ? 'active' : 'anonymous')
      expect(citizen.claims?.email).toBeUndefined()
      expect(failed(place.events)).toEqual([expect.objectContaining({ issuer, during: 'sign-in', problem })])
      const started = place.events.filter(({ type }) => type === 'session.started')
      expect(started).toHaveLength(userInfo === 'auto' ? 1 : 0)
    }
  })

  it('leaves somebody who is signed in as they are, where always has no answer for another login', async () => {
    const { place, state } = createUserInfoPlace({ userInfo: 'always' })
    const browser = place.browser()
    await signIn(browser)
    state.answer = () => new Response('', { status: 503 })
    place.travel(400)
    place.script.authTime = place.now() / 1000
    expect((await browser.open(`${home}/recent`)).status).toBe(503)
    expect(await citizenAt(place, browser)).toMatchObject({
      state: 'active',
      claims: { email: 'ana@example.gov' },
    })
  })

  it('keeps the token out of addresses, events and answers, and what was said sealed in the store', async () => {
    const seen: string[] = []
    const written: string[] = []
    const recording = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return (...given: readonly unknown[]): unknown => {
            written.push(JSON.stringify(given) ?? '')
            return Reflect.apply(value, target, given)
          }
        },
      })
    const { place, state } = createUserInfoPlace(
      { userInfo: 'always', userInfoAtRefresh: true },
      {},
      recording,
    )
    const browser = place.browser({ seen: (_, text) => seen.push(text) })
    await signIn(browser)
    place.travel(1801)
    expect((await citizenAt(place, browser)).claims?.email).toBe('ana@example.gov')
    expect(state.asked.map(({ url }) => url)).toEqual(Array(2).fill(`${issuer}/userinfo`))
    const told = JSON.stringify([place.events, seen, place.asked.map(String), written])
    for (const { headers } of state.asked) {
      const token = headers.get('authorization')?.replace('Bearer ', '') ?? ''
      expect(token).toMatch(/^access-/)
      expect(told).not.toContain(token)
    }
    expect(written.length).toBeGreaterThan(4)
    expect(told).not.toContain('ana@example.gov')
  })

  it('gives what was said to the profile, apart from the claims', async () => {
    const given: unknown[] = []
    const { place } = createUserInfoPlace(
      { userInfoClaims: ['email', 'name'] },
      { profile: (claims, sources) => void given.push([claims.email, sources.userInfo]) },
    )
    place.script.claims = { email: 'of the ID token' }
    const browser = place.browser()
    await signIn(browser)
    expect((await browser.fetch(`${home}/session/profile`)).status).toBe(200)
    expect(given).toEqual([['of the ID token', { email: 'ana@example.gov' }]])
  })
})

describe('at a refresh', () => {
  const email = async (place: Place, browser: Browser) => (await citizenAt(place, browser)).claims?.email
  const answers = (state: { answer: () => Response }, value: string) => {
    state.answer = () => Response.json({ sub: 'ana', email: value })
  }
  const refreshes = ({ grants }: Place) =>
    grants.filter((form) => form.get('grant_type') === 'refresh_token').length

  it('is not asked again unless that is wanted, and what it said stays', async () => {
    const { place, state } = createUserInfoPlace({ userInfo: 'always' })
    const browser = place.browser()
    await signIn(browser)
    answers(state, 'newer')
    place.travel(1801)
    expect(await email(place, browser)).toBe('ana@example.gov')
    expect([refreshes(place), state.asked.length]).toEqual([1, 1])
  })

  it.each([
    ['always', [], {}, 2],
    ['auto', ['email'], {}, 2],
    ['auto', ['email'], { email: 'of the ID token' }, 0],
  ] as const)('%s %j asks with the new token, for that very request; ID token %j', async (...row) => {
    const [userInfo, userInfoClaims, claims, times] = row
    const { place, state } = createUserInfoPlace({ userInfo, userInfoClaims, userInfoAtRefresh: true })
    place.script.claims = claims
    const browser = place.browser()
    await signIn(browser)
    answers(state, 'newer')
    place.travel(1801)
    expect(await email(place, browser)).toBe(times === 0 ? 'of the ID token' : 'newer')
    expect(await email(place, browser)).toBe(times === 0 ? 'of the ID token' : 'newer')
    expect([refreshes(place), state.asked.length]).toEqual([1, times])
    const tokens = state.asked.map(({ headers }) => headers.get('authorization'))
    expect(new Set(tokens).size).toBe(times)
  })

  it('stays as it was where nothing comes, or another person’s; the tokens are kept first', async () => {
    const { place, state } = createUserInfoPlace({ userInfo: 'always', userInfoAtRefresh: true })
    const browser = place.browser()
    await signIn(browser)
    const wrong = [
      () => new Response('', { status: 500 }),
      () => Response.json({ sub: 'ben', email: 'ben@example.gov' }),
    ]
    for (const answer of wrong) {
      state.answer = answer
      place.travel(1801)
      expect(await citizenAt(place, browser)).toMatchObject({
        state: 'active',
        degraded: false,
        claims: { email: 'ana@example.gov' },
      })
    }
    expect(failed(place.events)).toEqual([
      expect.objectContaining({ during: 'refresh', problem: 'status', status: 500 }),
      expect.objectContaining({ during: 'refresh', problem: 'subject' }),
    ])
    const used = place.grants.map((form) => form.get('refresh_token')).filter((token) => token !== null)
    expect(new Set(used).size).toBe(2)
  })

  it('comes after the tokens are written: another instance has them while it is asked', async () => {
    const { place } = createUserInfoPlace({ userInfo: 'always', userInfoAtRefresh: true })
    const browser = place.browser()
    await signIn(browser)
    const twin = place.twin()
    const tokens: (string | undefined)[] = []
    place.script.answers['/userinfo'] = async (request) => {
      const citizen = await citizenAt({ suite: twin }, browser)
      tokens.push(citizen.state === 'active' ? await citizen.accessToken() : citizen.state)
      tokens.push(request.headers.get('authorization')?.replace('Bearer ', ''))
      return Response.json({ sub: 'ana', email: 'newer' })
    }
    place.travel(1801)
    expect(await email(place, browser)).toBe('newer')
    expect(tokens).toEqual([tokens[1], expect.stringMatching(/^access-/)])
    expect(refreshes(place)).toBe(1)
  })

  it('drops what it does not say any more', async () => {
    const { place, state } = createUserInfoPlace({ userInfo: 'always', userInfoAtRefresh: true })
    const browser = place.browser()
    state.answer = () => Response.json({ sub: 'ana', roles: ['clerk', 'admin'] })
    await signIn(browser)
    expect((await citizenAt(place, browser)).claims?.roles).toEqual(['clerk', 'admin'])
    state.answer = () => Response.json({ sub: 'ana' })
    place.travel(1801)
    expect((await citizenAt(place, browser)).claims).not.toHaveProperty('roles')
  })

  it('an ID token that comes with a refresh wins from then on, and what it lacks is UserInfo’s', async () => {
    const { place, state } = createUserInfoPlace({ userInfoClaims: ['roles'] })
    state.answer = () => Response.json({ sub: 'ana', roles: ['of UserInfo'] })
    const browser = place.browser()
    await signIn(browser)
    const refreshed = (claims: Record<string, unknown>) => {
      place.script.onToken = () =>
        Response.json({
          access_token: `another-${place.grants.length}`,
          token_type: 'Bearer',
          expires_in: 3600,
          refresh_token: `another-${place.grants.length}`,
          id_token: place.idToken(claims),
        })
      place.travel(1801)
    }
    refreshed({ roles: ['of the ID token'] })
    expect((await citizenAt(place, browser)).claims?.roles).toEqual(['of the ID token'])
    refreshed({})
    expect((await citizenAt(place, browser)).claims?.roles).toEqual(['of UserInfo'])
    expect(state.asked).toHaveLength(1)
  })

  it('an address that an ID token changes is not verified because UserInfo verified the one before', async () => {
    const { place, state } = createUserInfoPlace({ userInfo: 'always' })
    state.answer = () => Response.json({ sub: 'ana', email: 'ana@x', email_verified: true })
    const browser = place.browser()
    await signIn(browser)
    expect((await citizenAt(place, browser)).claims).toMatchObject({ email: 'ana@x', email_verified: true })
    place.script.onToken = () =>
      Response.json({
        access_token: 'another',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'another',
        id_token: place.idToken({ email: 'other@x' }),
      })
    place.travel(1801)
    const { claims } = await citizenAt(place, browser)
    expect(claims).toMatchObject({ email: 'other@x' })
    expect(claims).not.toHaveProperty('email_verified')
  })
})

describe('with the emulator', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keysOf = ({ publicKey, privateKey }: typeof rsa, alg: string) => ({
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: alg, use: 'enc' }] },
    decryptionKeys: [{ ...privateKey.export({ format: 'jwk' }), alg, kid: alg }],
  })
  const byRsa = keysOf(rsa, 'RSA-OAEP-256')
  const byEc = keysOf(ec, 'ECDH-ES+A128KW')
  const base = { scope: 'openid profile email offline_access', userInfoClaims: ['email', 'name'] }
  const expected = { email: 'ana@citizen.example', name: expect.stringContaining('Ana') }
  const claimsOf = async (party: PartyOptions) => {
    const world = await createOidcWorld({ benefits: party })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(urlOf('benefits'))
    const request = new Request(`${urlOf('benefits')}/private`, { headers: { cookie } })
    const { claims } = await world.party('benefits').suite.authenticate(new TestExchange(request))
    return { world, claims, events: world.party('benefits').events }
  }

  it.each([
    ['plain', {}, {}],
    ['signed', { userinfo_signed_response_alg: 'RS256' }, {}],
    [
      'signed, by another algorithm',
      { userinfo_signed_response_alg: 'ES256', id_token_signed_response_alg: 'ES256' },
      { idTokenAlgorithms: ['ES256'] },
    ],
    [
      'encrypted',
      { userinfo_encrypted_response_alg: 'RSA-OAEP-256', jwks: byRsa.jwks },
      { userInfoDecryptionKeys: byRsa.decryptionKeys },
    ],
    [
      'signed and encrypted',
      {
        userinfo_signed_response_alg: 'RS256',
        userinfo_encrypted_response_alg: 'ECDH-ES+A128KW',
        userinfo_encrypted_response_enc: 'A256GCM',
        jwks: byEc.jwks,
      },
      { userInfoDecryptionKeys: byEc.decryptionKeys },
    ],
  ] as const)('is taken %s', async (_, client, oidc) => {
    const { claims, events } = await claimsOf({ client, oidc: { ...base, ...oidc } })
    expect(claims).toMatchObject(expected)
    expect(failed(events)).toEqual([])
  })

  it.each([
    ['other-sub', 'subject'],
    ['without-sub', 'subject'],
    ['oversized', 'too-large'],
    ['stranger-key', 'signature'],
    ['wrong-iss', 'issuer'],
    ['wrong-aud', 'audience'],
  ] as const)('is refused where it is wrong: %s', async (userInfo, problem) => {
    const client = { userinfo_signed_response_alg: 'RS256' } as const
    const world = await createOidcWorld({ benefits: { client, oidc: { ...base, userInfo: 'always' } } })
    world.emulator.faults.set({ openid: { userInfo } })
    expect((await world.signIn(world.browser(), 'benefits')).status).toBe(503)
    expect(failed(world.party('benefits').events)).toMatchObject([{ problem }])
  })

  it('changes nothing by saying more than it was asked', async () => {
    const world = await createOidcWorld({ benefits: { oidc: { ...base, userInfo: 'always' } } })
    world.emulator.faults.set({ openid: { userInfo: 'more-than-asked' } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const state = (await (await browser.fetch(`${urlOf('benefits')}/open`)).json()) as object
    expect(state).toMatchObject({ state: 'active', assurance: { level: 1, method: 'password' } })
  })
})
