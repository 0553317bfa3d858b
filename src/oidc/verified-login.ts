/** @module A login as good tokens prove it, in the terms of the core. */
import type { VerifiedLogin } from '../protocols/sessions.js'
import { type OidcContext, sessionIndexKey } from './context.js'
import type { PersonOfLogin } from './person.js'
import {
  authenticatedAfterOf,
  authenticatedAtOf,
  personOfLogin,
  sessionEndOf,
  untrustedFactorsIn,
} from './session-claims.js'
import { renewedBefore, serializeTokens } from './tokens.js'

/** The login that brought the tokens. Epoch milliseconds. */
export interface LoginCircumstances {
  /** When the login began. */
  readonly since: number
  /** When the tokens were asked for: they were issued after that. */
  readonly askedAt: number
  readonly now: number
  readonly mayResume: boolean
  readonly reauthenticate: boolean
  readonly acceptsAsked?: boolean | undefined
}

/** The login that these tokens prove. */
export function verifiedLoginOf(
  { options, tellUntrusted }: Pick<OidcContext, 'options' | 'tellUntrusted'>,
  { tokens, claims, userInfo }: PersonOfLogin,
  login: LoginCircumstances,
): VerifiedLogin {
  tellUntrusted(untrustedFactorsIn(claims, options))
  const { sid } = claims
  const endsAt = sessionEndOf(claims)
  return {
    issuer: claims.iss,
    subject: claims.sub,
    sessionValue: sid,
    indexKeys: sid === undefined ? [] : [sessionIndexKey(claims.iss, sid)],
    ...personOfLogin(claims, options),
    // Nothing that it adds is looked at here: how strong a login was, the ID token says.
    userInfo,
    authenticatedAt: authenticatedAtOf(claims),
    authenticatedAfter: authenticatedAfterOf(claims, {
      askedAt: login.askedAt,
      skewSeconds: options.clockSkewSeconds,
    }),
    tokens: serializeTokens(tokens),
    tokensIssuedAt: login.now,
    // Without a refresh token nothing can be renewed: then only our own timers end the session.
    tokensExpireAt: tokens.refreshToken === undefined ? 0 : renewedBefore(tokens, endsAt),
    endsAt,
    since: login.since,
    mayResume: login.mayResume,
    askedReauthentication: login.reauthenticate,
    acceptsAsked: login.acceptsAsked === true && claims.auth_time === undefined,
  }
}
