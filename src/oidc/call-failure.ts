/** @module What a failed call through `openid-client` means; nothing of the answer's body leaves here. */
import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'
import { parseRetryAfter } from '../backoff.js'
import { CallError } from './limited-fetch.js'

/** A failed call, without anything secret: the errors of `openid-client` carry whole answers. */
export interface FailedCall {
  /** `timeout`, `network`, `place`, `redirect`, `too-large`, `status`, `error` (see `error`), `answer`. */
  readonly problem: string
  /** The error code of an OAuth error answer. */
  readonly error: string | undefined
  readonly status: number | undefined
  readonly retryAfterSeconds: number | undefined
}

/** Reads an error of `openid-client`, or of our own fetch below it. */
export function failedCallOf(error: unknown): FailedCall {
  const none = { error: undefined, status: undefined, retryAfterSeconds: undefined }
  const call = findCallError(error)
  if (call !== undefined) return { ...none, problem: call.problem }
  if (error instanceof ResponseBodyError) {
    const code = /^[a-z_]{1,64}$/.test(error.error) ? error.error : 'unknown'
    const retryAfterSeconds = parseRetryAfter(error.response.headers.get('retry-after'))
    return { problem: 'error', error: code, status: error.status, retryAfterSeconds }
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return { ...none, problem: 'status', status: error.status }
  }
  if (error instanceof ClientError && error.cause instanceof Response) {
    const { status, headers } = error.cause
    if (status < 400) return { ...none, problem: 'answer', status }
    const retryAfterSeconds = parseRetryAfter(headers.get('retry-after'))
    return { ...none, problem: 'status', status, retryAfterSeconds }
  }
  if (error instanceof ClientError && error.code === 'OAUTH_TIMEOUT') return { ...none, problem: 'timeout' }
  return { ...none, problem: 'answer' }
}

/** Claims of an ID token that `openid-client` compares, with our words for what is wrong then. */
const comparedClaims: ReadonlyMap<unknown, string> = new Map([
  ['iss', 'issuer'],
  ['aud', 'audience'],
  ['azp', 'audience'],
  ['nonce', 'nonce'],
  ['auth_time', 'too-old'],
  ['exp', 'expired'],
  ['nbf', 'not-yet-valid'],
])

/** An ID token that `openid-client` refused before we saw it, and what it says. `undefined`: the error is another one. */
export function refusedIdTokenOf(error: unknown):
  | {
      readonly problem: string
      readonly header: Readonly<Record<string, unknown>>
      readonly claims: Readonly<Record<string, unknown>>
    }
  | undefined {
  const cause = error instanceof ClientError && error.cause instanceof Error ? error.cause.cause : undefined
  if (!isObject(cause)) return undefined
  const [header, claims] = [cause.header, cause.claims].map((part) => (isObject(part) ? part : {}))
  const hasAlgorithm = isObject(cause.header) && 'expected' in cause
  const problem = hasAlgorithm ? 'algorithm' : comparedClaims.get(cause.claim)
  return problem === undefined ? undefined : { problem, header: header ?? {}, claims: claims ?? {} }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function findCallError(error: unknown): CallError | undefined {
  let current = error
  for (let depth = 0; depth < 4; depth += 1) {
    if (current instanceof CallError) return current
    if (!(current instanceof Error)) return undefined
    current = current.cause
  }
  return undefined
}
