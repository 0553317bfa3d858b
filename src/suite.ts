/** @module The composition root: wires each part of one application once. */
import type { Citizen, Claims, LogoutRequest } from './citizen.js'
import type { ResolvedOptions, SuiteOptions } from './config/options.js'
import { resolveOptions } from './config/resolve.js'
import { warningsOf } from './config/warnings.js'
import { type ExpiryBatch, expiryVariants } from './cookies/expiry.js'
import { createHintCookie } from './cookies/hint.js'
import { createCookieScanner } from './cookies/parse.js'
import { maximumPairLength } from './cookies/serialize.js'
import { sharedCookies } from './cookies/shared-cookies.js'
import { createEndpoints, type FindEndpoint } from './endpoints.js'
import { callListener, createReport } from './events.js'
import type { Exchange, MaybePromise, Reply } from './exchange.js'
import { createRefuse } from './guards/refusal.js'
import { type Demand, verdictOn } from './guards/verdict.js'
import { readRefreshAnswer } from './identity/outcome.js'
import { createRefreshClient } from './identity/refresh-client.js'
import { createRefresher } from './identity/refresher.js'
import { createLoginRoutes, type LoginMarker } from './login/login.js'
import { createMarkers } from './login/marker.js'
import { createLoginReturn } from './login/return.js'
import { createReturnTargetCheck } from './login/return-target.js'
import { createGlobalLogout } from './logout/global-logout.js'
import { createLogoutRoutes, type LogoutMarker } from './logout/logout.js'
import type { Receipt } from './logout/receipt.js'
import { createArrival } from './requests/arrive.js'
import { createAuthenticator } from './requests/authenticate.js'
import { noteRefresh } from './requests/extend.js'
import { createJudge, type Judging } from './requests/judge.js'
import { createPeek } from './requests/peek.js'
import { createTokenReader } from './requests/read-token.js'
import { createSessionFinder } from './requests/session-of.js'
import { createSealer } from './seal.js'
import { createAdministration, type Revoke, type SessionAdministration } from './sessions/administration.js'
import { type CitizenActions, type LiveSession, liveSessionOf } from './sessions/citizens.js'
import { createLifecycle, type EndedSession } from './sessions/lifecycle.js'
import { openDetails, sealDetails } from './sessions/record.js'
import { tokenState } from './sessions/token-state.js'
import { createSessionWatch } from './sessions/watch.js'
import { createAdmission } from './stores/admission.js'
import { memoryStore } from './stores/memory.js'
import { openRedisStore } from './stores/redis-open.js'
import type { RecordAddress, Store } from './stores/store.js'
import { createJwksCache } from './tokens/jwks-cache.js'
import { createTokenVerifier, type VerifiedToken } from './tokens/verify.js'

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
  /** Releases what the suite itself opened. */
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
  const resolved = resolveOptions(options, environment)
  const { application, identityProvider, sharedCookie, routes, clock, random, isSecure } = resolved
  const report = createReport({ application: application.id, clock, onEvent: resolved.onEvent })
  for (const warning of warningsOf(resolved, environment)) {
    report({ type: 'warning', ...warning })
    if (resolved.onEvent === undefined) {
      process.emitWarning(warning.message, { type: 'CitizenSessionWarning', code: warning.code })
    }
  }

  const opened: Store[] = []
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

  const admission = createAdmission(store, application)

  const sealer = createSealer({ application: application.id, secrets: application.secrets, random })
  const hintCookie = createHintCookie({ application: application.id, isSecure, sealer })
  const keys = createJwksCache({
    ...identityProvider.keys,
    url: identityProvider.endpoints.jwks,
    algorithms: identityProvider.algorithms,
    fetch: resolved.fetch,
    clock,
    report,
  })
  const verifier = createTokenVerifier({
    ...identityProvider,
    issuers: new Map(identityProvider.issuers.map((issuer) => [issuer, keys])),
  })

  const watch = createSessionWatch({
    store,
    clock,
    idleMilliseconds: application.idleSeconds * 1000,
    meetRevocation: (address, record, now) => lifecycle.meetRevocation(address, record, now),
  })
  const endedListeners = new Set<(session: EndedSession) => void>()
  const lifecycle = createLifecycle({
    application: application.id,
    idleMilliseconds: application.idleSeconds * 1000,
    absoluteMilliseconds: application.absoluteSeconds * 1000,
    store,
    revocations,
    sealer,
    clock,
    random,
    report,
    onEnded: (session) => {
      watch.noteEnd(session.address, session.reason)
      for (const listener of endedListeners) callListener(listener, session)
    },
  })

  const expireShared = (exchange: Exchange, batch?: ExpiryBatch): void => {
    const { names, domain, path, sameSite } = sharedCookie
    const applicationHost = new URL(application.url).hostname
    const variants = expiryVariants([names.header, names.payload, names.signature], {
      domain,
      path,
      sameSite,
      applicationHost,
      target: exchange.target,
      batch,
      secure: isSecure,
    })
    for (const cookie of variants) exchange.setCookie(cookie)
  }
  const cookiesFor = (token: VerifiedToken) => {
    const maxAgeSeconds = sharedCookie.persistent
      ? Math.max(Math.floor((token.expiresAt - clock()) / 1000), 0)
      : undefined
    return sharedCookies(token.parts, { ...sharedCookie, secure: isSecure, maxAgeSeconds })
  }

  const { refresh } = identityProvider
  const refresher = createRefresher({
    post: createRefreshClient({
      endpoint: identityProvider.endpoints.refresh,
      timeoutSeconds: refresh.timeoutSeconds,
      fetch: resolved.fetch,
      readAnswer: refresh.readAnswer ?? ((response) => readRefreshAnswer(response, sharedCookie.names)),
    }),
    verify: verifier.verify,
    store,
    lifecycle,
    sealer,
    report,
    clock,
    random,
    timeoutSeconds: refresh.timeoutSeconds,
    onUnavailable: refresh.onUnavailable,
    isDeliverable: (token) =>
      cookiesFor(token).every(({ name, value }) => name.length + value.length <= maximumPairLength),
  })

  const actions: CitizenActions = {
    ended: (live) => watch.signalFor(live.state.address),
    refresh: async (live) => refreshNow(live),
    logout: (live, request): Promise<Receipt> =>
      logoutRoutes.logout(live.exchange, live.state.address, request),
  }

  const globalLogout = createGlobalLogout({
    options: resolved,
    store,
    lifecycle,
    hintCookie,
    report,
    expireShared,
  })
  const judging: Judging = {
    options: resolved,
    store,
    revocations,
    lifecycle,
    refresher,
    hintCookie,
    report,
    actions,
    cookiesFor,
    expireShared,
    endEverywhere: async ({ person, session }: RecordAddress) => {
      await globalLogout.endSessions(person, { kind: 'session', session }, 'signed-out')
    },
  }
  const { header, payload, signature } = sharedCookie.names
  const reader = createTokenReader({
    scan: createCookieScanner({ header, payload, signature, hint: hintCookie.name }),
    verify: verifier.verify,
    names: sharedCookie.names,
    report,
  })
  const authenticator = createAuthenticator({
    resolved,
    reader,
    judge: createJudge(judging),
    peek: createPeek(judging),
    hintCookie,
    store,
    lifecycle,
    report,
  })
  const finder = createSessionFinder({ resolved, reader, hintCookie, store })
  const arrive = createArrival({ resolved, authenticator, store, lifecycle, sealer })

  const checkReturnTarget = createReturnTargetCheck({
    applicationUrl: application.url,
    returnOrigins: application.returnOrigins,
    routesPath: routes.path,
  })
  const marking = { application: application.id, isSecure, sealer, store, random }
  const loginMarkers = createMarkers<LoginMarker>({ ...marking, purpose: 'login' })
  const logoutMarkers = createMarkers<LogoutMarker>({ ...marking, purpose: 'logout' })
  const loginContext = {
    options: resolved,
    markers: loginMarkers,
    checkReturnTarget,
    authenticate: (exchange: Exchange) => authenticator.authenticate(exchange),
    isLogoutPending: (exchange: Exchange) => logoutMarkers.isPending(exchange, clock()),
    report,
  }
  const loginRoutes = createLoginRoutes(loginContext)
  const loginReturn = createLoginReturn({ ...loginContext, arrive })
  const logoutRoutes = createLogoutRoutes({
    options: resolved,
    markers: logoutMarkers,
    globalLogout,
    checkReturnTarget,
    sessionsOf: finder.sessionsOf,
    sendsShared: finder.sendsShared,
    clearLogins: loginMarkers.clear,
  })

  const refuse = createRefuse({
    routesPath: routes.path,
    stylesheet: routes.stylesheet,
    formTargets: [identityProvider.endpoints.login, identityProvider.endpoints.logout],
  })

  async function refreshNow(live: LiveSession): Promise<boolean> {
    const { token, state, record } = live
    const result = await refresher.refresh({
      token,
      address: state.address,
      record,
      failures: state.failures,
    })
    noteRefresh(state, token, result, clock())
    const fresh =
      result.kind === 'token'
        ? result.token
        : result.kind === 'newer'
          ? await refresher.takeKept(token, state.address)
          : undefined
    if (fresh !== undefined) {
      tokenState(fresh, application.id, refresh.afterSeconds).address = state.address
      for (const cookie of cookiesFor(fresh)) live.exchange.setCookie(cookie)
    }
    return result.kind === 'token' || result.kind === 'extended' || result.kind === 'newer'
  }

  const { find: endpoint, steady } = createEndpoints({
    routesPath: routes.path,
    origin: application.url,
    clock,
    authenticate: authenticator.authenticate,
    loginRoutes,
    loginReturn,
    logoutRoutes,
    admit: admission.request,
    refuseOutage: (exchange, error) =>
      refuse(exchange, authenticator.unavailableBecause(error), { kind: 'unavailable' }),
  })

  const revoke: Revoke = (person, scope) => lifecycle.revoke(person, scope, 'revoked')

  return {
    options: resolved,
    sessions: createAdministration({ issuer: identityProvider.issuers[0] ?? '', store, revoke, clock }),
    endpoint,
    skips: routes.skip ?? (() => false),

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
      return authenticator.peek(exchange) as Promise<Citizen<C>>
    },

    guard(exchange, citizen, demand = {}) {
      const refusal = verdictOn(citizen, demand, clock())
      return refusal === undefined ? undefined : refuse(exchange, citizen, refusal)
    },

    logout: (exchange, request) =>
      steady((given) =>
        given.method === 'POST' ? logoutRoutes.post(given, request) : logoutRoutes.get(given),
      )(exchange),

    async bind(citizen, boundSession) {
      const live = liveSessionOf(citizen)
      if (live === undefined) return false
      const { address } = live.state
      const details = { ...openDetails(sealer, address, live.record.sealed), boundSession }
      return store.update(address, live.record.generation, { sealed: sealDetails(sealer, address, details) })
    },

    onSessionEnded(listener) {
      endedListeners.add(listener)
      return () => endedListeners.delete(listener)
    },

    purgeKeys: verifier.purge,

    async ready() {
      await store.ready()
      await revocations?.ready()
      await admission.request()
    },

    async close() {
      admission.close()
      watch.close()
      await Promise.all(opened.map((each) => each.close()))
    },
  }
}
