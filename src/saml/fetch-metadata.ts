/** @module Fetches metadata within limits of time, size and place. */
import { SamlMetadataError } from './saml-error.js'
import { metadataLimits } from './xml-gate.js'

/** An answer: the document, or that nothing has changed. */
export type FetchedMetadata =
  | { readonly kind: 'document'; readonly xml: string; readonly validators: Validators }
  | { readonly kind: 'unchanged' }

/** What the next request is made conditional with. Source: RFC 9110, section 13. */
export interface Validators {
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
}

/** https, or http on the machine itself; no credentials in the address. */
export function isSecureAddress(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') return false
  if (protocol === 'https:') return true
  const isLoopbackName = hostname === 'localhost' || hostname.endsWith('.localhost')
  const isLoopback = isLoopbackName || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
  return protocol === 'http:' && isLoopback
}

async function readBody(response: Response): Promise<string> {
  const limit = metadataLimits.characters
  if (Number(response.headers.get('content-length') ?? 0) > limit) throw new SamlMetadataError('too-large')
  if (response.body === null) throw new SamlMetadataError('malformed')
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.byteLength
    if (length > limit) throw new SamlMetadataError('too-large')
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new SamlMetadataError('malformed')
  }
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
  const controller = new AbortController()
  // The deadline holds even if `fetch` does not heed the signal.
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new SamlMetadataError('timeout'))
      controller.abort()
    }, timeoutSeconds * 1000)
  })
  try {
    return await Promise.race([request(url, fetch, validators, controller.signal), deadline])
  } catch (error) {
    controller.abort()
    throw error instanceof SamlMetadataError ? error : new SamlMetadataError('network', error)
  } finally {
    clearTimeout(timer)
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
  const { headers: answered } = response
  return {
    kind: 'document',
    xml: await readBody(response),
    validators: {
      etag: answered.get('etag') ?? undefined,
      lastModified: answered.get('last-modified') ?? undefined,
    },
  }
}
