/** @module What every part of the plug-in shares: who we are, whom we trust, and how a message of ours leaves. */

import { digest, randomText } from '../digest.js'
import type { Exchange, Reply } from '../exchange.js'
import { leadOn } from '../login/lead-on.js'
import { isSecureAddress } from '../outbound.js'
import type { LogoutRedirect } from '../protocols/logout-participant.js'
import type { ProtocolHost } from '../protocols/protocol.js'
import { encodePost } from './encoding.js'
import type { MessageRules } from './message.js'
import type { IdentityProviderMetadata } from './metadata.js'
import { createMetadataSource, type MetadataSource } from './metadata-source.js'
import type { NameIdParties } from './name-id.js'
import type { ResolvedSamlOptions } from './options.js'
import { providerUnknown } from './pages.js'
import { type MessageKind, signRedirect } from './redirect-signature.js'
import { createReplayGuard, type ReplayGuard } from './replay-guard.js'
import { SamlMetadataError } from './saml-error.js'
import { signXml } from './xml/signature.js'

/** A message of ours, ready to be signed for a binding. */
export interface Outgoing {
  readonly kind: MessageKind
  readonly xml: string
  readonly binding: 'redirect' | 'post'
  readonly destination: string
  readonly relayState: string | undefined
}

/** We, as the identity provider knows us. */
export interface ServiceProvider {
  readonly host: ProtocolHost
  readonly options: ResolvedSamlOptions
  readonly entityId: string
  readonly parties: NameIdParties
  readonly addresses: {
    readonly assertionConsumer: string
    readonly logout: string
    readonly soap: string
  }
  readonly source: MetadataSource
  readonly takeOnce: ReplayGuard
  /** The provider's origins, for the policy of pages and for receipts. */
  readonly origins: readonly string[]
  now(): number
  createId(): string
  /** The ID of a request that is found again by the state in its RelayState. 132 bits of it. */
  requestIdOf(purpose: 'sign-in' | 'logout', state: string): string
  /** What a message that arrives at an address of ours is judged by. */
  rulesFor(destination: string, isDestinationRequired?: boolean): MessageRules
  /** Signs a message that carries its own signature. */
  sign(xml: string): string
  /** A signed message as a visit of the browser. */
  visit(outgoing: Outgoing): LogoutRedirect
  /** Does what needs the provider's metadata; where that cannot be had, the answer is a page with 503. */
  whileKnown(exchange: Exchange, work: () => Promise<Reply>): Promise<Reply>
  /** The answer to a message that nobody here has asked for: a portal's own link, one that was here before, or another's. */
  refuseUnsolicited(exchange: Exchange, state?: string): Reply
  /** A signed message as an answer of ours: a redirect, or a page whose form sends itself. */
  reply(exchange: Exchange, outgoing: Outgoing, frameAncestors?: string): Reply
}

/** Answers that carry a message are kept nowhere. Source: SAML Bindings, sections 3.4.5.1 and 3.5.5.1; SLO-28. */
export const uncached = { 'cache-control': 'no-cache, no-store, private', pragma: 'no-cache' } as const

