import {
  constants,
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { isSecureAddress } from '../../src/outbound.js'
import { algorithmFor, isStrongKey, signatureAlgorithms, verifyBytes } from '../../src/saml/algorithms.js'
import { readCertificate } from '../../src/saml/certificate.js'
import { decryptElement } from '../../src/saml/decrypt.js'
import { fetchMetadata } from '../../src/saml/fetch-metadata.js'
import { parseRedirect, signRedirect, verifyRedirect } from '../../src/saml/redirect-signature.js'
import { openName, sealName, subjectOf } from '../../src/saml/stored-name-id.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { createCertificate } from '../support/certificate.js'
import { assertion, idp, logoutRequest, own, problemOf, provider, sp } from './provider.js'

const xmldsig = 'http://www.w3.org/2001/04/xmldsig-more#'
const xml = logoutRequest()

describe('keys and algorithms', () => {
  it('SLO-18 are SHA-256 or better, and never HMAC', () => {
    expect([...signatureAlgorithms.values()].map(({ hash }) => hash)).not.toContain('sha1')
    expect([...signatureAlgorithms.keys()].filter((uri) => /hmac|sha1|md5|dsa-sha1/.test(uri))).toEqual([])
  })

  it('take RSASSA-PSS, and elliptic curves both ways', () => {
    const pss = 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1'
    const value = encodeURIComponent(deflateRawSync(xml).toString('base64'))
    const unsigned = `SAMLRequest=${value}&SigAlg=${encodeURIComponent(pss)}`
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    const bytes = sign('sha256', Buffer.from(unsigned), { key: provider.privateKey, ...padding })
    const query = `${unsigned}&Signature=${encodeURIComponent(bytes.toString('base64'))}`
    expect(verifyRedirect(parseRedirect(query), [provider.publicKey])).toBe(xml)
    const pair = createCertificate(['id.citizen.example'])
    const key = createPrivateKey(pair.key)
    const elliptic = signRedirect({ kind: 'SAMLRequest', xml, key })
    const publicKey = readCertificate(pair.certificate)?.publicKey
    expect(verifyRedirect(parseRedirect(elliptic), publicKey ? [publicKey] : [])).toBe(xml)
    expect(problemOf(() => verifyRedirect(parseRedirect(elliptic), [provider.publicKey]))).toBe('signature')
    const algorithm = signatureAlgorithms.get(`${xmldsig}ecdsa-sha256`)
    if (algorithm === undefined || publicKey === undefined) throw new Error('not there')
    expect(verifyBytes(algorithm, [publicKey], Buffer.from('x'), Buffer.from('y'))).toBe(false)
  })

  it('are strong, and of a kind that SAML knows', () => {
    expect(isStrongKey(provider.publicKey)).toBe(true)
    expect(isStrongKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)).toBe(false)
    expect(isStrongKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)).toBe(false)
    // With the exponent 1 anybody signs.
    const jwk = provider.publicKey.export({ format: 'jwk' })
    for (const e of ['AQ', 'AAAB', 'BA', 'AQAAAAAAAAAB'])
      expect(isStrongKey(createPublicKey({ key: { ...jwk, e }, format: 'jwk' }))).toBe(false)
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    expect(isStrongKey(publicKey)).toBe(false)
    expect(() => algorithmFor(privateKey)).toThrow(TypeError)
  })
})

