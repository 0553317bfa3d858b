import { describe, expect, it } from 'vitest'
import { samlFaultNames } from '../../src/emulator/faults/saml.js'
import type { Emulator, SamlFaults, SamlMessageFault } from '../../src/emulator/index.js'
import { parseXml } from '../../src/emulator/saml/parse.js'
import { verifyXml } from '../../src/emulator/saml/signature.js'
import { createBrowser } from './browser.js'
import {
  addressesOf,
  createSamlEmulator,
  formOf,
  providerKeys,
  relyingParty,
  signInAt,
} from './saml-world.js'

const { entityId, acsUrl, slo } = addressesOf('benefits')
const byPost = {
  serviceProviders: [
    { entityId, acsUrl, logout: { post: slo }, certificate: providerKeys.benefits.certificate },
  ],
}

/** The LogoutRequest that the next /logout leads to. */
async function logoutRequest(emulator: Emulator) {
  const browser = createBrowser(emulator)
  await signInAt(emulator, relyingParty(emulator), { browser })
  return formOf(await browser.get('/logout'))
}

/** Whether a strict reader takes the message: well-formed, no DTD, no comment, signed with a trusted algorithm. */
function isTaken(emulator: Emulator, text: string) {
  try {
    verifyXml(text, parseXml(text), emulator.saml.certificates)
    return true
  } catch {
    return false
  }
}

describe('faults of a Response', () => {
  it.each<[SamlMessageFault, (xml: string) => boolean]>([
    ['unsigned', (xml) => !xml.includes('<ds:Signature')],
    ['sha1', (xml) => xml.includes('rsa-sha1')],
    ['wrong-key', (xml) => xml.includes('rsa-sha256')],
    ['wrong-destination', (xml) => xml.includes('Destination="https://elsewhere.example/saml"')],
    ['wrong-issuer', (xml) => xml.includes('<saml:Issuer>https://elsewhere.example/saml<')],
    ['wrong-in-response-to', (xml) => xml.includes('InResponseTo="_')],
    ['wrong-audience', (xml) => xml.includes('<saml:Audience>https://elsewhere.example/saml<')],
    ['wrong-recipient', (xml) => xml.includes('Recipient="https://elsewhere.example/saml"')],
    ['expired', (xml) => xml.includes('NotOnOrAfter')],
    ['wrapped', (xml) => xml.includes('mallory@evil.example') && xml.split('<saml:Assertion').length === 3],
    ['two-roots', (xml) => xml.split('<samlp:Response').length === 3],
    ['comment', (xml) => /<saml:NameID[^>]*>[^<]+<!---->[^<]+</.test(xml)],
    ['doctype', (xml) => xml.startsWith('<!DOCTYPE')],
  ])('%s', async (fault, isThere) => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator, 'benefits', { validateInResponseTo: 'always' as never })
    emulator.faults.set({ saml: { response: fault } })
    const { fields, xml } = await signInAt(emulator, saml)
    expect(isThere(xml)).toBe(true)
    const known = ['unsigned', 'wrong-key', 'wrong-in-response-to', 'wrong-audience', 'expired']
    if (known.includes(fault)) await expect(saml.validatePostResponseAsync(fields)).rejects.toThrow()
    emulator.faults.clear()
    const after = await signInAt(emulator, saml)
    await expect(saml.validatePostResponseAsync(after.fields)).resolves.toMatchObject({ loggedOut: false })
  })

  it('replayed: the ID of the one before', async () => {
    const emulator = await createSamlEmulator()
    const idOf = async () => /ID="([^"]*)"/.exec((await signInAt(emulator, relyingParty(emulator))).xml)?.[1]
    const first = await idOf()
    emulator.faults.set({ saml: { response: ['replayed'] } })
    expect(await idOf()).toBe(first)
    emulator.faults.clear()
    expect(await idOf()).not.toBe(first)
  })

  it('late: after a LogoutRequest for the session that it begins', async () => {
    const emulator = await createSamlEmulator(byPost)
    const saml = relyingParty(emulator)
    emulator.faults.set({ saml: { response: 'late' } })
    const { browser, action, fields } = await signInAt(emulator, saml)
    expect([action, Object.keys(fields)]).toEqual([slo, ['SAMLRequest', 'RelayState']])
    const { profile: asked } = await saml.validatePostRequestAsync(fields)
    if (!asked) throw new Error('no profile')
    const back = new URL(await saml.getLogoutResponseUrlAsync(asked, fields.RelayState ?? '', {}, true))
    const late = await formOf(await browser.get(`${back.pathname}${back.search}`))
    expect(late.action).toBe(acsUrl)
    const { profile } = await saml.validatePostResponseAsync(late.fields)
    expect([profile?.nameID, profile?.sessionIndex]).toEqual([asked.nameID, asked.sessionIndex])
  })
})