/** The one way of the suite's options and ours to what the flows need. */
export function createServiceProvider(options: ResolvedSamlOptions, host: ProtocolHost): ServiceProvider {
  const { clock, random } = host.options
  const entityId = options.entityId ?? host.address('saml/metadata')
  const origins = originsOf(options)
  const source = createMetadataSource({
    url: options.metadataUrl,
    xml: options.metadata,
    entityId: options.identityProvider,
    pinned: options.pinned,
    isAllowed: (url) =>
      isSecureAddress(url) && (options.metadataUrl === undefined || origins.includes(new URL(url).origin)),
    fetch: host.options.fetch,
    clock,
    timeoutSeconds: options.timeoutSeconds,
    pollSeconds: options.polling.everySeconds,
    keepSeconds: options.polling.keepSeconds,
    warnSeconds: options.polling.warnSeconds,
    warn: (warning) => host.report({ type: 'warning', ...warning }),
  })
  const { privateKey, certificate } = options.key
  const sign = (xml: string): string => signXml({ xml, key: privateKey, certificate: certificate.base64 })

  const redirectAddress = ({ kind, xml, relayState, destination }: Outgoing): string => {
    const query = signRedirect({ kind, xml, relayState, key: privateKey })
    return `${destination}${destination.includes('?') ? '&' : '?'}${query}`
  }
  const fieldsOf = ({ kind, xml, relayState }: Outgoing): Readonly<Record<string, string>> => ({
    [kind]: encodePost(sign(xml)),
    ...(relayState === undefined ? {} : { RelayState: relayState }),
  })

  return {
    host,
    options,
    entityId,
    parties: { identityProvider: options.identityProvider, serviceProvider: entityId },
    addresses: {
      assertionConsumer: host.address('saml/acs'),
      logout: host.address('saml/slo'),
      soap: host.address('saml/soap'),
    },
    source,
    takeOnce: createReplayGuard(host.store),
    origins,
    now: clock,
    createId: () => `_${randomText(random, 16)}`,
    requestIdOf: (purpose, state) => `_${digest('saml-request', purpose, state)}`,
    rulesFor: (destination, isDestinationRequired = true) => ({
      identityProvider: options.identityProvider,
      serviceProvider: entityId,
      now: clock(),
      skew: options.clockSkewSeconds * 1000,
      window: options.messageSeconds * 1000,
      destination,
      isDestinationRequired,
    }),
    sign,
    visit: (outgoing) =>
      outgoing.binding === 'redirect'
        ? { action: redirectAddress(outgoing), method: 'get', fields: {} }
        : { action: outgoing.destination, method: 'post', fields: fieldsOf(outgoing) },
    async whileKnown(exchange, work) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof SamlMetadataError)) throw error
        const page = host.pages.showPage(exchange, { ...providerUnknown, status: error.status })
        return { ...page, headers: { ...page.headers, ...error.headers } }
      }
    },
    refuseUnsolicited(exchange, state) {
      const hosts = host.hostsOfLogin(exchange, state)
      host.report({
        type: 'token.rejected',
        problem: 'saml unsolicited',
        credential: 'saml-message',
        ...hosts,
      })
      return host.unknownStatePage(exchange, state)
    },
    reply(exchange, outgoing, frameAncestors) {
      if (outgoing.binding === 'redirect') {
        const reply = leadOn(host.pages, exchange, redirectAddress(outgoing))
        return { ...reply, headers: { ...reply.headers, ...uncached } }
      }
      return host.pages.showFormPost(exchange, {
        action: outgoing.destination,
        fields: Object.entries(fieldsOf(outgoing)),
        frameAncestors,
      })
    },
  }
}

/** Where the provider's pages may lie: what the pages of ours must let forms lead to is known before any metadata is. */
function originsOf(options: ResolvedSamlOptions): readonly string[] {
  const { metadataUrl, metadata, endpointOrigins } = options
  const own = metadataUrl === undefined ? [] : [new URL(metadataUrl).origin]
  const written = Array.from(
    metadata?.matchAll(/\bLocation[ \t\r\n]*=[ \t\r\n]*["']([^"'<]+)["']/g) ?? [],
    ([, location = '']) => location,
  )
  const known = written.filter(isSecureAddress).map((location) => new URL(location).origin)
  return Array.from(new Set([...own, ...endpointOrigins, ...known]))
}

/** The endpoint to use: by the loginRequest, else by the order. `undefined`: the provider has none of them. */
export function chooseEndpoint<B extends 'redirect' | 'post' | 'soap'>(
  endpoints: IdentityProviderMetadata['signOn'],
  loginRequest: B | undefined,
  order: readonly B[],
): { readonly binding: B; readonly location: string; readonly responseLocation: string } | undefined {
  for (const binding of loginRequest === undefined ? order : [loginRequest]) {
    const found = endpoints.find((endpoint) => endpoint.binding === binding)
    if (found !== undefined) return { ...found, binding }
  }
  return undefined
}
