/** @module Fetches metadata within limits of time, size and place. */
import { readBounded, withinSeconds } from '../outbound.js'
import { SamlMetadataError } from './saml-error.js'
import { metadataLimits } from './xml/gate.js'

/** An answer: the document, or that nothing has changed. */
export type FetchedMetadata =
  | { readonly kind: 'document'; readonly xml: string; readonly validators: Validators }
  | { readonly kind: 'unchanged' }

/** What the next request is made conditional with. Source: RFC 9110, section 13. */
export interface Validators {
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
}

/**
 * Fetches metadata once: no redirect, at most 4 MiB, within the time, by a conditional request where an answer is known.
 * @throws SamlMetadataError with `timeout`, `network`, `status`, `too-large` or `malformed`.
 */
export async function fetchMetadata(options: {
  readonly url: string
  readonly fetch: typeof globalThis.fetch
  readonly timeoutSeconds: number
  readonly validators: Validators
}): Promise<FetchedMetadata> {
  const { url, fetch, timeoutSeconds, validators } = options
  try {
    return await withinSeconds(
      timeoutSeconds,
      (signal) => request(url, fetch, validators, signal),
      () => new SamlMetadataError('timeout'),
    )
  } catch (error) {
    throw error instanceof SamlMetadataError ? error : new SamlMetadataError('network', { cause: error })
  }
}

async function request(
  url: string,
  fetch: typeof globalThis.fetch,
  { etag, lastModified }: Validators,
  signal: AbortSignal,
): Promise<FetchedMetadata> {
  const headers: Record<string, string> = { accept: 'application/samlmetadata+xml, application/xml;q=0.9' }
  if (etag !== undefined) headers['if-none-match'] = etag
  if (lastModified !== undefined) headers['if-modified-since'] = lastModified
  const response = await fetch(url, {
    method: 'GET',
    redirect: 'manual',
    credentials: 'omit',
    headers,
    signal,
  })
  const isConditional = etag !== undefined || lastModified !== undefined
  if (response.status === 304 && isConditional) {
    await response.body?.cancel()
    return { kind: 'unchanged' }
  }
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel()
    throw new SamlMetadataError('status')
  }
  const body = await readBounded(response, metadataLimits.characters)
  if (body === undefined) throw new SamlMetadataError('too-large')
  if (body.length === 0) throw new SamlMetadataError('malformed')
  const { headers: answered } = response
  return {
    kind: 'document',
    xml: decode(body),
    validators: {
      etag: answered.get('etag') ?? undefined,
      lastModified: answered.get('last-modified') ?? undefined,
    },
  }
}

/** UTF-8, or what the byte order mark says. Source: XML 1.0, section 4.3.3 and appendix F. */
function decode(body: Uint8Array): string {
  const [first, second] = body
  const isBigEndian = first === 0xfe && second === 0xff
  const isLittleEndian = first === 0xff && second === 0xfe
  const encoding = isBigEndian ? 'utf-16be' : isLittleEndian ? 'utf-16le' : 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(body)
    if (text !== '') return text
  } catch {
    // Not that encoding: said below, as where nothing follows the mark.
  }
  throw new SamlMetadataError('malformed', { detail: `it is not ${encoding.toUpperCase()}, or empty` })
}
