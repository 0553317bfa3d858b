/** @module Logout tokens: each rule of the specification, then whatever a seeded mutation makes of a good one. */
import { createHmac, createPublicKey } from 'node:crypto'
import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { type LogoutTokenRules, verifyLogoutToken } from '../../src/oidc/logout-token.js'
import { createSigningKey, encode } from '../tokens/signing.js'
import {
  cacheOf,
  clientId,
  idToken,
  issuer,
  key,
  logoutEvents,
  logoutToken,
  seconds,
  sign,
  start,
} from './signer.js'

const other = createSigningKey('key-2')
const rulesWith = (more: Partial<LogoutTokenRules> = {}): LogoutTokenRules => ({
  keys: cacheOf([key]),
  algorithms: ['RS256'],
  decryptionKeys: [],
  maximumLength: 8192,
  issuer,
  clientId,
  clockSkewSeconds: 30,
  requireType: 'compatible',
  isExpiryRequired: true,
  maximumLifetimeSeconds: 120,
  ...more,
})

const problemOf = async (
  jwt: unknown,
  more: Partial<LogoutTokenRules> = {},
  now = start,
): Promise<string> => {
  const result = await verifyLogoutToken(jwt, rulesWith(more), now)
  return 'problem' in result ? result.problem : 'accepted'
}

it('accepts a good token and says whom it names', async () => {
  expect(await verifyLogoutToken(logoutToken(), rulesWith(), start)).toEqual({
    issuer,
    subject: 'ana',
    sessionId: 'session-1',
    tokenId: 'logout-1',
    acceptableUntil: start + 90_000,
  })
})

