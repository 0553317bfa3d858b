/** @module Sign-out that begins here: our request to the provider, and the answer to it. */
import type { Exchange, Reply } from '../exchange.js'
import type {
  LogoutRedirect,
  ProviderLogoutRequest,
  ProviderLogoutResult,
} from '../protocols/logout-participant.js'
import type { Leg } from '../receipt.js'
import { writeLogoutRequest } from './logout-request.js'
import { type LogoutOutcome, readLogoutResponse } from './logout-response.js'
import type { IdentityProviderMetadata } from './metadata.js'
import { type Received, secondTime, verifyWithKeys } from './receive-message.js'
import { SamlError } from './saml-error.js'
import { chooseEndpoint, type ServiceProvider } from './service-provider.js'
import { callSoap } from './soap.js'
import { openName, type StoredNameId } from './stored-name-id.js'
import { verifySignature } from './xml/signature.js'

/** The two ends of a sign-out of ours. */
export interface SpInitiatedLogout {
  readonly answersByMessage: true
  part(departure: ProviderLogoutRequest): Promise<ProviderLogoutResult>
  /** Takes the provider's LogoutResponse. */
  handleLogoutReturn(exchange: Exchange, received: Received): Promise<Reply>
}

/** What the provider's answer makes of its leg. Source: SLO-15. */
const legOf: Readonly<Record<LogoutOutcome, Pick<Leg, 'state' | 'reason'>>> = {
  global: { state: 'done' },
  partial: { state: 'unknown', reason: 'partial-logout' },
  failed: { state: 'refused', reason: 'status' },
}

/** Makes the sign-out. */
export function createSpInitiatedLogout(provider: ServiceProvider): SpInitiatedLogout {
  const { host, options, addresses } = provider

  const requestFor = (kept: StoredNameId, state: string, destination: string): string => {
    const now = provider.now()
    return writeLogoutRequest({
      id: provider.requestIdOf('logout', state),
      issuer: provider.entityId,
      destination,
      now,
      notOnOrAfter: now + options.messageSeconds * 1000,
      nameId: kept.nameId,
      sessionIndex: kept.sessionIndex,
    })
  }

  const visitFor = (
    binding: 'redirect' | 'post',
    destination: string,
    kept: StoredNameId,
    relayState: string,
  ): Omit<LogoutRedirect, 'brief'> => {
    const xml = requestFor(kept, relayState, destination)
    return provider.visit({ kind: 'SAMLRequest', xml, binding, destination, relayState })
  }

  const partBySoap = async (
    kept: StoredNameId,
    state: string,
    destination: string,
  ): Promise<ProviderLogoutResult> => {
    try {
      const { document, message } = await callSoap({
        url: destination,
        message: provider.sign(requestFor(kept, state, destination)),
        fetch: host.options.fetch,
        timeoutSeconds: options.timeoutSeconds,
      })
      const { value } = await verifyWithKeys(
        provider,
        (keys) => verifySignature(document, message, keys).root,
      )
      // The answer comes over our own connection: it need not name an address of ours.
      const rules = provider.rulesFor(addresses.soap, false)
      const { outcome } = readLogoutResponse(value, rules, provider.requestIdOf('logout', state))
      return { legs: [], identity: legOf[outcome] }
    } catch (error) {
      const isTimeout = error instanceof Error && error.name === 'TimeoutError'
      if (isTimeout) return { legs: [], identity: { state: 'timed-out', reason: 'timeout' } }
      const reason = error instanceof SamlError ? error.problem : 'network'
      return { legs: [], identity: { state: 'unknown', reason } }
    }
  }

  /** What the answer says of the provider's session. One that nobody has signed says nothing, and is no attack either. */
  const judge = async (received: Received, state: string): Promise<Pick<Leg, 'state' | 'reason'>> => {
    try {
      const { value: root } = await verifyWithKeys(provider, (keys) => received.verify(keys))
      const rules = provider.rulesFor(addresses.logout)
      return legOf[readLogoutResponse(root, rules, provider.requestIdOf('logout', state)).outcome]
    } catch (error) {
      const isUnsigned = error instanceof SamlError && error.problem === 'unsigned'
      if (!isUnsigned || received.hasSignature()) throw error
      return { state: 'unknown', reason: error.problem }
    }
  }

  const metadataOrNone = async (): Promise<IdentityProviderMetadata | undefined> => {
    try {
      return await provider.source.current()
    } catch {
      return undefined
    }
  }

  return {
    answersByMessage: true,

    async part({ tokens, state }) {
      const kept = tokens === undefined ? undefined : openName(tokens)
      if (kept === undefined) return { legs: [], identity: { state: 'unknown', reason: 'name-lost' } }
      const metadata = await metadataOrNone()
      // The name is gone with the session: whoever tries again must be able to say who signs out.
      const retry = tokens
      if (metadata === undefined)
        return { legs: [], identity: { state: 'unknown', reason: 'metadata' }, retry }
      const endpoint = chooseEndpoint(metadata.logout, options.logoutBinding, ['redirect', 'post', 'soap'])
      if (endpoint === undefined)
        return { legs: [], identity: { state: 'skipped', reason: 'no-endpoint' }, retry }
      const { binding, location } = endpoint
      if (binding === 'soap') return { ...(await partBySoap(kept, state, location)), retry }
      const visit = visitFor(binding, location, kept, state)
      // A form is too long for a cookie; the same request by redirect is not, where the provider takes it.
      const short = binding === 'post' ? chooseEndpoint(metadata.logout, 'redirect', []) : undefined
      const brief = short && visitFor('redirect', short.location, kept, state)
      const identity = { state: 'unknown', reason: 'browser-not-back-yet' } as const
      return { legs: [], visit: { ...visit, brief }, identity, retry }
    },

    async handleLogoutReturn(exchange, received) {
      const given = received.relayState === '' ? undefined : received.relayState
      const state = given ?? stateAnswered(exchange, received)
      const isFirst = received.binding === 'post' && !received.isSecondTime
      if (state === undefined) {
        return isFirst ? sendRound(exchange, received, '') : provider.refuseUnsolicited(exchange)
      }
      const reply = await host.finishLogout(exchange, state, await judge(received, state))
      if (reply !== undefined) return reply
      return isFirst ? sendRound(exchange, received, state) : provider.refuseUnsolicited(exchange)
    },
  }

  /**
   * The logout of this browser whose request an answer names, where the provider has dropped the relay state: the name
   * of the request follows from it, and only the two of us have seen either.
   */
  function stateAnswered(exchange: Exchange, received: Received): string | undefined {
    const states = host.logoutStates(exchange)
    if (states.length === 0) return undefined
    const answered = received.inResponseTo()
    return states.find((state) => provider.requestIdOf('logout', state) === answered)
  }

  /** From another site the form comes without our Lax cookies: once more, from a page of ours. */
  function sendRound(exchange: Exchange, { kind, value }: Received, state: string): Reply {
    return host.pages.showFormPost(exchange, {
      action: new URL(addresses.logout).pathname,
      fields: [
        [kind, value],
        ['RelayState', state],
        [secondTime, '1'],
      ],
    })
  }
}
