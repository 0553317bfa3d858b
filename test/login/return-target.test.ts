import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReturnTargetCheck, longestReturnTarget } from '../../src/login/return-target.js'
import { anyText } from '../support/any-text.js'
import {
  acceptedRedirects,
  hostileRedirects,
  ownOrigin,
  ownRoutes,
  siblingOrigin,
} from '../vectors/redirects.js'

const check = createReturnTargetCheck({
  applicationUrl: ownOrigin,
  applicationPath: '',
  returnOrigins: [siblingOrigin],
  routesPath: ownRoutes,
})

/** Where a browser, or a server that decodes before it redirects, would end up. */
function originsOf(target: string): readonly string[] {
  const readings = [target, target.replace(/\\/g, '/')]
  const [path = ''] = target.split(/[?#]/)
  readings.push(decodeURIComponent(path), decodeURIComponent(path).replace(/[\t\r\n]/g, ''))
  return readings.map((reading) => new URL(reading, ownOrigin).origin)
}

describe('the return target', () => {
  it('RPI-11 refuses every payload of the corpus', () => {
    expect(hostileRedirects.length).toBeGreaterThan(800)
    expect(hostileRedirects.filter((payload) => check(payload) !== undefined)).toEqual([])
  })

  it.each(acceptedRedirects)('accepts %j as %j, and that again unchanged', (input, target) => {
    expect(check(input)).toBe(target)
    expect(check(target)).toBe(target)
  })

  it.each([
    [undefined],
    [null],
    [7],
    [true],
    [{}],
    [['/benefits']],
    [{ toString: () => '/benefits' }],
    [new URL(ownOrigin)],
  ])('refuses %j, which is not a text', (value) => {
    expect(check(value)).toBeUndefined()
  })

  it(`accepts ${longestReturnTarget} characters, and not one more`, () => {
    const longest = `/${'a'.repeat(longestReturnTarget - 1)}`
    expect(check(longest)).toBe(longest)
    expect(check(`${longest}a`)).toBeUndefined()
    expect(check(`${ownOrigin}${longest}`)).toBeUndefined()
  })

  it('lets no sibling in that is not named', () => {
    const alone = createReturnTargetCheck({
      applicationUrl: ownOrigin,
      applicationPath: '',
      returnOrigins: [],
      routesPath: ownRoutes,
    })
    expect(alone(`${siblingOrigin}/`)).toBeUndefined()
    expect(alone('/benefits')).toBe('/benefits')
  })

  it('measures loops against the path where our routes are', () => {
    const moved = createReturnTargetCheck({
      applicationUrl: ownOrigin,
      applicationPath: '',
      returnOrigins: [],
      routesPath: '/account/Session',
    })
    expect(moved('/account/session/login')).toBeUndefined()
    expect(moved('/session/login')).toBe('/session/login')
  })

  const below = (returnOrigins: readonly string[]) =>
    createReturnTargetCheck({
      applicationUrl: ownOrigin,
      applicationPath: '/app',
      returnOrigins,
      routesPath: '/app/session',
    })

  it.each(['/app', '/app/', '/app/x?y=/z#a', '/app?x', `${ownOrigin}/app/x`])(
    'leads below a path that a proxy takes away: %s',
    (target) => {
      expect(below([])(target)).toBe(target.replace(ownOrigin, ''))
    },
  )

  it.each([
    '/',
    '/application',
    '/App/x',
    '/other/app/',
    '/app/../other',
    '/app/%2e%2e/other',
    '/app/..%2fother',
    '/app/%252e%252e/other',
    '/app/%252e%252e%252fother',
    '/app/%ff',
    '/app/session/login',
    '/app/session/logout/',
  ])('leads to nobody else on our own origin, nor in a circle: %s', (target) => {
    expect(below([])(target)).toBeUndefined()
    expect(below([])(`${ownOrigin}${target}`)).toBeUndefined()
  })

  it('leads to others on our own origin where the origin is named, and still not in a circle', () => {
    expect(below([ownOrigin])('/other')).toBe('/other')
    expect(below([ownOrigin])('/app/session/login')).toBeUndefined()
    expect(below([siblingOrigin])(`${siblingOrigin}/anywhere`)).toBe(`${siblingOrigin}/anywhere`)
  })

  it('RPI-11 never leads away, whatever is put together from the pieces of attacks', () => {
    const pieces = fc.constantFrom(
      ...[
        '/',
        '//',
        '\\',
        '.',
        '..',
        '%2e',
        '%2f',
        '%5c',
        '%09',
        '\t',
        '\n',
        ' ',
        '@',
        ':',
        '?',
        '#',
        '%',
        ';',
      ],
      ...[
        'http:',
        'https:',
        'javascript:',
        'data:',
        'blob:',
        'evil.example',
        '127.0.0.1',
        '[::1]',
        '\u2044',
        '。',
      ],
      ...[
        'benefits.example.gov',
        'permits.example.gov',
        'session',
        'login',
        ownOrigin,
        siblingOrigin,
        'a',
        '443',
      ],
    )
    const attacks = fc.array(pieces, { maxLength: 9 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(attacks, anyText()), (payload) => {
        const target = check(payload)
        if (target === undefined) return
        for (const origin of originsOf(target)) expect([ownOrigin, siblingOrigin]).toContain(origin)
        expect(target).toMatch(/^(?:\/(?![/\\])|https:\/\/permits\.example\.gov\/)/)
        expect(check(target)).toBe(target)
      }),
      { numRuns: 20_000, seed: 20_261_122 },
    )
  })
})
