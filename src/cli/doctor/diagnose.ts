/** @module The whole examination: configuration first, then everything that it names, from outside. */
import type { LookupFunction } from 'node:net'
import { type Clock, systemClock } from '../../clock.js'
import { isLoopbackHost } from '../../config/addresses.js'
import { type Environment, textOfVariable } from '../../config/environment.js'
import { inForce, type PolicyRow } from '../../config/in-force.js'
import type { CookieModeOptions } from '../../config/options.js'
import { resolveOptions } from '../../config/resolve.js'
import type { TokenParts } from '../../cookies/split-token.js'
import { CitizenSessionError, ConfigurationError } from '../../errors.js'
import { createProbe, ProbeError, toFetch } from '../probe.js'
import { judgeApplication, judgeLogin, judgeLogout } from './application.js'
import { judgeCaching, judgeCookies, judgeSharedDeletion } from './application-cookies.js'
import { type ClockWitness, judgeClocks } from './clock.js'
import { judgeConfiguration, judgeProblems, judgeTimes } from './configuration.js'
import { judgeCookieDomain, type LoadSuffixes } from './cookie-domain.js'
import { judgeDiscovery } from './discovery.js'
import { checkNames, createFindings, type Finding } from './finding.js'
import { judgeKeys } from './keys.js'
import { judgePartnerKeys } from './partner-keys.js'
import { judgeProviderCookies, judgeProviderLogin } from './provider.js'
import { judgeProviderLogout, judgeProviderRefresh } from './provider-answers.js'
import { judgeSiblings } from './siblings.js'
import { judgeStores } from './store.js'
import { judgeGivenToken, judgeMissingToken, lifeOf } from './token.js'
import { type ApplicationVisit, type ProviderVisit, visitApplication, visitProvider } from './visits.js'

/** What to examine. */
export interface DiagnosisRequest {
  readonly environment: Environment
  /** Origins of sibling applications; the configured one is always looked at. */
  readonly urls: readonly string[]
  /** Finds the token that was given, once the names of its cookies are known. */
  readonly token?: ((names: CookieModeOptions['sharedCookie']['names']) => TokenParts) | undefined
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

/** Examines a deployment. Asks only the addresses of the configuration and of `urls`, and changes nothing there. */
export async function diagnose(request: DiagnosisRequest): Promise<Diagnosis> {
  let resolved: CookieModeOptions
  try {
    resolved = resolveOptions({}, request.environment)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const reason = 'needs a configuration that holds'
    const skipped = checkNames
      .filter((name) => name !== 'configuration')
      .map((name) => createFindings(name).skipped('no-configuration', { reason }))
    return { findings: [...judgeProblems(error), ...skipped], policy: [] }
  }
  const { identityProvider, application, routes } = resolved
  const clock = request.clock ?? systemClock
  const token = findGiven(request, resolved)
  const origins = [...new Set([application.url, ...request.urls])]
  const plain = origins.filter(isPlain)
  const visited = origins.filter((origin) => !plain.includes(origin))
  const probe = createProbe({
    origins: new Set([...visited, ...providerOrigins(resolved)]),
    clock,
    certificates: request.certificates,
    timeoutSeconds: request.timeoutSeconds,
    lookup: request.lookup,
    stop: request.stop,
  })
  const folder = textOfVariable(request.environment, 'CITIZEN_SSO_KEYS')
  const [provider, visits, stores, domain, issuing] = await Promise.all([
    visitProvider(probe, resolved),
    Promise.all(visited.map((origin) => visitApplication(probe, origin, resolved))),
    judgeStores(resolved),
    judgeCookieDomain(resolved, request.loadSuffixes),
    folder === undefined
      ? []
      : judgePartnerKeys({ folder, groupRead: request.groupRead === true }, probe, resolved, clock()),
  ])
  const findings = [
    ...judgeConfiguration(resolved, request.environment),
    ...judgeTimes(resolved, token === undefined || token instanceof Error ? undefined : lifeOf(token)),
    domain,
    ...judgeKeys(provider.keys, resolved),
    ...judgeDiscovery(provider.discovery, resolved),
    ...judgeClocks(
      [
        providerWitness(provider, resolved),
        ...visits.map(({ origin, status }) => ({ name: origin, visited: status })),
      ],
      identityProvider.clockSkewSeconds,
    ),
    judgeProviderLogin(provider.login, resolved),
    judgeProviderLogout(provider.logout, resolved),
    judgeProviderRefresh(provider.refresh, resolved),
    ...judgeProviderCookies(provider, resolved),
    ...plain.map(judgePlain),
    ...visits.flatMap((visit) => judgeOne(visit, resolved, routes.path)),
    ...judgeSiblings(visits, provider, resolved),
    ...stores,
    ...issuing,
    ...(token instanceof Error
      ? [judgeMissingToken(token)]
      : await judgeGivenToken(token, resolved, { now: clock(), fetch: toFetch(probe) })),
  ]
  const rank = ({ check }: Finding) => checkNames.indexOf(check)
  return {
    findings: findings.toSorted((left, right) => rank(left) - rank(right)),
    policy: inForce(resolved),
  }
}

function findGiven(
  { token }: DiagnosisRequest,
  { sharedCookie }: CookieModeOptions,
): TokenParts | CitizenSessionError | undefined {
  try {
    return token?.(sharedCookie.names)
  } catch (error) {
    if (error instanceof CitizenSessionError && error.code === 'usage') return error
    throw error
  }
}

function judgeOne(visit: ApplicationVisit, resolved: CookieModeOptions, path: string): readonly Finding[] {
  const running = judgeApplication(visit, path)
  if (running.state !== 'ok') return [running]
  return [
    running,
    judgeLogin(visit, resolved),
    judgeLogout(visit, path),
    ...judgeCookies(visit),
    ...judgeSharedDeletion(visit, resolved),
    judgeCaching(visit),
  ]
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

/** A page says more of the time than a key set, which caches may keep. */
function providerWitness(
  { login, keys }: ProviderVisit,
  { identityProvider }: CookieModeOptions,
): ClockWitness {
  const { endpoints } = identityProvider
  return login instanceof ProbeError
    ? { name: new URL(endpoints.jwks).origin, visited: keys }
    : { name: new URL(endpoints.login).origin, visited: login }
}

function providerOrigins({ identityProvider }: CookieModeOptions): readonly string[] {
  const { endpoints, internalUrl } = identityProvider
  const { jwks, login, logout, refresh } = endpoints
  return [jwks, login, logout, refresh, internalUrl].map((url) => new URL(url).origin)
}
