/** @module Calls to the provider within limits of place, time and size; no redirect is followed. */
import { readBounded, withinSeconds } from '../outbound.js'

/** A longer answer is not read to its end: 256 KiB. */
export const maximumAnswerBytes = 262_144

/** Why a call brought nothing. */
export type CallProblem = 'timeout' | 'network' | 'place' | 'redirect' | 'too-large'

/** A call that brought nothing that can be used. Never carries a body. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly problem: CallProblem

  constructor(problem: CallProblem) {
    super(`the call to the provider came to nothing: ${problem}`)
    this.problem = problem
  }
}

/** What calls are held to. */
export interface CallLimits {
  readonly fetch: typeof globalThis.fetch
  /** Origins that may be called. */
  readonly origins: ReadonlySet<string>
  /** The origin in whose place `internalUrl` is called. */
  readonly publicOrigin: string
  readonly internalUrl: string | undefined
}

/** Calls one of the provider's endpoints. `mostBytes`: a longer answer is not read. @throws CallError */
export type LimitedFetch = (
  url: string | URL,
  init: RequestInit | undefined,
  timeoutSeconds: number,
  mostBytes?: number,
) => Promise<Response>

/**
 * Makes a `fetch` for the provider's endpoints. The answer is read whole before it is handed on, so the deadline and
 * the limit hold for its body as well.
 * @throws CallError
 * Source: `JWT-17`; OAuth 2.0 Security BCP (RFC 9700), section 4.
 */
export function createLimitedFetch(limits: CallLimits): LimitedFetch {
  // Called by itself: some runtimes refuse their own `fetch` as a method of something else.
  const { fetch } = limits

  const placeOf = (given: string | URL): string => {
    const url = new URL(given)
    if (!limits.origins.has(url.origin)) throw new CallError('place')
    if (limits.internalUrl === undefined || url.origin !== limits.publicOrigin) return url.href
    return `${limits.internalUrl}${url.pathname}${url.search}`
  }

  const call = async (
    url: string,
    init: RequestInit | undefined,
    signal: AbortSignal,
    mostBytes: number,
  ): Promise<Response> => {
    const response = await fetch(url, { ...init, redirect: 'manual', credentials: 'omit', signal })
    const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
    if (isRedirect || response.redirected) {
      await response.body?.cancel()
      throw new CallError('redirect')
    }
    const body = await readBounded(response, mostBytes)
    if (body === undefined) throw new CallError('too-large')
    const isEmpty = response.status === 204 || response.status === 205 || response.status === 304
    return new Response(isEmpty ? null : new Uint8Array(body), {
      status: response.status,
      headers: response.headers,
    })
  }

  return async (given, init, timeoutSeconds, mostBytes = maximumAnswerBytes) => {
    const url = placeOf(given)
    try {
      return await withinSeconds(
        timeoutSeconds,
        (signal) => call(url, init, signal, mostBytes),
        () => new CallError('timeout'),
      )
    } catch (error) {
      throw error instanceof CallError ? error : new CallError('network')
    }
  }
}
