/** @module The metadata of the identity provider: its document, validity, and conditional requests. */
import { createHash } from 'node:crypto'
import type { Random } from '../random.js'
import { certificateBody } from './certificate.js'
import type { SamlKeys } from './keys.js'
import { bindings, nameIdFormats, namespaces } from './names.js'
import type { ResolvedSamlOptions } from './options.js'
import { signingOf } from './outgoing.js'
import { signXml } from './signature.js'
import { instant, randomId, xml } from './xml.js'

/** Addresses of the identity provider. */
export interface SamlAddresses {
  readonly entityId: string
  readonly metadataUrl: string
  readonly ssoUrl: string
  readonly logoutUrl: string
  readonly soapUrl: string
}

/** The metadata of the identity provider. */
export interface Metadata {
  /** The document as it is now. */
  text(): Promise<string>
  /** Answers a request for it. */
  answer(request: Request): Promise<Response>
  /** Forgets the document: the next one is made anew. */
  clear(): void
}

/** What {@link createMetadata} needs. */
export interface MetadataOptions {
  readonly options: ResolvedSamlOptions
  readonly keys: SamlKeys
  readonly random: Random
  readonly now: () => number
  readonly addresses: () => SamlAddresses
  readonly faults: () => ReadonlySet<string>
}

interface Document {
  readonly text: string
  readonly madeAt: number
  readonly etag: string
  /** What it was made of: another cause makes another document. */
  readonly cause: string
}

/** Makes the metadata. Source: SAML 2.0 Metadata, section 2. */
export function createMetadata({ options, keys, random, now, addresses, faults }: MetadataOptions): Metadata {
  let current: Document | undefined

  async function make(cause: string): Promise<Document> {
    const id = randomId(random)
    const bare = entityDescriptor(id)
    const signing = options.signsMetadata ? await signingOf(keys, faults()) : undefined
    const text = signing ? signXml(bare, id, signing) : bare
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
    return { text, madeAt: now(), etag, cause }
  }

  function entityDescriptor(id: string) {
    const at = addresses()
    const validUntil = now() + (faults().has('expired') ? -3_600_000 : options.metadataSeconds * 1000)
    const { metadata: md, signature: ds } = namespaces
    const certificates = keys.published().map(
      (certificate) => xml`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${ds}"><ds:X509Data>
<ds:X509Certificate>${certificateBody(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
    )
    const logout = [
      [bindings.redirect, at.logoutUrl],
      [bindings.post, at.logoutUrl],
      [bindings.soap, at.soapUrl],
    ] as const
    return xml`<md:EntityDescriptor xmlns:md="${md}" ID="${id}" entityID="${at.entityId}" validUntil="${instant(validUntil)}" cacheDuration="PT${options.cacheSeconds}S">
<md:IDPSSODescriptor protocolSupportEnumeration="${namespaces.protocol}" WantAuthnRequestsSigned="${String(options.wantsSignedRequests)}">${certificates}
${logout.map(([binding, url]) => xml`<md:SingleLogoutService Binding="${binding}" Location="${url}"/>`)}
${Object.values(nameIdFormats).map((format) => xml`<md:NameIDFormat>${format}</md:NameIDFormat>`)}
${[bindings.redirect, bindings.post].map((binding) => xml`<md:SingleSignOnService Binding="${binding}" Location="${at.ssoUrl}"/>`)}
</md:IDPSSODescriptor></md:EntityDescriptor>`.xml
  }

  async function document(): Promise<Document> {
    const cause = JSON.stringify([keys.published(), keys.active.certificate, [...faults()], addresses()])
    const isFresh =
      current?.cause === cause &&
      now() < current.madeAt + Math.min(options.cacheSeconds, options.metadataSeconds) * 1000
    if (current && isFresh) return current
    current = await make(cause)
    return current
  }

  return {
    async text() {
      return (await document()).text
    },
    async answer(request) {
      const { text, etag, madeAt } = await document()
      const headers = {
        'content-type': 'application/samlmetadata+xml',
        'cache-control': `max-age=${options.cacheSeconds}`,
        'last-modified': new Date(madeAt).toUTCString(),
        etag,
      }
      return isKnown(request, etag, madeAt)
        ? new Response(null, { status: 304, headers })
        : new Response(text, { headers })
    },
    clear() {
      current = undefined
    },
  }
}

/** `If-None-Match` goes before `If-Modified-Since`. Source: RFC 9110, section 13.2.2. */
function isKnown(request: Request, etag: string, madeAt: number): boolean {
  const tags = request.headers.get('if-none-match')
  if (tags !== null)
    return tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')
  const since = Date.parse(request.headers.get('if-modified-since') ?? '')
  return Math.floor(madeAt / 1000) * 1000 <= since
}
