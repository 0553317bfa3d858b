import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, decodePost, decodeUtf8 } from '../../src/saml/encoding.js'
import { readLogoutRequest } from '../../src/saml/logout-request.js'
import { verifyLoginResponse } from '../../src/saml/response.js'
import { metadataLimits } from '../../src/saml/xml/gate.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { verifySignature } from '../../src/saml/xml/signature.js'
import { element, escapeXml } from '../../src/saml/xml/write.js'
import { anyText } from '../support/any-text.js'
import {
  assertion,
  loginRules,
  logoutRequest,
  logoutRules,
  problemOf,
  provider,
  response,
  signed,
  stranger,
} from './provider.js'

const problem = (xml: string) => problemOf(() => parseXml(xml))

describe('the one parser', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['SLO-23', 'markup', '<!DOCTYPE a><a/>'],
    ['SLO-23', 'markup', '<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "http://other.example/a.dtd"><a/>'],
    ['SLO-23', 'markup', '<!doctype a [<!ENTITY b "c">]><a>&b;</a>'],
    ['SLO-23', 'markup', '<a><!ENTITY b "c"></a>'],
    ['SLO-23', 'markup', '<a>&b;</a>'],
    ['SLO-23', 'markup', '<a b="&c;"/>'],
    ['SLO-23', 'markup', '<a>&</a>'],
    ['SLO-23', 'markup', '<a>&amp</a>'],
    ['SLO-23', 'markup', '<a>&#38</a>'],
    ['SLO-24', 'markup', '<a>b<!-- c -->d</a>'],
    ['SLO-24', 'markup', '<a>b<?c d?>e</a>'],
    ['SLO-24', 'markup', '<a>b<![CDATA[c]]>d</a>'],
    ['SLO-25', 'namespace', '<a xmlns="b"/>'],
    ['SLO-25', 'namespace', '<a xmlns=""/>'],
    ['SLO-25', 'namespace', '<a xmlns:b="../c"/>'],
    ['SLO-25', 'namespace', '<a xmlns:b="urn:c d"/>'],
    ['SLO-25', 'namespace', '<a xmlns:b="urn:c&amp;d"/>'],
    ['SLO-25', 'namespace', '<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>'],
    ['SLO-25', 'namespace', '<a xmlns:b="http://www.w3.org/2000/xmlns/"/>'],
    ['SLO-25', 'namespace', '<a xmlns:b="urn:c"><d xmlns:b="urn:e"/></a>'],
    ['SLO-25', 'namespace', '<a xmlnsb="urn:c"/>'],
    ['SLO-25', 'namespace', '<b:a/>'],
    ['SLO-25', 'namespace', '<a b:c="d"/>'],
    ['SLO-25', 'namespace', '<a xmlns:b="urn:e" xmlns:c="urn:e" b:d="1" c:d="2"/>'],
    ['SLO-26', 'encoding', '\ufeff<a/>'],
    ['SLO-26', 'encoding', '<a>\0</a>'],
    ['SLO-26', 'encoding', '<a>\u0008</a>'],
    ['SLO-26', 'encoding', '<a>\ud800</a>'],
    ['SLO-26', 'malformed', '<a>&#0;</a>'],
    ['SLO-26', 'malformed', '<a>&#x1F;</a>'],
    ['SLO-26', 'malformed', '<a>&#xDFFF;</a>'],
    ['SLO-26', 'malformed', '<a>&#1114112;</a>'],
    ['SLO-26', 'markup', '<?xml version="1.0" encoding="UTF-16"?><a/>'],
    ['SLO-26', 'markup', '<?xml version="1.0" encoding="UTF-7"?><a/>'],
    ['SLO-26', 'markup', '<?xml version="1.1"?><a/>'],
    ['SLO-26', 'too-complex', `${'<a>'.repeat(33)}${'</a>'.repeat(33)}`],
    ['SLO-26', 'too-complex', `<a>${'<b/>'.repeat(2048)}</a>`],
    ['SLO-26', 'too-complex', `<a ${Array.from({ length: 33 }, (_, index) => `b${index}=""`).join(' ')}/>`],
    ['SLO-26', 'too-large', `<a>${'b'.repeat(262_144)}</a>`],
    ['SLO-22', 'structure', '<a/><a/>'],
    ['SLO-22', 'malformed', '<a/>b'],
    ['SLO-22', 'malformed', 'b<a/>'],
    ['SLO-22', 'malformed', '<a><b></a></b>'],
    ['SLO-22', 'malformed', '<a></a></a>'],
    ['SLO-22', 'malformed', '<a b="1" b="2"/>'],
    ['SLO-22', 'malformed', '<a b=c/>'],
    ['SLO-22', 'malformed', '<a b="<"/>'],
    ['SLO-22', 'malformed', '<a>]]></a>'],
    ['SLO-22', 'malformed', '<a:b:c/>'],
    ['SLO-22', 'malformed', '< a/>'],
    ['SLO-22', 'malformed', '<é/>'],
    ['SLO-22', 'malformed', ''],
    ['SLO-22', 'duplicate-id', '<a ID="b"><c Id="b"/></a>'],
    ['SLO-22', 'duplicate-id', '<a ID="b" id="c"/>'],
    ['SLO-22', 'duplicate-id', '<a xml:id="b"/>'],
  ]
  it.each(rows)('%s refuses as %s: %j', (_, expected, xml) => {
    expect(problem(xml)).toBe(expected)
  })

  it('gives names, attributes, children and whole texts', () => {
    const { root } = parseXml(
      '<?xml version="1.0" encoding="UTF-8"?>\n<p:a xmlns:p="urn:p" b="1 &lt;&#x27;" p:c=\'2"\'>x&amp;y<d xmlns="urn:d"/>z</p:a>\n',
    )
    expect(root).toMatchObject({ namespace: 'urn:p', name: 'a', text: 'x&yz' })
    expect([...root.attributes]).toEqual([
      ['b', "1 <'"],
      ['{urn:p}c', '2"'],
    ])
    expect(root.children).toMatchObject([{ namespace: 'urn:d', name: 'd' }])
  })

  it('SLO-24 gives the whole text of metadata around a comment', () => {
    expect(parseXml('<a>b<!-- c - d -->e</a>', metadataLimits).root.text).toBe('be')
    expect(problemOf(() => parseXml('<a><!-- -- --></a>', metadataLimits))).toBe('malformed')
    expect(problemOf(() => parseXml('<a><!-- --->b</a>', metadataLimits))).toBe('malformed')
    expect(problemOf(() => parseXml('<a><!--', metadataLimits))).toBe('malformed')
  })

  it.each(['\t', '\n', '\r', '\u0085', '\u2028', '\u2029'])(
    'reads back an end of a line as it is: %j',
    (text) => {
      const { root } = parseXml(element('a', { b: text }, text).markup)
      expect([root.attributes.get('b'), root.text]).toEqual([text, text])
    },
  )

  it('reads back every text that we write', () => {
    const character = anyText().filter((text) => problem(`<a>${escapeXml(text)}</a>`) === undefined)
    fc.assert(
      fc.property(character, (text) => {
        const { root } = parseXml(element('a', { b: text }, text).markup)
        expect([root.attributes.get('b'), root.text]).toEqual([text, text])
      }),
    )
  })
})

