/** @module What UserInfo adds to the person of a login, or of a refresh: asked where the options want it, told where it fails. */
import type { Claims } from '../citizen.js'
import type { UserInfoFailedEvent } from '../events.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import { timers } from '../timers.js'
import type { OidcContext } from './context.js'
import type { Connection } from './provider.js'
import type { GoodTokens } from './token-answer.js'
import { fetchUserInfo, type UserInfoRequest } from './user-info.js'
import { isUserInfoWanted, takenOf } from './user-info-claims.js'

/** A login, and what UserInfo says of its person; absent: nobody asked, or nothing came. */
export interface PersonOfLogin extends GoodTokens {
  readonly userInfo?: VerifiedLogin['userInfo']
}

/** Asks for what the ID token of a login lacks. `undefined`: without an answer that must be there, nobody gets in. */
export async function withUserInfo(
  context: OidcContext,
  connection: Connection,
  login: GoodTokens,
): Promise<PersonOfLogin | undefined> {
  const { options } = context
  if (!isUserInfoWanted(options, login.claims)) return login
  const { tokens, tokenType, claims } = login
  const { timeoutSeconds } = options
  const grant = { accessToken: tokens.accessToken, tokenType, subject: claims.sub, timeoutSeconds }
  const userInfo = await askUserInfo(context, connection, grant, 'sign-in')
  if (userInfo !== undefined) return { ...login, userInfo }
  return options.userInfo === 'always' ? undefined : login
}

/** Tokens that have been renewed, and what is known of their person by then. */
export interface RenewedGrant {
  readonly accessToken: string
  readonly tokenType: string
  readonly subject: string
  readonly claims: Claims
}

/**
 * What asks anew at a refresh that begins now; `undefined` where nobody wants that. It takes no longer than what the
 * refresh has left of its time, so that a stop waits for both.
 */
export function userInfoAtRefresh(
  context: OidcContext,
  connection: Connection,
): ((grant: RenewedGrant) => Promise<VerifiedLogin['userInfo']>) | undefined {
  const { options } = context
  if (!options.userInfoAtRefresh) return undefined
  const began = timers.elapsed()
  return async ({ claims, ...grant }) => {
    if (!isUserInfoWanted(options, claims)) return undefined
    const timeoutSeconds = options.refresh.timeoutSeconds - (timers.elapsed() - began) / 1000
    return askUserInfo(context, connection, { ...grant, timeoutSeconds }, 'refresh')
  }
}

/** What is taken of the answer; without one an event, and `undefined`. Never throws for what the provider does. */
async function askUserInfo(
  { options, host }: OidcContext,
  connection: Connection,
  grant: Omit<UserInfoRequest, 'now'>,
  during: UserInfoFailedEvent['during'],
): Promise<VerifiedLogin['userInfo']> {
  const { clock, identityProvider } = host.options
  const answer = await fetchUserInfo(connection, options, { ...grant, now: clock() })
  if ('claims' in answer) return takenOf(answer.claims, options, identityProvider?.kindClaims ?? [])
  host.report({ type: 'userinfo.failed', issuer: options.issuer, during, ...answer })
  return undefined
}
