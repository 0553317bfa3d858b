import { CookieJar } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { type ExpiryOptions, expiryVariants, maximumExpiryBytes } from '../../src/cookies/expiry.js'
import { serializeCookie } from '../../src/cookies/serialize.js'
import { sharedCookies } from '../../src/shared-cookie/serialize.js'

const names = { header: 'c1_header', payload: 'c1_payload', signature: 'c1_signature' }
const options: ExpiryOptions = {
  domain: 'example.gov',
  path: '/',
  applicationHost: 'benefits.example.gov',
  target: '/session/logout?returnTo=%2F',
  secure: true,
  sameSite: 'lax',
}
const page = 'https://benefits.example.gov/session/logout'

/**
 * A jar that holds the cookies that these lines set, then gets every deletion. This jar files a host-only cookie and
 * one with Domain of that very host as one; browsers keep two.
 */
function leftAfter(
  lines: readonly string[],
  names: readonly string[],
  changes: Partial<ExpiryOptions> = {},
  url = page,
) {
  const jar = new CookieJar(undefined, { rejectPublicSuffixes: false })
  for (const line of lines) jar.setCookieSync(line, url)
  const before = jar.getCookiesSync(url).length
  const both = (['likely', 'rest'] as const).flatMap((batch) =>
    expiryVariants(names, { ...options, ...changes, batch }),
  )
  for (const cookie of both) {
    jar.setCookieSync(serializeCookie(cookie), url, { ignoreError: true })
  }
  return { before, left: jar.getCookiesSync(url).map((cookie) => cookie.toString()) }
}

describe('deleting a cookie in a real jar', () => {
  it('CK-05 deletes what was set, by the same name, Domain and Path, in the past, Secure kept', () => {
    const set = sharedCookies(
      { header: 'h', payload: 'p', signature: 's' },
      { names, domain: 'example.gov', path: '/', sameSite: 'lax', secure: true, maxAgeSeconds: 600 },
    )
    expect(leftAfter(set.map(serializeCookie), Object.values(names))).toEqual({ before: 3, left: [] })
    for (const cookie of expiryVariants(Object.values(names), options)) {
      expect(serializeCookie(cookie)).toMatch(
        /=; .*Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; .*Secure/,
      )
    }
    expect(expiryVariants('a', { ...options, partitioned: true }).every((each) => each.partitioned)).toBe(
      true,
    )
  })

  it.each([
    ['host-only', 'a=1; Path=/; Secure'],
    ['Domain of the base', 'a=1; Domain=example.gov; Path=/'],
    ['Domain of the host', 'a=1; Domain=benefits.example.gov; Path=/'],
    ['the default path', 'a=1'],
    ['the first segment as path', 'a=1; Path=/session'],
    ['the first segment with a slash', 'a=1; Path=/session/'],
    ['the whole path', 'a=1; Path=/session/logout'],
    ['Domain of the base on a deeper path', 'a=1; Domain=example.gov; Path=/session'],
    ['HttpOnly', 'a=1; Path=/; HttpOnly; Secure; SameSite=Strict'],
  ])('CK-06 deletes the variant %s', (_, line) => {
    expect(leftAfter([line], ['a'])).toEqual({ before: 1, left: [] })
  })

  it('CK-06 deletes all twins of all parts at once', () => {
    const lines = Object.values(names).flatMap((name) => [
      `${name}=1; Path=/`,
      `${name}=2; Domain=example.gov; Path=/`,
      `${name}=3; Domain=benefits.example.gov; Path=/`,
      `${name}=4; Domain=example.gov; Path=/session`,
      `${name}=5; Path=/session`,
    ])
    expect(leftAfter(lines, Object.values(names))).toEqual({ before: 12, left: [] })
  })

  it('CK-06 deletes at each parent of a deep host', () => {
    const url = 'https://a.b.c.example.gov/'
    const lines = ['a.b.c.example.gov', 'b.c.example.gov', 'c.example.gov', 'example.gov'].map(
      (domain) => `a=1; Domain=${domain}; Path=/`,
    )
    const result = leftAfter(
      [...lines, 'a=1; Path=/'],
      ['a'],
      { applicationHost: 'a.b.c.example.gov', target: '/' },
      url,
    )
    expect(result).toEqual({ before: 4, left: [] })
  })

  it('leaves cookies of other names alone', () => {
    expect(leftAfter(['a=1; Path=/', 'b=2; Path=/'], ['a']).left).toEqual(['b=2; Path=/'])
  })

  it('deletes a __Host- cookie in its only variant', () => {
    expect(leftAfter(['__Host-a=1; Path=/; Secure'], ['__Host-a'])).toEqual({ before: 1, left: [] })
    expect(expiryVariants('__Host-a', options)).toHaveLength(1)
  })
})

