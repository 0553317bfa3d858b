/** @module Documents that readers understand differently: roots, identifiers, comments, entities, namespaces, encodings. */
import type { Attack } from './wrapping.js'

const signaturePattern = /<ds:Signature[\s\S]*?<\/ds:Signature>/

/** Puts an attribute into the root's start tag. */
const withAttribute = (xml: string, attribute: string) => xml.replace(/^(<[\w:]+)/, `$1 ${attribute}`)
const before = (xml: string, mark: string, content: string) => xml.replace(mark, () => content + mark)

/**
 * What can be done to a signed message by somebody without the key. Each is refused, though some of them leave the
 * canonical bytes, and so the signature, as they were.
 */
export function tamper(xml: string): readonly Attack[] {
  const signature = signaturePattern.exec(xml)?.[0] ?? ''
  const digest = /<ds:DigestValue>([^<]*)</.exec(xml)?.[1] ?? ''
  const rows: readonly (readonly [string, string])[] = [
    ['two roots', xml + xml],
    ['two roots, the second forged', xml + xml.replace('>ana<', '>bob<').replace(/ ID="_/, ' ID="_evil')],
    ['text behind the root', `${xml}text`],
    ['a duplicate ID on a child', xml.replace('<saml:Issuer', `<saml:Issuer ID="${idOf(xml)}"`)],
    ['a duplicate ID as Id', xml.replace('<saml:Issuer', `<saml:Issuer Id="${idOf(xml)}"`)],
    ['a duplicate ID as id', xml.replace('<saml:Issuer', `<saml:Issuer id="${idOf(xml)}"`)],
    ['a duplicate ID as xml:id', xml.replace('<saml:Issuer', `<saml:Issuer xml:id="${idOf(xml)}"`)],
    ['ID and Id on the root', withAttribute(xml, 'Id="_evil"')],
    ['ID twice on the root', withAttribute(xml, 'ID="_evil"')],
    ['ID in a namespace on the root', withAttribute(xml, 'samlp:ID="_evil"')],
    ['an attribute that begins as a declaration', withAttribute(xml, 'xmlnsfoo="x"')],
    ['an attribute of two colons', withAttribute(xml, 'a:b:c="x"')],
    ['an attribute without quotes', withAttribute(xml, 'x=y')],
    ['a comment in the issuer', xml.replace('>https://id', '>https://<!---->id')],
    ['a comment in the digest', xml.replace(digest, `<!--${digest.replaceAll('-', '')}-->${digest}`)],
    ['a comment before the root', `<!-- x -->${xml}`],
    ['a processing instruction', before(xml, '</saml:Issuer>', '<?x y?>')],
    ['a CDATA section', before(xml, '</saml:Issuer>', '<![CDATA[x]]>')],
    ['an empty CDATA section', before(xml, '</saml:Issuer>', '<![CDATA[]]>')],
    ['a DOCTYPE', `<!DOCTYPE x>${xml}`],
    ['an internal entity', `<!DOCTYPE x [<!ENTITY a "b">]>${xml.replace('>ana<', '>&a;<')}`],
    ['an external entity', `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${xml}`],
    ['many laughs', `<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;&a;">]>${xml}`],
    ['an ID by an entity', `<!DOCTYPE x [<!ATTLIST saml:Issuer ID ID #FIXED "${idOf(xml)}">]>${xml}`],
    ['an unknown entity', before(xml, '</saml:Issuer>', '&nbsp;')],
    ['a character that is none', before(xml, '</saml:Issuer>', '&#0;')],
    ['a surrogate by its number', before(xml, '</saml:Issuer>', '&#xD800;')],
    ['a relative namespace', withAttribute(xml, 'xmlns:void="1"')],
    ['an empty namespace', withAttribute(xml, 'xmlns:void=""')],
    ['the default namespace taken away', xml.replace('<saml:Issuer', '<saml:Issuer xmlns=""')],
    ['the xml prefix bound', withAttribute(xml, 'xmlns:xml="http://www.w3.org/XML/1998/namespace"')],
    ['the xmlns prefix bound', withAttribute(xml, 'xmlns:xmlns="urn:example:x"')],
    ['a prefix for the declarations', withAttribute(xml, 'xmlns:x="http://www.w3.org/2000/xmlns/"')],
    [
      'a prefix that changes its meaning',
      xml.replace('<saml:Issuer', '<saml:Issuer xmlns:samlp="urn:example:x"'),
    ],
    [
      'a prefix without a namespace',
      xml.replace('<saml:Issuer', '<unbound:Issuer').replace('</saml:Issuer', '</unbound:Issuer'),
    ],
    ['a declaration in capitals', withAttribute(xml, 'XMLNS:x="urn:example:x"')],
    [
      'one attribute by two prefixes',
      withAttribute(xml, 'xmlns:p="urn:example:x" xmlns:q="urn:example:x" p:a="1" q:a="2"'),
    ],
    ['the signature twice', xml.replace(signature, () => signature + signature)],
    [
      'the signature moved into the issuer',
      xml.replace(signature, '').replace('</saml:Issuer>', () => `${signature}</saml:Issuer>`),
    ],
    ['the signature gone', xml.replace(signature, '')],
    [
      'the signature in another namespace',
      xml.replaceAll('http://www.w3.org/2000/09/xmldsig#', 'http://www.w3.org/2000/09/xmldsig'),
    ],
    ['SignedInfo twice', xml.replace(/<ds:SignedInfo>[\s\S]*?<\/ds:SignedInfo>/, (info) => info + info)],
    [
      'a forged SignedInfo first',
      xml.replace('<ds:SignedInfo>', '<ds:SignedInfo></ds:SignedInfo><ds:SignedInfo>'),
    ],
    ['the reference twice', xml.replace(/<ds:Reference[\s\S]*?<\/ds:Reference>/, (one) => one + one)],
    ['the digest twice', xml.replace(/<ds:DigestValue>[\s\S]*?<\/ds:DigestValue>/, (one) => one + one)],
    ['the digest of nothing', xml.replace(digest, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')],
    ['a digest that is cut', xml.replace(digest, digest.slice(0, 8))],
    ['an Object', xml.replace('</ds:Signature>', '<ds:Object/></ds:Signature>')],
    ['a reference to the whole document', xml.replace(/URI="#[^"]*"/, 'URI=""')],
    ['a reference by XPointer', xml.replace(/URI="#([^"]*)"/, `URI="#xpointer(id('$1'))"`)],
    ['a reference to elsewhere', xml.replace(/URI="#[^"]*"/, 'URI="https://other.example/"')],
    ['no reference', xml.replace(/ URI="#[^"]*"/, '')],
    ['HMAC with the public key', xml.replace('xmldsig-more#rsa-sha256', 'xmldsig-more#hmac-sha256')],
    [
      'HMAC-SHA-1',
      xml.replace(
        'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
        'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      ),
    ],
    ['ECDSA for an RSA key', xml.replace('rsa-sha256', 'ecdsa-sha256')],
    ['an unknown algorithm', xml.replace('rsa-sha256', 'none')],
    [
      'XSLT',
      xml.replace(
        'http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms',
        'http://www.w3.org/TR/1999/REC-xslt-19991116"/></ds:Transforms',
      ),
    ],
    [
      'XPath',
      xml.replace(
        'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
        'http://www.w3.org/TR/1999/REC-xpath-19991116',
      ),
    ],
    [
      'a transform more',
      xml.replace(
        '<ds:Transforms>',
        '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>',
      ),
    ],
    ['a byte order mark', `\ufeff${xml}`],
    ['a NUL', before(xml, '</saml:Issuer>', '\0')],
    ['UTF-7 by declaration', `<?xml version="1.0" encoding="UTF-7"?>${xml}`],
    ['UTF-16 by declaration', `<?xml version="1.0" encoding="UTF-16"?>${xml}`],
    ['XML 1.1', `<?xml version="1.1"?>${xml}`],
    ['a name outside of ASCII', xml.replaceAll('saml:Issuer', 'saml:Issuér')],
    ['a tag that is not closed', xml.slice(0, -1)],
    ['tags that cross', before(xml, '</saml:Issuer>', '<a><b></a></b>')],
    ['too deep', before(xml, '</saml:Issuer>', '<a>'.repeat(40) + '</a>'.repeat(40))],
    ['too many elements', before(xml, '</saml:Issuer>', '<a/>'.repeat(5000))],
    [
      'too many attributes',
      withAttribute(xml, Array.from({ length: 40 }, (_, index) => `a${index}="x"`).join(' ')),
    ],
    ['too long', before(xml, '</saml:Issuer>', 'x'.repeat(262_144))],
    ['nothing', ''],
    ['no XML', 'SAMLResponse'],
  ]
  return rows.map(([name, attacked]) => ({ name, xml: attacked }))
}

function idOf(xml: string): string {
  return / ID="([^"]*)"/.exec(xml)?.[1] ?? ''
}
