/** @module The parts of the OpenID provider, as its endpoints see them. */
import { type Context, lacksSecondFactor } from '../context.js'
import { endpointPaths } from '../endpoints.js'
import type { OpenidFaults } from '../faults/openid.js'
import type { Person } from '../people.js'
import type { KeptSession } from '../sessions.js'
import type { SignedIn, Visit } from '../visit.js'
import type { AuthorizationRequest, PushedRequest } from './authorization-request.js'
import type { Grants } from './grants.js'
import type { LogoutRequest } from './logout-request.js'
import type { Notices } from './notices.js'
import type { ResolvedOpenidOptions } from './options.js'
import type { Signing } from './signing.js'
import type { SsoRegister } from './sso-register.js'
import type { Tickets } from './tickets.js'

/** An authorization request whose person is signing in. */
export interface PendingAuthorization {
  readonly request: AuthorizationRequest
  /** Cookies of the sessions that were there when it came: only another one is a new authentication. */
  earlier: ReadonlySet<string> | undefined
}

/** The parts. */
export interface Provider {
  readonly context: Context
  readonly options: ResolvedOpenidOptions
  readonly signing: Signing
  readonly register: SsoRegister
  readonly grants: Grants
  readonly notices: Notices
  /** Requests by PAR ticket. */
  readonly pushed: Tickets<PushedRequest>
  readonly authorizations: Tickets<PendingAuthorization>
  readonly logouts: Tickets<LogoutRequest>
  /** `jti` of client assertions that were used, with the time until which they count. */
  readonly usedAssertions: Map<string, number>
}

/** What is wrong with the provider now. */
export const faultsOf = ({ context }: { readonly context: Context }): OpenidFaults =>
  context.gate.faults.settings.openid

/** The absolute address of an endpoint. */
export const addressOf = (context: Context, endpoint: keyof typeof endpointPaths): string =>
  `${context.url()}${endpointPaths[endpoint]}`

/** The sessions of a visit that have not ended, newest first. */
export const livingOf = (context: Context, visit: Visit): readonly SignedIn[] =>
  visit.held.filter(({ session }) => context.sessions.findByCookie(session.cookie) === session)

/** How the person signed in, as `amr`. Source: RFC 8176, section 2. */
export function methodsOf(session: KeptSession, person: Person): readonly string[] {
  if (session.level === 'did') return ['swk', 'user', 'mfa']
  if (session.level === 'password') return ['pwd']
  return ['pwd', person.secondFactor === 'sms' ? 'sms' : 'otp', 'mfa']
}

/** Whether a session is not yet good enough for any client. */
export const isUnfinished = ({ session, person }: SignedIn): boolean => lacksSecondFactor(session, person)
