/** @module Takes messages in by each binding: verified with the provider's keys, once more after a roll-over. */
import type { KeyObject } from 'node:crypto'
import type { Exchange, Reply } from '../exchange.js'
import { sendFormAgain } from '../pages/send-form-again.js'
import { decodePost } from './encoding.js'
import type { IdentityProviderMetadata } from './metadata.js'
import type { MessageBearer } from './metadata-source.js'
import { decodeMessage, type MessageKind, parseRedirect, verifyRedirect } from './redirect-signature.js'
import { refuse, SamlError } from './saml-error.js'
import type { ServiceProvider } from './service-provider.js'
import { parseXml, type XmlElement } from './xml/parse.js'
import { childrenOf, isElement, namespaces } from './xml/read.js'
import { verifySignature } from './xml/signature.js'

/** A message as it came by the browser; nothing of it is verified yet. */
export interface Received {
  readonly kind: MessageKind
  readonly binding: 'redirect' | 'post'
  readonly relayState: string | undefined
  /** Whether the form has already been round by a page of ours. */
  readonly isSecondTime: boolean
  /** The form's message, for the page that sends it round. */
  readonly value: string
  /** Whether anything in it looks like a signature. @throws SamlError */
  hasSignature(): boolean
  /** Which request it says that it answers; nothing of it is verified. @throws SamlError */
  inResponseTo(): string | undefined
  /** The verified root. @throws SamlError */
  verify(keys: readonly KeyObject[]): XmlElement
}

/** Longest form: a message of 256 KiB in base64, with room for the rest. */
const longestForm = 1_048_576
/** A relay state of the provider's own, which goes back as it came. Source: Bindings 3.4.3 asks for 80 bytes. */
const longestRelayState = 2048
/** Field of a form that a page of ours has sent round. */
const secondTime = 'again'

/** Reads the query of a GET. @throws SamlError */
export function receiveQuery(exchange: Exchange): Received {
  const at = exchange.target.indexOf('?')
  const message = parseRedirect(at === -1 ? '' : exchange.target.slice(at + 1))
  return {
    kind: message.kind,
    binding: 'redirect',
    relayState: checkRelayState(message.relayState),
    isSecondTime: false,
    value: '',
    hasSignature: () =>
      ['Signature', 'SigAlg'].some((name) => message.raw.has(name)) ||
      holdsSignature(parseXml(decodeMessage(message)).root),
    inResponseTo: () => parseXml(decodeMessage(message)).root.attributes.get('InResponseTo'),
    verify: (keys) => parseUnsigned(verifyRedirect(message, keys)),
  }
}

/** Reads the form of a POST: one message, each field once. @throws SamlError */
export async function receiveForm(exchange: Exchange): Promise<Received> {
  const form = await exchange.form(longestForm)
  const kinds = (['SAMLRequest', 'SAMLResponse'] as const).filter((name) => form.has(name))
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) return refuse('parameters')
  for (const name of [kind, 'RelayState']) if (form.getAll(name).length > 1) refuse('parameters')
  const value = form.get(kind) ?? ''
  return {
    kind,
    binding: 'post',
    relayState: checkRelayState(form.get('RelayState') ?? undefined),
    isSecondTime: form.has(secondTime),
    value,
    hasSignature: () => holdsSignature(parseXml(decodePost(value)).root),
    inResponseTo: () => parseXml(decodePost(value)).root.attributes.get('InResponseTo'),
    verify(keys) {
      const document = parseXml(decodePost(value))
      return verifySignature(document, document.root, keys).root
    },
  }
}

/** Sends a form round once more by a page of ours, for a cookie that a form of another site does not bring. */
export function sendRound(
  { host }: Pick<ServiceProvider, 'host'>,
  exchange: Exchange,
  { kind, value }: Received,
  {
    address,
    relayState,
    frameAncestors,
  }: {
    readonly address: string
    readonly relayState: string
    /** Who may have the page in a frame. Default: nobody. */
    readonly frameAncestors?: 'self' | undefined
  },
): Reply {
  return sendFormAgain(host.pages, exchange, {
    path: new URL(address).pathname,
    fields: [
      [kind, value],
      ['RelayState', relayState],
    ],
    mark: secondTime,
    frameAncestors,
  })
}

function holdsSignature(element: XmlElement): boolean {
  return isElement(element, namespaces.signature, 'Signature') || element.children.some(holdsSignature)
}

function checkRelayState(relayState: string | undefined): string | undefined {
  return relayState !== undefined && relayState.length > longestRelayState ? refuse('parameters') : relayState
}

/** On the redirect binding the query is signed, and nothing inside. Source: SAML Bindings, section 3.4.4.1. */
function parseUnsigned(xml: string): XmlElement {
  const { root } = parseXml(xml)
  return childrenOf(root, namespaces.signature, 'Signature').length > 0 ? refuse('structure') : root
}

/**
 * Verifies with the keys that are known; where none fits, with those of metadata that is fetched anew, so that a
 * roll-over goes by unseen. `bearer` is asked only then. @throws SamlError, SamlMetadataError
 */
export async function verifyWithKeys<T>(
  { source }: Pick<ServiceProvider, 'source'>,
  verify: (keys: readonly KeyObject[]) => T,
  bearer: () => MessageBearer = () => 'anybody',
): Promise<{ readonly value: T; readonly metadata: IdentityProviderMetadata }> {
  const metadata = await source.current()
  try {
    return { value: verify(metadata.keys), metadata }
  } catch (error) {
    if (!(error instanceof SamlError) || error.problem !== 'signature') throw error
    const renewed = await source.renewed(bearer())
    if (renewed === undefined) throw error
    return { value: verify(renewed.keys), metadata: renewed }
  }
}
