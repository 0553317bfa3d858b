/** @module The cookies that name sessions in one suite: the shared one, and our own for the plug-ins. */
import { type Authenticator, createAuthenticator } from '../authenticate.js'
import { logOut } from '../logout/finish-logout.js'
import { checkLogoutRequest } from '../logout/logout-request.js'
import {
  createProtocolSessionAuthenticator,
  type ProtocolSessionAuthenticator,
} from '../protocol-sessions/authenticate.js'
import { createTokenVault, type TokenVault } from '../protocol-sessions/token-vault.js'
import type { CitizenActions } from '../sessions/create-citizen.js'
import { createSharedCookie, type SharedCookie } from '../shared-cookie/shared-cookie.js'
import type { SuiteCookies } from './cookies.js'
import type { Foundation } from './foundation.js'
import type { Registries } from './registries.js'
import type { SuiteSessions } from './sessions.js'

/** Our own cookie, and the tokens of the sessions that it names. */
export interface OwnSessions {
  readonly own: ProtocolSessionAuthenticator
  readonly tokenVault: TokenVault
}

/** Whatever names a session in a request. */
export interface Credentials {
  readonly sharedCookie: SharedCookie | undefined
  /** Where plug-ins are in use. */
  readonly ownSessions: OwnSessions | undefined
  readonly authenticator: Authenticator
}

type Base = Foundation & Registries & SuiteCookies & SuiteSessions

/** Makes the cookies that are in use, and enters what each says of a request's sessions. */
export function createCredentials(base: Base): Credentials {
  const { options, shared, hintCookie, sessions, report, requestSessions } = base
  const actions = citizenActions(base)
  const sharedCookie = shared && createSharedCookie({ options: shared, sessions, hintCookie, actions })
  if (sharedCookie !== undefined) Object.assign(requestSessions, sharedCookie.finder)
  const ownSessions = options.takesProtocols ? createOwnSessions(base, actions) : undefined
  if (ownSessions !== undefined) {
    const { namedBy, tokensOf } = ownSessions.own
    Object.assign(requestSessions, { namedBy, tokensOf })
  }
  const authenticator = createAuthenticator({
    options,
    shared: sharedCookie?.authenticator,
    own: ownSessions?.own,
    report,
  })
  return { sharedCookie, ownSessions, authenticator }
}

/** What every citizen can do, whichever cookie names the session. */
function citizenActions({ signals, signOut }: SuiteSessions): Pick<CitizenActions, 'logout' | 'ended'> {
  return {
    ended: ({ state, record, exchange, tokenExpiresAt }) =>
      signals.signalFor(state.address, record, exchange, tokenExpiresAt),
    logout({ exchange, state, record }, request) {
      const session = { address: state.address, tokenExpiresAt: record.tokenExpiresAt }
      return logOut(signOut, exchange, session, checkLogoutRequest(request))
    },
  }
}

function createOwnSessions(base: Base, actions: Pick<CitizenActions, 'logout' | 'ended'>): OwnSessions {
  const { options, sessions, sessionCookie, protocols, removals } = base
  const { clock, random } = options
  const tokenVault = createTokenVault({ ...sessions, clock, random })
  const parts = { options, sessions, sessionCookie, protocols, removals, tokenVault, actions }
  return { tokenVault, own: createProtocolSessionAuthenticator(parts) }
}
