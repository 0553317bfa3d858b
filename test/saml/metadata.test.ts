import { describe, expect, it } from 'vitest'
import { type Certificate, readCertificate } from '../../src/saml/certificate.js'
import { parseDuration } from '../../src/saml/duration.js'
import { readMetadata } from '../../src/saml/metadata.js'
import { createMetadataSource } from '../../src/saml/metadata-source.js'
import type { MetadataWarning } from '../../src/saml/metadata-warnings.js'
import { writeOwnMetadata } from '../../src/saml/own-metadata.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { signXml, verifySignature } from '../../src/saml/xml/signature.js'
import { createCertificate } from '../support/certificate.js'
import { createKeyPair, idp, instant, now, own, problemOf, provider, sp, stranger } from './provider.js'

const redirect = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'
const post = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'
const key = (certificate: string, use = ' use="signing"') =>
  `<md:KeyDescriptor${use}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>\n${certificate.replace(/.{64}/g, '$&\n')}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
const signOn = (location = `${idp}/sso`) =>
  `<md:SingleSignOnService Binding="${redirect}" Location="${location}"/>`

interface MetadataParts {
  readonly attributes?: string
  readonly role?: string
  readonly keys?: string
  readonly logout?: string
  readonly signOn?: string
  readonly entityId?: string
}

function metadata(parts: MetadataParts = {}): string {
  const keys = parts.keys ?? key(provider.certificate.base64)
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_metadata1" entityID="${parts.entityId ?? idp}"${parts.attributes ?? ''}><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"${parts.role ?? ''}>${keys}${parts.logout ?? ''}${parts.signOn ?? signOn()}</md:IDPSSODescriptor></md:EntityDescriptor>`
}

const rules = {
  entityId: undefined as string | undefined,
  pinned: [] as readonly Certificate['publicKey'][],
  now,
  isAllowed: (url: string) => url.startsWith('https://'),
}
const read = (xml: string, more: Partial<typeof rules> = {}) => readMetadata(xml, { ...rules, ...more })
const signedBy = (pair: typeof provider, xml = metadata()) =>
  signXml({ xml, key: pair.privateKey, certificate: pair.certificate.base64 })

