import { X509Certificate } from 'node:crypto'
import * as samlify from 'samlify'
import { describe, expect, it } from 'vitest'
import { namespaces } from '../../src/emulator/saml/names.js'
import { childOf, childrenOf, parseXml } from '../../src/emulator/saml/parse.js'
import { verifyXml } from '../../src/emulator/saml/signature.js'
import { addressesOf, createSamlEmulator, providerKeys, relyingParty, signInAt } from './saml-world.js'

const published = (text: string) =>
  childrenOf(
    childOf(parseXml(text), namespaces.metadata, 'IDPSSODescriptor'),
    namespaces.metadata,
    'KeyDescriptor',
  ).length

describe('the metadata of the identity provider', () => {
  it('is signed, and says where everything is, until when, and with which certificate', async () => {
    const emulator = await createSamlEmulator()
    const response = await emulator.fetch('/saml/metadata')
    expect(response.headers.get('content-type')).toBe('application/samlmetadata+xml')
    const text = await response.text()
    const root = verifyXml(text, parseXml(text), emulator.saml.certificates)
    expect(root.attributes.get('entityID')).toBe('https://id.example.gov/saml/metadata')
    expect(root.attributes.get('cacheDuration')).toBe('PT3600S')
    expect(Date.parse(root.attributes.get('validUntil') ?? '') - emulator.clock()).toBeGreaterThan(
      600_000_000,
    )
    const idp = samlify.IdentityProvider({ metadata: text })
    expect(idp.entityMeta.getSingleSignOnService('redirect')).toBe(emulator.saml.ssoUrl)
    expect(idp.entityMeta.getSingleSignOnService('post')).toBe(emulator.saml.ssoUrl)
    expect(idp.entityMeta.getSingleLogoutService('post')).toBe(emulator.saml.logoutUrl)
    expect(text).toContain(`Location="${emulator.saml.soapUrl}"`)
    const certificate = new X509Certificate(emulator.saml.certificates[0] ?? '')
    expect([certificate.subject, certificate.verify(certificate.publicKey)]).toEqual([
      'CN=id.example.gov',
      true,
    ])
  })

  it('answers 304 to whoever has it, and a new one after its time', async () => {
    const emulator = await createSamlEmulator()
    const first = await emulator.fetch('/saml/metadata')
    const etag = first.headers.get('etag') ?? ''
    const modified = first.headers.get('last-modified') ?? ''
    const ask = (headers: Record<string, string>) => emulator.fetch('/saml/metadata', { headers })
    emulator.travel(60)
    expect((await ask({ 'if-none-match': etag })).status).toBe(304)
    expect((await ask({ 'if-none-match': '"other"', 'if-modified-since': modified })).status).toBe(200)
    expect((await ask({ 'if-modified-since': modified })).status).toBe(304)
    emulator.travel(3600)
    const later = await ask({ 'if-none-match': etag, 'if-modified-since': modified })
    expect([later.status, later.headers.get('etag') === etag]).toEqual([200, false])
  })

  it('rolls over: publishes the next certificate, signs with it, drops the old one', async () => {
    const emulator = await createSamlEmulator()
    const [old] = emulator.saml.certificates
    const saml = relyingParty(emulator)
    expect(await emulator.saml.rollOver()).toBe('published')
    expect([published(await emulator.saml.metadata()), emulator.saml.certificates[0]]).toEqual([2, old])
    const both = relyingParty(emulator)
    await expect(
      saml.validatePostResponseAsync((await signInAt(emulator, saml)).fields),
    ).resolves.toBeDefined()
    expect(await emulator.saml.rollOver()).toBe('switched')
    expect([published(await emulator.saml.metadata()), emulator.saml.certificates[1]]).toEqual([2, old])
    const { fields } = await signInAt(emulator, both)
    await expect(both.validatePostResponseAsync(fields)).resolves.toBeDefined()
    await expect(saml.validatePostResponseAsync(fields)).rejects.toThrow()
    expect(await emulator.saml.rollOver()).toBe('dropped')
    expect(published(await emulator.saml.metadata())).toBe(1)
    expect(emulator.saml.certificates).not.toContain(old)
  })

  it.each([
    ['expired', (text: string) => Date.parse(/validUntil="([^"]*)"/.exec(text)?.[1] ?? '') < Date.now()],
    ['unsigned', (text: string) => !text.includes('<ds:Signature')],
  ] as const)('has the fault %s', async (fault, isThere) => {
    const emulator = await createSamlEmulator()
    expect(isThere(await emulator.saml.metadata())).toBe(false)
    emulator.faults.set({ saml: { metadata: fault } })
    expect(isThere(await emulator.saml.metadata())).toBe(true)
  })

  it('fails as every endpoint can, and counts', async () => {
    const emulator = await createSamlEmulator()
    emulator.faults.set({ status: { 'saml-metadata': 503 } })
    expect((await emulator.fetch('/saml/metadata')).status).toBe(503)
    expect(emulator.requests['saml-metadata']).toBe(1)
  })

  it('is not there without the option', async () => {
    const { createEmulator } = await import('../../src/emulator/index.js')
    const emulator = await createEmulator()
    expect((await emulator.fetch('/saml/metadata')).status).toBe(404)
    expect(() => emulator.saml).toThrow(expect.objectContaining({ code: 'emulator' }))
  })
})

describe('the metadata of a service provider', () => {
  const { entityId, acsUrl, slo } = addressesOf('benefits')
  const { certificate } = providerKeys.benefits
  const metadataOf = async () =>
    relyingParty(await createSamlEmulator()).generateServiceProviderMetadata(null, certificate)

  it('registers it: addresses, certificate, format', async () => {
    const metadata = await metadataOf()
    const emulator = await createSamlEmulator({ serviceProviders: [{ metadata }] })
    const saml = relyingParty(emulator)
    const { action, fields } = await signInAt(emulator, saml)
    expect(action).toBe(acsUrl)
    await expect(saml.validatePostResponseAsync(fields)).resolves.toBeDefined()
    const request = await emulator.saml.logoutRequest({ serviceProvider: entityId })
    expect([request.binding, request.url.split('?')[0]]).toEqual(['post', slo])
  })

  it('is fetched when it is needed, kept while it cannot be fetched, and read again', async () => {
    let answer: string | undefined = await metadataOf()
    let asked = 0
    const fetch: typeof globalThis.fetch = async () => {
      asked += 1
      return answer === undefined ? new Response(null, { status: 503 }) : new Response(answer)
    }
    const metadataUrl = 'https://benefits.example/saml/metadata'
    const emulator = await createSamlEmulator({ serviceProviders: [{ metadataUrl }] }, { fetch })
    const order = () => emulator.saml.response({ serviceProvider: entityId, username: 'ana' })
    expect((await order()).url).toBe(acsUrl)
    await order()
    expect(asked).toBe(1)
    emulator.travel(301)
    const text: string = answer
    answer = undefined
    expect((await order()).url).toBe(acsUrl)
    answer = text.replaceAll(acsUrl, 'https://benefits.example/saml/acs2')
    await emulator.saml.reload()
    expect((await order()).url).toBe('https://benefits.example/saml/acs2')
  })
})
