/** @module What the refresh endpoint's answer means. */
import { parseRetryAfter } from '../backoff.js'
import type { RefreshAnswer, RefreshResponse } from '../config/identity-provider-options.js'

/** Names of the three shared cookies. */
export interface CookieNames {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

/** Why a call did not succeed, without saying anything about the session. */
export type RefreshProblem = 'network' | 'timeout' | 'status' | 'answer' | 'unchanged'

export type RefreshOutcome =
  | { readonly kind: 'token'; readonly jwt: string }
  /** A success without a new token: the identity session was extended. */
  | { readonly kind: 'extended' }
  /** The provider says that the token's session is over (400, 401). */
  | { readonly kind: 'refused'; readonly status: number }
  | {
      readonly kind: 'failed'
      readonly problem: RefreshProblem
      readonly status?: number | undefined
      readonly retryAfterSeconds?: number | undefined
    }

const tokenMembers = ['token', 'authToken', 'access_token', 'jwt'] as const

/**
 * Reads a successful answer: the members `token`, `authToken`, `access_token`, `jwt` of a JSON object in that order,
 * or the three cookies, or a success without a token. Anything else is unusable.
 */
export function readRefreshAnswer(response: RefreshResponse, names: CookieNames): RefreshAnswer {
  const fromCookies = tokenFromCookies(response.setCookies, names)
  if (response.body.trim() === '') return fromCookies ?? 'extended'
  let body: unknown
  try {
    body = JSON.parse(response.body)
  } catch {
    return fromCookies ?? 'unusable'
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'unusable'
  for (const member of tokenMembers) {
    if (!Object.hasOwn(body, member)) continue
    const token: unknown = (body as Record<string, unknown>)[member]
    return typeof token === 'string' && token !== '' ? { token } : 'unusable'
  }
  return fromCookies ?? 'extended'
}

function tokenFromCookies(setCookies: readonly string[], names: CookieNames): RefreshAnswer | undefined {
  const cookieValue = (name: string): string | undefined => {
    const line = setCookies.find((candidate) => candidate.startsWith(`${name}=`))
    return line?.slice(name.length + 1).split(';', 1)[0]
  }
  const header = cookieValue(names.header)
  const payload = cookieValue(names.payload)
  const signature = cookieValue(names.signature)
  if (!header || !payload || !signature) return undefined
  return { token: `${header}.${payload}.${signature}` }
}

/**
 * Says what an answer means for the session: 400 and 401 refuse it; every other status that is no success, and
 * everything that cannot be read, says nothing about it.
 */
export function interpretAnswer(
  response: RefreshResponse,
  sent: string,
  readAnswer: (response: RefreshResponse) => RefreshAnswer,
): RefreshOutcome {
  const { status } = response
  if (status === 400 || status === 401) return { kind: 'refused', status }
  if (status < 200 || status > 299) {
    return {
      kind: 'failed',
      problem: 'status',
      status,
      retryAfterSeconds: parseRetryAfter(response.header('retry-after')),
    }
  }
  const answer = readAnswer(response)
  if (answer === 'extended') return { kind: 'extended' }
  if (answer === 'unusable' || typeof answer.token !== 'string') {
    return { kind: 'failed', problem: 'answer', status }
  }
  if (answer.token === sent) return { kind: 'failed', problem: 'unchanged', status }
  return { kind: 'token', jwt: answer.token }
}
