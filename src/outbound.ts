/** @module Calls to others, bounded: where they may go, how long they may take, how much of the answer is read. */
import { parseUrl } from './parse-url.js'
import { type Timer, timers } from './timers.js'

/**
 * Whether an address may be called or shown: https, or http on the machine itself; without a user name.
 * Source: `JWT-17`; RFC 6761, section 6.3.
 */
export function isSecureAddress(url: string): boolean {
  const parsed = parseUrl(url)
  if (parsed === undefined) return false
  const { protocol, hostname, username, password } = parsed
  if (username !== '' || password !== '') return false
  if (protocol === 'https:') return true
  const isLoopbackName = hostname === 'localhost' || hostname.endsWith('.localhost')
  const isLoopback = isLoopbackName || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
  return protocol === 'http:' && isLoopback
}

/** The body of an answer, read no further than `limit` bytes; `undefined`: it is longer. */
export async function readBounded(response: Response, limit: number): Promise<Uint8Array | undefined> {
  if (Number(response.headers.get('content-length') ?? 0) > limit) {
    await response.body?.cancel()
    return undefined
  }
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Does work that ends in time, or fails with `late()`. The deadline holds even if the work does not heed its signal,
 * which is aborted by every failure.
 */
export async function withinSeconds<T>(
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const controller = new AbortController()
  let timer: Timer | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = timers.setTimeout(() => {
      reject(late())
      controller.abort()
    }, seconds * 1000)
  })
  try {
    return await Promise.race([work(controller.signal), deadline])
  } catch (error) {
    controller.abort()
    throw error
  } finally {
    timers.clearTimeout(timer)
  }
}

/** Whether the token may be spent although nothing came of it: the answer was lost, or made by something in between. */
export function mayBeSpent({
  problem,
  status,
}: {
  readonly problem: string
  readonly status?: number | undefined
}): boolean {
  if (problem === 'status') return status === 500 || status === 502 || status === 504
  return problem === 'network' || problem === 'timeout' || problem === 'answer' || problem === 'too-large'
}

/** @module Waiting for work, but not for ever. */

/** The answer, if it comes in time; a late failure is nobody's to handle, for its result is kept in the store. */
export async function settledWithin<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: Timer | undefined
  const patience = new Promise<undefined>((resolve) => {
    timer = timers.setTimeout(() => resolve(undefined), milliseconds)
  })
  try {
    work.catch(() => undefined)
    return await Promise.race([work, patience])
  } finally {
    timers.clearTimeout(timer)
  }
}