describe('BCL-06 BCL-07 the signature', () => {
  const [head = '', payload = '', tail = ''] = logoutToken().split('.')
  const none = `${encode({ alg: 'none', typ: 'logout+jwt' })}.${payload}.`
  const hmacHead = encode({ alg: 'HS256', typ: 'logout+jwt', kid: key.kid })
  const pem = createPublicKey({ key: key.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const hmac = createHmac('sha256', pem).update(`${hmacHead}.${payload}`).digest('base64url')
  it.each([
    ['of another payload', `${head}.${encode({ iss: issuer })}.${tail}`, 'signature'],
    ['under another header', `${encode({ alg: 'RS256', kid: key.kid })}.${payload}.${tail}`, 'signature'],
    ['of an unknown key', logoutToken({}, {}, other), 'unknown-key'],
    ['of another key under our name', logoutToken({}, { kid: key.kid }, other), 'signature'],
    ['that is none', none, 'algorithm'],
    ['that is none in capitals', `${encode({ alg: 'NONE' })}.${payload}.`, 'algorithm'],
    ['by HMAC with the public key', `${hmacHead}.${payload}.${hmac}`, 'algorithm'],
    ['by an algorithm that was not agreed', logoutToken({}, { alg: 'RS512' }), 'algorithm'],
    ['with a critical extension', logoutToken({}, { crit: ['exp'] }), 'malformed'],
  ])('refuses one %s', async (_, jwt, problem) => {
    expect(await problemOf(jwt)).toBe(problem)
  })
})

describe('what the claims must be', () => {
  it.each([
    ['BCL-08 another issuer', { iss: 'https://evil.example' }, 'issuer'],
    ['BCL-08 a slash at the end of the issuer', { iss: `${issuer}/` }, 'issuer'],
    ['BCL-08 another tenant', { iss: `${issuer}/tenant` }, 'issuer'],
    ['BCL-08 no issuer', { iss: undefined }, 'issuer'],
    ['BCL-09 another audience', { aud: 'permits' }, 'audience'],
    ['BCL-09 a list without us', { aud: ['permits'] }, 'audience'],
    ['BCL-09 an empty list', { aud: [] }, 'audience'],
    ['BCL-09 no audience', { aud: undefined }, 'audience'],
    ['BCL-09 an authorized party that is not us', { azp: 'permits' }, 'audience'],
    ['BCL-10 no time of issue', { iat: undefined }, 'issued-at'],
    ['BCL-10 a time of issue as text', { iat: String(seconds) }, 'issued-at'],
    ['BCL-10 an enormous time of issue', { iat: 1e300 }, 'issued-at'],
    ['BCL-10 a time of issue in milliseconds', { iat: start }, 'issued-at'],
    ['BCL-10 a time of issue in the future', { iat: seconds + 31 }, 'issued-at'],
    ['BCL-10 a time of issue long ago', { iat: seconds - 151 }, 'issued-at'],
    ['BCL-10 a time of issue that is null', { iat: null }, 'issued-at'],
    ['BCL-11 an expiry that has passed', { exp: seconds - 30 }, 'expired'],
    ['BCL-11 no expiry', { exp: undefined }, 'expiry'],
    ['BCL-11 an expiry as text', { exp: String(seconds + 60) }, 'expiry'],
    ['BCL-12 an expiry too far ahead', { exp: seconds + 151 }, 'expiry'],
    ['BCL-13 no identifier', { jti: undefined }, 'identifier'],
    ['BCL-13 an empty identifier', { jti: '' }, 'identifier'],
    ['BCL-13 a number as identifier', { jti: 1 }, 'identifier'],
    ['BCL-16 no events', { events: undefined }, 'event'],
    ['BCL-16 events in a list', { events: [logoutEvents] }, 'event'],
    ['BCL-16 events as text', { events: 'backchannel-logout' }, 'event'],
    ['BCL-16 events that are null', { events: null }, 'event'],
    ['BCL-16 another event', { events: { 'http://schemas.openid.net/event/other': {} } }, 'event'],
    ['BCL-16 an event that is true', { events: { [Object.keys(logoutEvents)[0] ?? '']: true } }, 'event'],
    ['BCL-16 an event that is a list', { events: { [Object.keys(logoutEvents)[0] ?? '']: [] } }, 'event'],
    ['BCL-17 neither subject nor session', { sub: undefined, sid: undefined }, 'subject'],
    ['BCL-17 an empty subject and no session', { sub: '', sid: undefined }, 'subject'],
    ['BCL-17 an empty session', { sub: undefined, sid: '' }, 'subject'],
    ['BCL-17 a list as subject', { sub: ['ana'] }, 'subject'],
    ['BCL-18 a nonce', { nonce: 'n' }, 'nonce'],
    ['BCL-18 a nonce that is null', { nonce: null }, 'nonce'],
    ['BCL-18 an empty nonce', { nonce: '' }, 'nonce'],
  ])('%s is refused', async (_, claims, problem) => {
    expect(await problemOf(logoutToken(claims))).toBe(problem)
  })

  it.each([
    ['BCL-09 a list of audiences with us', { aud: ['permits', clientId] }],
    ['BCL-17 only a subject', { sid: undefined }],
    ['BCL-17 only a session', { sub: undefined }],
    ['BCL-20 claims that nobody knows', { roles: ['admin'], 'https://example.gov/x': { y: [1] } }],
    ['a session id with + and /', { sid: 'a+b/c==' }],
    ['BCL-10 a clock that is ahead within the skew', { iat: seconds + 30 }],
    ['BCL-11 an expiry within the skew', { exp: seconds - 29 }],
  ])('%s is accepted', async (_, claims) => {
    expect(await problemOf(logoutToken(claims))).toBe('accepted')
  })

  it('BCL-11 takes a token without expiry only by the legacy switch, and only while it is young', async () => {
    const old = logoutToken({ exp: undefined })
    expect(await problemOf(old, { isExpiryRequired: false })).toBe('accepted')
    expect(await problemOf(old, { isExpiryRequired: false }, start + 151_000)).toBe('issued-at')
    expect(await problemOf(logoutToken({ exp: seconds - 31 }), { isExpiryRequired: false })).toBe('expired')
  })
})

it.each([
  ['logout+jwt', 'accepted', 'accepted'],
  ['LOGOUT+JWT', 'accepted', 'accepted'],
  ['application/logout+jwt', 'accepted', 'accepted'],
  ['JWT', 'type', 'accepted'],
  [undefined, 'type', 'accepted'],
  ['at+jwt', 'type', 'type'],
  ['application/at+jwt', 'type', 'type'],
  ['secevent+jwt', 'type', 'type'],
  [7, 'malformed', 'malformed'],
])('BCL-19 the type %s is %s in strict mode, %s by default', async (typ, strict, usual) => {
  const jwt = logoutToken({}, { typ })
  expect(await problemOf(jwt, { requireType: 'logout+jwt' })).toBe(strict)
  expect(await problemOf(jwt)).toBe(usual)
})

it('BCL-04 refuses a token that is too long before any key is asked for', async () => {
  let fetches = 0
  const keys = cacheOf([key], { onFetch: () => (fetches += 1) })
  const long = logoutToken({ padding: 'x'.repeat(8200) })
  expect(await problemOf(long, { keys })).toBe('too-large')
  expect(await problemOf(`${'a'.repeat(3000)}.b.c`, { keys })).toBe('malformed')
  expect(fetches).toBe(0)
})

it.each([[undefined], [null], [7], [''], ['..'], ['a.b'], ['a.b.c.d'], [{}], [['x']]])(
  'refuses %j, which is no token',
  async (jwt) => {
    expect(await problemOf(jwt)).toBe('malformed')
  },
)

describe('BCL-05 with encryption agreed', () => {
  it('opens what is for our key, and refuses plain tokens and other keys', async () => {
    const pair = await generateKeyPair('RSA-OAEP-256', { extractable: true })
    const foreign = await generateKeyPair('RSA-OAEP-256', { extractable: true })
    const decryptionKeys = [{ ...(await exportJWK(pair.privateKey)), alg: 'RSA-OAEP-256' }]
    const encrypt = (jwt: string, header: Record<string, unknown>, to = pair.publicKey) =>
      new CompactEncrypt(Buffer.from(jwt))
        .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', ...header })
        .encrypt(to)
    expect(await problemOf(await encrypt(logoutToken(), {}), { decryptionKeys })).toBe('accepted')
    expect(await problemOf(logoutToken(), { decryptionKeys })).toBe('encryption')
    expect(await problemOf(await encrypt(logoutToken(), {}, foreign.publicKey), { decryptionKeys })).toBe(
      'encryption',
    )
    expect(await problemOf(await encrypt(logoutToken({}, {}, other), {}), { decryptionKeys })).toBe(
      'unknown-key',
    )
    expect(await problemOf(await encrypt(logoutToken(), {}))).toBe('encryption')
  })
})

it('BCL-31 takes no other kind of token for a logout token', async () => {
  expect(await problemOf(idToken())).toBe('nonce')
  expect(await problemOf(idToken({ nonce: undefined }))).toBe('event')
  const shared = { iss: issuer, sub: 'ana', jti: 'j', iat: seconds, exp: seconds + 60, mfaRequired: false }
  expect(await problemOf(sign({ typ: 'JWT' }, shared))).toBe('audience')
  expect(await problemOf(sign({ typ: 'at+jwt' }, { ...shared, aud: clientId }))).toBe('type')
})

it('accepts none of 10,000 mutations of a good token, and fails on none', async () => {
  const good = logoutToken()
  const rules = rulesWith()
  const signature = good.split('.')[2] ?? ''
  // A seeded generator: a failure can be had again.
  let seed = 20_260_115
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed % below
  }
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u0000é'
  const mutate = (text: string): string => {
    const at = next(text.length)
    const letter = letters[next(letters.length)] ?? 'A'
    switch (next(4)) {
      case 0:
        return text.slice(0, at) + letter + text.slice(at + 1)
      case 1:
        return text.slice(0, at) + text.slice(at + 1)
      case 2:
        return text.slice(0, at) + letter + text.slice(at)
      default:
        return text.slice(0, at) + text.slice(0, next(text.length))
    }
  }
  const accepted: string[] = []
  for (let count = 0; count < 10_000; count += 1) {
    let jwt = good
    for (let times = 1 + next(3); times > 0; times -= 1) jwt = mutate(jwt)
    if (jwt === good) continue
    const result = await verifyLogoutToken(jwt, rules, start)
    if (!('problem' in result)) accepted.push(jwt)
  }
  expect(signature.length).toBeGreaterThan(300)
  expect(accepted).toEqual([])
})
