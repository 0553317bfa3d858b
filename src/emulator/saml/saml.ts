/** @module What tests and programs see of the SAML identity provider: state, roll-over, messages to order. */
import type { KeptSession } from '../sessions.js'
import type { SamlDelivery } from './deliveries.js'
import type { SamlNameId } from './drafts.js'
import type { RollOverStep } from './keys.js'
import type { SamlAddresses } from './metadata.js'
import {
  orderLogoutRequest,
  orderLogoutResponse,
  orderResponse,
  type SamlLogoutRequestOrder,
  type SamlLogoutResponseOrder,
  type SamlResponseOrder,
} from './orders.js'
import type { SamlMessage } from './outgoing.js'
import type { Participation } from './participations.js'
import type { Parts } from './parts.js'
import type { SamlRefused } from './refusals.js'

/** A service provider's part in an identity session. */
export interface SamlParticipant {
  /** entityID. */
  readonly serviceProvider: string
  readonly username: string
  /** `jti` of the identity session. */
  readonly session: string
  readonly nameId: SamlNameId
  readonly sessionIndex: string
}

/** The SAML identity provider of an emulator. */
export interface Saml extends SamlAddresses {
  /** Published certificates as PEM, the one that signs first. */
  readonly certificates: readonly string[]
  /** The metadata as it is now. */
  metadata(): Promise<string>
  /** Who takes part in which session, oldest first. */
  readonly participants: readonly SamlParticipant[]
  /** What was told to whom, and how they answered, oldest first. */
  readonly deliveries: readonly SamlDelivery[]
  /** Messages of service providers that were refused, oldest first. */
  readonly refusals: readonly SamlRefused[]
  /** The next step of a roll-over: publishes the next certificate, then signs with it, then drops the old one. */
  rollOver(): Promise<RollOverStep>
  /** Fetches the metadata of every provider that is registered by `metadataUrl`. */
  reload(): Promise<void>
  /** A Response for a person, ready to be posted; joins the provider to the session. @throws `emulator` */
  response(order: SamlResponseOrder): Promise<SamlMessage>
  /** A LogoutRequest, ready to be sent. Its answer is taken, and entered in `deliveries`. @throws `emulator` */
  logoutRequest(order: SamlLogoutRequestOrder): Promise<SamlMessage>
  /** A LogoutResponse, ready to be sent. @throws `emulator` */
  logoutResponse(order: SamlLogoutResponseOrder): Promise<SamlMessage>
  /**
   * Ends the sessions of a person, or one by its `jti`, and tells every participant by server call. Those without an
   * address for that are `unreachable`.
   */
  logout(whom: { username: string } | { session: string }): Promise<readonly SamlDelivery[]>
  /** Resolves when every server call that is under way has its answer. */
  settled(): Promise<void>
}

/** Makes the view for tests and programs. `end` ends sessions and tells their participants by server call. */
export function createSaml(
  parts: Parts,
  end: (sessions: readonly KeptSession[]) => Promise<readonly SamlDelivery[]>,
): Saml {
  const { keys, metadata, participations, registry, singleLogout } = parts
  return {
    get entityId() {
      return parts.addresses().entityId
    },
    get metadataUrl() {
      return parts.addresses().metadataUrl
    },
    get ssoUrl() {
      return parts.addresses().ssoUrl
    },
    get logoutUrl() {
      return parts.addresses().logoutUrl
    },
    get soapUrl() {
      return parts.addresses().soapUrl
    },
    get certificates() {
      return keys.published()
    },
    metadata: () => metadata.text(),
    get participants() {
      return participations.list().map(toParticipant)
    },
    get deliveries() {
      return singleLogout.deliveries
    },
    get refusals() {
      return parts.refusals.list()
    },
    rollOver: keys.rollOver,
    reload: registry.reload,
    response: (order) => orderResponse(parts, order),
    logoutRequest: (order) => orderLogoutRequest(parts, order),
    logoutResponse: (order) => orderLogoutResponse(parts, order),
    logout(whom) {
      const isMeant = (session: KeptSession) =>
        'username' in whom ? session.username === whom.username : session.jti === whom.session
      return end(parts.context.sessions.list().filter(isMeant))
    },
    settled: () => parts.calls.settled(),
  }
}

const toParticipant = ({ provider, session, nameId, sessionIndex }: Participation): SamlParticipant => ({
  serviceProvider: provider,
  username: session.username,
  session: session.jti,
  nameId,
  sessionIndex,
})
