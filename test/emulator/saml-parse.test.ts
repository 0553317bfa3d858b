import { describe, expect, it } from 'vitest'
import { parseXml } from '../../src/emulator/saml/parse.js'
import { addressesOf, createSamlEmulator, soapLogoutRequest } from './saml-world.js'

const { entityId } = addressesOf('benefits')

describe('what service providers send', () => {
  it.each([
    ['a DOCTYPE', '<!DOCTYPE a><a/>'],
    ['an entity', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an unknown entity', '<a>&b;</a>'],
    ['a comment', '<a>b<!---->c</a>'],
    ['a processing instruction', '<a><?b c?></a>'],
    ['two roots', '<a/><a/>'],
    ['no root', ''],
    ['text alone', 'a'],
    ['an open element', '<a><b></a>'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['too deep', `${'<a>'.repeat(60)}${'</a>'.repeat(60)}`],
    ['too many elements', `<a>${'<b/>'.repeat(6000)}</a>`],
    ['too long', `<a>${'b'.repeat(300_000)}</a>`],
  ])('is refused as malformed: %s', (_, text) => {
    expect(() => parseXml(text)).toThrow(expect.objectContaining({ problem: 'malformed', status: 400 }))
  })

  it('is read whole', () => {
    expect(parseXml('<?xml version="1.0"?><a x="&lt;">b<![CDATA[<c>]]><d>e</d></a>')).toMatchObject({
      name: 'a',
      text: 'b<c>e',
      attributes: new Map([['x', '<']]),
    })
  })

  it.each<[string, string, (body: string) => string]>([
    ['signature', 'another name', (body) => body.replace(/(<saml:NameID[^>]*>)[^<]*/, '$1mallory')],
    ['malformed', 'a comment in the name', (body) => body.replace(/(<saml:NameID[^>]*>)/, '$1<!---->')],
    ['unsigned', 'no signature', (body) => body.replace(/<ds:Signature .*<\/ds:Signature>/s, '')],
    [
      'signature',
      'a forged request around the signed one',
      (body) => {
        const [request = ''] = /<samlp:LogoutRequest.*<\/samlp:LogoutRequest>/s.exec(body) ?? []
        const [signature = ''] = /<ds:Signature .*<\/ds:Signature>/s.exec(request) ?? []
        const forged = request
          .replace(/ID="[^"]*"/, 'ID="_forged"')
          .replace(
            signature,
            `${signature}<samlp:Extensions>${request.replace(signature, '')}</samlp:Extensions>`,
          )
        return body.replace(request, forged)
      },
    ],
    [
      'signature',
      'two elements of one ID',
      (body) => body.replace(/ID="([^"]*)"([^>]*>)/, 'ID="$1"$2<x ID="$1"/>'),
    ],
  ])('is refused as %s: %s', async (problem, _, forge) => {
    const emulator = await createSamlEmulator()
    await emulator.saml.response({ serviceProvider: entityId, username: 'ana' })
    const [part] = emulator.saml.participants
    const { body } = soapLogoutRequest('benefits', {
      nameId: part?.nameId.value ?? '',
      sessionIndexes: [],
      now: emulator.clock(),
    })
    const forged = forge(body)
    expect(forged).not.toBe(body)
    const response = await emulator.fetch('/saml/soap', { method: 'POST', body: forged })
    expect([response.status, emulator.saml.refusals[0]?.problem]).toEqual([500, problem])
    expect(emulator.sessions).toHaveLength(1)
    expect((await emulator.fetch('/saml/soap', { method: 'POST', body })).status).toBe(200)
    expect(emulator.sessions).toEqual([])
  })
})
