import fc from 'fast-check'
import { parse as parseWithTough } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import {
  createCookieScanner,
  listCookies,
  maximumHeaderLength,
  readCookies,
} from '../../src/cookies/parse.js'
import { serializeCookie } from '../../src/cookies/serialize.js'

const scan = createCookieScanner({
  header: 'c1_header',
  payload: 'c1_payload',
  signature: 'c1_signature',
  hint: '__Host-benefits.seen',
})
const nothing = {
  header: undefined,
  payload: undefined,
  signature: undefined,
  hint: undefined,
  duplicates: undefined,
  oversized: false,
}

describe('scanning the Cookie header', () => {
  it.each([
    ['an empty header', '', {}],
    [
      'all four, among others',
      'a=1; c1_header=h; c1_payload=p; c1_signature=s; __Host-benefits.seen=x; z=2',
      { header: 'h', payload: 'p', signature: 's', hint: 'x' },
    ],
    ['any order', 'c1_signature=s;c1_payload=p;c1_header=h', { header: 'h', payload: 'p', signature: 's' }],
    ['a value with = in it', 'c1_header=a=b==', { header: 'a=b==' }],
    ['an empty value', 'c1_header=', { header: '' }],
    ['a quoted value', 'c1_header="h"', { header: 'h' }],
    ['an empty quoted value', 'c1_header=""', { header: '' }],
    ['a lone quote', 'c1_header="', { header: '"' }],
    ['a quote on one side', 'c1_header="h; c1_payload=p"', { header: '"h', payload: 'p"' }],
    ['blanks and tabs around pairs', '\t c1_header= h \t;\t c1_payload=p ', { header: 'h', payload: 'p' }],
    ['nothing decoded', 'c1_header=%41+%zz', { header: '%41+%zz' }],
    ['pairs without =', 'c1_header; ; ;c1_payload=p;c1_signature', { payload: 'p' }],
    ['a pair without a name', '=c1_header; c1_payload=p', { payload: 'p' }],
    ['a name within a value', 'x=c1_header=h; y=c1_payload', {}],
    ['a longer and a shorter name', 'c1_headers=a; xc1_header=b; 1_header=c; c1_heade=d', {}],
    ['a blank before =', 'c1_header =h', {}],
    ['nothing but separators', ';;;;=;=;', {}],
  ])('reads %s', (_, text, expected) => {
    expect(scan(text)).toEqual({ ...nothing, ...expected })
  })

  it.each([
    '__hOsT-benefits.seen',
    '__host-benefits.seen',
    '__HOST-benefits.seen',
    '__Host-BENEFITS.seen',
    'C1_header',
  ])('CK-03 takes the look-alike %s for another name', (name) => {
    expect(scan(`${name}=planted`)).toEqual(nothing)
    expect(readCookies(`${name}=planted`, '__Host-benefits.seen')).toEqual([])
    expect(listCookies(`${name}=planted`, '__Host-benefits.')).toEqual([])
  })

  it('shows every value of a part that came more than once', () => {
    const found = scan('c1_header=h; c1_payload=p1; c1_payload="p2"; c1_signature=s; c1_payload=p1')
    expect(found).toMatchObject({ header: 'h', payload: 'p1', signature: 's' })
    expect(found.duplicates).toEqual({ header: ['h'], payload: ['p1', 'p2', 'p1'], signature: ['s'] })
  })

  it('takes the first hint and does not call a second one a duplicate part', () => {
    expect(scan('__Host-benefits.seen=1; __Host-benefits.seen=2')).toEqual({ ...nothing, hint: '1' })
  })

  it('reads nothing from a header of more than 16 KiB, and says so', () => {
    const text = 'c1_header=h; c1_payload=p; x='
    const fitting = text + 'a'.repeat(maximumHeaderLength - text.length)
    expect(scan(fitting)).toMatchObject({ header: 'h', payload: 'p', oversized: false })
    expect(scan(`${fitting}a`)).toEqual({ ...nothing, oversized: true })
    expect(readCookies(`${fitting}a`, 'c1_header')).toEqual([])
    expect(listCookies(`${fitting}a`, 'c1_')).toEqual([])
  })

  it('needs no more than a moment for headers made to be slow', () => {
    const hostile = [';', '=', 'a;', ' ;', '=;', '"', 'c1_header=;', '; c1_payload', '\t']
    const started = performance.now()
    for (const piece of hostile) scan(piece.repeat(Math.floor(maximumHeaderLength / piece.length)))
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describe('rare reads', () => {
  const text = 'a=1; login.x=2; a="3"; login.y=4; A=5; a'

  it('reads every value of one name', () => {
    expect(readCookies(text, 'a')).toEqual(['1', '3'])
    expect(readCookies(text, 'b')).toEqual([])
  })

  it('lists every cookie of a prefix', () => {
    expect(listCookies(text, 'login.')).toEqual([
      { name: 'login.x', value: '2' },
      { name: 'login.y', value: '4' },
    ])
  })
})

describe('properties', () => {
  const name = fc
    .stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/)
    .filter((text) => !text.startsWith('__'))
  const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,30}$/)

  it('what is serialised is read again, among any other cookies', () => {
    const other = fc.tuple(name, value)
    fc.assert(
      fc.property(
        name,
        value,
        fc.array(other, { maxLength: 6 }),
        fc.nat(6),
        (one, content, others, place) => {
          const line = serializeCookie({
            name: one,
            value: content,
            httpOnly: true,
            secure: true,
            sameSite: 'lax',
          })
          const pair = line.slice(0, line.indexOf(';'))
          expect(parseWithTough(line)).toMatchObject({ key: one, value: content })
          const rest = others.filter(([each]) => each !== one).map((each) => each.join('='))
          rest.splice(place, 0, pair)
          const text = rest.join('; ')
          expect(readCookies(text, one)).toEqual([content])
          const found = createCookieScanner({
            header: one,
            payload: '\0',
            signature: '\0\0',
            hint: '\0\0\0',
          })(text)
          expect(found.header).toBe(content)
        },
      ),
    )
  })

  it('the scanner and the plain reader agree on any text', () => {
    const wanted = { header: 'h', payload: 'pp', signature: 's', hint: 'x' }
    const scanner = createCookieScanner(wanted)
    const piece = fc.constantFrom(
      'h',
      'pp',
      's',
      'x',
      '=',
      ';',
      ' ',
      '\t',
      '"',
      'h=',
      '; pp=',
      ';s=',
      'é',
      '\0',
      ',',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('')
        const found = scanner(text)
        for (const part of ['header', 'payload', 'signature', 'hint'] as const) {
          expect(found[part]).toBe(readCookies(text, wanted[part])[0])
        }
        const isDuplicated = (['h', 'pp', 's'] as const).some((each) => readCookies(text, each).length > 1)
        expect(found.duplicates !== undefined).toBe(isDuplicated)
      }),
      { numRuns: 500 },
    )
  })
})
