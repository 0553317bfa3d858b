/** @module Which claims UserInfo may add to those of the ID token, and when it is asked for them. */
import { claimsOfIdTokens } from './claim-names.js'
import type { ResolvedOidcOptions } from './options.js'

/** What decides about UserInfo. */
type UserInfoOptions = Pick<ResolvedOidcOptions, 'userInfo' | 'userInfoClaims'>

/** Whether it may ever be asked. */
export function mayAskUserInfo({ userInfo, userInfoClaims }: UserInfoOptions): boolean {
  return userInfo === 'always' || (userInfo === 'auto' && userInfoClaims.length > 0)
}

/** Whether it is asked about somebody of whom the ID token says this. */
export function isUserInfoWanted(
  { userInfo, userInfoClaims }: UserInfoOptions,
  claims: Readonly<Record<string, unknown>>,
): boolean {
  if (userInfo !== 'auto') return userInfo === 'always'
  return userInfoClaims.some((name) => !Object.hasOwn(claims, name))
}

/** What is taken of an answer: what was asked for, and never what only the ID token says. `kinds`: more of the latter. */
export function takenOf(
  answer: Readonly<Record<string, unknown>>,
  { userInfoClaims }: UserInfoOptions,
  kinds: readonly string[],
): Readonly<Record<string, unknown>> {
  const isTaken = (name: string): boolean =>
    (userInfoClaims.length === 0 || userInfoClaims.includes(name)) &&
    !claimsOfIdTokens.has(name) &&
    !kinds.includes(name)
  // Null is how some say that they have nothing. Source: OpenID Connect Core 1.0, section 5.3.2.
  const taken = Object.entries(answer).filter(([name, value]) => value !== null && isTaken(name))
  return Object.fromEntries(taken)
}
