/** @module Single logout that begins at the provider: its request ends sessions here, and is answered with the truth. */
import type { KeyObject } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import type { ProtocolSession } from '../protocols/sessions.js'
import { chooseEndpoint } from './choose-endpoint.js'
import { endNamedSessions, type NamedOutcome } from './end-named-sessions.js'
import { type LogoutRequest, readLogoutRequest } from './logout-request.js'
import { writeLogoutResponse } from './logout-response.js'
import type { MessageRules } from './message.js'
import type { IdentityProviderMetadata } from './metadata.js'
import { isNamedBy } from './name-id.js'
import { nobodyToTell } from './pages.js'
import { type Received, verifyWithKeys } from './receive-message.js'
import { replyWith, signMessage, uncached } from './send-message.js'
import { createMessageId, rulesFor, type ServiceProvider } from './service-provider.js'
import { longestEnvelope, readEnvelope, soapType, writeEnvelope } from './soap.js'
import type { Status } from './status.js'
import { nameOfSubject, openName } from './stored-name-id.js'
import type { XmlElement } from './xml/parse.js'
import { verifySignature } from './xml/signature.js'

/** Core 3.7.3.2: our part could not be done, or nobody can say that it is. */
const unfinished: Status = { code: 'Responder', subcode: 'PartialLogout' }
/** Another session came with the request: nothing ends, unless the administrator asks. Source: SLO-10. */
const denied: Status = { code: 'Requester', subcode: 'RequestDenied' }

const statuses: Readonly<Record<NamedOutcome, Status>> = {
  ended: { code: 'Success', subcode: undefined },
  'unknown-person': { code: 'Requester', subcode: 'UnknownPrincipal' },
  unfinished,
}

/** Answers a request that came by the browser. @throws SamlError, SamlMetadataError */
export async function answerByBrowser(
  provider: ServiceProvider,
  exchange: Exchange,
  received: Received,
): Promise<Reply> {
  const rules = rulesFor(provider, provider.addresses.logout)
  const { value: request, metadata } = await readVerified(provider, received.verify, rules)
  const status = await statusOf(provider, exchange, request, rules)
  const endpoint = endpointFor(metadata, received.binding)
  if (endpoint === undefined) {
    return provider.host.pages.showPage(exchange, { ...nobodyToTell, status: 200 })
  }
  const { binding, responseLocation: destination } = endpoint
  const xml = writeResponse(provider, request, destination, status)
  const { relayState } = received
  // Providers send their requests in frames too: theirs may show our answer, and nobody else's.
  const frame = new URL(destination).origin
  return replyWith(provider, exchange, { kind: 'SAMLResponse', xml, binding, destination, relayState }, frame)
}

/** Answers `POST saml/soap`. @throws SamlError, SamlMetadataError */
export async function answerBySoap(provider: ServiceProvider, exchange: Exchange): Promise<Reply> {
  const { document, message } = readEnvelope(await exchange.body(longestEnvelope))
  const rules = rulesFor(provider, provider.addresses.soap, false)
  const verify = (keys: readonly KeyObject[]) => verifySignature(document, message, keys).root
  const { value: request } = await readVerified(provider, verify, rules)
  const status = await statusOf(provider, undefined, request, rules)
  const body = writeEnvelope(signMessage(provider, writeResponse(provider, request, undefined, status)))
  return { status: 200, headers: { ...uncached, 'content-type': soapType }, body }
}

/** Verifies and reads in one step, so that a request is never half of one key's and half of another's. */
function readVerified(
  provider: ServiceProvider,
  verify: (keys: readonly KeyObject[]) => XmlElement,
  rules: MessageRules,
): Promise<{ readonly value: LogoutRequest; readonly metadata: IdentityProviderMetadata }> {
  const { decryptionKeys } = provider.options
  return verifyWithKeys(provider, (keys) => readLogoutRequest(verify(keys), rules, decryptionKeys))
}

/** Carries the request out, once, and says what came of it. */
async function statusOf(
  provider: ServiceProvider,
  exchange: Exchange | undefined,
  request: LogoutRequest,
  { now, skew }: MessageRules,
): Promise<Status> {
  const { id, expiresAt } = request
  const message = { kind: 'logout', issuer: provider.options.identityProvider, id, expiresAt, now, skew }
  try {
    return await provider.takeOnce(
      message,
      () => carryOut(provider, exchange, request),
      (status) => status !== unfinished,
    )
  } catch (error) {
    // The provider asked and gets an answer: nothing of ours may be told to have ended.
    if (error instanceof CitizenSessionError && error.isTransient) return unfinished
    throw error
  }
}

async function carryOut(
  provider: ServiceProvider,
  exchange: Exchange | undefined,
  request: LogoutRequest,
): Promise<Status> {
  const { host } = provider
  const session = exchange && (await host.sessions.current(exchange))
  const isOther = isForAnother(provider, session, request)
  if (isOther && !request.isByAdministrator) return denied
  const brought = isOther ? { exchange: undefined, session: undefined } : { exchange, session }
  const outcome = await endNamedSessions(provider, request, brought)
  if (exchange !== undefined && session !== undefined && !isOther) {
    host.sessions.dropCookie(exchange)
    host.clearLogins(exchange)
  }
  return statuses[outcome]
}

/** Whether the request came with the session of somebody else, or with another one of the same person. */
function isForAnother(
  { options }: ServiceProvider,
  session: ProtocolSession | undefined,
  { nameId, sessionIndexes }: LogoutRequest,
): boolean {
  if (session === undefined) return false
  const kept = session.tokens === undefined ? undefined : openName(session.tokens)
  const name = kept?.nameId ?? nameOfSubject(session.subject, options.nameIdFormat)
  if (!isNamedBy(name, nameId)) return true
  return (
    sessionIndexes.length > 0 &&
    kept?.sessionIndex !== undefined &&
    !sessionIndexes.includes(kept.sessionIndex)
  )
}

function writeResponse(
  provider: ServiceProvider,
  request: LogoutRequest,
  destination: string | undefined,
  status: Status,
): string {
  return writeLogoutResponse({
    id: createMessageId(provider),
    inResponseTo: request.id,
    issuer: provider.entityId,
    destination,
    now: provider.now(),
    status,
  })
}

function endpointFor(metadata: IdentityProviderMetadata, binding: 'redirect' | 'post') {
  const other = binding === 'redirect' ? 'post' : 'redirect'
  return chooseEndpoint(metadata.logout, undefined, [binding, other] as const)
}
