/** @module Everything of the shared cookie: its provider, its domain, and a real token where one was given. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { CitizenSessionError } from '../../errors.js'
import type { TokenParts } from '../../tokens/token-parts.js'
import { type Probe, ProbeError, toFetch } from '../probe.js'
import type { ClockWitness } from './clock.js'
import { judgeCookieDomain, type LoadSuffixes } from './cookie-domain.js'
import { judgeDiscovery } from './discovery.js'
import type { Finding } from './finding.js'
import { judgeKeys } from './keys.js'
import { judgeProviderCookies, judgeProviderLogin } from './provider.js'
import { judgeProviderLogout, judgeProviderRefresh } from './provider-answers.js'
import { judgeGivenToken, judgeMissingToken, lifeOf } from './token.js'
import { type ProviderVisit, visitProvider } from './visits.js'

/** Finds the token that was given, once the names of its cookies are known. */
export type FindToken = (names: ResolvedSharedCookieOptions['sharedCookie']['names']) => TokenParts

/** What was found, and what the other checks need of it. */
export interface SharedCookieExamination {
  readonly findings: readonly Finding[]
  readonly provider: ProviderVisit
  readonly witness: ClockWitness
  /** Life of the token that was given, in seconds. */
  readonly tokenSeconds: number | undefined
}

/** Origins that have to be asked. */
export function providerOrigins({ identityProvider }: ResolvedSharedCookieOptions): readonly string[] {
  const { endpoints, internalUrl } = identityProvider
  const { jwks, login, logout, refresh } = endpoints
  return [jwks, login, logout, refresh, internalUrl].map((url) => new URL(url).origin)
}

/** Visits the provider and judges what it answers. */
export async function examineSharedCookie(
  probe: Probe,
  resolved: ResolvedSharedCookieOptions,
  request: {
    readonly token: FindToken | undefined
    readonly loadSuffixes: LoadSuffixes | undefined
    readonly now: number
  },
): Promise<SharedCookieExamination> {
  const token = findGiven(request.token, resolved)
  const [provider, domain] = await Promise.all([
    visitProvider(probe, resolved),
    judgeCookieDomain(resolved, request.loadSuffixes),
  ])
  const { now } = request
  return {
    provider,
    witness: witnessOf(provider, resolved),
    tokenSeconds: token === undefined || token instanceof Error ? undefined : lifeOf(token),
    findings: [
      domain,
      ...judgeKeys(provider.keys, resolved),
      ...judgeDiscovery(provider.discovery, resolved, provider.keys),
      judgeProviderLogin(provider.login, resolved),
      judgeProviderLogout(provider.logout, resolved),
      judgeProviderRefresh(provider.refresh, resolved),
      ...judgeProviderCookies(provider, resolved),
      ...(token instanceof Error
        ? [judgeMissingToken(token)]
        : await judgeGivenToken(token, resolved, { now, fetch: toFetch(probe) })),
    ],
  }
}

function findGiven(
  token: FindToken | undefined,
  { sharedCookie }: ResolvedSharedCookieOptions,
): TokenParts | CitizenSessionError | undefined {
  try {
    return token?.(sharedCookie.names)
  } catch (error) {
    if (error instanceof CitizenSessionError && error.code === 'usage') return error
    throw error
  }
}

/** A page says more of the time than a key set, which caches may keep. */
function witnessOf(
  { login, keys }: ProviderVisit,
  { identityProvider }: ResolvedSharedCookieOptions,
): ClockWitness {
  const { endpoints } = identityProvider
  return login instanceof ProbeError
    ? { name: new URL(endpoints.jwks).origin, visited: keys }
    : { name: new URL(endpoints.login).origin, visited: login }
}
