/** @module The OpenID provider mode put together. */
import type { Context } from '../context.js'
import { ownCookieTail, parseCookieHeader } from '../cookies.js'
import type { Route, Routes } from '../route.js'
import { cookieOptions, type Visit } from '../visit.js'
import { createAuthorization } from './authorization.js'
import { createCheckSession } from './check-session.js'
import type { RegisteredClient } from './clients.js'
import { createOpenidPart } from './control-part.js'
import { createDiscovery } from './discovery.js'
import { createEndSession } from './end-session.js'
import { createGrants } from './grants.js'
import { signLogoutToken } from './logout-token.js'
import type { OpenidMode } from './mode.js'
import { createNotices } from './notices.js'
import { createOpenid } from './openid.js'
import type { ResolvedOpenidOptions } from './options.js'
import { faultsOf, livingOf, type Provider } from './provider.js'
import { createRegistration } from './registration.js'
import { createRegistrations } from './registrations.js'
import { browserStateCookie, browserStateOf, originOf } from './session-state.js'
import { createSigning } from './signing.js'
import { createSsoRegister } from './sso-register.js'
import { createTickets } from './tickets.js'
import { createPushedAuthorization, createRevocation, createTokenEndpoint } from './token.js'
import { createUserinfo } from './userinfo.js'

/** Makes the mode over the parts of an emulator. */
export function createOpenidMode(context: Context, given: ResolvedOpenidOptions): OpenidMode {
  const clients = new Map(given.clients)
  const options = { ...given, clients }
  const provider = createProvider(context, options)
  const { register, notices } = provider
  const registrations = createRegistrations(provider, clients)
  context.sessions.onEnd((session) => {
    const sso = register.take(session)
    if (sso) notices.tell(sso)
  })
  const openid = createOpenid(provider)
  const hasBrowserState = (): boolean =>
    [...clients.values()].some((client) => client.performSessionStatusNotification)
  return {
    routes: {
      ...routesOf(provider),
      ...(options.registration && { registration: createRegistration(provider, registrations) }),
    },
    openid,
    controlPart: createOpenidPart(openid),
    get origins() {
      return originsOf([...clients.values()])
    },
    hasCrossSiteCookies: () => context.options.secure || isLocal(new URL(context.url()).hostname),
    browserState: (visit) => (hasBrowserState() ? browserStateLine(context, visit) : undefined),
    carry: register.carry,
    settled: notices.settled,
    reset() {
      registrations.clear()
      for (const part of [register, notices, provider.grants, provider.pushed]) part.clear()
      for (const part of [provider.authorizations, provider.logouts, provider.usedAssertions]) part.clear()
    },
  }
}

function createProvider(context: Context, options: ResolvedOpenidOptions): Provider {
  const { now, sessions } = context
  const { random } = context.options
  const register = createSsoRegister({ sessions, random, now })
  const notices = createNotices({
    context,
    clients: options.clients,
    timeoutSeconds: options.backchannelTimeoutSeconds,
    fault: () => faultsOf({ context }).logoutToken,
    sign: (parts) => signLogoutToken(provider, parts),
  })
  const provider: Provider = {
    context,
    options,
    register,
    notices,
    signing: createSigning(context.keys),
    grants: createGrants({ now, random, options, register }),
    pushed: createTickets({ now, random, seconds: 60 }),
    authorizations: createTickets({ now, random, seconds: 1800 }),
    logouts: createTickets({ now, random, seconds: 600 }),
    usedAssertions: new Map(),
  }
  return provider
}

const routesOf = (provider: Provider): Routes => ({
  'openid-configuration': createDiscovery(provider),
  'openid-keys': createKeys(provider),
  authorization: createAuthorization(provider),
  'pushed-authorization': createPushedAuthorization(provider),
  token: createTokenEndpoint(provider),
  userinfo: createUserinfo(provider),
  revocation: createRevocation(provider),
  'end-session': createEndSession(provider),
  'check-session': createCheckSession(provider),
})

/** `GET keys.idp`. */
const createKeys = ({ context, signing }: Provider): Route => ({
  isApi: true,
  GET: () =>
    Response.json(signing.jwks(), {
      headers: {
        'content-type': 'application/jwk-set+json',
        'cache-control': `public, max-age=${Math.floor(context.options.jwksMaxAgeSeconds)}`,
      },
    }),
})

/** The cookie of the browser state, where the browser has another one. */
function browserStateLine(context: Context, visit: Visit): string | undefined {
  const state = browserStateOf(livingOf(context, visit))
  const cookies = parseCookieHeader(visit.request.headers.get('cookie') ?? '')
  if (cookies.get(browserStateCookie)?.[0] === state) return undefined
  return `${browserStateCookie}=${state}; Path=/${ownCookieTail(cookieOptions(context))}`
}

const originsOf = (clients: readonly RegisteredClient[]): readonly string[] => {
  const addresses = clients.flatMap((client) => [
    ...client.redirect_uris,
    ...client.post_logout_redirect_uris,
  ])
  return [...new Set(addresses.map(formSource))]
}

/** What a form may lead to: an origin, or the whole scheme of an application that has none. Source: CSP 3, 2.3.1. */
const formSource = (address: string) =>
  originOf(address) === 'null' ? new URL(address).protocol : originOf(address)

/** Names that browsers trust without https, so that `Secure` cookies work there. Source: Secure Contexts, 3.1. */
const isLocal = (hostname: string) => /^(?:localhost|.+\.localhost)$/.test(hostname)