describe('the variants', () => {
  const shown = (changes: Partial<ExpiryOptions>, name: string | string[] = 'a') =>
    expiryVariants(name, { ...options, ...changes }).map((each) => `${each.domain ?? '-'} ${each.path}`)

  it('come likely ones first', () => {
    expect(shown({ path: '/app', target: '/' })).toEqual([
      'example.gov /app',
      '- /app',
      'benefits.example.gov /app',
      'example.gov /',
      '- /',
      'benefits.example.gov /',
      'example.gov /app/',
      '- /app/',
      'benefits.example.gov /app/',
    ])
  })

  it.each<[string, Partial<ExpiryOptions>, string[]]>([
    [
      'our host is the base domain',
      { applicationHost: 'example.gov', target: '/' },
      ['example.gov /', '- /'],
    ],
    ['no base domain', { domain: false, target: '/' }, ['- /', 'benefits.example.gov /']],
    ['our host is an address', { domain: false, applicationHost: '127.0.0.1', target: '/' }, ['- /']],
    ['our host is an IPv6 address', { domain: false, applicationHost: '[::1]', target: '/' }, ['- /']],
    [
      'our host lies outside the base domain',
      { applicationHost: 'evilexample.gov', target: '/' },
      ['- /', 'evilexample.gov /'],
    ],
    [
      'letter case differs',
      { applicationHost: 'Benefits.Example.GOV', target: '/' },
      ['example.gov /', '- /', 'benefits.example.gov /'],
    ],
    ['there is no request', { domain: false, applicationHost: '127.0.0.1', target: undefined }, ['- /']],
    ['a path cannot be written', { domain: false, applicationHost: '127.0.0.1', target: '/a;b/c' }, ['- /']],
  ])('when %s', (_, changes, expected) => {
    expect(shown(changes)).toEqual(expected)
  })

  it.each(['likely', 'rest'] as const)(
    'fit an answer, and never split the names of one variant: %s',
    (batch) => {
      const target = `/${'a/'.repeat(5000)}`
      for (const count of [1, 2, 3, 5, 7]) {
        const all = Array.from({ length: count }, (_, index) => `c${index}`)
        const cookies = expiryVariants(all, { ...options, target, batch })
        expect(cookies.length).toBeGreaterThanOrEqual(count)
        expect(cookies.length % count).toBe(0)
        for (let first = 0; first < cookies.length; first += count) {
          const { domain, path } = cookies[first] ?? {}
          expect(cookies.slice(first, first + count)).toMatchObject(
            all.map((name) => ({ name, domain, path })),
          )
        }
        const bytes = cookies
          .map((cookie) => `set-cookie: ${serializeCookie(cookie)}\r\n`.length)
          .reduce((sum, length) => sum + length)
        expect(bytes).toBeLessThanOrEqual(maximumExpiryBytes[batch])
      }
    },
  )

  it('begin with the one that is set, whatever the room, and the rest begins where the likely ones end', () => {
    const long = Array.from({ length: 20 }, (_, index) => `${'n'.repeat(60)}${index}`)
    expect(expiryVariants(long, options).map(({ domain, path }) => `${domain} ${path}`)).toEqual(
      long.map(() => 'example.gov /'),
    )
    const [likely, rest] = (['likely', 'rest'] as const).map((batch) =>
      shown({ batch }, Object.values(names)).filter((_, index) => index % 3 === 0),
    )
    expect(likely).toEqual(['example.gov /', '- /', 'benefits.example.gov /'])
    expect(rest).toEqual([
      'example.gov /session',
      '- /session',
      'benefits.example.gov /session',
      'example.gov /session/logout',
      '- /session/logout',
    ])
    expect(expiryVariants('__Host-a', { ...options, batch: 'rest' })).toEqual([])
  })
})
