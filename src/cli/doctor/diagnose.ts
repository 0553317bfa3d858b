/** @module The whole examination: configuration first, then everything that it names, from outside. */
import type { LookupFunction } from 'node:net'
import { type Clock, systemClock } from '../../clock.js'
import { type Environment, textOfVariable } from '../../config/environment.js'
import { type ResolvedOptions, usesSharedCookie } from '../../config/options.js'
import { inForce, type PolicyRow } from '../../config/policy-report.js'
import { resolveOptions } from '../../config/resolve.js'
import { ConfigurationError } from '../../errors.js'
import { isLoopbackHost } from '../../host-names.js'
import type { Protocol } from '../../protocols/protocol.js'
import { isConfigured } from '../environment.js'
import { createProbe, type Probe } from '../probe.js'
import { judgeApplication, judgeLogin, judgeLogout } from './application.js'
import { judgeCaching, judgeCookies, judgeSharedDeletion } from './application-cookies.js'
import { judgeClocks } from './clock.js'
import { judgeConfiguration, judgeProblems, judgeTimes } from './configuration.js'
import type { LoadSuffixes } from './cookie-domain.js'
import { checkNames, createFindings, type Finding } from './finding.js'
import { examineGate, unseenOptions } from './gate.js'
import { judgePartnerKeys } from './partner-keys.js'
import { judgePolicies } from './policies.js'
import { judgeProtocolLogin, type WayIn } from './protocol-login.js'
import { examineProtocols, type ProtocolExamination, protocolOrigins } from './protocols.js'
import { findProviders, type ProtocolRequest } from './providers.js'
import { examineSharedCookie, type FindToken, providerOrigins } from './shared-cookie.js'
import { judgeSiblings } from './siblings.js'
import { judgeStores } from './store.js'
import { type ApplicationVisit, visitApplication } from './visits.js'

/** What to examine. */
export interface DiagnosisRequest extends ProtocolRequest {
  readonly environment: Environment
  /** Origins of sibling applications; the configured one is always looked at. */
  readonly urls: readonly string[]
  readonly token?: FindToken | undefined
  readonly clock?: Clock | undefined
  /** Certificates in PEM that are trusted besides those of Node. */
  readonly certificates?: string | undefined
  /** For each request. Default 5. */
  readonly timeoutSeconds?: number | undefined
  /** Ends requests under way. */
  readonly stop?: AbortSignal | undefined
  readonly lookup?: LookupFunction | undefined
  /** Whether a group may read the private keys of the issuing side. */
  readonly groupRead?: boolean | undefined
  readonly loadSuffixes?: LoadSuffixes | undefined
}

/** What was found. */
export interface Diagnosis {
  readonly findings: readonly Finding[]
  /** The session policy in force; empty without a configuration. */
  readonly policy: readonly PolicyRow[]
}

/** Tolerated where no option of the shared cookie says otherwise; the plug-ins have the same default. */
const usualSkewSeconds = 30

