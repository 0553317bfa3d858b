/** @module ID tokens: what is refused, and what a refreshed one must keep. */
import { describe, expect, it } from 'vitest'
import {
  findRefreshedDifference,
  type IdTokenDemand,
  type IdTokenRules,
  verifyIdToken,
} from '../../src/oidc/id-token.js'
import { authenticatedAtOf, methodOf, personOfLogin } from '../../src/oidc/session-claims.js'
import { createSigningKey } from '../tokens/signing.js'
import {
  cacheOf,
  clientId,
  idToken,
  issuer,
  key,
  logoutToken,
  optionsWith,
  seconds,
  start,
} from './signer.js'

const rules: IdTokenRules = {
  keys: cacheOf([key]),
  algorithms: ['RS256'],
  decryptionKeys: [],
  maximumLength: 16_384,
  issuer,
  clientId,
  clockSkewSeconds: 30,
}
const demand: IdTokenDemand = { nonce: 'the-nonce' }

const problemOf = async (jwt: unknown, asked = demand, now = start): Promise<string> => {
  const result = await verifyIdToken(jwt, rules, asked, now)
  return 'problem' in result ? result.problem : 'accepted'
}

it('accepts a good one', async () => {
  expect(await problemOf(idToken())).toBe('accepted')
  expect(await problemOf(idToken({ problem: 'none' }))).toBe('accepted')
  expect(await problemOf(idToken({ aud: [clientId, 'permits'], azp: clientId }))).toBe('accepted')
})

it.each([
  ['another issuer', { iss: `${issuer}/` }, 'issuer'],
  ['another audience', { aud: 'permits' }, 'audience'],
  ['several audiences and no authorized party', { aud: [clientId, 'permits'] }, 'audience'],
  ['another authorized party', { azp: 'permits' }, 'audience'],
  ['no subject', { sub: undefined }, 'claims'],
  ['an empty subject', { sub: '' }, 'claims'],
  ['a subject beyond 255 characters', { sub: 'x'.repeat(256) }, 'claims'],
  ['no expiry', { exp: undefined }, 'claims'],
  ['an expiry that has passed', { iat: seconds - 100, exp: seconds - 30 }, 'expired'],
  ['a time of issue in the future', { iat: seconds + 31 }, 'not-yet-valid'],
  ['another nonce', { nonce: 'another' }, 'nonce'],
  ['no nonce', { nonce: undefined }, 'nonce'],
  ['an authentication in the future', { auth_time: seconds + 31 }, 'auth-time'],
  ['an authentication time as text', { auth_time: 'now' }, 'claims'],
  ['a session id that is a list', { sid: [] }, 'claims'],
  ['events', { events: {} }, 'kind'],
])('refuses an ID token with %s', async (_, claims, problem) => {
  expect(await problemOf(idToken(claims))).toBe(problem)
})

it('BCL-31 takes no other kind of token for an ID token', async () => {
  expect(await problemOf(logoutToken())).toBe('kind')
  expect(await problemOf(logoutToken({ nonce: 'the-nonce' }, { typ: 'JWT' }))).toBe('kind')
  expect(await problemOf(idToken({}, { typ: 'at+jwt' }))).toBe('kind')
  expect(await problemOf(idToken({}, {}, createSigningKey('key-9')))).toBe('unknown-key')
})

describe('SES-20 the age of the authentication', () => {
  it.each([
    ['fresh enough', { auth_time: seconds - 10 }, 'accepted'],
    ['too old', { auth_time: seconds - 91 }, 'too-old'],
    ['not said', { auth_time: undefined }, 'auth-time'],
  ])('%s', async (_, claims, problem) => {
    expect(await problemOf(idToken(claims), { ...demand, maxAgeSeconds: 60 })).toBe(problem)
  })
})

describe('SES-21 a refreshed ID token', () => {
  const before = { iss: issuer, sub: 'ana', iat: seconds, auth_time: seconds - 10, nonce: 'n' }
  const after = { ...before, aud: clientId, exp: seconds + 600, iat: seconds + 60, nonce: undefined }
  it.each([
    ['is the same person’s', {}, undefined],
    ['says no authentication time', { auth_time: undefined }, undefined],
    ['repeats the nonce', { nonce: 'n' }, undefined],
    ['has another issuer', { iss: 'https://evil.example' }, 'iss'],
    ['has another subject', { sub: 'ben' }, 'sub'],
    ['is older than the one before', { iat: seconds - 1 }, 'iat'],
    ['moves the authentication', { auth_time: seconds }, 'auth_time'],
    ['names an authorized party', { azp: clientId }, 'azp'],
    ['has another nonce', { nonce: 'm' }, 'nonce'],
  ])('that %s: %s', (_, changes, difference) => {
    const token = Object.fromEntries(
      Object.entries({ ...after, ...changes }).filter(([, value]) => value !== undefined),
    ) as unknown as Parameters<typeof findRefreshedDifference>[1]
    expect(findRefreshedDifference(before, token)).toBe(difference)
  })
})

it('keeps what is about the person, and not what is about the token', () => {
  const claims = {
    iss: issuer,
    sub: 'ana',
    aud: clientId,
    iat: seconds,
    exp: seconds + 1,
    nonce: 'n',
    sid: 's',
    at_hash: 'h',
    azp: clientId,
    name: 'Ana',
  }
  expect(personOfLogin(claims, optionsWith()).claims).toEqual({
    iss: issuer,
    sub: 'ana',
    iat: seconds,
    exp: seconds + 1,
    name: 'Ana',
  })
  expect(authenticatedAtOf(claims)).toBe(0)
  expect(authenticatedAtOf({ ...claims, auth_time: seconds })).toBe(start)
})

it.each([
  [{}, 'password'],
  [{ amr: ['pwd'] }, 'password'],
  [{ amr: ['pwd', 'otp'] }, 'mfa'],
  [{ amr: 'mfa' }, 'password'],
  [{ isMfa: true }, 'mfa'],
  [{ isDidAuth: true, isMfa: true }, 'did'],
])('%j is the method %s', (claims, method) => {
  expect(methodOf({ iss: issuer, sub: 'ana', aud: clientId, iat: 0, exp: 1, ...claims })).toBe(method)
})
