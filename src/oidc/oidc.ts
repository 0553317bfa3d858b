/** @module OpenID Connect as a plug-in: `protocols: [oidc({ … })]`. */
import { createEnvironmentOptions } from '../config/plug-in-options.js'
import { nameFor } from '../config/provider-name.js'
import { displayOf } from '../protocols/login-method.js'
import type { InstalledProtocol, Protocol, ProtocolHost } from '../protocols/protocol.js'
import type { TokenRefresh } from '../protocols/token-refresh.js'
import { createUntrustedTeller } from '../protocols/untrusted-claims.js'
import { createBackchannelLogout } from './backchannel-logout.js'
import { createCheckSession } from './check-session.js'
import { createFrontchannelLogout } from './frontchannel-logout.js'
import { createLoginContext, startLogin } from './login.js'
import { createCallback } from './login-return.js'
import type { OidcOptions, ResolvedOidcOptions } from './options.js'
import { userInfoAtRefresh } from './person.js'
import { createProvider } from './provider.js'
import { renewTokens } from './refresh.js'
import { readOidcOptions } from './resolve-options.js'
import { type OidcRoute, routeOf } from './routes.js'
import { endProviderSession } from './rp-initiated-logout.js'
import { personStillBelieved } from './session-claims.js'
import { createSilentCheck } from './silent-check/endpoint.js'
import { accessTokenOf, isGivenBy, parseTokens } from './tokens.js'

export type { ClientAuthentication, PrivateKeyAuthentication } from './client-authentication.js'
export { allowMissingExpiry } from './option-kinds.js'
export type { OidcEndpoints, OidcOptions } from './options.js'
export type { PrivateJsonWebKey } from './signed-token.js'

/**
 * Makes the plug-in for one OpenID provider. What is not given in code is read from `CITIZEN_OIDC_…` in the environment of
 * the suite; everything that is wrong is told when the suite is made, in its `ConfigurationError`.
 * Source: OpenID Connect Core 1.0, Discovery 1.0, Session Management 1.0, Front-Channel Logout 1.0, Back-Channel
 * Logout 1.0 errata 1, RP-Initiated Logout 1.0.
 */
export function oidc(options: OidcOptions = {}): Protocol {
  const configured = createEnvironmentOptions((environment) => readOidcOptions(options, environment))
  return {
    name: nameFor('oidc', options),
    protocol: 'oidc',
    settings(environment) {
      const { problems, variables, resolved } = configured.read(environment)
      const warnings = resolved?.reauthenticate.proof === 'asked' ? [askedIsNoProof] : []
      return { problems, variables, clockSkewSeconds: resolved?.clockSkewSeconds, warnings }
    },
    install: (host) => install(configured.resolve(host.environment), host),
  }
}

const askedIsNoProof = {
  code: 'oidc-asked-is-no-proof',
  message:
    'reauthenticate.proof asked: whoever has the browser of a person whose session has ended may get in again without a password; have the provider send auth_time, and leave the option out',
} as const

function install(options: ResolvedOidcOptions, host: ProtocolHost): InstalledProtocol {
  const { clock, fetch, random } = host.options
  const provider = createProvider({ options, fetch, clock, random, report: host.report })
  const tellUntrusted = createUntrustedTeller(host.report, options.issuer)
  const context = { options, host, provider, tellUntrusted }
  const login = createLoginContext(context)
  const at = (route: OidcRoute): string => routeOf(options.name, route)

  const renew: TokenRefresh['renew'] = async (text, { claims }) => {
    const kept = parseTokens(text)
    if (kept === undefined) return { kind: 'failed', problem: 'tokens' }
    if (!isGivenBy(kept, options.issuer)) return { kind: 'failed', problem: 'other-issuer' }
    try {
      const connection = await provider.connect()
      const askUserInfo = userInfoAtRefresh(context, connection)
      return await renewTokens(connection, options, { kept, claims, askUserInfo, tellUntrusted }, clock())
    } catch {
      return { kind: 'failed', problem: 'network' }
    }
  }

  return {
    target: new URL(options.issuer).origin,
    endProviderSession: (request) => endProviderSession(context, request),
    issuer: options.issuer,
    stillBelieved: (claims) => personStillBelieved(claims, options),
    display: displayOf(options, new URL(options.issuer).host),
    takesAsked: options.reauthenticate.proof === 'asked',
    followsIdentity: options.sessionManagement.followIdentity,
    startLogin: (exchange, start) => startLogin(login, exchange, start),
    endpoints: {
      [at('callback')]: createCallback(login),
      [at('backchannel-logout')]: createBackchannelLogout(context),
      [at('frontchannel-logout')]: createFrontchannelLogout(context),
      [at('check-session')]: createCheckSession(context),
      [at('reauthenticate')]: createSilentCheck(context),
    },
    ...(options.sessionManagement.enabled && { frame: at('check-session') }),
    refresh: {
      ...options.refresh,
      renew,
      accessTokenOf(text) {
        const tokens = parseTokens(text)
        return tokens && accessTokenOf(tokens, clock())
      },
    },
    purgeKeys: () => provider.known?.keys.purge(),
    async ready() {
      // Makes the client too: a key that cannot be used shows now, not at the first login.
      const connection = await provider.connect()
      await connection.client(clock())
    },
  }
}
