/** @module Faults of the OpenID provider: what it can be made to do wrong. */

/** How a logout token can be wrong. The last one is no fault of the specification's first drafts. */
export const logoutTokenFaults = [
  'alg-hs256',
  'alg-none',
  'unsigned',
  'stranger-key',
  'late',
  'replayed',
  'sub-only',
  'sid-only',
  'no-subject',
  'wrong-iss',
  'wrong-aud',
  'with-nonce',
  'without-events',
  'wrong-event',
  'without-jti',
  'older-provider',
  'not-sent',
] as const

/**
 * One of {@link logoutTokenFaults}. `alg-hs256`: signed with the public key as secret. `unsigned`: the signature is
 * cut off. `late`: an hour old. `replayed`: sent twice, same `jti`. `sub-only` and `sid-only` whatever the client
 * registered. `older-provider`: `typ: JWT` and no `exp`. `not-sent`: no request is made.
 */
export type LogoutTokenFault = (typeof logoutTokenFaults)[number]

/** How an id_token can be wrong. */
export const idTokenFaults = [
  'wrong-nonce',
  'wrong-aud',
  'wrong-iss',
  'late',
  'other-sub-on-refresh',
  'other-sub-beside-code',
  'wrong-c-hash',
  'without-c-hash',
  'wrong-at-hash',
  'session-over',
  'session-expiry-text',
] as const

/**
 * One of {@link idTokenFaults}. `other-sub-on-refresh`: a refresh answers for somebody else; `other-sub-beside-code`:
 * what comes by the browser does, in the hybrid flow. `session-over`: the `session_expiry` was a second ago;
 * `session-expiry-text`: it is a text.
 */
export type IdTokenFault = (typeof idTokenFaults)[number]

/** How an answer of the UserInfo endpoint can be wrong. */
export const userInfoFaults = [
  'other-sub',
  'without-sub',
  'oversized',
  'more-than-asked',
  'stranger-key',
  'wrong-iss',
  'wrong-aud',
] as const

/**
 * One of {@link userInfoFaults}. `oversized`: more than 64 KiB. `more-than-asked`: it says how and when somebody
 * authenticated. The last three only where the answer is signed or encrypted.
 */
export type UserInfoFault = (typeof userInfoFaults)[number]

/** What the provider does wrong; nothing by default. */
export interface OpenidFaults {
  /** Every logout token is wrong like this. */
  readonly logoutToken?: LogoutTokenFault | undefined
  /** Every id_token is wrong like this. */
  readonly idToken?: IdTokenFault | undefined
  /** Every answer of the UserInfo endpoint is wrong like this. */
  readonly userInfo?: UserInfoFault | undefined
  /** OAuth error that every token request is answered with, as in `invalid_grant`. */
  readonly tokenError?: string | undefined
  /** Discovery names no `end_session_endpoint`, which then does not exist: single logout is not there yet. */
  readonly withoutEndSession?: boolean | undefined
  /** Answers lack `session_state`. */
  readonly withoutSessionState?: boolean | undefined
  /** Authorization answers lack `iss`. */
  readonly withoutIss?: boolean | undefined
  /** `prompt=none` is answered with the login page instead of an error. */
  readonly loginPageForPromptNone?: boolean | undefined
  /** `acr_values` and `max_age` are ignored: the client gets less than it asked for. */
  readonly ignoresAssurance?: boolean | undefined
}

const isFlag = (value: unknown) => value === undefined || typeof value === 'boolean'
const isOneOf = (names: readonly string[]) => (value: unknown) =>
  value === undefined || (typeof value === 'string' && names.includes(value))

const checks: Readonly<Record<keyof OpenidFaults, (value: unknown) => boolean>> = {
  logoutToken: isOneOf(logoutTokenFaults),
  idToken: isOneOf(idTokenFaults),
  userInfo: isOneOf(userInfoFaults),
  tokenError: (value) => value === undefined || (typeof value === 'string' && /^[a-z_]{1,64}$/.test(value)),
  withoutEndSession: isFlag,
  withoutSessionState: isFlag,
  withoutIss: isFlag,
  loginPageForPromptNone: isFlag,
  ignoresAssurance: isFlag,
}

/** What {@link isOpenidFaults} accepts, in words. */
export const openidFaultsExpected = `an object of ${Object.keys(checks).join(', ')}; logoutToken is one of ${logoutTokenFaults.join(', ')}; idToken one of ${idTokenFaults.join(', ')}; userInfo one of ${userInfoFaults.join(', ')}`

/** Whether a value can be the faults of the provider. */
export function isOpenidFaults(value: unknown): value is OpenidFaults {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(
      ([name, one]) => Object.hasOwn(checks, name) && checks[name as keyof OpenidFaults](one),
    )
  )
}
