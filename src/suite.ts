/** @module The composition root: wires each part of one application once. */

import { createAuthenticator } from './authenticate.js'
import type { Citizen, Claims, LogoutRequest } from './citizen.js'
import { closeInStages } from './close-in-stages.js'
import { type ResolvedOptions, type SuiteOptions, usesSharedCookie } from './config/options.js'
import { resolveOptions } from './config/resolve.js'
import { warningsAtStart } from './config/warnings.js'
import { createSessionCookie } from './cookies/session-cookie.js'
import { createTransactionCookies } from './cookies/transaction.js'
import { createDebugLog, type DebugLog, withDebugLog } from './debug-log.js'
import { createEndpoints, type FindEndpoint } from './endpoints.js'
import { callListener } from './events.js'
import type { Exchange, MaybePromise, Reply } from './exchange.js'
import { createRefuse } from './guards/refusal.js'
import { verdictOn } from './guards/verdict.js'
import { createLoginMethodChoice } from './login/choose-method.js'
import { createLoginHosts } from './login/hosts.js'
import { createLoginRoutes, type LoginTransaction } from './login/login.js'
import { createLoginCompletion, createLoginReturn, type LoginReturn } from './login/return.js'
import { createReturnTargetCheck } from './login/return-target.js'
import type { SignOutContext } from './logout/context.js'
import { logOut } from './logout/finish-logout.js'
import { createGlobalLogout } from './logout/global-logout.js'
import { createKeptVisits } from './logout/kept-visits.js'
import { checkLogoutRequest } from './logout/logout-request.js'
import { createLogoutRoutes } from './logout/logout-routes.js'
import { createLogoutSettling, createPendingLogouts } from './logout/pending-logout.js'
import { noRequestSessions } from './logout/request-sessions.js'
import { createSharedCopies } from './logout/shared-copies.js'
import type { LogoutTransaction } from './logout/transaction.js'
import { onlyTrue } from './only-true.js'
import { createPages } from './pages/pages.js'
import { installProtocols, type ProtocolPlugins } from './protocol-sessions/host.js'
import { type LoginMethod, sharedCookieName } from './protocols/login-method.js'
import type { LogoutParticipant } from './protocols/logout-participant.js'
import type { InstalledProtocol } from './protocols/protocol.js'
import { withPublicPath } from './public-path.js'
import { createReporting } from './reporting.js'
import { createSealer } from './seal.js'
import { createAdministration, type Revoke, type SessionAdministration } from './sessions/administration.js'
import type { Demand } from './sessions/assurance.js'
import { bindSession } from './sessions/bind-session.js'
import type { CitizenActions } from './sessions/create-citizen.js'
import { createEndedSignals } from './sessions/ended-signal.js'
import type { SessionContext } from './sessions/evaluate.js'
import { createLifecycle } from './sessions/lifecycle.js'
import type { EndedSession } from './sessions/lifecycle-context.js'
import { createTouchSteps } from './sessions/touch.js'
import { createEndSharedSession } from './shared-cookie/end-session.js'
import { createHintCookie } from './shared-cookie/hint-cookie.js'
import { createSharedCookieLogin } from './shared-cookie/login.js'
import { createSharedLoginReturn } from './shared-cookie/login-return.js'
import { createSharedCookieLogout } from './shared-cookie/logout.js'
import { createSharedCookie, createSharedExpiry } from './shared-cookie/shared-cookie.js'
import { createAdmission } from './stores/admission.js'
import { memoryStore } from './stores/memory/store.js'
import { closeIfUnmade } from './stores/opening.js'
import { openRedisStore } from './stores/redis/open.js'
import type { Store } from './stores/store.js'

