import { describe, expect, it } from 'vitest'
import { readLogoutRequest, writeLogoutRequest } from '../../src/saml/logout-request.js'
import { readLogoutResponse, writeLogoutResponse } from '../../src/saml/logout-response.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import {
  encrypted,
  idp,
  instant,
  logoutRequest,
  logoutResponse,
  logoutRules,
  now,
  own,
  type Parts,
  problemOf,
  requestId,
  sp,
  stranger,
} from './provider.js'

const request = (parts: Parts = {}, rules = logoutRules) =>
  readLogoutRequest(parseXml(logoutRequest(parts)).root, rules, [own.privateKey])
const answer = (parts: Parts = {}) =>
  readLogoutResponse(parseXml(logoutResponse(parts)).root, logoutRules, requestId)
const issuer = (value: string, attributes = '') => `<saml:Issuer${attributes}>${value}</saml:Issuer>`

describe('a logout request', () => {
  it('SLO-08 names the person and every one of the sessions', () => {
    const indexes = ['s1', 's2', 's1']
      .map((one) => `<samlp:SessionIndex>${one}</samlp:SessionIndex>`)
      .join('')
    expect(request({ indexes })).toEqual({
      id: '_logout1',
      nameId: { value: 'ana' },
      sessionIndexes: ['s1', 's2'],
      expiresAt: now + 330_000,
      isByAdministrator: false,
    })
    expect(request({ indexes: '' }).sessionIndexes).toEqual([])
  })

  it('SLO-07 opens an encrypted name first', () => {
    const name =
      '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:f">ana</saml:NameID>'
    expect(request({ subject: encrypted('EncryptedID', name) }).nameId).toEqual({
      value: 'ana',
      format: 'urn:f',
    })
    expect(request({ subject: encrypted('EncryptedID', name, 'cbc') }).nameId.value).toBe('ana')
    const theirs = encrypted('EncryptedID', name, 'gcm', stranger.publicKey)
    expect(problemOf(() => request({ subject: theirs }))).toBe('decryption')
  })

  it('says when the administrator of the provider asks', () => {
    expect(request({ reason: 'urn:oasis:names:tc:SAML:2.0:logout:admin' }).isByAdministrator).toBe(true)
    expect(request({ reason: 'urn:oasis:names:tc:SAML:2.0:logout:user' }).isByAdministrator).toBe(false)
  })

  it('is remembered for no longer than a day, however late it says it ends', () => {
    expect(request({ notOnOrAfter: instant(10 * 86_400) }).expiresAt).toBe(now + 86_430_000)
  })

  it('SLO-02 takes the issuer with the format of entities', () => {
    const format = ' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"'
    expect(request({ issuer: issuer(idp, format) }).id).toBe('_logout1')
  })

  it('SLO-03 compares destinations by scheme, host, port and path', () => {
    const rows: readonly (readonly [string, string | undefined])[] = [
      [logoutRules.destination.replace('.example/', '.example:443/'), undefined],
      [logoutRules.destination.replace('https:', 'http:'), 'destination'],
      [logoutRules.destination.replace('.example/', '.example:444/'), 'destination'],
      [`${logoutRules.destination}/`, 'destination'],
      [`${logoutRules.destination}?x=y`, 'destination'],
      ['', 'destination'],
      ['slo', 'destination'],
    ]
    for (const [destination, problem] of rows) expect(problemOf(() => request({ destination }))).toBe(problem)
    expect(problemOf(() => request({ destination: undefined }))).toBe('destination')
    const bySoap = { ...logoutRules, isDestinationRequired: false }
    expect(problemOf(() => request({ destination: '' }, bySoap))).toBeUndefined()
    expect(problemOf(() => request({ destination: 'slo' }, bySoap))).toBe('destination')
    expect(problemOf(() => request({ destination: undefined }, bySoap))).toBeUndefined()
  })

  const refused: readonly (readonly [string, string, Parts])[] = [
    ['SLO-02', 'issuer', { issuer: issuer('https://other.example') }],
    ['SLO-02', 'issuer', { issuer: '' }],
    [
      'SLO-02',
      'issuer',
      { issuer: issuer(idp, ' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"') },
    ],
    ['SLO-02', 'issuer', { issuer: issuer(idp, ' NameQualifier="x"') }],
    ['SLO-02', 'structure', { issuer: issuer(idp) + issuer('https://other.example') }],
    ['SLO-04', 'time', { notOnOrAfter: instant(-30) }],
    ['SLO-04', 'time', { notOnOrAfter: undefined, issueInstant: instant(-330) }],
    ['SLO-05', 'time', { issueInstant: instant(31) }],
    ['SLO-05', 'time', { issueInstant: instant(-330), notOnOrAfter: instant(300) }],
    ['SLO-05', 'time', { issueInstant: '2026-01-15T12:00:00+00:00' }],
    ['SLO-05', 'time', { issueInstant: '2026-01-15T12:00:00' }],
    ['SLO-05', 'time', { issueInstant: '2026-13-15T12:00:00Z' }],
    ['SLO-05', 'structure', { issueInstant: undefined }],
    ['SLO-05', 'version', { version: '1.1' }],
    ['SLO-05', 'version', { version: undefined }],
    ['SLO-05', 'structure', { id: undefined }],
    ['SLO-05', 'id', { id: '' }],
    ['SLO-05', 'id', { id: '1abc' }],
    ['SLO-05', 'id', { id: 'a b' }],
    ['SLO-07', 'name-id', { subject: '' }],
    ['SLO-07', 'name-id', { subject: '<saml:NameID/>' }],
    ['SLO-07', 'name-id', { subject: '<saml:BaseID xmlns:x="urn:x"/>' }],
    ['SLO-07', 'name-id', { subject: '<saml:BaseID/><saml:NameID>ana</saml:NameID>' }],
    ['SLO-07', 'structure', { subject: '<saml:NameID>ana</saml:NameID><saml:NameID>bob</saml:NameID>' }],
    ['SLO-24', 'structure', { subject: '<saml:NameID>an<x/>a</saml:NameID>' }],
    ['SLO-24', 'markup', { subject: '<saml:NameID>ana<!-- -->@other</saml:NameID>' }],
    ['SLO-24', 'markup', { subject: '<saml:NameID>ana<?x ?>@other</saml:NameID>' }],
    ['SLO-24', 'markup', { indexes: '<samlp:SessionIndex>s<!-- -->1</samlp:SessionIndex>' }],
    ['SLO-08', 'structure', { indexes: '<samlp:SessionIndex> </samlp:SessionIndex>' }],
    ['SLO-26', 'too-complex', { indexes: '<samlp:SessionIndex>s</samlp:SessionIndex>'.repeat(257) }],
  ]
  it.each(refused)('%s refused as %s: %j', (_, problem, parts) => {
    expect(problemOf(() => request(parts))).toBe(problem)
  })

  it('is not a logout response', () => {
    expect(problemOf(() => readLogoutRequest(parseXml(logoutResponse()).root, logoutRules, []))).toBe(
      'structure',
    )
  })

  it('SLO-13 of ours carries the identical name, the session, an end and an escaped value', () => {
    const nameId = { value: 'a<&>"b', format: 'urn:f', nameQualifier: idp, spNameQualifier: sp }
    const xml = writeLogoutRequest({
      id: '_1',
      issuer: idp,
      destination: logoutRules.destination,
      now,
      notOnOrAfter: now + 60_000,
      nameId,
      sessionIndex: 's1',
    })
    const back = readLogoutRequest(parseXml(xml).root, logoutRules, [])
    expect(back).toMatchObject({ nameId, sessionIndexes: ['s1'] })
    expect(xml).toContain('NotOnOrAfter="2026-01-15T12:01:00.000Z"')
  })
})

