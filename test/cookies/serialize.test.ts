import { describe, expect, it } from 'vitest'
import { findCookieProblem, isCookiePath, serializeCookie } from '../../src/cookies/serialize.js'
import type { SetCookie } from '../../src/exchange.js'

const plain: SetCookie = { name: 'a', value: 'b', httpOnly: true, secure: true, sameSite: 'lax' }
const codeOf = (change: Partial<SetCookie>) => {
  try {
    return serializeCookie({ ...plain, ...change })
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('one Set-Cookie line', () => {
  it.each<[string, Partial<SetCookie>, string]>([
    ['host-only, for the session', {}, 'a=b; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [
      'every attribute',
      { domain: 'example.gov', path: '/x', maxAgeSeconds: 60, sameSite: 'none', partitioned: true },
      'a=b; Domain=example.gov; Path=/x; Max-Age=60; HttpOnly; Secure; SameSite=None; Partitioned',
    ],
    [
      'for scripts, on plain http',
      { httpOnly: false, secure: false, sameSite: 'strict' },
      'a=b; Path=/; SameSite=Strict',
    ],
    [
      'a deletion',
      { value: '', maxAgeSeconds: 0 },
      'a=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
    ],
    [
      'longer than 400 days',
      { maxAgeSeconds: 99_999_999 },
      'a=b; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax',
    ],
  ])('%s', (_, change, line) => {
    expect(serializeCookie({ ...plain, ...change })).toBe(line)
  })

  it.each<[string, Partial<SetCookie>]>([
    ['Domain', { name: '__Host-a', domain: 'example.gov' }],
    ['another path', { name: '__Host-a', path: '/x' }],
    ['no Secure', { name: '__Host-a', secure: false }],
    ['no Secure, in another letter case', { name: '__hOsT-a', secure: false }],
    ['Domain, in another letter case', { name: '__HOST-a', domain: 'example.gov' }],
    ['__Secure- without Secure', { name: '__Secure-a', secure: false }],
  ])('CK-01 a prefix and %s is refused', (_, change) => {
    expect(codeOf(change)).toBe('usage')
    expect(findCookieProblem({ ...plain, ...change })).toMatch(/prefix/)
  })

  it('CK-01 a prefixed name that keeps its promise is written', () => {
    expect(codeOf({ name: '__Host-a' })).toMatch(/^__Host-a=b; Path=\/;.* Secure;/)
    expect(codeOf({ name: '__Secure-a', domain: 'example.gov', path: '/x' })).toMatch(
      /^__Secure-a=b; Domain=/,
    )
  })

  it('CK-13 SameSite=None without Secure is refused, and with it written', () => {
    expect(codeOf({ sameSite: 'none', secure: false })).toBe('usage')
    expect(codeOf({ sameSite: 'none' })).toMatch(/SameSite=None$/)
    expect(codeOf({ partitioned: true, secure: false })).toBe('usage')
  })

  it.each<[string, Partial<SetCookie>]>([
    ['an empty name', { name: '' }],
    ['a name with a blank', { name: 'a b' }],
    ['a name with =', { name: 'a=b' }],
    ['a name beyond ASCII', { name: 'é' }],
    ['a value with ;', { value: 'a; Domain=evil.example' }],
    ['a value with ,', { value: 'a,b=c' }],
    ['a value with a blank', { value: 'a b' }],
    ['a value with a quote', { value: '"a"' }],
    ['a value with a backslash', { value: 'a\\' }],
    ['a value with a line break', { value: 'a\r\nSet-Cookie: x=y' }],
    ['a value that ends in a line break', { value: 'a\n' }],
    ['a value beyond ASCII', { value: 'é' }],
    ['a path that is none', { path: 'x' }],
    ['a path with ;', { path: '/;Domain=evil.example' }],
    ['a path with a line break', { path: '/\r\n' }],
    ['a domain with a leading dot', { domain: '.example.gov' }],
    ['a domain with ;', { domain: 'example.gov;x' }],
    ['an empty domain', { domain: '' }],
    ['a negative age', { maxAgeSeconds: -1 }],
    ['a fraction of a second', { maxAgeSeconds: 0.5 }],
    ['no number for an age', { maxAgeSeconds: Number.NaN }],
  ])('refuses %s', (_, change) => {
    expect(codeOf(change)).toBe('usage')
  })

  it.each<[string, Partial<SetCookie>, string | RegExp]>([
    ['4,096 octets of name and value', { value: 'v'.repeat(4095) }, /^a=v{4095};/],
    ['4,097 octets of name and value', { value: 'v'.repeat(4096) }, 'cookie-too-large'],
    ['a path of 1,024 octets', { path: `/${'p'.repeat(1023)}` }, /Path=\/p{1023};/],
    ['a path of 1,025 octets', { path: `/${'p'.repeat(1024)}` }, 'cookie-too-large'],
    ['a domain of 1,025 octets', { domain: 'd'.repeat(1025) }, 'cookie-too-large'],
  ])('CK-09 no longer than a browser keeps: %s', (_, change, expected) => {
    if (typeof expected === 'string') expect(codeOf(change)).toBe(expected)
    else expect(codeOf(change)).toMatch(expected)
  })

  it('never shows the value in an error', () => {
    const secret = 'very-secret-value'
    for (const value of [`${secret};`, secret.repeat(400)]) {
      expect(() => serializeCookie({ ...plain, value })).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining(secret) }),
      )
    }
  })

  it('CK-15 holds no comma but that of a date, so that lines can never be split or merged by one', () => {
    for (const maxAgeSeconds of [undefined, 0, 60]) {
      const line = serializeCookie({ ...plain, maxAgeSeconds })
      expect(line.replace('Expires=Thu, 01', '')).not.toContain(',')
    }
    expect(codeOf({ value: 'a,b' })).toBe('usage')
  })

  it.each([
    ['/', true],
    ['/a/b', true],
    ['', false],
    ['a', false],
    ['/a;b', false],
    ['/é', false],
    [`/${'a'.repeat(1024)}`, false],
  ])('knows whether %s can be a Path', (path, expected) => {
    expect(isCookiePath(path)).toBe(expected)
  })
})