/** Examines a deployment. Asks only the addresses of the configuration and of the request, and changes nothing there. */
export async function diagnose(request: DiagnosisRequest): Promise<Diagnosis> {
  const { environment } = request
  const clock = request.clock ?? systemClock
  const providers = await findProviders(request, environment)
  const hasProviders = providers.plugIns.length > 0
  const open = (origins: readonly string[]): Probe =>
    createProbe({
      origins: new Set([...origins, ...protocolOrigins(providers)]),
      clock,
      certificates: request.certificates,
      timeoutSeconds: request.timeoutSeconds,
      lookup: request.lookup,
      stop: request.stop,
    })
  /** The providers by themselves, where there is no application that could be looked at. */
  const withoutApplication = async (said: readonly Finding[]): Promise<Diagnosis> => {
    const about = { resolved: undefined, now: clock() }
    const { findings, witnesses } = await examineProtocols(open([]), providers, about)
    return {
      findings: inOrder([...said, ...findings, ...judgeClocks(witnesses, usualSkewSeconds)]),
      policy: [],
    }
  }
  const isNoApplication = !providers.isDescribed && !isConfigured(environment)
  if (hasProviders && isNoApplication) return withoutApplication([notConfigured])
  let resolved: ResolvedOptions
  try {
    resolved = resolveSeen(providers.plugIns, environment)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = judgeProblems(error, environment)
    return hasProviders
      ? withoutApplication(problems)
      : { findings: inOrder([...problems, ...providers.findings, ...leftOut()]), policy: [] }
  }
  const origins = [...new Set([resolved.application.url, ...request.urls])]
  const plain = origins.filter(isPlain)
  const visited = origins.filter((origin) => !plain.includes(origin))
  const shared = usesSharedCookie(resolved) ? resolved : undefined
  const probe = open([...visited, ...(shared === undefined ? [] : providerOrigins(shared))])
  const folder = textOfVariable(environment, 'CITIZEN_SSO_KEYS')
  const [cookie, protocols, visits, stores, gate, issuing] = await Promise.all([
    shared &&
      examineSharedCookie(probe, shared, {
        token: request.token,
        loadSuffixes: request.loadSuffixes,
        now: clock(),
      }),
    examineProtocols(probe, providers, { resolved, now: clock() }),
    Promise.all(visited.map((origin) => visitApplication(probe, origin, resolved))),
    judgeStores(resolved),
    examineGate(probe, resolved, environment),
    folder === undefined
      ? []
      : judgePartnerKeys({ folder, groupRead: request.groupRead === true }, probe, resolved, clock()),
  ])
  const witnesses = [
    ...(cookie === undefined ? [] : [cookie.witness]),
    ...protocols.witnesses,
    ...visits.map(({ origin, status }) => ({ name: origin, visited: status })),
  ]
  return {
    findings: inOrder([
      ...judgeConfiguration(resolved, environment),
      ...judgeTimes(resolved, cookie?.tokenSeconds, protocols.sessions),
      ...(cookie?.findings ?? []),
      ...judgeClocks(witnesses, shared?.identityProvider.clockSkewSeconds ?? usualSkewSeconds),
      ...protocols.findings,
      ...plain.map(judgePlain),
      ...visits.flatMap((visit) => judgeOne(visit, resolved, protocols)),
      ...judgeSiblings(visits, cookie?.provider, resolved),
      ...stores,
      ...gate,
      ...issuing,
    ]),
    policy: inForce(resolved),
  }
}

/** The options by the variables, with what only code can give taken for given. */
function resolveSeen(protocols: readonly Protocol[], environment: Environment): ResolvedOptions {
  const inCode = unseenOptions(environment)
  return resolveOptions(protocols.length > 0 ? { ...inCode, protocols } : inCode, environment)
}

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const rank = ({ check }: Finding) => checkNames.indexOf(check)
  return findings.toSorted((left, right) => rank(left) - rank(right))
}

const notConfigured = createFindings('configuration').skipped('not-configured', {
  reason: 'no variable of an application is set: only what was named is looked at',
  remedy: 'run it with the variables of the application, and it is looked at too',
})

/** Everything that is not looked at without a configuration. */
function leftOut(): readonly Finding[] {
  const ofProtocols = ['openid', 'openid-keys', 'saml', 'saml-own']
  return checkNames
    .filter((name) => name !== 'configuration' && !ofProtocols.includes(name))
    .map((name) =>
      createFindings(name).skipped('no-configuration', { reason: 'needs a configuration that holds' }),
    )
}

function judgeOne(
  visit: ApplicationVisit,
  resolved: ResolvedOptions,
  { ways }: ProtocolExamination,
): readonly Finding[] {
  const { path } = resolved.routes
  const running = judgeApplication(visit, path)
  if (running.state !== 'ok') return [running]
  return [
    running,
    judgeWayIn(visit, resolved, ways),
    judgeLogout(visit, path),
    ...judgeCookies(visit),
    ...(usesSharedCookie(resolved) ? judgeSharedDeletion(visit, resolved) : []),
    judgeCaching(visit),
    ...judgePolicies(visit, path),
  ]
}

/** Where there is a shared cookie, its provider is the way in unless a link names another. */
function judgeWayIn(visit: ApplicationVisit, resolved: ResolvedOptions, ways: readonly WayIn[]): Finding {
  return usesSharedCookie(resolved)
    ? judgeLogin(visit, resolved)
    : judgeProtocolLogin(visit, resolved.routes.path, ways)
}

/** Nothing is sent to such an address: not even this command speaks plain http over a network. */
function judgePlain(origin: string): Finding {
  return createFindings('application').fail('application-plain-http', {
    target: origin,
    reason: 'is plain http: Secure cookies do not reach it, and everybody on the way reads the others',
    remedy: `serve it over https and name it as ${origin.replace('http:', 'https:')}`,
  })
}

function isPlain(origin: string): boolean {
  const { protocol, hostname } = new URL(origin)
  return protocol === 'http:' && !isLoopbackHost(hostname)
}
