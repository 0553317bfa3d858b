/** @module How a message of ours leaves: signed, by redirect or by a form. */
import type { Exchange, Reply } from '../exchange.js'
import { leadOn } from '../login/lead-on.js'
import type { LogoutRedirect } from '../protocols/logout-participant.js'
import { encodePost } from './encoding.js'
import { type MessageKind, signRedirect } from './redirect-signature.js'
import type { ServiceProvider } from './service-provider.js'
import { signXml } from './xml/signature.js'

/** A message of ours, ready to be signed for a binding. */
export interface OutgoingMessage {
  readonly kind: MessageKind
  readonly xml: string
  readonly binding: 'redirect' | 'post'
  readonly destination: string
  readonly relayState: string | undefined
}

/** Answers that carry a message are kept nowhere. Source: SAML Bindings, sections 3.4.5.1 and 3.5.5.1; SLO-28. */
export const uncached = { 'cache-control': 'no-cache, no-store, private', pragma: 'no-cache' } as const

/** Signs a message that carries its own signature. */
export function signMessage({ options }: ServiceProvider, xml: string): string {
  const { privateKey, certificate } = options.key
  return signXml({ xml, key: privateKey, certificate: certificate.base64 })
}

/** A signed message as a visit of the browser. */
export function visitWith(provider: ServiceProvider, outgoing: OutgoingMessage): LogoutRedirect {
  return outgoing.binding === 'redirect'
    ? { action: redirectAddress(provider, outgoing), method: 'get', fields: {} }
    : { action: outgoing.destination, method: 'post', fields: fieldsOf(provider, outgoing) }
}

/** A signed message as an answer of ours: a redirect, or a page whose form sends itself. */
export function replyWith(
  provider: ServiceProvider,
  exchange: Exchange,
  outgoing: OutgoingMessage,
  frameAncestors?: string,
): Reply {
  const { pages } = provider.host
  if (outgoing.binding === 'redirect') {
    const reply = leadOn(pages, exchange, redirectAddress(provider, outgoing))
    return { ...reply, headers: { ...reply.headers, ...uncached } }
  }
  return pages.showFormPost(exchange, {
    action: outgoing.destination,
    fields: Object.entries(fieldsOf(provider, outgoing)),
    frameAncestors,
  })
}

function redirectAddress(
  { options }: ServiceProvider,
  { kind, xml, relayState, destination }: OutgoingMessage,
): string {
  const query = signRedirect({ kind, xml, relayState, key: options.key.privateKey })
  return `${destination}${destination.includes('?') ? '&' : '?'}${query}`
}

function fieldsOf(
  provider: ServiceProvider,
  { kind, xml, relayState }: OutgoingMessage,
): Readonly<Record<string, string>> {
  return {
    [kind]: encodePost(signMessage(provider, xml)),
    ...(relayState === undefined ? {} : { RelayState: relayState }),
  }
}