describe('the encodings', () => {
  it.each(['', 'A', 'AB', 'ABC', 'AB==C', 'AB=', 'A===', 'AB C', 'AB-_', 'AB\n==', 'AR=='])(
    'SLO-19 refuses %j as base64',
    (text) => {
      expect(problemOf(() => decodeBase64(text))).toBe('encoding')
    },
  )

  it('FLD-03 takes one byte order mark before a message, which is no part of it', () => {
    const mark = (count: number) => Buffer.from(`${'\ufeff'.repeat(count)}<a/>`)
    expect(decodeUtf8(mark(1))).toBe('<a/>')
    expect(decodePost(mark(1).toString('base64'))).toBe('<a/>')
    expect(problemOf(() => parseXml(decodeUtf8(mark(2))))).toBe('encoding')
  })

  it('takes line breaks in a form, and nothing that is not UTF-8', () => {
    expect(decodePost('PGEv\r\nPg==')).toBe('<a/>')
    expect(problemOf(() => decodePost('PGEv Pg=='))).toBe('encoding')
    expect(problemOf(() => decodeUtf8(Buffer.from([0x3c, 0xff])))).toBe('encoding')
    expect(problemOf(() => decodeUtf8(Buffer.alloc(262_145)))).toBe('too-large')
    expect(problemOf(() => decodePost('A'.repeat(600_000)))).toBe('too-large')
  })
})