/** The session and single-logout layer of one application; what adapters build on. */
export interface Suite<C extends Claims = Claims> {
  readonly options: ResolvedOptions
  /** Sessions for administrators and "my sessions" pages. */
  readonly sessions: SessionAdministration
  /** The handler of a request to one of our own routes; `undefined`: the request is the application's. */
  endpoint: FindEndpoint
  /** Whether `routes.skip` leaves this request alone. */
  skips(exchange: Exchange): boolean
  /** The citizen of a request; there at once when nothing has to be waited for. Effects (cookies) are decided then. */
  authenticate(exchange: Exchange): MaybePromise<Citizen<C>>
  /** The same, purely read: no write, no touch, no refresh, no cookie. For places that cannot answer with a cookie. */
  peek(exchange: Exchange): Promise<Citizen<C>>
  /** The answer that keeps a citizen out, or `undefined`: let the request through. */
  guard(exchange: Exchange, citizen: Citizen<C>, demand?: Demand): Reply | undefined
  /** Answers a POST to a logout route of the application's own. A GET gets the confirmation page. */
  logout(exchange: Exchange, request?: LogoutRequest): Promise<Reply>
  /**
   * Notes the application's own framework session with an active citizen's record, so that it ends with it.
   * `false`: the session is no longer there.
   */
  bind(citizen: Citizen<C>, boundSession: string): Promise<boolean>
  /** Calls `listener` for each session of this application that this instance ends. Returns the way to stop. */
  onSessionEnded(listener: (session: EndedSession) => void): () => void
  /** Forgets every key and every verified token at once, for an emergency at the identity provider. */
  purgeKeys(): void
  /**
   * Resolves when the application can serve: the store answers, and its id is its own.
   * @throws StoreUnavailableError; CitizenSessionError `application-id-taken`, `store-eviction`
   */
  ready(): Promise<void>
  /**
   * Waits for renewals at the provider that are under way, so that no token is lost, and releases what the suite itself
   * opened. Close servers before, and a store of your own afterwards.
   */
  close(): Promise<void>
}

/**
 * Makes the suite of one application from options, the environment and the defaults.
 * @throws ConfigurationError with every problem; CitizenSessionError `application-id-taken` where that shows at once.
 */
