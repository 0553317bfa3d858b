/** @module The POST that extends the identity session. */

import type { RefreshAnswer, RefreshResponse } from '../config/identity-provider-options.js'
import { readBounded, withinSeconds } from '../outbound.js'
import { interpretAnswer, type RefreshOutcome } from './refresh-answer.js'

const longestBody = 64 * 1024

/** Whoever waits here holds up every later refresh. */
class TimeoutError extends Error {}

/** Asks the identity provider to extend the session of a token. Never throws: a failure is an outcome. */
export type RefreshClient = (jwt: string) => Promise<RefreshOutcome>

/**
 * Makes the client of the refresh endpoint: `POST` with the JSON body `{"token": "<jwt>", "refresh": "true"}`.
 * Source: CitizenOne, "Identity Session Layer".
 */
export function createRefreshClient(options: {
  readonly endpoint: string
  readonly timeoutSeconds: number
  readonly fetch: typeof globalThis.fetch
  readonly readAnswer: (response: RefreshResponse) => RefreshAnswer
}): RefreshClient {
  // Called by itself: some runtimes refuse their own `fetch` as a method of something else.
  const { fetch } = options
  const send = async (jwt: string, signal: AbortSignal): Promise<[Response, Uint8Array | undefined]> => {
    const answer = await fetch(options.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ token: jwt, refresh: 'true' }),
      redirect: 'manual',
      signal,
    })
    return [answer, await readBounded(answer, longestBody)]
  }

  return async (jwt) => {
    let response: RefreshResponse
    try {
      const [answer, body] = await withinSeconds(
        options.timeoutSeconds,
        (signal) => send(jwt, signal),
        () => new TimeoutError(),
      )
      if (body === undefined) return { kind: 'failed', problem: 'answer', status: answer.status }
      response = {
        status: answer.status,
        header: (name) => answer.headers.get(name),
        setCookies: answer.headers.getSetCookie(),
        body: new TextDecoder().decode(body),
      }
    } catch (error) {
      return { kind: 'failed', problem: error instanceof TimeoutError ? 'timeout' : 'network' }
    }
    try {
      return interpretAnswer(response, jwt, options.readAnswer)
    } catch {
      return { kind: 'failed', problem: 'answer', status: response.status }
    }
  }
}
