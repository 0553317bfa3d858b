/** @module SAML 2.0 as a plug-in: `saml({ … })` for `protocols`. */
import type { Exchange, Reply } from '../exchange.js'
import type { Protocol } from '../protocol.js'
import { type Received, receiveForm, receiveQuery } from './inbound.js'
import { createLeaving } from './leaving.js'
import type { SamlOptions } from './options.js'
import { writeOwnMetadata } from './own-metadata.js'
import { resolveSamlOptions } from './resolve-options.js'
import { SamlError } from './saml-error.js'
import { createServiceProvider, type ServiceProvider } from './service-provider.js'
import { createSignIn } from './sign-in.js'
import { createSingleLogout } from './single-logout.js'

export type { Assertion } from './assertion.js'
export type { NameId } from './name-id.js'
export type { SamlKey, SamlOptions } from './options.js'
export { type MetadataProblem, SamlError, SamlMetadataError, type SamlProblem } from './saml-error.js'

/**
 * Makes the plug-in: sign-in and single logout with one SAML 2.0 identity provider.
 * @throws ConfigurationError with every problem of the options.
 */
export function saml(options: SamlOptions): Protocol {
  const resolved = resolveSamlOptions(options)
  return {
    name: 'saml',
    install: (host) => install(createServiceProvider(resolved, host)),
  }
}

const metadataSeconds = 604_800
const metadataCacheSeconds = 3600

function install(provider: ServiceProvider): ReturnType<Protocol['install']> {
  const { options, origins } = provider
  const signIn = createSignIn(provider)
  const leaving = createLeaving(provider)
  const singleLogout = createSingleLogout(provider)

  const takeLogout = (exchange: Exchange, received: Received): Promise<Reply> =>
    received.kind === 'SAMLRequest'
      ? singleLogout.answer(exchange, received)
      : leaving.comeBack(exchange, received)

  return {
    issuer: options.identityProvider,
    target: origins[0] ?? options.identityProvider,
    formTargets: origins,
    enter: signIn.enter,
    part: leaving.part,
    endpoints: {
      'saml/metadata': { GET: () => metadataReply(provider) },
      'saml/acs': { POST: told(provider, signIn.consume) },
      'saml/slo': {
        GET: told(provider, async (exchange) => takeLogout(exchange, receiveQuery(exchange))),
        POST: told(provider, async (exchange) => takeLogout(exchange, await receiveForm(exchange))),
      },
      'saml/soap': { POST: told(provider, singleLogout.answerSoap) },
    },
    async ready() {
      await provider.source.current()
    },
  }
}

/** Reports what is refused by its word; the error becomes the answer. */
function told(
  { host, whileKnown }: ServiceProvider,
  handler: (exchange: Exchange) => Promise<Reply>,
): (exchange: Exchange) => Promise<Reply> {
  return async (exchange) => {
    try {
      return await whileKnown(exchange, () => handler(exchange))
    } catch (error) {
      if (error instanceof SamlError)
        host.report({ type: 'token.rejected', problem: `saml ${error.problem}` })
      throw error
    }
  }
}

function metadataReply(provider: ServiceProvider): Reply {
  const { addresses, options, entityId } = provider
  const xml = writeOwnMetadata({
    id: provider.createId(),
    entityId,
    certificates: options.keys.map(({ certificate }) => certificate),
    assertionConsumer: addresses.assertionConsumer,
    logout: addresses.logout,
    soap: addresses.soap,
    nameIdFormats: options.nameIdFormat === undefined ? [] : [options.nameIdFormat],
    validUntil: provider.now() + metadataSeconds * 1000,
    cacheSeconds: metadataCacheSeconds,
  })
  return {
    status: 200,
    headers: {
      'content-type': 'application/samlmetadata+xml',
      'cache-control': `public, max-age=${metadataCacheSeconds}`,
      'x-content-type-options': 'nosniff',
    },
    body: provider.sign(xml),
  }
}
