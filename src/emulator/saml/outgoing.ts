/** @module Signs a message and makes it ready for its binding, with the faults that are on. */
import { type MessageParameter, toEnvelope, toFormFields, toRedirectUrl } from './bindings.js'
import type { SamlKey, SamlKeys } from './keys.js'
import type { SamlBinding } from './names.js'
import { type SignatureHash, signXml } from './signature.js'
import { spoil } from './spoil.js'

/** A message that is ready to be sent. */
export interface SamlMessage {
  readonly binding: SamlBinding
  readonly id: string
  /** Where it goes; by redirect with the whole query. */
  readonly url: string
  /** The message itself, signed where it is signed inside. */
  readonly xml: string
  readonly relayState: string | undefined
  /** Fields of the form, by POST. */
  readonly fields?: Readonly<Record<string, string>>
  /** The envelope, by SOAP. */
  readonly body?: string
  /** The request that delivers it. */
  toRequest(): Request
}

/** A text that is to be sent. */
export interface Sendable {
  readonly id: string
  readonly text: string
  readonly parameter: MessageParameter
  readonly binding: SamlBinding
  readonly url: string
  readonly relayState: string | undefined
  readonly faults: ReadonlySet<string>
  /** Id of what is signed already; `undefined`: the message is still to be signed. */
  readonly signedId?: string | undefined
}

/** How a message is signed under these faults; `undefined`: not at all. */
export async function signingOf(
  keys: SamlKeys,
  faults: ReadonlySet<string>,
): Promise<{ key: SamlKey; hash: SignatureHash } | undefined> {
  if (faults.has('unsigned')) return undefined
  const key = faults.has('wrong-key') ? await keys.stranger() : keys.active
  return { key, hash: faults.has('sha1') ? 'sha1' : 'sha256' }
}

/** Makes a message ready. */
export async function toMessage(keys: SamlKeys, sendable: Sendable): Promise<SamlMessage> {
  const { id, text, binding, faults, signedId, parameter, relayState } = sendable
  const signing = await signingOf(keys, faults)
  // A query has one signature over all of it: what can be wrapped is only a message that is signed inside.
  const isInside = binding !== 'redirect' || faults.has('wrapped')
  const signed = signedId === undefined && signing && isInside ? signXml(text, id, signing) : text
  const spoiled = spoil(
    {
      text: signed,
      signedId: signedId ?? id,
      forgedId: `${id}f`,
      isAssertionSigned: signedId !== undefined && signedId !== id,
    },
    faults,
  )
  const message = { parameter, text: spoiled, relayState }
  const common = { binding, id, xml: spoiled, relayState }
  if (binding === 'redirect') {
    const url = toRedirectUrl(sendable.url, message, isInside ? undefined : signing)
    return { ...common, url, toRequest: () => new Request(url, { redirect: 'manual' }) }
  }
  const { url } = sendable
  if (binding === 'post') {
    const fields = toFormFields(message)
    const toRequest = () =>
      new Request(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
    return { ...common, url, fields, toRequest }
  }
  const body = toEnvelope(spoiled.replace(/^<!DOCTYPE[^\]]*\]>/, ''))
  const doctype = /^<!DOCTYPE[^\]]*\]>/.exec(spoiled)?.[0] ?? ''
  const headers = {
    'content-type': 'text/xml; charset=utf-8',
    soapaction: '"http://www.oasis-open.org/committees/security"',
  }
  const whole = `${doctype}${body}`
  const toRequest = () => new Request(url, { method: 'POST', body: whole, headers, redirect: 'manual' })
  return { ...common, url, body: whole, toRequest }
}
