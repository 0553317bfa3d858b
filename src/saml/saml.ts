/** @module SAML 2.0 as a plug-in: `saml({ … })` for `protocols`. */
import { createEnvironmentOptions } from '../config/plug-in-options.js'
import { nameFor } from '../config/provider-name.js'
import type { Exchange, Reply } from '../exchange.js'
import { parseUrl } from '../parse-url.js'
import { displayOf } from '../protocols/login-method.js'
import type { Protocol } from '../protocols/protocol.js'
import { asksForPage } from '../sessions/activity.js'
import { personStillBelieved } from './factor-claims.js'
import { answerByBrowser, answerBySoap } from './idp-initiated-logout.js'
import { createKeepAlive } from './keep-alive/keep-alive.js'
import { createLoginContext, startLogin } from './login.js'
import { consumeResponse } from './login-return.js'
import type { SamlOptions } from './options.js'
import { writeOwnMetadata } from './own-metadata.js'
import { type FailurePage, failedSignIn, failedSignOut } from './pages.js'
import { type Received, receiveForm, receiveQuery } from './receive-message.js'
import { readSamlOptions } from './resolve-options.js'
import { routeOf, type SamlRoute } from './routes.js'
import { SamlError } from './saml-error.js'
import { signMessage } from './send-message.js'
import { createMessageId, createServiceProvider, type ServiceProvider } from './service-provider.js'
import { endProviderSession, handleLogoutReturn } from './sp-initiated-logout.js'
import { whileKnown } from './unanswerable.js'

export type { Assertion } from './assertion.js'
export type { NameId } from './name-id.js'
export type { SamlKey } from './option-kinds.js'
export type { SamlOptions } from './options.js'
export { type MetadataProblem, SamlError, SamlMetadataError, type SamlProblem } from './saml-error.js'

/**
 * Makes the plug-in: sign-in and single logout with one SAML 2.0 identity provider. What is not given in code is read from
 * `CITIZEN_SAML_…` in the environment of the suite; everything that is wrong is told when the suite is made, in its
 * `ConfigurationError`.
 */
export function saml(options: SamlOptions = {}): Protocol {
  const configured = createEnvironmentOptions((environment) => readSamlOptions(options, environment))
  return {
    name: nameFor('saml', options),
    protocol: 'saml',
    settings(environment) {
      const { problems, variables, resolved } = configured.read(environment)
      return { problems, variables, clockSkewSeconds: resolved?.clockSkewSeconds }
    },
    install: (host) => install(createServiceProvider(configured.resolve(host.environment), host)),
  }
}

const metadataSeconds = 604_800
const metadataCacheSeconds = 3600

function install(provider: ServiceProvider): ReturnType<Protocol['install']> {
  const { host, options, origins } = provider
  const routesPath = host.options.routes.path
  const lookAhead = createLookAhead(provider)
  lookAhead()
  const login = createLoginContext(provider)
  const keepAlive = createKeepAlive(provider)
  const at = (route: SamlRoute): string => routeOf(options.name, route)
  const [signInFailed, signOutFailed] = [failedSignIn(routesPath, options.name), failedSignOut(routesPath)]

  const takeLogout = (exchange: Exchange, received: Received): Promise<Reply> =>
    received.kind === 'SAMLRequest'
      ? answerByBrowser(provider, exchange, received)
      : handleLogoutReturn(provider, exchange, received)

  const takeAnswer = async (exchange: Exchange): Promise<Reply> => {
    const received = await receiveForm(exchange)
    return (await keepAlive.conclude(exchange, received)) ?? consumeResponse(login, exchange, received)
  }

  return {
    detour: keepAlive.detour,
    frame: keepAlive.frame,
    issuer: options.identityProvider,
    stillBelieved: (claims) => personStillBelieved(claims, options),
    display: displayOf(options, parseUrl(options.identityProvider)?.host ?? options.identityProvider),
    target: origins[0] ?? options.identityProvider,
    startLogin: (exchange, start) => startLogin(login, exchange, start),
    endProviderSession: (request) => endProviderSession(provider, request),
    answersByMessage: true,
    endpoints: {
      ...keepAlive.endpoints,
      [at('metadata')]: { GET: createMetadataEndpoint(provider, lookAhead), isDocument: true },
      [at('acs')]: {
        POST: reportRefused(provider, takeAnswer, signInFailed),
      },
      [at('slo')]: {
        GET: reportRefused(
          provider,
          async (exchange) => takeLogout(exchange, receiveQuery(exchange)),
          signOutFailed,
        ),
        POST: reportRefused(
          provider,
          async (exchange) => takeLogout(exchange, await receiveForm(exchange)),
          signOutFailed,
        ),
      },
      [at('soap')]: { POST: reportRefused(provider, (exchange) => answerBySoap(provider, exchange)) },
    },
    async ready() {
      await provider.source.current()
    },
  }
}

/** Reports what is refused by its word. A person gets a page, a program the error. */
function reportRefused(
  provider: ServiceProvider,
  handler: (exchange: Exchange) => Promise<Reply>,
  page?: FailurePage,
): (exchange: Exchange) => Promise<Reply> {
  return async (exchange) => {
    try {
      return await whileKnown(provider, exchange, () => handler(exchange))
    } catch (error) {
      if (!(error instanceof SamlError)) throw error
      const { host } = provider
      host.report({ type: 'token.rejected', problem: `saml ${error.problem}`, credential: 'saml-message' })
      if (page === undefined || !asksForPage(exchange)) throw error
      return host.pages.showPage(exchange, { ...page, status: error.status })
    }
  }
}

/** Warns, once for each, before a certificate of ours ends: providers differ in whether they still take it then. */
function createLookAhead({ host, options, now }: ServiceProvider): () => void {
  const warned = new Set<string>()
  return () => {
    const horizon = now() + options.polling.warnSeconds * 1000
    for (const { certificate } of options.keys) {
      const { fingerprint, expiresAt } = certificate
      if (expiresAt > horizon || warned.has(fingerprint)) continue
      warned.add(fingerprint)
      host.report({
        type: 'warning',
        code: 'saml-own-certificate-expires',
        message: `our own certificate ${fingerprint} ends on ${new Date(expiresAt).toISOString()}: add the next key to otherKeys`,
      })
    }
  }
}

/** Our metadata, signed once in a while: a signature for every visitor would be an invitation. */
function createMetadataEndpoint(provider: ServiceProvider, lookAhead: () => void): () => Reply {
  let made: { readonly at: number; readonly body: string } | undefined
  return () => {
    const now = provider.now()
    if (made === undefined || now - made.at >= metadataCacheSeconds * 1000 || now < made.at) {
      lookAhead()
      made = { at: now, body: signMessage(provider, ownMetadata(provider, now)) }
    }
    return {
      status: 200,
      headers: {
        'content-type': 'application/samlmetadata+xml',
        'cache-control': `public, max-age=${metadataCacheSeconds}`,
        'x-content-type-options': 'nosniff',
      },
      body: made.body,
    }
  }
}

function ownMetadata(provider: ServiceProvider, now: number): string {
  const { addresses, options, entityId } = provider
  return writeOwnMetadata({
    id: createMessageId(provider),
    entityId,
    certificates: options.keys.map(({ certificate }) => certificate),
    invitesEncryption: options.invitesEncryption,
    assertionConsumer: addresses.assertionConsumer,
    logout: addresses.logout,
    soap: addresses.soap,
    nameIdFormats: options.nameIdFormat === undefined ? [] : [options.nameIdFormat],
    validUntil: now + metadataSeconds * 1000,
    cacheSeconds: metadataCacheSeconds,
  })
}
