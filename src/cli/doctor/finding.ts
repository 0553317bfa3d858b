/** @module What the doctor says: one finding a line, with a stable code, a reason and a remedy. */

/** How a finding stands. Only `fail` makes the exit code 1. */
export type FindingState = 'ok' | 'warn' | 'fail' | 'skipped'

/** What was looked at, in the order of the report. */
export const checkNames = [
  'configuration',
  'times',
  'cookie-domain',
  'keys',
  'discovery',
  'clock',
  'provider-login',
  'provider-logout',
  'provider-refresh',
  'provider-cookies',
  'openid',
  'openid-keys',
  'saml',
  'saml-own',
  'application',
  'login',
  'logout',
  'cookies',
  'cache-headers',
  'policies',
  'siblings',
  'store',
  'gate',
  'partner-keys',
  'token',
] as const

/** Name of a check. */
export type CheckName = (typeof checkNames)[number]

/** One line of the report. */
export interface Finding {
  readonly check: CheckName
  readonly state: FindingState
  /** Stable, for programs: what was found, as in `keys-unreachable`. */
  readonly code: string
  /** Address, variable or cookie that it is about. */
  readonly target: string | undefined
  readonly reason: string
  /** What to do about it; there for `warn` and `fail`. */
  readonly remedy: string | undefined
}

/** What a finding says besides its check, state and code. */
export interface FindingText {
  readonly target?: string | undefined
  readonly reason: string
}

interface Complaint extends FindingText {
  readonly remedy: string
}

/** What was given may be an address with a user and a password in it: both are left out of whatever is printed. */
export function withoutPasswords(text: string): string {
  return (
    text
      // A password may hold quotes, and blanks.
      .replace(/([a-z][a-z\d+.-]*:)?\/\/(?:\S*|[^/?#]*)@/gi, '$1//***@')
      .replace(/([?&](?:password|secret|token)=)[^\s&]+/gi, '$1***')
  )
}

/** Makes the findings of one check. */
export function createFindings(check: CheckName) {
  const make = (state: FindingState, code: string, text: FindingText & { remedy?: string | undefined }) => ({
    check,
    state,
    code,
    target: text.target === undefined ? undefined : withoutPasswords(text.target),
    reason: withoutPasswords(text.reason),
    remedy: text.remedy === undefined ? undefined : withoutPasswords(text.remedy),
  })
  return {
    ok: (code: string, text: FindingText): Finding => make('ok', code, text),
    warn: (code: string, text: Complaint): Finding => make('warn', code, text),
    fail: (code: string, text: Complaint): Finding => make('fail', code, text),
    skipped: (code: string, text: FindingText & { remedy?: string | undefined }): Finding =>
      make('skipped', code, text),
  }
}
