import { describe, expect, it } from 'vitest'
import { readLogoutRequest } from '../../src/saml/logout-request.js'
import { readLogoutResponse } from '../../src/saml/logout-response.js'
import { verifyLoginResponse } from '../../src/saml/response.js'
import { refuse } from '../../src/saml/saml-error.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { verifySignature } from '../../src/saml/xml/signature.js'
import {
  assertion,
  loginRules,
  logoutRequest,
  logoutResponse,
  logoutRules,
  problemOf,
  provider,
  requestId,
  response,
  signed,
} from './provider.js'

const verified = (xml: string) => {
  const document = parseXml(xml)
  return verifySignature(document, document.root, [provider.publicKey]).root
}

/** A status that says no is a refusal like any other here. */
const login = (xml: string) => {
  const found = verifyLoginResponse(xml, loginRules)
  return found.kind === 'refused' ? refuse('status') : found.assertion
}

/** Every document that differs from the given one in one attribute, one text or one element. */
function* mutants(xml: string): Generator<{ readonly at: number; readonly xml: string }> {
  const replaced = (start: number, end: number, content: string) => ({
    at: start,
    xml: xml.slice(0, start) + content + xml.slice(end),
  })
  for (const { index, 0: found } of xml.matchAll(/ (?:ID|[A-Z][A-Za-z]*|xmlns(?::\w+)?)="[^"]*"/g)) {
    const end = index + found.length
    yield replaced(index, end, found.replace(/="[^"]*"/, '="_mutated"'))
    yield replaced(index, end, found.replace(/="[^"]*"/, '="https://other.example/"'))
    yield replaced(index, end, '')
  }
  for (const { index, 0: found } of xml.matchAll(/>[^<]*</g)) {
    yield replaced(index, index + found.length, '>mutated<')
    yield replaced(index, index + found.length, '><x/><')
  }
  for (const { index, 0: found } of xml.matchAll(/<(\w+:\w+)[^>]*\/>|<(\w+:\w+)[^>]*>[^<]*<\/\2>/g)) {
    yield replaced(index, index + found.length, '')
    yield replaced(index, index + found.length, found + found)
  }
}

const rows: readonly (readonly [string, string, (xml: string) => unknown, string])[] = [
  ['Response', signed(response(), { element: 'Response' }), (xml) => login(xml), ''],
  ['Assertion', response(signed(assertion())), (xml) => login(xml), 'saml:Assertion'],
  ['LogoutRequest', signed(logoutRequest()), (xml) => readLogoutRequest(verified(xml), logoutRules, []), ''],
  [
    'LogoutResponse',
    signed(logoutResponse()),
    (xml) => readLogoutResponse(verified(xml), logoutRules, requestId),
    '',
  ],
]

describe.each(rows)('every single change of a %s', (_, good, read, covered) => {
  it('SLO-20 outside of what is signed changes nothing of what is read, or is refused', () => {
    const expected = read(good)
    let same = 0
    let refused = 0
    for (const { xml } of mutants(good)) {
      const problem = problemOf(() => {
        expect(read(xml)).toEqual(expected)
        same += 1
      })
      if (problem !== undefined) refused += 1
    }
    expect(same + refused).toBeGreaterThan(40)
    expect(refused).toBeGreaterThan(30)
  })

  it('SLO-20 inside of what is signed is refused, but for a declaration that says nothing new', () => {
    const expected = read(good)
    const start = covered === '' ? 0 : good.indexOf(`<${covered}`)
    const end = covered === '' ? good.length : good.indexOf(`</${covered}`)
    for (const { at, xml } of mutants(good)) {
      if (at < start || at >= end) continue
      const problem = problemOf(() => expect(read(xml)).toEqual(expected))
      expect(problem ?? good.slice(at, at + 7)).toMatch(/^[a-z-]+$|^ xmlns:$/)
    }
  })
})
