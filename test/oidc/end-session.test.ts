/** @module The visit to the end session endpoint, as address and as form. */
import { describe, expect, it } from 'vitest'
import { buildEndSession, type EndSessionRequest } from '../../src/oidc/end-session.js'

const build = (given: EndSessionRequest) => buildEndSession(given)?.visit

const wish: EndSessionRequest = {
  endpoint: 'https://id.example.gov/connect/endsession',
  clientId: 'benefits',
  idTokenHint: 'head.pay+load/==.tail',
  postLogoutRedirectUri: 'https://benefits.example.gov/session/return',
  state: 'the-state',
  hintBy: 'query',
}

const expected = {
  id_token_hint: 'head.pay+load/==.tail',
  client_id: 'benefits',
  post_logout_redirect_uri: 'https://benefits.example.gov/session/return',
  state: 'the-state',
}

it('RPI-02 RPI-04 RPI-08 goes by address, and by form with the same fields', () => {
  const address = build(wish)
  expect(address?.method).toBe('get')
  const url = new URL(address?.action ?? '')
  expect(Object.fromEntries(url.searchParams)).toEqual(expected)
  expect(build({ ...wish, hintBy: 'form' })).toEqual({
    action: wish.endpoint,
    method: 'post',
    fields: expected,
  })
})

it('RPI-03 keeps the hint out of the address by option', () => {
  expect(build({ ...wish, hintBy: 'form' })?.action).not.toContain('id_token_hint')
})

describe('FLD-04 RPI-02 a hint that is too long for an address', () => {
  const long = { ...wish, idTokenHint: `head.${'x'.repeat(4000)}.tail` }

  it('is left out, and that is said: not every provider takes a POST', () => {
    const built = buildEndSession(long)
    expect(built).toEqual({ ...buildEndSession({ ...wish, idTokenHint: undefined }), isHintLeftOut: true })
    expect(built?.visit.method).toBe('get')
    expect(buildEndSession(wish)?.isHintLeftOut).toBe(false)
  })

  it('goes in a form by itself where the provider takes that', () => {
    expect(buildEndSession({ ...long, hintBy: 'auto' })).toEqual({
      visit: {
        method: 'post',
        action: wish.endpoint,
        fields: { ...expected, id_token_hint: long.idTokenHint },
      },
      isHintLeftOut: false,
    })
    expect(build({ ...wish, hintBy: 'auto' })).toEqual(build(wish))
  })
})

it('RPI-04 names the client where there is no hint', () => {
  const visit = build({ ...wish, idTokenHint: undefined, hintBy: 'form' })
  const parameters = new URL(visit?.action ?? '').searchParams
  expect(parameters.get('client_id')).toBe('benefits')
  expect(parameters.has('id_token_hint')).toBe(false)
})

describe('RPI-01 an endpoint with a query of its own', () => {
  it.each([
    ['https://id.example.gov/out?tenant=a%20b&x', '?tenant=a%20b&x&'],
    ['https://id.example.gov/out?', '/out?id_token_hint'],
  ])('keeps it letter by letter: %s', (endpoint, part) => {
    expect(build({ ...wish, endpoint })?.action).toContain(part)
  })

  it('RPI-07 is refused where it has one of our parameters', () => {
    expect(build({ ...wish, endpoint: `${wish.endpoint}?client_id=other` })).toBeUndefined()
    expect(build({ ...wish, endpoint: `${wish.endpoint}?st%61te=x` })).toBeUndefined()
  })
})

it('RPI-07 passes a logout hint and languages on', () => {
  const visit = build({ ...wish, logoutHint: 'ana', uiLocales: 'fr en' })
  const parameters = new URL(visit?.action ?? '').searchParams
  expect([parameters.get('logout_hint'), parameters.get('ui_locales')]).toEqual(['ana', 'fr en'])
})