describe('what nobody thought of', () => {
  const goods = [signed(response(), { element: 'Response' }), response(signed(assertion()))]
  const logout = signed(logoutRequest())
  const snippets = [
    '<',
    '>',
    '&',
    '"',
    "'",
    '/',
    '!',
    '?',
    '=',
    ':',
    '-',
    ' ',
    '\n',
    '\0',
    'xmlns=',
    'ID="a"',
    '<a>',
    '</a>',
    '<!--',
    '-->',
    ']]>',
    '<ds:Object/>',
    '&#x41;',
    'é',
  ]
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat({ max: 40 }),
    insert: fc.oneof(fc.constantFrom(...snippets), fc.string()),
  })
  const changed = (xml: string, { at, drop, insert }: { at: number; drop: number; insert: string }) => {
    const position = Math.floor(at * xml.length)
    return xml.slice(0, position) + insert + xml.slice(position + drop)
  }

  it('SLO-20 is read as it was signed, or refused by a word, whatever is changed', () => {
    const read = (xml: string) => {
      const document = parseXml(xml)
      const { root } = verifySignature(document, document.root, [provider.publicKey])
      return readLogoutRequest(root, logoutRules, [])
    }
    const expected = read(logout)
    fc.assert(
      fc.property(change, (one) => {
        problemOf(() => expect(read(changed(logout, one))).toEqual(expected))
      }),
      { numRuns: 500 },
    )
  })

  it.each(goods)('SLO-20 the login is read as it was signed, or refused by a word', (good) => {
    const read = (xml: string) => {
      const login = verifyLoginResponse(xml, loginRules)
      return login.kind === 'assertion' ? login.assertion : undefined
    }
    const expected = read(good)
    fc.assert(
      fc.property(change, (one) => {
        problemOf(() => {
          const found = read(changed(good, one))
          if (found !== undefined) expect(found).toEqual(expected)
        })
      }),
      { numRuns: 300 },
    )
  })

  it('SLO-26 lets no stranger make it canonicalize a whole document', () => {
    const filler = '<b0:d b1:x="" b2:x="" b3:x="" b4:x=""/>'.repeat(1500)
    const declared = Array.from({ length: 25 }, (_, index) => ` xmlns:b${index}="urn:b${index}"`).join('')
    const millisecondsFor = (key: typeof provider.privateKey) => {
      const forged = signed(logoutRequest(), { key })
        .replace('<samlp:LogoutRequest', `<samlp:LogoutRequest${declared}`)
        .replace('</samlp:LogoutRequest>', `${filler}</samlp:LogoutRequest>`)
      const document = parseXml(forged)
      const began = performance.now()
      expect(problemOf(() => verifySignature(document, document.root, [provider.publicKey]))).toBe(
        'signature',
      )
      return performance.now() - began
    }
    expect(millisecondsFor(stranger.privateKey) * 3).toBeLessThan(millisecondsFor(provider.privateKey))
  })

  it('SLO-26 takes no longer than its size, however it is built', () => {
    const rows = [
      `<a ${'b'.repeat(200_000)}="c"/>`,
      `<a>${'&amp;'.repeat(50_000)}</a>`,
      `<a b="${'&#x41;'.repeat(40_000)}"/>`,
      `<a ${' '.repeat(250_000)}`,
      `<${'a'.repeat(250_000)}`,
      `<a>${'<'.repeat(250_000)}`,
      `<a>${'<b>c</b>'.repeat(4000)}</a>`,
      `<a ${Array.from({ length: 32 }, (_, index) => `xmlns:b${index}="urn:${'c'.repeat(1000)}"`).join(' ')}>${'<b0:d/>'.repeat(4000)}</a>`,
    ]
    for (const xml of rows) {
      const began = performance.now()
      problem(xml)
      expect(performance.now() - began).toBeLessThan(2000)
    }
  })
})
