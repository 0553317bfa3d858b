/** @module The composition root: puts the parts of one application together, once, each upon those before it. */
import type { Citizen, Claims } from '../citizen.js'
import { closeInStages } from '../close-in-stages.js'
import type { SuiteOptions } from '../config/options.js'
import { resolveOptions } from '../config/resolve.js'
import { createDebugLog, type DebugLog, withDebugLog } from '../debug-log.js'
import { createEndpoints, type Endpoints } from '../endpoints.js'
import type { MaybePromise } from '../exchange.js'
import { createRefuse, type Refuse } from '../guards/refusal.js'
import { verdictOn } from '../guards/verdict.js'
import { createReturnTargetCheck } from '../login/return-target.js'
import { onlyTrue } from '../only-true.js'
import { createPages } from '../pages/pages.js'
import { createDetours } from '../protocol-sessions/detour.js'
import { listedLevel } from '../protocol-sessions/listed-level.js'
import { createAdministration, type SessionAdministration } from '../sessions/administration.js'
import { applicationsDocument } from '../sessions/applications.js'
import { bindSession } from '../sessions/bind-session.js'
import { type Admission, createAdmission } from '../stores/admission.js'
import { closeIfUnmade } from '../stores/opening.js'
import type { Store } from '../stores/store.js'
import type { Suite } from '../suite.js'
import { createSuiteCookies, type SuiteCookies } from './cookies.js'
import { type Credentials, createCredentials } from './credentials.js'
import { createFoundation, type Foundation } from './foundation.js'
import { createSuiteGate } from './gate.js'
import { installPlugIns } from './plug-ins.js'
import { withPublicPath } from './public-path.js'
import { createRegistries, type Registries } from './registries.js'
import { createSuiteRoutes, type SuiteRoutes } from './routes.js'
import { createSuiteSessions, type SuiteSessions } from './sessions.js'
import { createSuiteProtocols } from './suite-protocols.js'

type Base = Foundation & Registries & SuiteCookies & SuiteSessions & Credentials & SuiteRoutes

interface Parts extends Base {
  readonly admission: Admission
  readonly refuse: Refuse
  readonly endpoints: Endpoints
  /** Stores that were opened for the suite. */
  readonly opened: readonly Store[]
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
  const suite = closeIfUnmade((opened) => assemble<C>(options, environment, { opened, debug }))
  const served = withPublicPath(suite)
  return debug === undefined ? served : withDebugLog(served, debug)
}

/** The parts of a suite, floor by floor; the stores that are opened for it are noted in `opened` at once. */
function assemble<C extends Claims>(
  given: SuiteOptions,
  environment: Readonly<Record<string, string | undefined>>,
  { opened, debug }: { readonly opened: Store[]; readonly debug: DebugLog | undefined },
): Suite<C> {
  const options = resolveOptions(given, environment)
  const { application, routes } = options
  const foundation = createFoundation(options, environment, { opened, debug })
  const registries = createRegistries(foundation)
  const ground = { ...foundation, ...registries, ...createSuiteCookies(foundation) }
  const checkReturnTarget = createReturnTargetCheck({
    applicationUrl: application.url,
    applicationPath: application.path,
    returnOrigins: application.returnOrigins,
    routesPath: routes.path,
  })
  const withSessions = { ...ground, ...createSuiteSessions(ground, checkReturnTarget) }
  const withCredentials = { ...withSessions, ...createCredentials(withSessions) }
  const base: Base = { ...withCredentials, ...createSuiteRoutes(withCredentials) }
  installPlugIns(base)
  const pages = createPages(options)
  const refuse = createRefuse({ routesPath: routes.path, startPage: application.startPage, pages })
  // Last of what can fail: it takes the id on the store.
  const admission = createAdmission(
    base.store,
    { id: application.id, url: `${application.url}${application.path}` },
    {
      revocations: base.revocations,
      onCaution: base.warn,
      // What was removed, and stands in the options still, or again: its sessions of then are over.
      prepare: async () => {
        for (const name of base.protocols.keys()) await base.removals.learn(name)
      },
    },
  )
  const { authenticator } = base
  const endpoints = createEndpoints({
    ...base,
    gate: createSuiteGate(base, { pages, refuse, admit: admission.request }),
    routesPath: routes.path,
    origin: application.url,
    applicationName: application.name,
    clock: options.clock,
    authenticate: authenticator.authenticate,
    pages,
    profile: { release: options.profile, report: base.report, login: `${routes.path}/login` },
    applications: applicationsDocument(options),
    takesProtocols: options.takesProtocols,
    isRemoved: base.removals.isRemoved,
    admit: admission.request,
    refuseOutage: (exchange, error) =>
      refuse(exchange, authenticator.unavailableBecause(error), { kind: 'unavailable' }),
  })
  return suiteOf<C>({ ...base, admission, refuse, endpoints, opened })
}

function suiteOf<C extends Claims>(parts: Parts): Suite<C> {
  const { options, report, store, sealer, revocations, admission, authenticator, logoutRoutes } = parts
  const { skip } = options.routes
  const detourOf = createDetours(parts.protocols, options)
  return {
    options,
    sessions: administrationOf(parts),
    protocols: createSuiteProtocols(parts),
    endpoint: parts.endpoints.find,
    skips: skip === undefined ? () => false : onlyTrue('routes.skip', skip, report),

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
      const refusal = verdictOn(citizen, demand, options.clock())
      return refusal === undefined ? detourOf(exchange, citizen) : parts.refuse(exchange, citizen, refusal)
    },

    logout(exchange, request) {
      const { post, get } = logoutRoutes
      const answer = parts.endpoints.answeringErrors((given) =>
        given.method === 'POST' ? post(given, request) : get(given),
      )
      return answer(exchange)
    },

    bind: (citizen, boundSession) => bindSession({ store, sealer }, citizen, boundSession),

    onSessionEnded(listener) {
      parts.endedListeners.add(listener)
      return () => parts.endedListeners.delete(listener)
    },

    purgeKeys() {
      parts.sharedCookie?.purgeKeys()
      for (const protocol of parts.protocols.values()) protocol.purgeKeys?.()
    },

    async ready() {
      await store.ready()
      await revocations?.ready()
      await admission.request()
      for (const protocol of parts.protocols.values()) await protocol.ready?.()
    },

    async close() {
      parts.signals.close()
      parts.stopNearEvents()
      // While the store still answers: a provider has given what it gives once only.
      const renewing = [parts.sharedCookie, parts.ownSessions?.tokenVault]
      await closeInStages(renewing, [...parts.protocols.values()], [admission], parts.opened)
    },
  }
}

function administrationOf({
  options,
  shared,
  protocols,
  store,
  sealer,
  sessions,
}: Parts): SessionAdministration {
  const levelParts = { application: options.application.id, protocols, sealer }
  return createAdministration({
    issuer: () => shared?.identityProvider.issuers[0] ?? protocols.values().next().value?.issuer ?? '',
    store,
    revoke: (person, scope) => sessions.lifecycle.revoke(person, scope, 'revoked'),
    clock: options.clock,
    levelOf: (address, record) => listedLevel(levelParts, address, record),
  })
}
