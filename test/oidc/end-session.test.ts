/** @module The visit to the end session endpoint, as address and as form. */
import { describe, expect, it } from 'vitest'
import { buildEndSession, type EndSessionWish } from '../../src/oidc/end-session.js'

const wish: EndSessionWish = {
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
  const address = buildEndSession(wish)
  expect(address?.method).toBe('get')
  const url = new URL(address?.action ?? '')
  expect(Object.fromEntries(url.searchParams)).toEqual(expected)
  expect(buildEndSession({ ...wish, hintBy: 'form' })).toEqual({
    action: wish.endpoint,
    method: 'post',
    fields: expected,
  })
})

it('RPI-03 keeps the hint out of the address by option', () => {
  expect(buildEndSession({ ...wish, hintBy: 'form' })?.action).not.toContain('id_token_hint')
})

it('RPI-02 sends a hint that is too long for an address in a form', () => {
  const idTokenHint = `head.${'x'.repeat(4000)}.tail`
  const visit = buildEndSession({ ...wish, idTokenHint })
  expect(visit).toMatchObject({
    method: 'post',
    action: wish.endpoint,
    fields: { id_token_hint: idTokenHint },
  })
})

it('RPI-04 names the client where there is no hint', () => {
  const visit = buildEndSession({ ...wish, idTokenHint: undefined, hintBy: 'form' })
  const parameters = new URL(visit?.action ?? '').searchParams
  expect(parameters.get('client_id')).toBe('benefits')
  expect(parameters.has('id_token_hint')).toBe(false)
})

describe('RPI-01 an endpoint with a query of its own', () => {
  it.each([
    ['https://id.example.gov/out?tenant=a%20b&x', '?tenant=a%20b&x&'],
    ['https://id.example.gov/out?', '/out?id_token_hint'],
  ])('keeps it letter by letter: %s', (endpoint, part) => {
    expect(buildEndSession({ ...wish, endpoint })?.action).toContain(part)
  })

  it('RPI-07 is refused where it has one of our parameters', () => {
    expect(buildEndSession({ ...wish, endpoint: `${wish.endpoint}?client_id=other` })).toBeUndefined()
    expect(buildEndSession({ ...wish, endpoint: `${wish.endpoint}?st%61te=x` })).toBeUndefined()
  })
})

it('RPI-07 passes a logout hint and languages on', () => {
  const visit = buildEndSession({ ...wish, logoutHint: 'ana', uiLocales: 'fr en' })
  const parameters = new URL(visit?.action ?? '').searchParams
  expect([parameters.get('logout_hint'), parameters.get('ui_locales')]).toEqual(['ana', 'fr en'])
})
