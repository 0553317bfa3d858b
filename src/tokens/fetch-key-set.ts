/** @module Fetches a JSON Web Key Set within limits of time, size and place. */
import { maximumKeys } from './verification-keys.js'

/** A longer answer is not read to its end: 256 KiB. */
export const maximumKeySetBytes = 262_144

/** Why no keys came. */
export type KeySetProblem =
  | 'timeout'
  | 'network'
  /** Anything but 200, a redirect included. */
  | 'status'
  | 'too-large'
  | 'malformed'
  | 'too-many-keys'
  | 'no-usable-key'

/** An answer that cannot be used. Stays within this folder. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError'
  readonly problem: KeySetProblem

  constructor(problem: KeySetProblem, cause?: unknown) {
    super(`the key set cannot be used: ${problem}`, { cause })
    this.problem = problem
  }
}

/** The keys of an answer, unchecked, and how long it may be kept by its own word. */
export interface FetchedKeySet {
  readonly keys: readonly unknown[]
  /** `undefined`: the answer does not say. */
  readonly maxAgeSeconds: number | undefined
}

/** Whether keys may be fetched from there: https, or http on the machine itself (`JWT-17`). */
export function isKeySetUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') return false
  if (protocol === 'https:') return true
  if (protocol !== 'http:') return false
  const isLoopbackName = hostname === 'localhost' || hostname.endsWith('.localhost')
  return isLoopbackName || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

/** Source: RFC 9111, sections 4.2.1 and 5.2.2. */
function readMaxAge(headers: Headers): number | undefined {
  const control = headers.get('cache-control')?.toLowerCase()
  if (control === undefined) return undefined
  if (/(?:^|,)\s*no-(?:store|cache)\b/.test(control)) return 0
  const age = /(?:^|,)\s*max-age\s*=\s*"?(\d{1,10})/.exec(control)?.[1]
  if (age === undefined) return undefined
  const spent = /^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0]
  return Math.max(0, Number(age) - Number(spent ?? 0))
}

async function readText(response: Response): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > maximumKeySetBytes)
    throw new KeySetError('too-large')
  if (response.body === null) throw new KeySetError('malformed')
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.byteLength
    if (length > maximumKeySetBytes) throw new KeySetError('too-large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function request(
  url: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<FetchedKeySet> {
  const headers = { accept: 'application/json' }
  const response = await fetch(url, {
    method: 'GET',
    redirect: 'manual',
    credentials: 'omit',
    headers,
    signal,
  })
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel()
    throw new KeySetError('status')
  }
  const text = await readText(response)
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch (cause) {
    throw new KeySetError('malformed', cause)
  }
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined
  if (!Array.isArray(keys)) throw new KeySetError('malformed')
  if (keys.length > maximumKeys) throw new KeySetError('too-many-keys')
  return { keys, maxAgeSeconds: readMaxAge(response.headers) }
}

/**
 * Fetches a key set: no redirects, at most 256 KiB and 64 keys; the content type is not trusted either way.
 * @throws KeySetError with what was wrong.
 */
export async function fetchKeySet(options: {
  readonly url: string
  readonly fetch: typeof globalThis.fetch
  readonly timeoutSeconds: number
}): Promise<FetchedKeySet> {
  const controller = new AbortController()
  // The deadline holds even if `fetch` does not heed the signal.
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new KeySetError('timeout'))
      controller.abort()
    }, options.timeoutSeconds * 1000)
  })
  try {
    return await Promise.race([request(options.url, options.fetch, controller.signal), deadline])
  } catch (error) {
    controller.abort()
    throw error instanceof KeySetError ? error : new KeySetError('network', error)
  } finally {
    clearTimeout(timer)
  }
}