describe('metadata of the identity provider', () => {
  it('gives keys, addresses and limits', () => {
    const logout = `<md:SingleLogoutService Binding="${post}" Location="${idp}/slo" ResponseLocation="${idp}/slo/done"/><md:SingleLogoutService Binding="urn:example:pigeon" Location="x:y"/>`
    const found = read(
      metadata({
        logout,
        attributes: ` validUntil="${instant(86_400)}" cacheDuration="PT2H"`,
        role: ' cacheDuration="PT1H"',
      }),
    )
    expect(found).toMatchObject({
      entityId: idp,
      signOn: [{ binding: 'redirect', location: `${idp}/sso`, responseLocation: `${idp}/sso` }],
      logout: [{ binding: 'post', location: `${idp}/slo`, responseLocation: `${idp}/slo/done` }],
      validUntil: now + 86_400_000,
      cacheSeconds: 3600,
    })
    expect(found.certificates.map(({ fingerprint }) => fingerprint)).toEqual([
      provider.certificate.fingerprint,
    ])
  })

  it('SLO-30 takes every certificate for signing, and no other', () => {
    const keys = [
      key(provider.certificate.base64),
      key(stranger.certificate.base64, ''),
      key(own.certificate.base64, ' use="encryption"'),
      key(createKeyPair(undefined, 1024).certificate.base64),
      key('AAAA'),
    ]
    const found = read(metadata({ keys: keys.join('') })).certificates.map(({ fingerprint }) => fingerprint)
    expect(found).toEqual([provider.certificate.fingerprint, stranger.certificate.fingerprint])
  })

  it('finds its provider among many, with the limits of all around it', () => {
    const other = metadata({ entityId: 'https://other.example' }).replace('_metadata1', '_metadata2')
    const many = (outer = '') =>
      `<?xml version="1.0" encoding="UTF-8"?>\n<!-- a federation -->\n<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"${outer}><md:EntitiesDescriptor>${metadata()}</md:EntitiesDescriptor>${other}</md:EntitiesDescriptor>`
    expect(read(many(` validUntil="${instant(60)}"`), { entityId: idp })).toMatchObject({
      entityId: idp,
      validUntil: now + 60_000,
    })
    expect(problemOf(() => read(many()))).toBe('entity')
    expect(problemOf(() => read(many(), { entityId: 'https://third.example' }))).toBe('entity')
    expect(problemOf(() => read(many(` validUntil="${instant(0)}"`), { entityId: idp }))).toBe('expired')
  })

  it('checks the signature against the pinned certificate', () => {
    const pinned = [provider.publicKey]
    expect(read(signedBy(provider), { pinned }).entityId).toBe(idp)
    expect(problemOf(() => read(metadata(), { pinned }))).toBe('signature')
    expect(problemOf(() => read(signedBy(stranger), { pinned }))).toBe('signature')
    expect(problemOf(() => read(signedBy(provider).replace('/sso', '/s5o'), { pinned }))).toBe('signature')
  })

  const rows: readonly (readonly [string, string, string])[] = [
    ['SLO-30 validity that is over', 'expired', metadata({ attributes: ` validUntil="${instant(0)}"` })],
    [
      'SLO-30 validity of the role that is over',
      'expired',
      metadata({ role: ` validUntil="${instant(-1)}"` }),
    ],
    ['no key', 'no-usable-key', metadata({ keys: '' })],
    ['no address', 'endpoint', metadata({ signOn: '' })],
    ['a script as address', 'endpoint', metadata({ signOn: signOn('javascript:alert(1)') })],
    ['an address in the clear', 'endpoint', metadata({ signOn: signOn('http://id.citizen.example/') })],
    ['a service provider', 'role', metadata().replaceAll('IDPSSODescriptor', 'SPSSODescriptor')],
    ['SAML 1.1', 'role', metadata().replace(':SAML:2.0:protocol', ':SAML:1.1:protocol')],
    ['a time that is none', 'malformed', metadata({ attributes: ' validUntil="tomorrow"' })],
    ['a DOCTYPE', 'malformed', `<!DOCTYPE x>${metadata()}`],
    ['no XML', 'malformed', '{}'],
    ['another document', 'entity', '<html/>'],
  ]
  it.each(rows)('%s: %s', (_, problem, xml) => {
    expect(problemOf(() => read(xml, problem === 'role' ? { entityId: idp } : {}))).toBe(problem)
  })

  it('reads durations', () => {
    const durations = ['PT1H', 'P1DT1S', 'PT0.5S', 'P1Y', 'P1M', '-PT1H', 'P', 'PT', 'PT1H ', '3600']
    expect(durations.map(parseDuration)).toEqual([
      3600,
      86_401,
      0,
      31_536_000,
      2_592_000,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('takes elliptic curves, and no key that is weak', () => {
    const elliptic = createCertificate(['id.citizen.example'], now).certificate
    expect(readCertificate(elliptic)?.publicKey.asymmetricKeyType).toBe('ec')
    expect(readCertificate('nonsense')).toBeUndefined()
  })
})

/** A metadata endpoint in a variable, and a source that polls it. */
function createPolled(more: { readonly validUntilSeconds?: number; readonly keepSeconds?: number } = {}) {
  const state = {
    time: now,
    xml: metadata({ attributes: ' cacheDuration="PT1H"' }),
    etag: '"1"',
    status: 200,
  }
  const requests: Record<string, string>[] = []
  const warnings: MetadataWarning[] = []
  const source = createMetadataSource({
    url: `${idp}/metadata`,
    entityId: idp,
    pinned: [],
    isAllowed: (url) => url.startsWith('https://'),
    clock: () => state.time,
    timeoutSeconds: 5,
    pollSeconds: 3600,
    keepSeconds: more.keepSeconds ?? 86_400,
    warnSeconds: 30 * 86_400,
    warn: (warning) => warnings.push(warning),
    fetch: async (_url, init) => {
      const headers = Object.fromEntries(new Headers(init?.headers))
      requests.push(headers)
      if (state.status === 0) throw new TypeError('fetch failed')
      if (state.status !== 200)
        return new Response('', { status: state.status, headers: { location: 'https://other.example/' } })
      if (headers['if-none-match'] === state.etag) return new Response(null, { status: 304 })
      return new Response(state.xml, { headers: { etag: state.etag } })
    },
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { state, requests, warnings, source, settle }
}

describe('the source of metadata', () => {
  it('polls when the cache duration is over, with a conditional request, in the background', async () => {
    const { source, state, requests, settle } = createPolled()
    const [first, second] = await Promise.all([source.current(), source.current()])
    expect(first).toBe(second)
    state.time += 3599_000
    await source.current()
    expect(requests).toHaveLength(1)
    state.time += 1000
    expect(await source.current()).toBe(first)
    await settle()
    expect(requests[1]).toMatchObject({ 'if-none-match': '"1"' })
    Object.assign(state, {
      etag: '"2"',
      xml: metadata({ keys: key(stranger.certificate.base64) }),
      time: state.time + 3600_000,
    })
    await source.current()
    await settle()
    expect((await source.current()).certificates[0]?.fingerprint).toBe(stranger.certificate.fingerprint)
  })

  it('keeps the last good one up to its limit, and says so once', async () => {
    const { source, state, requests, warnings, settle } = createPolled({ keepSeconds: 7200 })
    await source.current()
    for (const status of [0, 503, 302, 200]) {
      Object.assign(state, { status, xml: 'nonsense', etag: '"2"', time: state.time + 1_790_000 })
      await source.current()
      await settle()
    }
    expect(requests.length).toBeGreaterThan(2)
    expect(warnings.map(({ code }) => code)).toEqual(['saml-metadata-unavailable'])
    state.time += 60_000
    await expect(source.current()).rejects.toMatchObject({
      code: 'saml-metadata',
      isTransient: true,
      status: 503,
    })
    const count = requests.length
    await expect(source.current()).rejects.toMatchObject({ problem: 'malformed' })
    expect(requests).toHaveLength(count)
  })

  it('HLD-05 asks again at once, and for what it has, when the clock was ahead and is put back', async () => {
    const { source, state, requests, settle } = createPolled({ keepSeconds: 7200 })
    Object.assign(state, { status: 0, time: now + 86_400_000 })
    await expect(source.current()).rejects.toMatchObject({ isTransient: true })
    Object.assign(state, { status: 200, time: now })
    expect((await source.current()).entityId).toBe(idp)

    state.time = now + 86_400_000
    await source.current()
    await settle()
    Object.assign(state, { status: 503, time: now })
    const count = requests.length
    await source.current()
    await settle()
    expect(requests).toHaveLength(count + 1)
    state.time = now + 7_201_000
    await expect(source.current()).rejects.toMatchObject({ status: 503 })
    Object.assign(state, { status: 200, time: now })
    expect(await source.renewed()).toMatchObject({ entityId: idp })
  })

  it('does not ask again with every message while the provider only says that its expired metadata is unchanged', async () => {
    const { source, state, requests, settle } = createPolled()
    state.xml = metadata({ attributes: ` validUntil="${instant(3600)}"` })
    await source.current()
    state.time += 3600_000
    for (let turn = 0; turn < 5; turn += 1) {
      await expect(source.current()).rejects.toMatchObject({ problem: 'expired' })
    }
    await settle()
    expect(requests).toHaveLength(2)
    Object.assign(state, { etag: '"2"', xml: metadata({}), time: state.time + 30_000 })
    expect((await source.current()).entityId).toBe(idp)
  })

  it('SLO-30 refuses what is no longer valid, and warns before certificates end', async () => {
    const { source, state, warnings, settle } = createPolled()
    const ending = createKeyPair(now + 40 * 86_400_000)
    state.xml = metadata({
      keys: key(ending.certificate.base64),
      attributes: ` validUntil="${instant(45 * 86_400)}"`,
    })
    await source.current()
    expect(warnings).toEqual([])
    state.time += 11 * 86_400_000
    await source.current().catch(() => undefined)
    await settle()
    await source.current()
    expect(warnings.map(({ code }) => code)).toEqual(['saml-certificate-expires'])
    state.time += 30 * 86_400_000
    await source.current()
    expect(warnings.map(({ code }) => code)).toContain('saml-certificate-expired')
    state.time += 5 * 86_400_000
    await expect(source.current()).rejects.toMatchObject({ problem: 'expired' })
  })

  it('HLD-14 fetches anew for an unknown key, five times for anybody and then once in five seconds', async () => {
    const { source, state, requests } = createPolled()
    await source.current()
    for (let call = 0; call < 5; call += 1) expect(await source.renewed()).toMatchObject({ entityId: idp })
    expect(await source.renewed()).toBeUndefined()
    expect(requests).toHaveLength(6)
    Object.assign(state, { etag: '"2"', xml: metadata({ keys: key(stranger.certificate.base64) }) })
    state.time += 4999
    expect(await source.renewed()).toBeUndefined()
    state.time += 1
    expect((await source.renewed())?.certificates[0]?.fingerprint).toBe(stranger.certificate.fingerprint)
    expect(await source.renewed()).toBeUndefined()
    expect(requests).toHaveLength(7)
    state.time -= 60_000
    expect(await source.renewed()).toMatchObject({ entityId: idp })
  })

  it('HLD-14 fetches anew for a login whatever strangers have asked for, and after it came', async () => {
    const { source, state } = createPolled()
    await source.current()
    for (let call = 0; call < 9; call += 1) await source.renewed()
    state.time += 5000
    const theirs = source.renewed()
    Object.assign(state, { etag: '"2"', xml: metadata({ keys: key(stranger.certificate.base64) }) })
    const renewed = await source.renewed('login')
    await theirs
    expect(renewed?.certificates[0]?.fingerprint).toBe(stranger.certificate.fingerprint)
  })

  it('HLD-14 fetches anew for logins ten times in vain, then once in five seconds', async () => {
    const { source, state, requests } = createPolled()
    await source.current()
    for (let login = 0; login < 200; login += 1) await source.renewed('login')
    expect(requests).toHaveLength(11)
    Object.assign(state, { etag: '"2"', xml: metadata({ keys: key(stranger.certificate.base64) }) })
    state.time += 4999
    expect(await source.renewed('login')).toBeUndefined()
    state.time += 1
    const renewed = await source.renewed('login')
    expect(renewed?.certificates[0]?.fingerprint).toBe(stranger.certificate.fingerprint)
    // What anybody may ask for is not used up by logins.
    expect(await source.renewed()).toMatchObject({ entityId: idp })
  })

  it('HLD-14 counts for logins only what brought no new key: certificates may change as often as they do', async () => {
    const { source, state } = createPolled()
    await source.current()
    for (let change = 0; change < 12; change += 1) {
      const { certificate } = change % 2 === 0 ? stranger : provider
      Object.assign(state, { etag: `"n${change}"`, xml: metadata({ keys: key(certificate.base64) }) })
      const twenty = Array.from({ length: 20 }, () => source.renewed('login'))
      for (const renewed of await Promise.all(twenty))
        expect(renewed?.certificates[0]?.fingerprint).toBe(certificate.fingerprint)
      for (let junk = 0; junk < 3; junk += 1) await source.renewed('login')
    }
  })

  it('FLD-07 fetches anew for anybody after a poll that had been under way', async () => {
    const { source, state, requests } = createPolled()
    await source.current()
    state.time += 3600_000
    await source.current()
    expect(requests).toHaveLength(2)
    Object.assign(state, { etag: '"2"', xml: metadata({ keys: key(stranger.certificate.base64) }) })
    const renewed = await source.renewed()
    expect(renewed?.certificates[0]?.fingerprint).toBe(stranger.certificate.fingerprint)
    expect(requests).toHaveLength(3)
  })

  it('FLD-07 fetches anew for a message that comes while a fetch for junk is under way', async () => {
    const { source, state, requests } = createPolled()
    await source.current()
    const junk = source.renewed()
    Object.assign(state, { etag: '"2"', xml: metadata({ keys: key(stranger.certificate.base64) }) })
    const messages = [source.renewed(), source.renewed()]
    expect((await junk)?.certificates[0]?.fingerprint).toBe(provider.certificate.fingerprint)
    for (const renewed of await Promise.all(messages))
      expect(renewed?.certificates[0]?.fingerprint).toBe(stranger.certificate.fingerprint)
    expect(requests).toHaveLength(3)
  })

  it('FLD-07 takes what a fetch has brought, also where no other is allowed', async () => {
    const { source, state, requests } = createPolled()
    await source.current()
    for (let call = 0; call < 5; call += 1) await source.renewed()
    Object.assign(state, { etag: '"2"', xml: metadata({ keys: key(stranger.certificate.base64) }) })
    const theirs = source.renewed('login')
    const renewed = await source.renewed()
    await theirs
    expect(renewed?.certificates[0]?.fingerprint).toBe(stranger.certificate.fingerprint)
    expect(requests).toHaveLength(7)
  })

  it('does not follow redirects, nor read without end', async () => {
    const { source, state } = createPolled()
    state.status = 302
    await expect(source.current()).rejects.toMatchObject({ problem: 'status' })
    const long = createPolled()
    long.state.xml = 'x'.repeat(5_000_000)
    await expect(long.source.current()).rejects.toMatchObject({ problem: 'too-large' })
  })
})

describe('our own metadata', () => {
  it('names both keys of a roll-over and every address, and is signed', () => {
    const xml = writeOwnMetadata({
      id: '_own',
      entityId: sp,
      certificates: [own.certificate, provider.certificate],
      invitesEncryption: true,
      assertionConsumer: 'https://benefits.citizen.example/session/saml/acs',
      logout: 'https://benefits.citizen.example/session/saml/slo',
      soap: 'https://benefits.citizen.example/session/saml/soap',
      nameIdFormats: ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
      validUntil: now + 86_400_000,
      cacheSeconds: 3600,
    })
    const signed = signXml({ xml, key: own.privateKey, certificate: own.certificate.base64 })
    const document = parseXml(signed)
    const { root } = verifySignature(document, document.root, [own.publicKey])
    expect(root.attributes.get('entityID')).toBe(sp)
    const [role] = root.children
    const names = role?.children.map(({ name, attributes }) =>
      [name, attributes.get('use') ?? attributes.get('Binding')?.split(':').at(-1) ?? ''].join(' '),
    )
    expect(names).toEqual([
      'KeyDescriptor signing',
      'KeyDescriptor encryption',
      'KeyDescriptor signing',
      'KeyDescriptor encryption',
      'SingleLogoutService HTTP-Redirect',
      'SingleLogoutService HTTP-POST',
      'SingleLogoutService SOAP',
      'NameIDFormat ',
      'AssertionConsumerService HTTP-POST',
    ])
  })
})
