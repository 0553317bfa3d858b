/** @module Tokens as long as providers send them: one limit, known before anything begins, and what fits is never lost. */
import { expect, it } from 'vitest'
import { readAuthorizationAnswer } from '../../src/oidc/authorization-answer.js'
import { maximumTokenLength } from '../../src/oidc/tokens.js'
import { createSealer, maximumSealableBytes } from '../../src/seal.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { TestExchange } from '../support/exchange.js'
import { issuer } from './signer.js'

type Place = ReturnType<typeof createPlace>
interface Lengths {
  readonly access?: number
  readonly refresh?: number
  readonly id?: number
}

/** An ID token of `length` characters, or one or two more, which base64url cannot avoid. */
function idTokenOf(place: Place, length: number, nonce: string | null | undefined): string {
  const make = (characters: number) => place.idToken({ nonce, pad: 'p'.repeat(characters) })
  let characters = Math.max(0, Math.floor((length - make(0).length) * 0.75) - 4)
  while (make(characters).length < length) characters += 1
  return make(characters)
}

async function signedIn() {
  const lengths: Lengths[] = [{}]
  const place = createPlace({
    suite: { application: { sensitivity: 'public' } },
    description: { end_session_endpoint: `${issuer}/end`, revocation_endpoint: `${issuer}/revoke` },
  })
  let serial = 0
  place.script.onToken = (form) => {
    const { access = 100, refresh = 100, id = 700 } = lengths[0] ?? {}
    serial += 1
    return Response.json({
      access_token: `a${serial}`.padEnd(access, 'a'),
      token_type: 'Bearer',
      expires_in: 1200,
      refresh_token: `r${serial}`.padEnd(refresh, 'r'),
      ...(form.has('code') ? { id_token: idTokenOf(place, id, place.asked.at(-1)?.get('nonce')) } : {}),
    })
  }
  const browser = place.browser()
  const login = (given: Lengths, more = '') => {
    lengths[0] = given
    return browser.open(`${home}/session/login?returnTo=/private${more}`)
  }
  const accessToken = async (): Promise<string | undefined> => {
    const headers = { cookie: await browser.cookieHeader(home), 'sec-fetch-site': 'same-origin' }
    const exchange = new TestExchange(new Request(`${home}/private`, { headers }))
    const citizen = await place.suite.authenticate(exchange)
    if (citizen.state !== 'active') throw new Error(citizen.state)
    return citizen.accessToken()
  }
  return { place, browser, login, accessToken, lengths }
}

const most = maximumTokenLength

it.each<[string, Lengths]>([
  ['an access token', { access: most }],
  ['a refresh token', { refresh: most }],
  ['an ID token', { id: most - 2 }],
  ['all three', { access: most, refresh: most, id: most - 2 }],
  ['an access token of 16,000 and a refresh token of 10,000', { access: 16_000, refresh: 10_000 }],
])(
  'HLD-08 %s of the longest kind: a session begins, and its tokens are renewed and given out',
  async (_, given) => {
    const { place, browser, login, accessToken } = await signedIn()
    expect((await login(given)).status).toBe(200)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    expect((await accessToken())?.length).toBe(given.access ?? 100)
    place.travel(700)
    await browser.open(`${home}/private`)
    expect(await accessToken()).toMatch(/^a2/)
    const spent = place.grants.at(-1)?.get('refresh_token') ?? ''
    expect([spent.slice(0, 2), spent.length]).toEqual(['r1', given.refresh ?? 100])
    expect(await place.state(browser)).toMatchObject({ state: 'active', degraded: false })
  },
)

it.each<[string, Lengths]>([
  ['an access token', { access: most + 1 }],
  ['a refresh token', { refresh: most + 1 }],
  ['an ID token', { id: most + 1 }],
])(
  'HLD-08 %s that is longer refuses the login with its reason, and whoever was there stays',
  async (_, given) => {
    const { place, browser, login, accessToken } = await signedIn()
    const alone = place.browser()
    await login({})
    place.travel(60)
    place.script.authTime = place.now() / 1000
    place.events.length = 0
    const refused = await login(given, '&maxAge=10')
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'too-large' }),
    )
    expect(place.events.some(({ type }) => type === 'session.started')).toBe(false)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    expect(await accessToken()).toMatch(/^a1/)
    await alone.open(`${home}/session/login?returnTo=/private`)
    expect(await place.state(alone)).toMatchObject({ state: 'anonymous' })
  },
)

it('HLD-08 HLD-07 an access token that is too long at a renewal leaves the session, and the next refresh token', async () => {
  const { place, browser, login, lengths } = await signedIn()
  await login({})
  lengths[0] = { access: most + 1 }
  place.travel(700)
  await browser.open(`${home}/private`)
  expect(await place.state(browser)).toMatchObject({ state: 'active', degraded: true })
  lengths[0] = {}
  place.travel(62)
  await browser.open(`${home}/private`)
  expect(place.grants.map((form) => form.get('refresh_token')?.slice(0, 2))).toEqual([undefined, 'r1', 'r2'])
  expect(await place.state(browser)).toMatchObject({ state: 'active', degraded: false })
})

it('HLD-08 tokens whose text is longer than they are fit as well, or are refused before anything begins', async () => {
  const { place, browser, login } = await signedIn()
  const { onToken } = place.script
  place.script.onToken = async (form) => {
    const answer = (await (await onToken(form))?.json()) as Record<string, unknown>
    return Response.json({ ...answer, access_token: '"'.repeat(most), refresh_token: '\\'.repeat(most) })
  }
  await login({})
  expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  expect(place.events).toContainEqual(expect.objectContaining({ problem: 'too-large' }))
})

it.each([
  [8192, 'code'],
  [8193, 'malformed'],
])('HLD-08 a code of %s characters is %s', (length, kind) => {
  const parameters = new URLSearchParams({ state: 's', code: 'c'.repeat(length) })
  expect(readAuthorizationAnswer(parameters, { issuer, sendsIssuer: false, hasIdToken: false }).kind).toBe(
    kind,
  )
})

it('HLD-08 what can be sealed can be opened, and nothing longer is sealed', () => {
  const sealer = createSealer({
    application: 'benefits',
    secrets: ['a secret of thirty-two bytes or more'],
    random: (bytes) => new Uint8Array(bytes),
  })
  for (const text of ['x'.repeat(maximumSealableBytes), 'é'.repeat(maximumSealableBytes / 2)]) {
    expect(sealer.open('tokens', 'here', sealer.seal('tokens', 'here', text))).toBe(text)
    expect(() => sealer.seal('tokens', 'here', `${text}x`)).toThrow(
      expect.objectContaining({ code: 'sealed-value' }),
    )
  }
})
