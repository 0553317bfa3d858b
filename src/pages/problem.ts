/** @module Answers that programs read: problem details. */
import type { Reply } from '../exchange.js'

/** What a problem says besides its status. */
export interface Problem {
  /** Stable, for programs. */
  readonly code: string
  /** Why, as in `idle-timeout`. */
  readonly reason: string
  /** For people who read logs. */
  readonly detail: string
  /** Where a browser can sign in. */
  readonly login?: string | undefined
  /** More response headers, lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/**
 * An `application/problem+json` answer with `code`, `reason` and `login` as extensions. There is no `type`, which
 * means `about:blank`; so `title` is the phrase of the status. Source: RFC 9457, sections 3.1 and 4.2.1.
 */
export function problem(status: number, { code, reason, detail, login, headers }: Problem): Reply {
  return {
    status,
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    },
    body: JSON.stringify({ title: titles[status] ?? 'Error', status, detail, code, reason, login }),
  }
}
