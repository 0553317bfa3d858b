/** @module What the doctor asks from outside: each address once, nothing that signs anybody in or out. */
import type { ResolvedOptions, ResolvedSharedCookieOptions } from '../../config/options.js'
import { movedParameter } from '../../host-names.js'
import { type Probe, type ProbeAnswer, ProbeError, type ProbeRequest } from '../probe.js'

/** An answer, or why none came. */
export type Visited = ProbeAnswer | ProbeError

/** What one application answered. */
export interface ApplicationVisit {
  readonly origin: string
  /** `GET <path>/status` */
  readonly status: Visited
  /** `GET <path>/login`, as a browser's navigation. */
  readonly login: Visited
  /** `GET <path>/logout`, with shared cookies that hold nothing. */
  readonly logoutByGet: Visited
  /** `POST <path>/logout`, without any cookie: it ends nothing, and shows which cookies a logout deletes. */
  readonly logoutByPost: Visited
}

/** What the identity provider answered. */
export interface ProviderVisit {
  readonly keys: Visited
  readonly discovery: Visited
  /** The login page, where an application sends a visitor. */
  readonly login: Visited
  /** The logout page, without any cookie: nothing ends there. */
  readonly logout: Visited
  /** The refresh endpoint, without a token: there is nothing to extend. */
  readonly refresh: Visited
}

const navigation = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

/** Asks, and takes silence for an answer. */
export async function ask(probe: Probe, request: ProbeRequest): Promise<Visited> {
  try {
    return await probe(request)
  } catch (error) {
    if (error instanceof ProbeError) return error
    throw error
  }
}

/** Visits one application. */
export async function visitApplication(
  probe: Probe,
  origin: string,
  options: ResolvedOptions,
): Promise<ApplicationVisit> {
  const base = `${origin}${options.routes.path}`
  const nothing = Object.values(options.sharedCookie?.names ?? {}).map((name) => `${name}=doctor`)
  const status = await ask(probe, { url: `${base}/status`, headers: { accept: 'application/json' } })
  const cookie: Record<string, string> = nothing.length === 0 ? {} : { cookie: nothing.join('; ') }
  const [login, logoutByGet] = await Promise.all([
    // As if it were the host of `application.url`: where people are sent back to is what is looked at.
    ask(probe, { url: `${base}/login?${movedParameter}=1`, headers: navigation }),
    ask(probe, { url: `${base}/logout`, headers: { ...navigation, ...cookie } }),
  ])
  const logoutByPost = await ask(probe, {
    url: `${base}/logout`,
    method: 'POST',
    body: '',
    headers: {
      ...navigation,
      'sec-fetch-site': 'same-origin',
      origin,
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
  return { origin, status, login, logoutByGet, logoutByPost }
}

/** The address at the provider's login to which our own application sends a visitor. */
export function loginAddress(options: ResolvedSharedCookieOptions): string {
  const { application, identityProvider, routes } = options
  const url = new URL(identityProvider.endpoints.login)
  url.searchParams.set(identityProvider.returnParameter, `${application.url}${routes.path}/return`)
  return url.href
}

/** Visits the identity provider. */
export async function visitProvider(
  probe: Probe,
  options: ResolvedSharedCookieOptions,
): Promise<ProviderVisit> {
  const { endpoints, internalUrl } = options.identityProvider
  const json = { accept: 'application/json' }
  const [keys, discovery, login, logout, refresh] = await Promise.all([
    ask(probe, { url: endpoints.jwks, headers: json }),
    ask(probe, { url: `${internalUrl}/.well-known/openid-configuration`, headers: json }),
    ask(probe, { url: loginAddress(options), headers: navigation }),
    ask(probe, { url: endpoints.logout, headers: navigation }),
    ask(probe, {
      url: endpoints.refresh,
      method: 'POST',
      body: '{}',
      headers: { ...json, 'content-type': 'application/json' },
    }),
  ])
  return { keys, discovery, login, logout, refresh }
}

/** Why no answer came, and what may mend it. */
export function explainSilence(error: ProbeError, url: string): { reason: string; remedy: string } {
  const { host, hostname, protocol } = new URL(url)
  switch (error.problem) {
    case 'timeout':
      return {
        reason: `${host} did not answer in time`,
        remedy: 'look for a firewall or a proxy that holds the request',
      }
    case 'refused':
      return {
        reason: `${host} refuses connections`,
        remedy: 'start it, or correct the host and port of the address',
      }
    case 'unknown-host':
      return { reason: `${hostname} has no address`, remedy: 'correct the name, or enter it in the DNS' }
    case 'certificate':
      return {
        reason: `the certificate of ${host} is not trusted here`,
        remedy:
          'install a certificate for that name, or name your own authority with --ca (for the application: NODE_EXTRA_CA_CERTS)',
      }
    case 'not-allowed':
      return {
        reason: `${host} is not among the configured addresses`,
        remedy: 'name it in the configuration',
      }
    default:
      return {
        reason: `the connection to ${host} failed`,
        remedy: `see that ${host} speaks ${protocol === 'https:' ? 'TLS' : 'plain http'} and keeps connections open`,
      }
  }
}