describe('faults of a LogoutRequest', () => {
  it.each<[Exclude<SamlFaults['logoutRequest'], readonly unknown[] | undefined>, boolean]>([
    ['unsigned', false],
    ['wrong-key', false],
    ['sha1', false],
    ['wrapped', false],
    ['two-roots', false],
    ['comment', false],
    ['doctype', false],
    ['wrong-destination', true],
    ['wrong-issuer', true],
    ['expired', true],
    ['replayed', true],
  ])('%s (signature good: %s)', async (fault, isGood) => {
    const emulator = await createSamlEmulator(byPost)
    emulator.faults.set({ saml: { logoutRequest: fault } })
    const { xml } = await logoutRequest(emulator)
    expect(isTaken(emulator, xml)).toBe(isGood)
    emulator.faults.clear()
    expect(isTaken(emulator, (await logoutRequest(emulator)).xml)).toBe(true)
  })

  it('orders any request over any binding, ready to be sent', async () => {
    const emulator = await createSamlEmulator({
      serviceProviders: [
        {
          entityId,
          acsUrl,
          logout: { redirect: slo, post: slo, soap: addressesOf('benefits').soap },
          certificate: providerKeys.benefits.certificate,
        },
      ],
    })
    await emulator.saml.response({ serviceProvider: entityId, username: 'ana' })
    const [part] = emulator.saml.participants
    const redirect = await emulator.saml.logoutRequest({ serviceProvider: entityId, relayState: 'x' })
    expect(redirect.xml).toContain(`<samlp:SessionIndex>${part?.sessionIndex}</samlp:SessionIndex>`)
    const { searchParams, search } = new URL(redirect.url)
    await expect(
      relyingParty(emulator).validateRedirectAsync(Object.fromEntries(searchParams), search.slice(1)),
    ).resolves.toMatchObject({ loggedOut: true, profile: { nameID: part?.nameId.value } })
    const post = await emulator.saml.logoutRequest({
      serviceProvider: entityId,
      binding: 'post',
      nameId: 'somebody',
      sessionIndexes: ['a', 'b'],
      overrides: { reason: 'urn:oasis:names:tc:SAML:2.0:logout:admin', notOnOrAfter: undefined },
    })
    expect(post.xml).toContain('<samlp:SessionIndex>a</samlp:SessionIndex><samlp:SessionIndex>b<')
    expect(post.xml).toContain('Reason="urn:oasis:names:tc:SAML:2.0:logout:admin"')
    expect(post.xml).not.toContain('NotOnOrAfter')
    const sent = post.toRequest()
    expect([sent.method, sent.url]).toEqual(['POST', slo])
    const soap = await emulator.saml.logoutRequest({
      serviceProvider: entityId,
      binding: 'soap',
      faults: ['wrong-issuer'],
    })
    expect(soap.body).toContain('elsewhere.example')
    expect(soap.toRequest().headers.get('content-type')).toBe('text/xml; charset=utf-8')
  })
})

describe('faults of a LogoutResponse', () => {
  it.each<[SamlMessageFault, RegExp]>([
    ['wrong-in-response-to', /InResponseTo="_[0-9a-f]{32}"/],
    ['wrong-destination', /Destination="https:\/\/elsewhere/],
    ['wrong-issuer', /Issuer>https:\/\/elsewhere/],
    ['doctype', /^<!DOCTYPE/],
    ['comment', /Issuer>h<!---->/],
    ['two-roots', /<samlp:LogoutResponse.*<samlp:LogoutResponse/s],
    ['wrapped', /<samlp:Extensions><samlp:LogoutResponse/],
  ])('%s', async (fault, pattern) => {
    const emulator = await createSamlEmulator(byPost)
    const message = await emulator.saml.logoutResponse({
      serviceProvider: entityId,
      inResponseTo: '_request',
      faults: [fault],
    })
    expect(message.xml).toMatch(pattern)
    const plain = await emulator.saml.logoutResponse({ serviceProvider: entityId, inResponseTo: '_request' })
    expect(plain.xml).toContain('InResponseTo="_request"')
    expect(isTaken(emulator, plain.xml)).toBe(true)
  })
})

it.each([{ response: 'typo' }, { assertion: 'unsigned' }, { metadata: ['late'] }, 'unsigned', null])(
  'refuses the setting %j',
  async (saml) => {
    const emulator = await createSamlEmulator()
    expect(() => emulator.faults.set({ saml: saml as never })).toThrow(/saml must be an object of faults/)
    expect(Object.keys(samlFaultNames)).toEqual(['response', 'logoutRequest', 'logoutResponse', 'metadata'])
  },
)

it('is steered by hand on the page of the faults', async () => {
  const emulator = await createSamlEmulator(byPost, { control: true })
  await emulator.saml.response({ serviceProvider: entityId, username: 'ana' })
  await emulator.saml.logout({ username: 'ana' })
  const browser = createBrowser(emulator)
  const done = await browser.post('/faults', { 'saml-response': 'comment', 'saml-metadata': 'expired' })
  expect(done.status).toBe(303)
  expect(emulator.faults.settings.saml).toEqual({ response: 'comment', metadata: 'expired' })
  const page = await (await browser.get('/faults')).text()
  expect(page).toContain('<option selected>comment</option>')
  expect(page).toContain(`<td>${entityId}</td><td>nothing</td><td>unreachable unreachable</td>`)
  const before = emulator.saml.certificates.length
  await browser.post('/faults', { do: 'saml-roll-over' })
  expect(emulator.saml.certificates.length).not.toBe(before)
  const wrong = await browser.post('/faults', { 'saml-response': 'typo' })
  expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('an object of faults')])
})
