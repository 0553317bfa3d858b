/** @module Every error that leaves the package: one base class, a stable code, what a handler needs. */

/** The codes of all errors of the package. A code is stable; a message is not. */
export type ErrorCode =
  | 'configuration'
  | 'application-id-taken'
  | 'store-unavailable'
  | 'store-format'
  | 'store-eviction'
  | 'keys-unavailable'
  | 'identity-unavailable'
  | 'body-too-large'
  | 'body-malformed'
  | 'cookie-too-large'
  | 'not-active'
  | 'no-middleware'
  | 'session-ended'
  | 'foreign-request'
  | 'claims-refused'
  | 'sealed-value'
  | 'key-file'
  | 'key-ring'
  | 'sso-token'
  | 'saml-message'
  | 'saml-metadata'
  | 'emulator'
  | 'usage'

/** What an error may carry besides its message. */
export interface ErrorDetails {
  readonly cause?: unknown
  /** HTTP status for the framework's error handler. Default 500. */
  readonly status?: number
  /** Response headers for the framework's error handler. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the same call may succeed later without a change. Default `false`. */
  readonly isTransient?: boolean
}

/** Response headers of an outage: when to ask again. */
export const retrySoon: Readonly<Record<string, string>> = { 'retry-after': '5' }

/** The base of all errors of the package. Never carries a token, a cookie or a key. */
export class CitizenSessionError extends Error {
  override readonly name: string = 'CitizenSessionError'
  readonly code: ErrorCode
  readonly status: number
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  /** Frameworks show the message of an error to the client only where this is true. */
  readonly expose: boolean
  readonly isTransient: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = details.status ?? 500
    this.statusCode = this.status
    this.headers = details.headers ?? {}
    this.expose = this.status < 500
    this.isTransient = details.isTransient ?? false
  }
}

/** The error of an outage: answered with 503; the same call may succeed in a few seconds. */
export function outage(code: ErrorCode, message: string, cause?: unknown): CitizenSessionError {
  return new CitizenSessionError(code, message, { cause, status: 503, headers: retrySoon, isTransient: true })
}

/** One thing wrong with the configuration. */
export interface ConfigurationProblem {
  /** Path of the option, as in `identityProvider.url`. */
  readonly path: string
  /** Its environment variable, as in `CITIZEN_IDENTITY_PROVIDER_URL`; empty where no variable can hold the value. */
  readonly variable: string
  /** What is wrong and what to write instead. */
  readonly message: string
}

/** The configuration is wrong; `problems` lists everything that is, not only the first. */
export class ConfigurationError extends CitizenSessionError {
  override readonly name = 'ConfigurationError'
  declare readonly problems: readonly ConfigurationProblem[]

  constructor(problems: readonly ConfigurationProblem[]) {
    const lines = problems.map(({ path, variable, message }) =>
      variable === '' ? `  ${path}: ${message}` : `  ${path} (${variable}): ${message}`,
    )
    super('configuration', `the configuration cannot be used:\n${lines.join('\n')}`)
    // Not enumerable: whoever prints the error has them in its message already.
    Object.defineProperty(this, 'problems', { value: problems, enumerable: false })
  }
}

/** Why a store cannot be used, where its client says so. Names no address and no password. */
export interface StoreProblem {
  /** As the client has it: `ECONNREFUSED`, `WRONGPASS`, `CERT_HAS_EXPIRED`, … */
  readonly code: string
  /** One clause. */
  readonly reason: string
  /** What to do about it. */
  readonly remedy: string
}

/** The store did not answer in time, or not at all: told apart from "not there". */
export class StoreUnavailableError extends CitizenSessionError {
  override readonly name = 'StoreUnavailableError'
  /** Why, where that is known; the message says it too. */
  declare readonly problem: StoreProblem | undefined

  constructor(
    message: string,
    details: {
      readonly cause?: unknown
      readonly code?: ErrorCode
      readonly problem?: StoreProblem | undefined
    } = {},
  ) {
    super(details.code ?? 'store-unavailable', message, {
      cause: details.cause,
      status: 503,
      headers: retrySoon,
      isTransient: true,
    })
    // Not enumerable: whoever prints the error has it in its message already.
    Object.defineProperty(this, 'problem', { value: details.problem, enumerable: false })
  }
}

/**
 * What a newer release has written and this one cannot read: it is refused, and stays as it is. Code `store-format`.
 * `what` begins the message, as in `a cookie`.
 */
export function newerFormat(what: string): StoreUnavailableError {
  const message = `${what} is in a format of a newer release; run the same release everywhere: nothing was changed`
  return new StoreUnavailableError(message, { code: 'store-format' })
}
