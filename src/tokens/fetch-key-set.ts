/** @module Fetches a JSON Web Key Set within limits of time, size and place. */
import { readBounded, withinSeconds } from '../outbound.js'
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
  const body = await readBounded(response, maximumKeySetBytes)
  if (body === undefined) throw new KeySetError('too-large')
  let set: unknown
  try {
    set = JSON.parse(new TextDecoder().decode(body))
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
  const { url, fetch, timeoutSeconds } = options
  try {
    return await withinSeconds(
      timeoutSeconds,
      (signal) => request(url, fetch, signal),
      () => new KeySetError('timeout'),
    )
  } catch (error) {
    throw error instanceof KeySetError ? error : new KeySetError('network', error)
  }
}