describe('decryption', () => {
  const enc = 'http://www.w3.org/2001/04/xmlenc#'
  const enc11 = 'http://www.w3.org/2009/xmlenc11#'
  interface Choice {
    readonly transport?: string
    readonly digest?: string
    readonly mask?: string
    readonly oaepHash?: string
    readonly cipher?: string
    readonly more?: string
    readonly keys?: number
    readonly spoil?: boolean
  }

  function sealed(choice: Choice = {}): string {
    const { transport = `${enc11}rsa-oaep`, digest = `${enc}sha256`, mask = `${enc11}mgf1sha256` } = choice
    const key = randomBytes(32)
    const iv = randomBytes(12)
    const aes = createCipheriv('aes-256-gcm', key, iv)
    const body = Buffer.concat([iv, aes.update(assertion()), aes.final(), aes.getAuthTag()])
    if (choice.spoil) body[20] = (body[20] ?? 0) ^ 1
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const wrapped = publicEncrypt({ key: own.publicKey, padding, oaepHash: choice.oaepHash ?? 'sha256' }, key)
    const value = (bytes: Buffer) =>
      `<x:CipherData><x:CipherValue>${bytes.toString('base64')}</x:CipherValue></x:CipherData>`
    const method = `<x:EncryptionMethod Algorithm="${transport}"><ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="${digest}"/><y:MGF xmlns:y="${enc11}" Algorithm="${mask}"/>${choice.more ?? ''}</x:EncryptionMethod>`
    // Beside the data, as SAML allows as well.
    const encryptedKey = `<x:EncryptedKey xmlns:x="${enc}">${method}${value(wrapped)}</x:EncryptedKey>`
    const cipher = choice.cipher ?? `${enc11}aes256-gcm`
    return `<s:EncryptedAssertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion"><x:EncryptedData xmlns:x="${enc}"><x:EncryptionMethod Algorithm="${cipher}"/>${value(body)}</x:EncryptedData>${encryptedKey.repeat(choice.keys ?? 1)}</s:EncryptedAssertion>`
  }
  const open = (text: string, keys = [provider.privateKey, own.privateKey]) =>
    decryptElement(parseXml(text).root, keys, false).root.attributes.get('ID')

  it('opens RSA-OAEP with SHA-256, with whichever of our keys it was made for', () => {
    expect(open(sealed())).toBe('_assertion1')
  })

  it.each<[string, Choice]>([
    ['another mask than the digest', { mask: `${enc11}mgf1sha1` }],
    ['an unknown mask', { mask: `${enc11}mgf1md5` }],
    ['an unknown digest', { digest: 'http://www.w3.org/2001/04/xmldsig-more#md5' }],
    ['PKCS #1 version 1.5', { transport: `${enc}rsa-1_5` }],
    ['OAEP parameters', { more: '<x:OAEPparams>AAAA</x:OAEPparams>' }],
    ['Triple DES', { cipher: `${enc}tripledes-cbc` }],
    ['another length than the cipher', { cipher: `${enc11}aes128-gcm` }],
    ['no key', { keys: 0 }],
    ['two keys', { keys: 2 }],
    ['a byte that was changed', { spoil: true }],
  ])('says the same of %s', (_, choice) => {
    expect(problemOf(() => open(sealed(choice)))).toBe('decryption')
  })

  it('has no use for keys of another kind', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(problemOf(() => open(sealed(), [privateKey]))).toBe('decryption')
  })
})

describe('the name that a session keeps', () => {
  const parties = { identityProvider: idp, serviceProvider: sp }
  const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'

  it('comes back as it was', () => {
    const kept = {
      nameId: { value: 'ana', format: persistent, nameQualifier: idp, spNameQualifier: undefined },
      sessionIndex: 's1',
    }
    expect(openName(sealName(kept))).toEqual(kept)
    expect(openName('[]')).toBeUndefined()
    expect(openName('[null,null,null,null,null]')).toBeUndefined()
  })

  it('is a plain subject where it is usual, and never that of two persons', () => {
    expect(subjectOf({ value: 'ana', format: persistent }, parties)).toBe('ana')
    expect(subjectOf({ value: 'ana', format: persistent, spNameQualifier: sp }, parties)).toBe('ana')
    const names = [
      { value: 'ana', format: persistent },
      { value: 'ana' },
      { value: 'ana', format: persistent, nameQualifier: 'https://other.example' },
      { value: subjectOf({ value: 'ana' }, parties), format: persistent },
    ]
    expect(new Set(names.map((name) => subjectOf(name, parties))).size).toBe(names.length)
    expect(subjectOf({ value: 'a@b.example', format: 'urn:mail' }, parties, 'urn:mail')).toBe('a@b.example')
  })
})

describe('the fetch of metadata', () => {
  it.each([
    ['https://id.example.gov/', true],
    ['http://127.0.0.1:4000/', true],
    ['http://id.localhost/', true],
    ['http://[::1]/', true],
    ['http://id.example.gov/', false],
    ['http://10.0.0.1/', false],
    ['http://169.254.169.254/latest/meta-data', false],
    ['http://127.0.0.1.example.gov/', false],
    ['https://user:secret@id.example.gov/', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['id.example.gov', false],
  ])('of %s: %s', (url, isSecure) => {
    expect(isSecureAddress(url)).toBe(isSecure)
  })

  const ask = (fetch: typeof globalThis.fetch) =>
    fetchMetadata({ url: `${idp}/metadata`, fetch, timeoutSeconds: 0.05, validators: {} })

  it('does not wait for ever, and takes no 304 that it did not ask for', async () => {
    await expect(ask(() => new Promise(() => undefined))).rejects.toMatchObject({ problem: 'timeout' })
    await expect(ask(async () => new Response(null, { status: 304 }))).rejects.toMatchObject({
      problem: 'status',
    })
    await expect(ask(async () => new Response(null))).rejects.toMatchObject({ problem: 'malformed' })
    await expect(ask(async () => new Response(Buffer.from([0xff, 0xfe])))).rejects.toMatchObject({
      problem: 'malformed',
    })
    const long = { headers: { 'content-length': '99999999' } }
    await expect(ask(async () => new Response('<a/>', long))).rejects.toMatchObject({ problem: 'too-large' })
  })
})
