import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { clientId, issuer, key, logoutEvents, sign } from '../oidc/signer.js'
import { serve } from '../support/world.js'
import { keySet } from '../tokens/signing.js'
import { createPlace, home } from './oidc-place.js'

const seconds = Date.UTC(2026, 0, 15, 12) / 1000
const times = { iat: seconds, exp: seconds + 100 }
const party = { iss: issuer, aud: clientId }

/** One of each kind, all signed with the provider's one key, each as close to the others as its own rules allow. */
const kinds = {
  'an ID token': (nonce?: string) =>
    sign(
      { typ: 'JWT' },
      { ...party, ...times, sub: 'ana', sid: 's', nonce: nonce ?? 'n', auth_time: seconds },
    ),
  'a logout token': (nonce?: string) =>
    sign(
      { typ: 'logout+jwt' },
      { ...party, ...times, sub: 'ana', sid: 's', jti: 'j', events: logoutEvents, nonce },
    ),
  'a logout token without type': () =>
    sign({}, { ...party, ...times, sub: 'ana', sid: 's', jti: 'j2', events: logoutEvents }),
  'a token of the shared cookie': (nonce?: string) =>
    sign(
      { typ: 'JWT' },
      {
        ...{ iss: issuer, aud: 'https://benefits.example.gov' },
        ...times,
        sub: 'ana',
        jti: 'session',
        mfaRequired: false,
        isMfa: false,
        isDidAuth: false,
        nonce,
      },
    ),
  'an access token': (nonce?: string) =>
    sign(
      { typ: 'at+jwt' },
      { ...party, ...times, sub: 'ana', jti: 'a', client_id: clientId, scope: 'openid', nonce },
    ),
  'an answer of the user-info endpoint': (nonce?: string) =>
    sign({ typ: 'JWT' }, { ...party, sub: 'ana', nonce }),
  'a request object': (nonce?: string) =>
    sign({ typ: 'oauth-authz-req+jwt' }, { iss: clientId, aud: issuer, ...times, sub: 'ana', nonce }),
  'an event of another kind': () =>
    sign(
      { typ: 'secevent+jwt' },
      { ...party, ...times, sub: 'ana', sid: 's', jti: 'e', events: { 'urn:other': {} } },
    ),
} as const
type Kind = keyof typeof kinds
const names = Object.keys(kinds) as Kind[]

describe('JWT-05 BCL-31 one kind of token in the place of another', () => {
  it.each(names.filter((name) => name !== 'an ID token'))('%s is no ID token, at a login', async (name) => {
    const place = createPlace()
    place.script.onToken = () =>
      Response.json({
        access_token: 'a',
        token_type: 'Bearer',
        expires_in: 60,
        id_token: kinds[name](place.asked.at(-1)?.get('nonce') ?? ''),
      })
    const browser = place.browser()
    const back = await browser.open(`${home}/session/login?returnTo=/private`)
    expect([back.status, new URL(back.url).pathname]).toEqual([401, '/session/callback'])
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  })

  it.each(names.filter((name) => name !== 'an ID token'))('%s is no ID token, at a refresh', async (name) => {
    const place = createPlace({ suite: { application: { sensitivity: 'public' } } })
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(30)
    place.script.onToken = () =>
      Response.json({ access_token: 'b', token_type: 'Bearer', expires_in: 60, id_token: kinds[name]() })
    place.travel(2000)
    await browser.open(`${home}/private`)
    expect(place.events).toContainEqual(expect.objectContaining({ type: 'identity.degraded' }))
    expect(place.events.map(({ type }) => type)).not.toContain('identity.refreshed')
  })

  it.each(names.filter((name) => name !== 'an ID token'))(
    '%s is no ID token, in a fragment',
    async (name) => {
      const place = createPlace({ oidc: { sessionManagement: { responseType: 'id_token' } } })
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      const answers = place.script.answers
      answers['/authorize'] = () => new Response('shown in the frame')
      const begun = await browser.fetch(`${home}/session/reauthenticate?begin=frame`)
      const sent = new URL(begun.headers.get('location') ?? '').searchParams
      const fields = { state: sent.get('state') ?? '', id_token: kinds[name](sent.get('nonce') ?? '') }
      const told = await browser.post(`${home}/session/reauthenticate`, fields)
      expect(told.body).toContain('stop')
      expect(await place.state(browser)).toMatchObject({ state: 'active' })
    },
  )

  it.each(names.filter((name) => !name.startsWith('a logout token')))(
    '%s is no logout token',
    async (name) => {
      const place = createPlace({ suite: { application: { sensitivity: 'public' } } })
      place.script.sid = 's'
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      const body = new URLSearchParams({ logout_token: kinds[name]() })
      const url = `${home}/session/backchannel-logout`
      expect((await place.handle(new Request(url, { method: 'POST', body }))).status).toBe(400)
      expect(await place.state(browser)).toMatchObject({ state: 'active' })
    },
  )

  it.each(names)('%s is no session cookie, and opens no transaction', async (name) => {
    const place = createPlace()
    const value = kinds[name]()
    const cookie = `__Host-benefits.sid=${value}; __Host-benefits.oidc.aaaaaaaa=${value}`
    const seen = await place.handle(new Request(`${home}/open`, { headers: { cookie } }))
    expect(await seen.json()).toMatchObject({ state: 'anonymous' })
    const state = 'a'.repeat(32)
    const callback = `${home}/session/callback?state=${state}&code=x`
    expect((await place.handle(new Request(callback, { headers: { cookie } }))).status).toBe(400)
  })

  it.each(names.filter((name) => name !== 'a token of the shared cookie'))(
    '%s is no shared cookie, though issuer and key are the same',
    async (name) => {
      const clock = () => seconds * 1000
      const suite = createSuite(
        {
          application: {
            id: 'benefits',
            url: 'https://benefits.example.gov',
            secrets: ['a secret of thirty-two bytes or more'],
          },
          identityProvider: { url: issuer, audience: 'https://benefits.example.gov' },
          sharedCookie: { domain: 'example.gov' },
          protocols: [oidc({ issuer, clientId, clientSecret: 'the secret of the client' })],
          store: memoryStore({ clock }),
          clock,
          fetch: async () => keySet([key]),
        },
        {},
      )
      const ask = async (jwt: string) => {
        const [header, payload, signature] = jwt.split('.')
        const cookie = `c1_header=${header}; c1_payload=${payload}; c1_signature=${signature}`
        const headers = { cookie, 'sec-fetch-site': 'same-origin' }
        const seen = await serve(suite, new Request('https://benefits.example.gov/open', { headers }))
        return (await seen.json()) as unknown
      }
      expect(await ask(kinds['a token of the shared cookie']())).toMatchObject({ state: 'active' })
      expect(await ask(kinds[name]())).toMatchObject({ state: 'anonymous' })
    },
  )
})
