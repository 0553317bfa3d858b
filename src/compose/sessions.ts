/** @module The life and the end of sessions in one suite, whichever cookie names them. */
import { callListener } from '../events.js'
import type { SignOutContext } from '../logout/context.js'
import { createGlobalLogout } from '../logout/global-logout.js'
import { createKeptVisits } from '../logout/kept-visits.js'
import { createSharedCopies } from '../logout/shared-copies.js'
import { isFromBefore } from '../protocol-sessions/removals.js'
import { createEndedSignals, type EndedSignals } from '../sessions/ended-signal.js'
import type { SessionContext } from '../sessions/evaluate.js'
import { createLifecycle, type Lifecycle } from '../sessions/lifecycle.js'
import { openDetails } from '../sessions/record.js'
import { createTouchSteps } from '../sessions/touch.js'
import { createSharedExpiry } from '../shared-cookie/expire.js'
import type { SuiteCookies } from './cookies.js'
import type { Foundation } from './foundation.js'
import type { Registries } from './registries.js'

/** What sessions are started, kept and ended by. */
export interface SuiteSessions {
  /** What every evaluation of a session stands on. */
  readonly sessions: SessionContext
  /** What every sign-out stands on. */
  readonly signOut: SignOutContext
  readonly signals: EndedSignals
}

/** Makes them. */
export function createSuiteSessions(
  base: Foundation & Registries & SuiteCookies,
  checkReturnTarget: SignOutContext['checkReturnTarget'],
): SuiteSessions {
  const { options, store, revocations, sealer, report, endedListeners } = base
  const { application, clock } = options
  const idleMilliseconds = application.idleSeconds * 1000
  const lifecycle = createLifecycleOf(base)
  const signals = createEndedSignals({
    store,
    revocations,
    clock,
    idleMilliseconds,
    skewMilliseconds: (options.identityProvider?.clockSkewSeconds ?? 0) * 1000,
    sealer,
    lifecycle,
    endIfRemoved: createEndIfRemoved(base, lifecycle),
  })
  endedListeners.add(({ address, reason }) => signals.noteEnd(address, reason))
  const signOut = createSignOutContext(base, lifecycle, checkReturnTarget)
  const { endSessions } = signOut.globalLogout
  const sessions: SessionContext = {
    store,
    revocations,
    lifecycle,
    steps: createTouchSteps({ options, store, endSessions }),
    sealer,
    report,
    idleMilliseconds,
    absoluteMilliseconds: application.absoluteSeconds * 1000,
    hasSignInWork: options.onSignIn !== undefined,
  }
  return { sessions, signOut, signals }
}

/** Ends a session whose provider was removed since it began; one of 0.1.0 does not say which that is. */
function createEndIfRemoved(
  { removals, sealer, options }: Foundation & Registries,
  lifecycle: Lifecycle,
): NonNullable<Parameters<typeof createEndedSignals>[0]['endIfRemoved']> {
  return async (address, record) => {
    if (removals.isEmpty || record.begunBy !== 'protocol') return false
    const { own } = openDetails(sealer, address, record.sealed)
    const now = options.clock()
    if (own?.provider === undefined || !isFromBefore(removals.knownAt(own.provider), record, own, now)) {
      return false
    }
    await lifecycle.end(address, record, { reason: 'provider-removed', at: now }, now)
    return true
  }
}

function createLifecycleOf(base: Foundation & Registries): Lifecycle {
  const { options, store, revocations, sealer, report, endedListeners } = base
  const { application, clock, random } = options
  return createLifecycle({
    application: application.id,
    idleMilliseconds: application.idleSeconds * 1000,
    absoluteMilliseconds: application.absoluteSeconds * 1000,
    hasSignInWork: options.onSignIn !== undefined,
    mostRecords: application.sessionsPerPerson,
    store,
    revocations,
    sealer,
    clock,
    random,
    report,
    onEnded: (session) => {
      for (const listener of endedListeners) callListener(listener, session)
    },
  })
}

function createSignOutContext(
  base: Foundation & Registries & SuiteCookies,
  lifecycle: Lifecycle,
  checkReturnTarget: SignOutContext['checkReturnTarget'],
): SignOutContext {
  const { options, shared, store, sealer, report, hintCookie, protocols, sharedCookieProviders } = base
  const { loginTransactions, loginsInFlight } = base
  const sessionCookie = options.takesProtocols ? base.sessionCookie : undefined
  const expireShared = shared === undefined ? () => false : createSharedExpiry(shared)
  const legs = { options, store, lifecycle, hintCookie, sessionCookie, report, expireShared }
  return {
    options,
    transactions: base.logoutTransactions,
    pendingLogouts: base.pendingLogouts,
    retainedUntil: lifecycle.retainedUntil,
    globalLogout: createGlobalLogout(legs),
    visits: createKeptVisits({ application: options.application.id, store, sealer }),
    participants: base.participants,
    isRemoved: base.removals.isRemoved,
    checkReturnTarget,
    requestSessions: base.requestSessions,
    copies: createSharedCopies({ options, store, sealer, protocols, sharedCookieProviders }),
    clearLogins(exchange) {
      loginTransactions.clear(exchange)
      loginsInFlight.clear(exchange)
    },
  }
}
