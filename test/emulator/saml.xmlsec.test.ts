import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SamlOptions } from '../../src/emulator/index.js'
import { certificateBody } from '../../src/emulator/saml/certificate.js'
import { findProgram, howToGet } from '../programs.mjs'
import {
  addressesOf,
  createSamlEmulator,
  formOf,
  providerKeys,
  relyingParty,
  signInAt,
} from './saml-world.js'

const run = promisify(execFile)
const { entityId, acsUrl, slo, soap } = addressesOf('benefits')
const { certificate, privateKey } = providerKeys.benefits
let folder: string
let program: string
/** From 1.3 on a key is not tried unless the document names it, or one says so. */
let lax: readonly string[] = []

beforeAll(async () => {
  const found = findProgram('xmlsec')
  if (found === undefined) throw new Error(howToGet('xmlsec'))
  program = found
  const { stdout } = await run(program, ['--version'])
  if (!/ 1\.2\./.test(stdout)) lax = ['--lax-key-search']
  folder = await mkdtemp(join(tmpdir(), 'citizen-session-'))
})
afterAll(() => rm(folder, { recursive: true }))

const file = async (name: string, content: string) => {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** Rejects unless the signature of an element fits the certificate. */
async function verify(xml: string, element: string, certificateOfSigner: string) {
  const key = await file('certificate.pem', certificateOfSigner)
  const document = await file('message.xml', xml)
  const id = ['--id-attr:ID', element]
  const trusted = ['--enabled-key-data', 'rsa,key-name', '--pubkey-cert-pem', key]
  return run(program, ['--verify', ...lax, ...trusted, ...id, document])
}

const protocol = (name: string) => `urn:oasis:names:tc:SAML:2.0:protocol:${name}`
const assertion = 'urn:oasis:names:tc:SAML:2.0:assertion:Assertion'
const own = { entityId, acsUrl, logout: { post: slo, soap }, certificate }

describe('xmlsec1 verifies', () => {
  it.each<[SamlOptions['signs'], string]>([
    ['assertion', assertion],
    ['response', protocol('Response')],
    ['both', protocol('Response')],
  ])('a Response signed as %s', async (signs, element) => {
    const emulator = await createSamlEmulator({ signs })
    const { xml } = await signInAt(emulator, relyingParty(emulator))
    const [signer = ''] = emulator.saml.certificates
    await expect(verify(xml, element, signer)).resolves.toBeDefined()
    await expect(verify(xml.replace('Ana Archer', 'Eve'), element, signer)).rejects.toThrow()
    await expect(verify(xml, element, certificate)).rejects.toThrow()
  })

  it.each(['post', 'soap'] as const)('a LogoutRequest by %s, and a LogoutResponse', async (binding) => {
    const emulator = await createSamlEmulator({ serviceProviders: [own] })
    const [signer = ''] = emulator.saml.certificates
    const request = await emulator.saml.logoutRequest({ serviceProvider: entityId, binding, nameId: 'a&<b>' })
    const sent = request.body ?? request.xml
    await expect(verify(sent, protocol('LogoutRequest'), signer)).resolves.toBeDefined()
    await expect(verify(sent.replace('a&amp;', 'b'), protocol('LogoutRequest'), signer)).rejects.toThrow()
    const answer = await emulator.saml.logoutResponse({ serviceProvider: entityId, inResponseTo: request.id })
    await expect(verify(answer.xml, protocol('LogoutResponse'), signer)).resolves.toBeDefined()
  })

  it('the metadata', async () => {
    const emulator = await createSamlEmulator()
    const [signer = ''] = emulator.saml.certificates
    await expect(
      verify(await emulator.saml.metadata(), 'urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor', signer),
    ).resolves.toBeDefined()
  })

  it.each([
    ['aes256-gcm', 'http://www.w3.org/2009/xmlenc11#aes256-gcm'],
    ['aes256-cbc', 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'],
  ] as const)('and decrypts an assertion: %s', async (encrypt, algorithm) => {
    const emulator = await createSamlEmulator({ serviceProviders: [{ ...own, encrypt }] })
    const { xml } = await signInAt(emulator, relyingParty(emulator))
    expect(xml).toContain(`Algorithm="${algorithm}"`)
    const key = await file('key.pem', privateKey)
    const { stdout } = await run(program, [
      '--decrypt',
      ...lax,
      '--privkey-pem',
      key,
      await file('encrypted.xml', xml),
    ])
    expect(stdout).toContain('Ana Archer')
    const [signer = ''] = emulator.saml.certificates
    await expect(verify(stdout, assertion, signer)).resolves.toBeDefined()
  })
})

describe('xmlsec1 signs', () => {
  it('a LogoutRequest that the identity provider takes by POST', async () => {
    const emulator = await createSamlEmulator({ serviceProviders: [own] })
    await emulator.saml.response({ serviceProvider: entityId, username: 'ana' })
    const name = emulator.saml.participants[0]?.nameId.value
    const ds = 'http://www.w3.org/2000/09/xmldsig#'
    const template = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_x1" Version="2.0" IssueInstant="${new Date(emulator.clock()).toISOString()}" Destination="${emulator.saml.logoutUrl}"><saml:Issuer>${entityId}</saml:Issuer><ds:Signature xmlns:ds="${ds}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#_x1"><ds:Transforms><ds:Transform Algorithm="${ds}enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificateBody(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature><saml:NameID>${name}</saml:NameID></samlp:LogoutRequest>`
    const key = await file('signer.pem', privateKey)
    const id = ['--id-attr:ID', protocol('LogoutRequest')]
    const { stdout } = await run(program, [
      '--sign',
      ...lax,
      '--privkey-pem',
      key,
      ...id,
      await file('template.xml', template),
    ])
    const body = new URLSearchParams({ SAMLRequest: Buffer.from(stdout).toString('base64') })
    const { action } = await formOf(await emulator.fetch('/saml/slo', { method: 'POST', body }))
    expect(action).toBe(slo)
    expect(emulator.sessions).toEqual([])
    expect(emulator.saml.refusals).toEqual([])
  })
})
