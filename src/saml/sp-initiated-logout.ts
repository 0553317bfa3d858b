/** @module Sign-out that begins here: our request to the provider, and the answer to it. */
import type { Exchange, Reply } from '../exchange.js'
import type {
  LogoutRedirect,
  ProviderLogoutRequest,
  ProviderLogoutResult,
} from '../protocols/logout-participant.js'
import type { Leg } from '../receipt.js'
import { chooseEndpoint } from './choose-endpoint.js'
import { writeLogoutRequest } from './logout-request.js'
import { type LogoutOutcome, readLogoutResponse } from './logout-response.js'
import type { IdentityProviderMetadata } from './metadata.js'
import { type Received, sendRound, verifyWithKeys } from './receive-message.js'
import { SamlError } from './saml-error.js'
import { signMessage, visitWith } from './send-message.js'
import { requestIdOf, rulesFor, type ServiceProvider } from './service-provider.js'
import { callSoap } from './soap.js'
import { openName, type StoredNameId } from './stored-name-id.js'
import { refuseLogoutResponse } from './unanswerable.js'
import { verifySignature } from './xml/signature.js'

/** What is known of the provider's session. */
type IdentityLeg = Pick<Leg, 'state' | 'reason'>

/** A request of ours: who signs out, and which sign-out of the browser it belongs to. */
interface OutgoingRequest {
  readonly kept: StoredNameId
  readonly state: string
  readonly destination: string
}

/** What the provider's answer makes of its leg. Source: SLO-15. */
const legOf: Readonly<Record<LogoutOutcome, IdentityLeg>> = {
  global: { state: 'done' },
  partial: { state: 'unknown', reason: 'partial-logout' },
  failed: { state: 'refused', reason: 'status' },
}

/** Ends the session at the provider: by SOAP at once, else by a visit of the browser. Never throws for what it does. */
export async function endProviderSession(
  provider: ServiceProvider,
  { tokens, state }: ProviderLogoutRequest,
): Promise<ProviderLogoutResult> {
  const { options } = provider
  const kept = tokens === undefined ? undefined : openName(tokens)
  if (kept === undefined) return { legs: [], identity: { state: 'unknown', reason: 'name-lost' } }
  const metadata = await metadataOrNone(provider)
  // The name is gone with the session: whoever tries again must be able to say who signs out.
  const retry = tokens
  if (metadata === undefined) return { legs: [], identity: { state: 'unknown', reason: 'metadata' }, retry }
  const endpoint = chooseEndpoint(metadata.logout, options.logoutBinding, ['redirect', 'post', 'soap'])
  if (endpoint === undefined)
    return { legs: [], identity: { state: 'skipped', reason: 'no-endpoint' }, retry }
  const { binding, location: destination } = endpoint
  const request = { kept, state, destination }
  if (binding === 'soap') return { legs: [], identity: await askBySoap(provider, request), retry }
  const visit = visitFor(provider, binding, request)
  // A form is too long for a cookie; the same request by redirect is not, where the provider takes it.
  const short = binding === 'post' ? chooseEndpoint(metadata.logout, 'redirect', []) : undefined
  const brief = short && visitFor(provider, 'redirect', { ...request, destination: short.location })
  const identity = { state: 'unknown', reason: 'browser-not-back-yet' } as const
  return { legs: [], visit: { ...visit, brief }, identity, retry }
}

/** Takes the provider's LogoutResponse. @throws SamlError, SamlMetadataError, StoreUnavailableError */
export async function handleLogoutReturn(
  provider: ServiceProvider,
  exchange: Exchange,
  received: Received,
): Promise<Reply> {
  const given = received.relayState === '' ? undefined : received.relayState
  const state = given ?? stateAnswered(provider, exchange, received)
  const reply =
    state === undefined
      ? undefined
      : await provider.host.finishLogout(exchange, state, await readAnswer(provider, received, state))
  if (reply !== undefined) return reply
  const isFirst = received.binding === 'post' && !received.isSecondTime
  if (!isFirst) return refuseLogoutResponse(provider, exchange)
  return sendRound(provider, exchange, received, {
    address: provider.addresses.logout,
    relayState: state ?? '',
  })
}

async function metadataOrNone({ source }: ServiceProvider): Promise<IdentityProviderMetadata | undefined> {
  try {
    return await source.current()
  } catch {
    return undefined
  }
}

function writeRequest(provider: ServiceProvider, { kept, state, destination }: OutgoingRequest): string {
  const now = provider.now()
  return writeLogoutRequest({
    id: requestIdOf('logout', state),
    issuer: provider.entityId,
    destination,
    now,
    notOnOrAfter: now + provider.options.messageSeconds * 1000,
    nameId: kept.nameId,
    sessionIndex: kept.sessionIndex,
  })
}

function visitFor(
  provider: ServiceProvider,
  binding: 'redirect' | 'post',
  request: OutgoingRequest,
): Omit<LogoutRedirect, 'brief'> {
  const { state: relayState, destination } = request
  const xml = writeRequest(provider, request)
  return visitWith(provider, { kind: 'SAMLRequest', xml, binding, destination, relayState })
}

/** Our request, and its answer, with no browser between. */
async function askBySoap(provider: ServiceProvider, request: OutgoingRequest): Promise<IdentityLeg> {
  const { host, options, addresses } = provider
  try {
    const { document, message } = await callSoap({
      url: request.destination,
      message: signMessage(provider, writeRequest(provider, request)),
      fetch: host.options.fetch,
      timeoutSeconds: options.timeoutSeconds,
    })
    const { value } = await verifyWithKeys(provider, (keys) => verifySignature(document, message, keys).root)
    // The answer comes over our own connection: it need not name an address of ours.
    const rules = rulesFor(provider, addresses.soap, false)
    return legOf[readLogoutResponse(value, rules, requestIdOf('logout', request.state)).outcome]
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError'
    if (isTimeout) return { state: 'timed-out', reason: 'timeout' }
    return { state: 'unknown', reason: error instanceof SamlError ? error.problem : 'network' }
  }
}

/** What the answer says of the provider's session. One that nobody has signed says nothing, and is no attack either. */
async function readAnswer(
  provider: ServiceProvider,
  received: Received,
  state: string,
): Promise<IdentityLeg> {
  try {
    const { value: root } = await verifyWithKeys(provider, (keys) => received.verify(keys))
    const rules = rulesFor(provider, provider.addresses.logout)
    return legOf[readLogoutResponse(root, rules, requestIdOf('logout', state)).outcome]
  } catch (error) {
    const isUnsigned = error instanceof SamlError && error.problem === 'unsigned'
    if (!isUnsigned || received.hasSignature()) throw error
    return { state: 'unknown', reason: error.problem }
  }
}

/**
 * The logout of this browser whose request an answer names, where the provider has dropped the relay state: the name
 * of the request follows from it, and only the two of us have seen either.
 */
function stateAnswered(
  { host }: ServiceProvider,
  exchange: Exchange,
  received: Received,
): string | undefined {
  const states = host.logoutStates(exchange)
  if (states.length === 0) return undefined
  const answered = received.inResponseTo()
  return states.find((state) => requestIdOf('logout', state) === answered)
}