export function createSuite<C extends Claims = Claims>(
  options: SuiteOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Suite<C> {
  const debug = createDebugLog(environment)
  const suite = closeIfUnmade((opened) => assembleSuite<C>(options, environment, { opened, debug }))
  const served = withPublicPath(suite)
  return debug === undefined ? served : withDebugLog(served, debug)
}

/** The parts of a suite put together; the stores that are opened for it are noted in `opened` at once. */
function assembleSuite<C extends Claims>(
  options: SuiteOptions,
  environment: Readonly<Record<string, string | undefined>>,
  { opened, debug }: { readonly opened: Store[]; readonly debug: DebugLog | undefined },
): Suite<C> {
  const resolved = resolveOptions(options, environment)
  const { application, routes, clock, random, isSecure } = resolved
  const report = createReporting(resolved, debug)
  const warn = (warning: { readonly code: string; readonly message: string }): void =>
    report({ type: 'warning', ...warning })
  for (const warning of warningsAtStart(resolved, environment)) warn(warning)

  const storeFrom = (given: Store | string): Store => {
    if (typeof given !== 'string') return given
    const store = openRedisStore(given, { clock })
    opened.push(store)
    return store
  }
  const store = storeFrom(resolved.store ?? memoryStore({ clock }))
  const revocations =
    resolved.revocations === undefined || resolved.revocations === resolved.store
      ? undefined
      : storeFrom(resolved.revocations)

  const sealer = createSealer({ application: application.id, secrets: application.secrets, random })
  const naming = { application: application.id, isSecure, sealer }
  const hintCookie = createHintCookie({ ...naming, rememberedHints: resolved.rememberedTokens })
  const sessionCookie = createSessionCookie(naming)

  const loginMethods = new Map<string, LoginMethod>()
  const participants = new Map<string, LogoutParticipant>()
  const installed = new Map<string, InstalledProtocol>()
  const requestSessions = noRequestSessions()
  const endedListeners = new Set<(session: EndedSession) => void>()

  const lifecycle = createLifecycle({
    application: application.id,
    idleMilliseconds: application.idleSeconds * 1000,
    absoluteMilliseconds: application.absoluteSeconds * 1000,
    hasSignInWork: resolved.onSignIn !== undefined,
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
  const watch = createEndedSignals({
    store,
    clock,
    idleMilliseconds: application.idleSeconds * 1000,
    sealer,
    lifecycle,
  })
  endedListeners.add(({ address, reason }) => watch.noteEnd(address, reason))

  const checkReturnTarget = createReturnTargetCheck({
    applicationUrl: application.url,
    applicationPath: application.path,
    returnOrigins: application.returnOrigins,
    routesPath: routes.path,
  })
  const loginHosts = createLoginHosts(application.url)
  const marking = { ...naming, store, random }
  const onSet = loginHosts.note
  const loginTransactions = createTransactionCookies<LoginTransaction>({
    ...marking,
    purpose: 'login',
    onSet,
  })
  const logoutTransactions = createTransactionCookies<LogoutTransaction>({ ...marking, purpose: 'logout' })
  const pendingLogouts = createPendingLogouts(naming)

  const shared = usesSharedCookie(resolved) ? resolved : undefined
  const globalLogout = createGlobalLogout({
    options: resolved,
    store,
    lifecycle,
    hintCookie,
    sessionCookie: resolved.protocols.length > 0 ? sessionCookie : undefined,
    report,
    expireShared: shared === undefined ? () => false : createSharedExpiry(shared),
  })
  const signOut: SignOutContext = {
    options: resolved,
    transactions: logoutTransactions,
    pendingLogouts,
    retainedUntil: lifecycle.retainedUntil,
    globalLogout,
    visits: createKeptVisits({ application: application.id, store, sealer }),
    participants,
    checkReturnTarget,
    requestSessions,
    copies: createSharedCopies({ options: resolved, store, sealer, protocols: installed }),
    clearLogins(exchange) {
      loginTransactions.clear(exchange)
      protocolMode?.clearLogins(exchange)
    },
  }
  const actions: Pick<CitizenActions, 'logout' | 'ended'> = {
    ended: (live) => watch.signalFor(live.state.address, live.record, live.exchange),
    logout({ exchange, state, record }, request) {
      checkLogoutRequest(request)
      const session = { address: state.address, tokenExpiresAt: record.tokenExpiresAt }
      return logOut(signOut, exchange, session, request)
    },
  }
  const steps = createTouchSteps({ options: resolved, store, endSessions: globalLogout.endSessions })
  const sessions: SessionContext = {
    store,
    revocations,
    lifecycle,
    steps,
    sealer,
    report,
    idleMilliseconds: application.idleSeconds * 1000,
    absoluteMilliseconds: application.absoluteSeconds * 1000,
    hasSignInWork: resolved.onSignIn !== undefined,
  }
  const common = { sessions, actions }
  const cookieMode =
    shared === undefined ? undefined : createSharedCookie({ ...common, options: shared, hintCookie })
  Object.assign(requestSessions, cookieMode?.finder)

  const protocolMode: ProtocolPlugins | undefined =
    resolved.protocols.length === 0
      ? undefined
      : installProtocols({
          ...common,
          options: resolved,
          sessionCookie,
          conclusion: () => conclusion,
          logoutRoutes: () => logoutRoutes,
          checkReturnTarget,
          loginHosts,
          endShared: createEndSharedSession(cookieMode, globalLogout),
        })
  if (protocolMode !== undefined) {
    const { namedBy, tokensOf } = protocolMode.protocolSessions
    Object.assign(requestSessions, { namedBy, tokensOf })
  }

  const authenticator = createAuthenticator({
    options: resolved,
    shared: cookieMode?.look,
    own: protocolMode?.protocolSessions,
    report,
  })

  if (shared !== undefined)
    loginMethods.set(sharedCookieName, createSharedCookieLogin(shared, loginTransactions))
  for (const [name, protocol] of protocolMode?.protocols ?? []) {
    installed.set(name, protocol)
    loginMethods.set(name, protocol)
    participants.set(name, protocol)
  }
  if (shared !== undefined) participants.set(sharedCookieName, createSharedCookieLogout(shared))
  const loginContext = {
    options: resolved,
    checkReturnTarget,
    ...createLoginMethodChoice(loginMethods, (exchange) => requestSessions.namedBy(exchange)?.protocol),
    ...authenticator,
    isLoginInFlight: (exchange: Exchange, state: string) =>
      loginTransactions.find(exchange, state, clock()) !== undefined,
    logoutSettling: createLogoutSettling({
      pendingLogouts,
      transactions: logoutTransactions,
      participants,
      clock,
    }),
    loginHosts,
    report,
  }
  const loginRoutes = createLoginRoutes(loginContext)
  const conclusion = createLoginCompletion(loginContext)
  const loginReturn: LoginReturn =
    shared === undefined || cookieMode === undefined
      ? async (exchange) => conclusion.unknownStatePage(exchange)
      : createLoginReturn({
          options: resolved,
          transactions: loginTransactions,
          conclusion,
          arrive: createSharedLoginReturn({
            resolved: shared,
            authenticator,
            tokenOf: cookieMode.look.tokenOf,
            store,
            lifecycle,
            sealer,
          }),
        })

  const protocols = [...(protocolMode?.protocols.values() ?? [])]
  const logoutRoutes = createLogoutRoutes({ ...signOut, inspect: authenticator.inspect })

  const pages = createPages(resolved)
  const refuse = createRefuse({
    routesPath: routes.path,
    startPage: application.startPage,
    pages,
  })

  // Last of what can fail: it takes the id on the store.
  const admission = createAdmission(
    store,
    { id: application.id, url: `${application.url}${application.path}` },
    { revocations, onCaution: warn },
  )

  const { find: endpoint, answeringErrors: steady } = createEndpoints({
    routesPath: routes.path,
    origin: application.url,
    clock,
    authenticate: authenticator.authenticate,
    loginRoutes,
    loginReturn,
    logoutRoutes,
    pages,
    protocols: protocolMode?.protocols ?? new Map(),
    admit: admission.request,
    refuseOutage: (exchange, error) =>
      refuse(exchange, authenticator.unavailableBecause(error), { kind: 'unavailable' }),
  })

  const issuerOf = (): string => {
    const [protocol] = protocols
    return shared?.identityProvider.issuers[0] ?? protocol?.issuer ?? ''
  }
  const revoke: Revoke = (person, scope) => lifecycle.revoke(person, scope, 'revoked')

  return {
    options: resolved,
    sessions: createAdministration({ issuer: issuerOf(), store, revoke, clock }),
    endpoint,
    skips: routes.skip === undefined ? () => false : onlyTrue('routes.skip', routes.skip, report),

    authenticate(exchange) {
      if (admission.isGranted) return authenticator.authenticate(exchange) as MaybePromise<Citizen<C>>
      return admission.request().then(
        () => authenticator.authenticate(exchange) as MaybePromise<Citizen<C>>,
        (error) => authenticator.unavailableBecause(error) as Citizen<C>,
      )
    },

    async peek(exchange) {
      try {
        await admission.request()
      } catch (error) {
        return authenticator.unavailableBecause(error) as Citizen<C>
      }
      return authenticator.inspect(exchange) as Promise<Citizen<C>>
    },

    guard(exchange, citizen, demand = {}) {
      const refusal = verdictOn(citizen, demand, clock())
      return refusal === undefined ? undefined : refuse(exchange, citizen, refusal)
    },

    logout: (exchange, request) =>
      steady((given) =>
        given.method === 'POST' ? logoutRoutes.post(given, request) : logoutRoutes.get(given),
      )(exchange),

    bind: (citizen, boundSession) => bindSession({ store, sealer }, citizen, boundSession),

    onSessionEnded(listener) {
      endedListeners.add(listener)
      return () => endedListeners.delete(listener)
    },

    purgeKeys() {
      cookieMode?.purgeKeys()
      for (const protocol of protocols) protocol.purgeKeys?.()
    },

    async ready() {
      await store.ready()
      await revocations?.ready()
      await admission.request()
      for (const protocol of protocols) await protocol.ready?.()
    },

    async close() {
      watch.close()
      // While the store still answers: a provider has given what it gives once only.
      await closeInStages([cookieMode, protocolMode], protocols, [admission], opened)
    },
  }
}
