/** @module The POST that extends the identity session. */
import type { RefreshAnswer, RefreshResponse } from '../config/options.js'
import { interpretAnswer, type RefreshOutcome } from './outcome.js'

const longestBody = 64 * 1024

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
  const send = async (jwt: string, signal: AbortSignal): Promise<[Response, string | undefined]> => {
    const answer = await fetch(options.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ token: jwt, refresh: 'true' }),
      redirect: 'manual',
      signal,
    })
    return [answer, await readLimited(answer)]
  }

  return async (jwt) => {
    let response: RefreshResponse
    const signal = AbortSignal.timeout(options.timeoutSeconds * 1000)
    // The deadline holds even if `fetch` does not heed the signal: whoever waits here holds up every later refresh.
    const deadline = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    try {
      const [answer, body] = await Promise.race([send(jwt, signal), deadline])
      if (body === undefined) return { kind: 'failed', problem: 'answer', status: answer.status }
      response = {
        status: answer.status,
        header: (name) => answer.headers.get(name),
        setCookies: answer.headers.getSetCookie(),
        body,
      }
    } catch (error) {
      return { kind: 'failed', problem: isTimeout(error) ? 'timeout' : 'network' }
    }
    try {
      return interpretAnswer(response, jwt, options.readAnswer)
    } catch {
      return { kind: 'failed', problem: 'answer', status: response.status }
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

async function readLimited(answer: Response): Promise<string | undefined> {
  if (answer.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > longestBody) return undefined
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}