describe('a logout response', () => {
  it('SLO-15 has three outcomes', () => {
    expect(answer().outcome).toBe('global')
    expect(answer({ subcode: 'PartialLogout' }).outcome).toBe('partial')
    expect(answer({ subcode: 'SomethingNew' }).outcome).toBe('partial')
    expect(answer({ code: 'Responder' }).outcome).toBe('failed')
    expect(answer({ code: 'Requester', subcode: 'PartialLogout' }).outcome).toBe('failed')
    expect(answer({ code: 'PartialLogout' }).outcome).toBe('failed')
  })

  const refused: readonly (readonly [string, Parts])[] = [
    ['in-response-to', { inResponseTo: '_other' }],
    ['in-response-to', { inResponseTo: undefined }],
    ['issuer', { issuer: issuer('https://other.example') }],
    ['destination', { destination: 'https://other.example/slo' }],
    ['destination', { destination: undefined }],
    ['time', { issueInstant: instant(-330) }],
    ['version', { version: '2.1' }],
  ]
  it.each(refused)('SLO-14 refused as %s: %j', (problem, parts) => {
    expect(problemOf(() => answer(parts))).toBe(problem)
  })

  it('SLO-12 of ours says partial and unknown at the second level', () => {
    const write = (status: Parameters<typeof writeLogoutResponse>[0]['status']) =>
      writeLogoutResponse({
        id: '_2',
        inResponseTo: '_logout1',
        issuer: sp,
        destination: `${idp}/slo`,
        now,
        status,
      })
    const top = (code: string, second: string) =>
      `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${code}"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${second}"/></samlp:StatusCode>`
    expect(write({ code: 'Success', subcode: 'PartialLogout' })).toContain(top('Success', 'PartialLogout'))
    expect(write({ code: 'Requester', subcode: 'UnknownPrincipal' })).toContain(
      top('Requester', 'UnknownPrincipal'),
    )
    expect(write({ code: 'Success', subcode: undefined })).toContain('status:Success"/>')
    expect(write({ code: 'Success', subcode: undefined })).toContain('InResponseTo="_logout1"')
  })
})
