/** @module The endpoints of the emulator: their names, paths, and how often they were asked. */

/** The endpoints that can be counted and made to fail. */
export const endpointNames = [
  'jwks',
  'refresh',
  'login',
  'second-factor',
  'logout',
  'profile',
  'home',
  'messages',
  'service-dashboard',
  'business-connect',
  'openid-configuration',
  'openid-keys',
  'authorization',
  'pushed-authorization',
  'token',
  'userinfo',
  'revocation',
  'registration',
  'end-session',
  'check-session',
  'saml-metadata',
  'saml-sign-on',
  'saml-logout',
  'saml-soap',
  'saml-continue',
  'partner',
  'partner-sign-in',
  'partner-settings',
  'partner-keys',
  'partner-users',
] as const

/** Name of an endpoint. */
export type EndpointName = (typeof endpointNames)[number]

/**
 * Their paths, as CitizenOne has them where it documents them, and Safewhere for OpenID Connect. The partner's pages have
 * the names that Vivoldi's guide gives them.
 */
export const endpointPaths: Readonly<Record<EndpointName, string>> = {
  jwks: '/api/v1/authentication/.well-known/jwks.json',
  refresh: '/sp/api/v1/authenticate',
  login: '/login',
  'second-factor': '/second-factor',
  logout: '/logout',
  profile: '/profile',
  home: '/',
  messages: '/messages',
  'service-dashboard': '/service-dashboard',
  'business-connect': '/business-connect',
  'openid-configuration': '/.well-known/openid-configuration',
  'openid-keys': '/runtime/openidconnect/keys.idp',
  authorization: '/runtime/openidconnect/authorize.idp',
  'pushed-authorization': '/runtime/openidconnect/par.idp',
  token: '/runtime/openidconnect/token.idp',
  userinfo: '/runtime/openidconnect/userinfo.idp',
  revocation: '/runtime/openidconnect/revocation.idp',
  registration: '/register',
  'end-session': '/runtime/openidconnect/logout.idp',
  'check-session': '/runtime/openidconnect/sessionlogout.idp',
  'saml-metadata': '/saml/metadata',
  'saml-sign-on': '/saml/sso',
  'saml-logout': '/saml/slo',
  'saml-soap': '/saml/soap',
  'saml-continue': '/saml/continue',
  partner: '/partner',
  'partner-sign-in': '/partner/sso/login',
  'partner-settings': '/partner/developer/sso',
  'partner-keys': '/partner/developer/jwks.json',
  'partner-users': '/partner/settings/users',
}

/** How often each endpoint was asked since the start or the last reset. */
export type RequestCounts = Readonly<Record<EndpointName, number>>

/** Counts requests, and tells when enough have come. */
export interface RequestCounter {
  readonly counts: RequestCounts
  count(endpoint: EndpointName): void
  /** Resolves as soon as the endpoint was asked `times` times in all. */
  arrived(endpoint: EndpointName, times: number): Promise<void>
  clear(): void
}

const zero = () => Object.fromEntries(endpointNames.map((name) => [name, 0])) as Record<EndpointName, number>

/** Makes a counter at zero. */
export function createRequestCounter(): RequestCounter {
  let counts = zero()
  let waiting: { endpoint: EndpointName; times: number; resolve: () => void }[] = []
  return {
    get counts() {
      return { ...counts }
    },
    count(endpoint) {
      counts[endpoint] += 1
      const done = waiting.filter((one) => one.endpoint === endpoint && one.times <= counts[endpoint])
      waiting = waiting.filter((one) => !done.includes(one))
      for (const one of done) one.resolve()
    },
    arrived(endpoint, times) {
      if (counts[endpoint] >= times) return Promise.resolve()
      return new Promise((resolve) => {
        waiting.push({ endpoint, times, resolve })
      })
    },
    clear() {
      counts = zero()
    },
  }
}
