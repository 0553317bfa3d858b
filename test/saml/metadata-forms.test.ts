/** @module Metadata in every form that XML and its specification allow, for a document that the operator has chosen. */
import { describe, expect, it } from 'vitest'
import { SignedXml } from 'xml-crypto'
import { type FetchedMetadata, fetchMetadata } from '../../src/saml/fetch-metadata.js'
import { readMetadata } from '../../src/saml/metadata.js'
import { createMetadataSource } from '../../src/saml/metadata-source.js'
import type { MetadataWarning } from '../../src/saml/metadata-warnings.js'
import { metadataLimits } from '../../src/saml/xml/gate.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { idp, instant, now, problemOf, provider, stranger } from './provider.js'

const md = 'urn:oasis:names:tc:SAML:2.0:metadata'
const binding = (name: string) => `urn:oasis:names:tc:SAML:2.0:bindings:${name}`
const keys = `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${provider.certificate.base64}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
const signOn = `<SingleSignOnService Binding="${binding('HTTP-Redirect')}" Location="${idp}/sso"/>`
const role = (inner = `${keys}${signOn}`) =>
  `<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${inner}</IDPSSODescriptor>`
const entity = (inner = role(), attributes = '', entityId = idp) =>
  `<EntityDescriptor xmlns="${md}" entityID="${entityId}"${attributes}>${inner}</EntityDescriptor>`
const sibling = (inner: string, attributes = '') =>
  entity(`<Extensions>${inner}</Extensions>`, attributes, 'https://other.example/sp')
const aggregate = (others: string, head = '') =>
  `${head}<EntitiesDescriptor xmlns="${md}" Name="outer">${others}<EntitiesDescriptor Name="inner">${entity()}</EntitiesDescriptor></EntitiesDescriptor>`

const rules = {
  entityId: idp as string | undefined,
  pinned: [] as readonly (typeof provider.publicKey)[],
  now,
  isAllowed: (url: string) => url.startsWith(`${new URL(idp).origin}/`),
}
const read = (xml: string, more: Partial<typeof rules> = {}) => readMetadata(xml, { ...rules, ...more })
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'

/** Signs the root with the library as it comes, whatever is in the document. */
function signed(xml: string, pair = provider): string {
  const signer = new SignedXml({
    privateKey: pair.privateKey,
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: exclusive,
  })
  signer.addReference({
    xpath: '/*',
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
  })
  signer.computeSignature(xml, { prefix: 'ds', location: { reference: '/*', action: 'prepend' } })
  return signer.getSignedXml()
}

describe('FLD-03 metadata is read', () => {
  const forms: Readonly<Record<string, string>> = {
    'with a byte order mark': `\ufeff<?xml version="1.0" encoding="utf-8"?>${entity()}`,
    'with another encoding named, once it is text': `<?xml version="1.0" encoding="UTF-16" ?>${entity()}`,
    'with a style sheet': `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="a.xsl"?>${entity()}<?end?>`,
    'with an instruction inside': entity(`<?source database?>${role()}`),
    'with the prefix xml declared': entity(role(), ' xmlns:xml="http://www.w3.org/XML/1998/namespace"'),
    'with a namespace that is a word': entity(role(), ' xmlns:plain="word"'),
    'with the default namespace taken back': aggregate(
      sibling('<w:note xmlns:w="urn:w" xmlns="">a<b/></w:note>'),
    ),
    'beside CDATA': aggregate(sibling('<note xmlns="urn:n"><![CDATA[Research & <teaching>]]></note>')),
    'beside xml:id': aggregate(sibling('<note xmlns="urn:n" xml:id="n1">x</note>')),
    'beside an ID that begins with a digit': aggregate(sibling('', ' ID="3f2a7c11-80aa"')),
    'beside two equal IDs': aggregate(sibling('', ' ID="_a"') + sibling('', ' ID="_a"')),
    'beside names that are not ASCII': aggregate(sibling('<größe xmlns="urn:n" länge="1"/>')),
    'beside an end that nobody can read': aggregate(sibling('', ' validUntil="soon"')),
    'beside an entity that has ended': aggregate(sibling('', ' validUntil="2020-01-01T00:00:00Z"')),
    'beside itself as an application': aggregate(entity('<SPSSODescriptor/>')),
    'with a duration that is none': entity(role(), ' cacheDuration="1 hour"'),
    'with an end in another zone': entity(role(), ' validUntil="2030-01-01T00:00:00.1234567+01:00"'),
    'with blanks around its addresses': entity(role(), '', ` ${idp} `).replace(
      `"${idp}/sso"`,
      `"\n ${idp}/sso "`,
    ),
  }
  it.each(Object.entries(forms))('%s', (_, xml) => {
    expect(read(xml)).toMatchObject({
      entityId: idp,
      signOn: [{ location: `${idp}/sso` }],
      cacheSeconds: undefined,
    })
  })

  it('with an end that names no zone, in UTC', () => {
    expect(read(entity(role(), ' validUntil="2026-02-01T00:00:00"')).validUntil).toBe(Date.UTC(2026, 1, 1))
    expect(problemOf(() => read(entity(role(), ' validUntil="2026-01-15T13:00:00+02:00"')))).toBe('expired')
  })

  it('with the whole text around what is no text', () => {
    const { root } = parseXml('<a>b<?c d?>e<![CDATA[<&]]><!-- f -->g</a>', metadataLimits)
    expect(root.text).toBe('be<&g')
  })

  it('in UTF-8 and UTF-16, by the byte order mark', async () => {
    const xml = `<?xml version="1.0"?>${entity(role(), ' xmlns:ö="urn:ö"')}`
    const little = Buffer.from(`\ufeff${xml}`, 'utf16le')
    for (const bytes of [Buffer.from(`\ufeff${xml}`), little, Buffer.from(little).swap16()]) {
      const answer: FetchedMetadata = await fetchMetadata({
        url: `${idp}/metadata`,
        fetch: async () => new Response(bytes),
        timeoutSeconds: 5,
        validators: {},
      })
      expect(answer).toMatchObject({ kind: 'document', xml })
    }
  })
})

describe('FLD-03 metadata is refused', () => {
  const never: Readonly<Record<string, string>> = {
    'with a DOCTYPE': `<?xml version="1.0"?><!DOCTYPE EntityDescriptor>${entity()}`,
    'with an entity': entity(`&a;${role()}`),
    'with a DOCTYPE after an instruction': `<?a?><!DOCTYPE a [<!ENTITY b "c">]>${entity()}`,
    'with a second declaration': `<?xml version="1.0"?><?xml version="1.0"?>${entity()}`,
    'with CDATA around it': `<![CDATA[a]]>${entity()}`,
    'with CDATA that does not end': entity(`<![CDATA[${role()}`),
    'with an instruction that does not end': entity(`<?a ${role()}`),
    'with a prefix taken back': entity(role(), ' xmlns:a=""'),
    'with another meaning of xml': entity(role(), ' xmlns:xml="urn:a"'),
    'with another prefix for xml': entity(role(), ' xmlns:a="http://www.w3.org/XML/1998/namespace"'),
    'with a prefix of nothing': entity(`<a:b/>${role()}`),
    'with two byte order marks': `\ufeff\ufeff${entity()}`,
  }
  it.each(Object.entries(never))('%s', (_, xml) => {
    expect(problemOf(() => read(xml))).toBe('malformed')
  })

  it('with words for the operator', () => {
    const explain = (xml: string, more: Partial<typeof rules> = {}) => {
      try {
        read(xml, more)
        return ''
      } catch (error) {
        return String((error as Error).message)
      }
    }
    expect(explain(`<!DOCTYPE a>${entity()}`)).toMatch(/malformed \(a DOCTYPE, .* ever read\)/)
    expect(explain(entity(), { entityId: 'https://typo.example' })).toContain(
      `entity (it describes "${idp}")`,
    )
    expect(explain(entity(), { isAllowed: () => false })).toMatch(/"https:.*\/sso" .* endpointOrigins/)
    expect(explain(entity(role(), '', `a\u202e${'b'.repeat(200)}`))).toMatch(/"a\\u202eb{98}"/)
  })

  const text = signed(entity(role(), ' ID="_m1"'))
  const changes: Readonly<Record<string, (xml: string) => string>> = {
    'another address': (xml) => xml.replace('/sso', '/s5o'),
    'an instruction in the place of a text': (xml) =>
      xml.replace(
        />(MII[^<]*)<\/X509Certificate><\/X509Data><\/KeyInfo><\/KeyD/,
        '><?x $1?></X509Certificate></X509Data></KeyInfo></KeyD',
      ),
    'an empty instruction': (xml) => xml.replace('<IDPSSO', '<?x?><IDPSSO'),
    'a namespace taken back': (xml) => xml.replace('<IDPSSODescriptor', '<IDPSSODescriptor xmlns=""'),
    'the same ID twice': (xml) => xml.replace('<IDPSSODescriptor', '<IDPSSODescriptor xml:id="_m1"'),
    'another ID': (xml) => xml.replace('ID="_m1"', 'ID="_m2"'),
    'another entity around it': (xml) => entity(xml),
  }
  it.each(Object.entries(changes))('signed, and then changed: %s', (_, change) => {
    expect(read(text, { pinned: [provider.publicKey] }).entityId).toBe(idp)
    const changed = change(text)
    expect(changed).not.toBe(text)
    expect(['signature', 'malformed']).toContain(
      problemOf(() => read(changed, { pinned: [provider.publicKey] })),
    )
  })

  it('signed by another key, and not where its signature holds whatever form it has', () => {
    const forms = aggregate(
      sibling(
        '<w:note xmlns:w="urn:w" xmlns="" xml:lang="en"><![CDATA[a & b]]><w:c><d xmlns="urn:d"/></w:c></w:note>',
        ' ID="3f"',
      ),
    ).replace('Name="outer"', 'ID="_outer"')
    const xml = `\ufeff<?xml-stylesheet href="a.xsl"?>${signed(forms)}`
    expect(read(xml, { pinned: [provider.publicKey] }).entityId).toBe(idp)
    expect(problemOf(() => read(xml, { pinned: [stranger.publicKey] }))).toBe('signature')
  })
})

describe('FLD-03 an address that may not be used', () => {
  const logout = (location: string, more = '') =>
    `<SingleLogoutService Binding="${binding('HTTP-Redirect')}" Location="${location}"${more}/>`

  it('costs the single logout alone, and is named in a warning, once', async () => {
    const elsewhere = 'https://logout.example/slo'
    const warnings: MetadataWarning[] = []
    const xml = entity(role(`${keys}${logout(elsewhere)}${signOn}`))
    const source = createMetadataSource({
      url: `${idp}/metadata`,
      entityId: idp,
      pinned: [],
      isAllowed: rules.isAllowed,
      clock: () => now,
      timeoutSeconds: 5,
      pollSeconds: 3600,
      keepSeconds: 86_400,
      warnSeconds: 0,
      warn: (warning) => warnings.push(warning),
      fetch: async () => new Response(xml),
    })
    for (let call = 0; call < 2; call += 1) {
      expect(await source.current()).toMatchObject({ logout: [], signOn: [{ location: `${idp}/sso` }] })
    }
    expect(warnings).toEqual([
      { code: 'saml-logout-address', message: expect.stringContaining(`"${elsewhere}"`) },
    ])
    expect(warnings[0]?.message).toContain('endpointOrigins')
  })

  it.each([
    ['its answers go elsewhere', logout(`${idp}/slo`, ' ResponseLocation="https://logout.example/done"')],
    ['it is not https', logout('http://id.citizen.example/slo')],
    ['it is a script', logout('javascript:alert(1)')],
    ['it is empty', logout('')],
  ])('where %s', (_, service) => {
    const found = read(entity(role(`${keys}${service}${logout(`${idp}/slo2`)}${signOn}`)))
    expect(found.logout.map(({ location }) => location)).toEqual([`${idp}/slo2`])
    expect(found.refusedLogout).toHaveLength(1)
  })

  it('for sign-in leaves the others', () => {
    const other = `<SingleSignOnService Binding="${binding('HTTP-POST')}" Location="https://other.example/"/>`
    const found = read(entity(role(`${keys}${other}${signOn}`), ` validUntil="${instant(60)}"`))
    expect(found.signOn.map(({ location }) => location)).toEqual([`${idp}/sso`])
  })
})
