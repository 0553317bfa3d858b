/** @module What every part of the plug-in shares: who we are, whom we trust, and what a message is judged by. */
import { digest, randomText } from '../digest.js'
import { isSecureAddress } from '../outbound.js'
import type { ProtocolHost } from '../protocols/protocol.js'
import { createUntrustedTeller, type TellUntrusted } from '../protocols/untrusted-claims.js'
import type { MessageRules } from './message.js'
import { createMetadataSource, type MetadataSource } from './metadata-source.js'
import type { NameIdParties } from './name-id.js'
import type { ResolvedSamlOptions } from './options.js'
import { createReplayGuard, type ReplayGuard } from './replay-guard.js'
import { routeOf, type SamlRoute } from './routes.js'

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
  readonly tellUntrusted: TellUntrusted
  /** The provider's origins, for the policy of pages and for receipts. */
  readonly origins: readonly string[]
  now(): number
}

/** The one way of the suite's options and ours to what the flows need. */
export function createServiceProvider(options: ResolvedSamlOptions, host: ProtocolHost): ServiceProvider {
  const { clock } = host.options
  const at = (route: SamlRoute): string => host.address(routeOf(options.name, route))
  const entityId = options.entityId ?? at('metadata')
  const origins = originsOf(options)
  return {
    host,
    options,
    entityId,
    parties: { identityProvider: options.identityProvider, serviceProvider: entityId },
    addresses: {
      assertionConsumer: at('acs'),
      logout: at('slo'),
      soap: at('soap'),
    },
    source: createMetadataSource({
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
    }),
    takeOnce: createReplayGuard(host.store),
    tellUntrusted: createUntrustedTeller(host.report, options.identityProvider),
    origins,
    now: clock,
  }
}

/** A new ID for a message of ours: 128 random bits. */
export function createMessageId({ host }: ServiceProvider): string {
  return `_${randomText(host.options.random, 16)}`
}

/** The ID of a request that is found again by the state in its RelayState. 132 bits of it. */
export function requestIdOf(purpose: 'sign-in' | 'logout', state: string): string {
  return `_${digest('saml-request', purpose, state)}`
}

/** What a message that arrives at an address of ours is judged by. */
export function rulesFor(
  { options, entityId, now }: ServiceProvider,
  destination: string,
  isDestinationRequired = true,
): MessageRules {
  return {
    identityProvider: options.identityProvider,
    serviceProvider: entityId,
    now: now(),
    skew: options.clockSkewSeconds * 1000,
    window: options.messageSeconds * 1000,
    destination,
    isDestinationRequired,
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
