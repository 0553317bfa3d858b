import { describe, expect, it } from 'vitest'
import { createTokenDecoder } from '../../src/tokens/claims.js'
import { claimsAt, createSigningKey, createToken, encode, rules, startOfTime } from './signing.js'

const key = createSigningKey('k1')
const now = startOfTime
const good = createToken(key)
const decode = createTokenDecoder(rules)
const problemOf = (
  token: typeof good,
  at = now,
  changes: Partial<Parameters<typeof createTokenDecoder>[0]> = {},
) => {
  const decoded = createTokenDecoder({ ...rules, ...changes })(token, at)
  return typeof decoded === 'string' ? decoded : 'good'
}
const withClaims = (claims: Record<string, unknown>) => problemOf(createToken(key, claims))
const withHeader = (header: Record<string, unknown>) => problemOf(createToken(key, {}, header))
const payloadText = JSON.stringify(claimsAt(now))
const headerText = '{"alg":"RS256","kid":"k1"}'

describe('decoding a token', () => {
  it('gives what the session layer needs, in milliseconds, and claims that nobody can change', () => {
    const decoded = decode(
      createToken(key, { roles: ['a'], address: { city: 'x' }, iat: 1_749_999_999.5 }),
      now,
    )
    expect(decoded).toMatchObject({
      algorithm: 'RS256',
      kid: 'k1',
      sessionValue: 'session-1',
      issuedAt: 1_749_999_999_500,
      expiresAt: startOfTime + 1_200_000,
      claims: { sub: 'person-1', roles: ['a'] },
    })
    const { claims } = decoded as unknown as { claims: { roles: string[]; address: object } }
    expect([claims, claims.roles, claims.address].every(Object.isFrozen)).toBe(true)
  })

  it('reads the session value from the configured claim', () => {
    const token = createToken(key, { sid: 's-9' })
    expect(createTokenDecoder({ ...rules, sessionClaim: 'sid' })(token, now)).toMatchObject({
      sessionValue: 's-9',
    })
    expect(problemOf(good, now, { sessionClaim: 'sid' })).toBe('claims')
  })

  it.each([
    ['jku', 'https://evil.example/keys'],
    ['x5u', 'https://evil.example/cert'],
    ['jwk', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['x5c', ['MIIB']],
    ['kid', 'a/../../etc/passwd'],
    ['kid', "' OR 1=1 --"],
  ])('JWT-04 a header parameter %s is data and nothing else', (name, value) => {
    expect(withHeader({ [name]: value })).toBe('good')
  })

  it.each([
    ['a kid of 256 characters', 'k'.repeat(256), 'good'],
    ['a kid of 257 characters', 'k'.repeat(257), 'malformed'],
    ['an empty kid', '', 'malformed'],
    ['a kid that is a number', 1, 'malformed'],
    ['a kid that is null', null, 'malformed'],
    ['no kid', undefined, 'good'],
  ])('JWT-04 %s', (_, kid, expected) => {
    expect(withHeader({ kid })).toBe(expected)
  })

  it.each([
    ['at+jwt', 'kind'],
    ['logout+jwt', 'kind'],
    ['dpop+jwt', 'kind'],
    ['', 'kind'],
    [1, 'kind'],
    [null, 'kind'],
    ['JWT', 'good'],
    ['jwt', 'good'],
    [undefined, 'good'],
  ])('JWT-05 typ %s', (typ, expected) => {
    expect(withHeader({ typ })).toBe(expected)
  })

  it.each(['nonce', 'at_hash', 'c_hash', 'azp', 'client_id', 'scope', 'events'])(
    'JWT-05 a token with %s is of another kind',
    (name) => {
      expect(withClaims({ [name]: 'x' })).toBe('kind')
      expect(withClaims({ [name]: null })).toBe('kind')
    },
  )

  it('FLD-04 takes what an option accepts, with the audience, and nothing else of another kind', () => {
    const changes = { acceptedClaims: ['azp', 'scope'], audience: 'benefits' }
    const judge = (claims: Record<string, unknown>) => problemOf(createToken(key, claims), now, changes)
    expect(judge({ azp: 'x', scope: 'openid', aud: 'benefits' })).toBe('good')
    expect(judge({ scope: 'openid' })).toBe('audience')
    expect(judge({ scope: 'openid', aud: 'benefits', isMfa: undefined })).toBe('kind')
    for (const name of ['client_id', 'nonce', 'at_hash', 'c_hash', 'events'])
      expect(judge({ [name]: 'x', aud: 'benefits' }), name).toBe('kind')
  })

  it.each(['mfaRequired', 'isMfa', 'isDidAuth'])(
    'JWT-05 a token without a boolean %s is of another kind',
    (name) => {
      for (const value of [undefined, null, 'true', 1, {}]) expect(withClaims({ [name]: value })).toBe('kind')
    },
  )

  it.each<[string, Record<string, unknown>]>([
    ['crit that names nothing', { crit: [] }],
    ['crit that names an unknown extension', { crit: ['x'], x: 1 }],
    ['crit that names an absent one', { crit: ['x'] }],
    ['crit that names a registered one', { crit: ['alg'] }],
    ['crit that is no list', { crit: 'exp' }],
    ['crit that is null', { crit: null }],
    ['b64 false, critical', { b64: false, crit: ['b64'] }],
    ['b64 false', { b64: false }],
    ['b64 true', { b64: true }],
  ])('JWT-06 a header with %s is refused', (_, header) => {
    expect(withHeader(header)).toBe('malformed')
  })

  it.each<[string, string]>([
    ['a claim twice', payloadText.replace('{', '{"sub":"person-2",')],
    ['a claim twice, once written with an escape', payloadText.replace('{', '{"su\\u0062":"person-2",')],
    ['a name twice further in', payloadText.replace('{', '{"a":{"b":[{"c":1,"c":2}]},')],
    ['__proto__', payloadText.replace('{', '{"__proto__":{"isMfa":true},')],
    ['__proto__ further in', payloadText.replace('{', '{"a":{"__proto__":1},')],
    ['an array', `[${payloadText}]`],
    ['a string', '"text"'],
    ['null', 'null'],
    ['a number', '1'],
    ['nothing', ' '],
    ['half an object', payloadText.slice(0, -1)],
    ['two objects', payloadText + payloadText],
    ['a comment', payloadText.replace('{', '{/**/')],
    ['a byte order mark', `\ufeff${payloadText}`],
    ['nesting without end', payloadText.replace('{', `{"a":${'['.repeat(1000)}${']'.repeat(1000)},`)],
  ])('JWT-07 a payload that is %s is refused', (_, text) => {
    expect(problemOf({ ...good, payload: encode(text) })).toBe('malformed')
  })

  it('JWT-07 a header with a name twice is refused', () => {
    expect(problemOf({ ...good, header: encode('{"alg":"none","alg":"RS256","kid":"k1"}') })).toBe(
      'malformed',
    )
    expect(problemOf({ ...good, header: encode('{"alg":"RS256","al\\u0067":"RS256"}') })).toBe('malformed')
    expect(problemOf({ ...good, header: encode(`[${headerText}]`) })).toBe('malformed')
  })

  it('JWT-07 a payload that is no UTF-8 is refused', () => {
    const bytes = Buffer.from(payloadText.replace('person-1', 'person-é'), 'latin1')
    expect(problemOf({ ...good, payload: bytes.toString('base64url') })).toBe('malformed')
  })

  it.each([
    ['the same name in different objects', '{"a":{"x":1},"b":{"x":2},"c":[{"x":1},{"x":2}],'],
    ['a text that looks like a name', '{"a":"sub","b":["sub","sub"],"c":"\\"sub\\":1,","d":"\\\\",'],
    ['a name with a quote and backslashes in it', '{"a\\"":1,"a\\\\\\"":2,"a\\\\":3,'],
    ['beyond ASCII', '{"name":"Zoë 𝒳","ключ":1,'],
    ['nested as deep as allowed', `{"a":${'['.repeat(15)}${']'.repeat(15)},`],
  ])('JWT-07 %s is no ambiguity', (_, start) => {
    expect(problemOf({ ...good, payload: encode(payloadText.replace('{', start)) })).toBe('good')
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['no exp', { exp: undefined }, 'claims'],
    ['exp as text', { exp: '1750001200' }, 'claims'],
    ['exp null', { exp: null }, 'claims'],
    ['exp in milliseconds', { exp: startOfTime + 1_200_000 }, 'claims'],
    ['exp without end', { exp: 1e300 }, 'claims'],
    ['exp negative', { exp: -1, iat: -2 }, 'claims'],
    ['exp not after iat', { exp: startOfTime / 1000, iat: startOfTime / 1000 }, 'claims'],
    ['no iat', { iat: undefined }, 'claims'],
    ['iat as text', { iat: '1' }, 'claims'],
    ['nbf as text', { nbf: '1' }, 'claims'],
    ['nbf null', { nbf: null }, 'claims'],
    ['no iss', { iss: undefined }, 'claims'],
    ['iss as a list', { iss: ['https://id.example.gov'] }, 'claims'],
    ['no sub', { sub: undefined }, 'claims'],
    ['an empty sub', { sub: '' }, 'claims'],
    ['sub as a number', { sub: 1 }, 'claims'],
    ['no session value', { jti: undefined }, 'claims'],
    ['an empty session value', { jti: '' }, 'claims'],
    ['a session value as a list', { jti: ['a'] }, 'claims'],
  ])('JWT-08 %s', (_, claims, expected) => {
    expect(withClaims(claims)).toBe(expected)
  })

  it('JWT-08 exp, nbf and iat hold give or take the skew, to the millisecond', () => {
    const expiry = startOfTime + 1_200_000
    expect(problemOf(good, expiry + 29_999)).toBe('good')
    expect(problemOf(good, expiry + 30_000)).toBe('expired')
    expect(problemOf(good, expiry - 1, { clockSkewSeconds: 0 })).toBe('good')
    expect(problemOf(good, expiry, { clockSkewSeconds: 0 })).toBe('expired')
    const later = createToken(key, { nbf: startOfTime / 1000 + 100 })
    expect(problemOf(later, startOfTime + 69_999)).toBe('not-yet-valid')
    expect(problemOf(later, startOfTime + 70_000)).toBe('good')
    expect(problemOf(good, startOfTime - 30_001)).toBe('not-yet-valid')
    expect(problemOf(good, startOfTime - 30_000)).toBe('good')
  })

  it.each<[string, (text: string) => string]>([
    ['padding', (text) => `${text}=`],
    ['two of padding', (text) => `${text}==`],
    ['a blank before', (text) => ` ${text}`],
    ['a line break after', (text) => `${text}\n`],
    ['a tab within', (text) => `${text.slice(0, 4)}\t${text.slice(4)}`],
    ['the other alphabet', (text) => `${text.slice(0, -2)}+/`],
    ['a letter beyond ASCII', (text) => `${text}é`],
    ['a letter beyond Latin-1', (text) => `${text.slice(0, -1)}Ł`],
    ['a zero byte', (text) => `${text}\0`],
    ['one letter too many', (text) => text + 'A'.repeat((5 - (text.length % 4)) % 4)],
    ['nothing', () => ''],
  ])('JWT-09 a part with %s is refused', (_, change) => {
    for (const part of ['header', 'payload', 'signature'] as const) {
      expect(problemOf({ ...good, [part]: change(good[part]) })).toBe('malformed')
    }
  })

  it('JWT-09 stray bits at the end of a part are refused', () => {
    const stray = (text: string) => {
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      return text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.at(-1) ?? '') + 1)
    }
    expect(good.signature.length % 4).toBe(2)
    expect(problemOf({ ...good, signature: stray(good.signature) })).toBe('malformed')
  })

  it('JWT-10 size is looked at before anything is decoded', () => {
    const exactly = (length: number) => ({
      ...good,
      payload: 'A'.repeat(length - good.header.length - good.signature.length - 2),
    })
    expect(problemOf(exactly(8193))).toBe('too-large')
    expect(problemOf(exactly(8192))).toBe('malformed')
    expect(problemOf({ ...good, header: '!'.repeat(2049) })).toBe('too-large')
    expect(problemOf({ ...good, header: '!'.repeat(2048) })).toBe('malformed')
    expect(problemOf({ ...good, signature: '!'.repeat(1_000_000) })).toBe('too-large')
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['zip', { zip: 'DEF' }, 'malformed'],
    ['a JWE algorithm', { alg: 'RSA-OAEP', enc: 'A256GCM' }, 'algorithm'],
    ['PBES2', { alg: 'PBES2-HS256+A128KW', p2c: 1_000_000_000 }, 'algorithm'],
  ])('JWT-10 %s is refused', (_, header, expected) => {
    expect(withHeader(header)).toBe(expected)
  })

  it.each<[unknown, string | undefined, string]>([
    [undefined, undefined, 'good'],
    ['benefits', undefined, 'audience'],
    [null, undefined, 'audience'],
    [[], undefined, 'audience'],
    ['benefits', 'benefits', 'good'],
    [['other', 'benefits'], 'benefits', 'good'],
    ['other', 'benefits', 'audience'],
    [['other'], 'benefits', 'audience'],
    [{ benefits: true }, 'benefits', 'audience'],
    [undefined, 'benefits', 'audience'],
    ['benefits-other', 'benefits', 'audience'],
  ])('JWT-03 aud %j with the audience %s', (aud, audience, expected) => {
    expect(problemOf(createToken(key, { aud }), now, { audience })).toBe(expected)
  })

  it('does not let one header stand for another', () => {
    const both = createTokenDecoder({ ...rules, algorithms: ['RS256', 'RS512'] })
    const other = createToken(key, {}, { alg: 'RS512', kid: 'k2' })
    expect(both(good, now)).toMatchObject({ algorithm: 'RS256', kid: 'k1' })
    expect(both(other, now)).toMatchObject({ algorithm: 'RS512', kid: 'k2' })
    expect(both({ ...good, header: '' }, now)).toBe('malformed')
    expect(both(good, now)).toMatchObject({ algorithm: 'RS256', kid: 'k1' })
  })
})
