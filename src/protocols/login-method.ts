/** @module The interface of a way in: how a login leaves for the identity provider. */
import type { Citizen } from '../citizen.js'
import type { Exchange, MaybePromise, Reply } from '../exchange.js'

/** A login about to leave for the provider. */
export interface LoginStart {
  readonly request: LoginRequest
  /** Whether the provider must ask for a new authentication. */
  readonly reauthenticate: boolean
  /** Whether the person pressed our button, which may resume a session after an application end. */
  readonly mayResume: boolean
  /** Whether an administrator has ended the session that the browser had: only a proven new authentication follows. */
  readonly isAfterAdministrator?: boolean | undefined
  /** Whether somebody is signed in, and only a second factor or a higher level is missing. */
  readonly strengthen: boolean
}

/**
 * Whether the provider must ask anew at once, for a person who has pressed our button: it had ended their session by its
 * own message, and what came without being asked for is not known to be later; or what could have been resumed has passed
 * its absolute limit meanwhile. Never twice for one login.
 */
export function mustAskAnew(
  citizen: Citizen,
  { mayResume, reauthenticate }: Pick<LoginStart, 'mayResume' | 'reauthenticate'>,
): boolean {
  const isOver = citizen.reason === 'identity-ended' || citizen.reason === 'absolute-timeout'
  return isOver && mayResume && !reauthenticate
}

/** How a person is shown a way in, where there are several. */
export interface LoginMethodDisplay {
  /** What the person reads. Absent: the host of its provider. */
  readonly title?: string | undefined
  /** Address of a logo, shown beside the title: a path of the application or an absolute address. */
  readonly logo?: string | undefined
  /** `false`: only what names it leads there: a link, a guard, or `login.select`. Default `true`. */
  readonly isOffered?: boolean | undefined
}

/** What the options of a plug-in say of how it is shown. `otherwise`: the title of one that has nothing but a name. */
export function displayOf(
  options: {
    readonly name: string | undefined
    readonly displayName: string | undefined
    readonly logo: string | undefined
    readonly offered: boolean
  },
  otherwise: string,
): LoginMethodDisplay | undefined {
  const { name, displayName, logo, offered: isOffered } = options
  const title = displayName ?? (name === undefined ? undefined : otherwise)
  return title === undefined && isOffered ? undefined : { title, logo, isOffered }
}

/** A way in: shared cookie, OpenID Connect, SAML. */
export interface LoginMethod {
  /** Absent: with nothing but such ways nobody is to choose, and the first is taken. */
  readonly display?: LoginMethodDisplay | undefined
  /** Whether it may count as a new authentication that one was asked for: then a person must have pressed our button. */
  readonly takesAsked?: boolean | undefined
  /** Whether the login after an end as `identity-changed` needs no press of our button. */
  readonly followsIdentity?: boolean | undefined
  /** Sends the browser to the provider: a redirect, or a page with a form. */
  startLogin(exchange: Exchange, visit: LoginStart): MaybePromise<Reply>
}

/** Name of this way in, and of the participant in the logout that belongs to it. */
export const sharedCookieName = 'shared-cookie'

/** What somebody wants who comes to the login route. Nothing here needs trust: it can only ask for more. */
export interface LoginRequest {
  readonly returnTo: string
  readonly level: number
  /** Whether a second factor is asked for, whatever its level. */
  readonly secondFactor: boolean
  readonly maxAgeSeconds: number
  /** Name of the way in, as in `oidc`; empty: whichever fits. */
  readonly via: string
  /** Ways in one of which it must be; absent or none: any. */
  readonly providers?: readonly string[] | undefined
  /** Whether it stands for a login whose answer came twice at once; such a one is not begun anew for that again. */
  readonly isRepeated?: boolean | undefined
}
