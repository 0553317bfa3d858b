/** @module What tests and programs see of the SAML identity provider: state, roll-over, messages to order. */
import { CitizenSessionError } from '../../errors.js'
import type { SamlMessageFault } from '../faults/saml.js'
import type { KeptSession, Level } from '../sessions.js'
import { attributesOf, mailDomainOf } from './attributes.js'
import type { AnswerDraft, AssertionDraft, LogoutRequestDraft, SamlNameId } from './drafts.js'
import type { RollOverStep } from './keys.js'
import type { SamlAddresses } from './metadata.js'
import type { NameIdFormat, SamlBinding } from './names.js'
import type { SamlMessage } from './outgoing.js'
import type { Participation } from './participations.js'
import type { Parts } from './parts.js'
import type { SamlProblem } from './refusal.js'
import type { SamlDelivery, Told } from './single-logout.js'

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

/** A message that was not taken. */
export interface SamlRefused {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly problem: SamlProblem
  readonly message: string
}

/** A Response to order. */
export interface SamlResponseOrder {
  /** entityID. */
  readonly serviceProvider: string
  readonly username: string
  /** `jti` of a living session of this person, instead of a new one. */
  readonly session?: string | undefined
  /** Level of a new session. Default: all that the person has. */
  readonly level?: Level | undefined
  /** ID of the AuthnRequest. Default none: it is unsolicited. */
  readonly inResponseTo?: string | undefined
  readonly relayState?: string | undefined
  /** Default: the first that is registered. */
  readonly acsUrl?: string | undefined
  readonly nameIdFormat?: NameIdFormat | undefined
  readonly faults?: readonly SamlMessageFault[] | undefined
  /** Replaces what the Response says. */
  readonly response?: Partial<AnswerDraft> | undefined
  /** Replaces what the assertion says. */
  readonly assertion?: Partial<AssertionDraft> | undefined
}

/** A LogoutRequest to order. */
export interface SamlLogoutRequestOrder {
  /** entityID. */
  readonly serviceProvider: string
  /** Default: the first that the provider registered. */
  readonly binding?: SamlBinding | undefined
  /** The name, or its value alone. Default: that of the newest participation of `username`, or of anybody. */
  readonly nameId?: string | SamlNameId | undefined
  readonly username?: string | undefined
  /** Default: that of the participation; with `nameId` none. */
  readonly sessionIndexes?: readonly string[] | undefined
  readonly relayState?: string | undefined
  readonly faults?: readonly SamlMessageFault[] | undefined
  /** Replaces what the request says. */
  readonly overrides?: Partial<LogoutRequestDraft> | undefined
}

/** A LogoutResponse to order. */
export interface SamlLogoutResponseOrder {
  /** entityID. */
  readonly serviceProvider: string
  /** Default: the first of the front channel that the provider registered. */
  readonly binding?: SamlBinding | undefined
  /** ID of the LogoutRequest. */
  readonly inResponseTo: string
  /** Status codes from the top, by their last word. Default `Success`. */
  readonly status?: readonly string[] | undefined
  readonly relayState?: string | undefined
  readonly faults?: readonly SamlMessageFault[] | undefined
  /** Replaces what the answer says. */
  readonly overrides?: Partial<AnswerDraft> | undefined
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

/** What {@link createSaml} needs besides the parts. */
export interface SamlState {
  readonly refusals: () => readonly SamlRefused[]
  /** Ends sessions and tells their participants by server call. */
  readonly end: (sessions: readonly KeptSession[]) => Promise<readonly SamlDelivery[]>
  readonly settled: () => Promise<void>
}

const wrong = (message: string) => new CitizenSessionError('emulator', `saml: ${message}`)

/** Makes the view for tests and programs. */
export function createSaml(parts: Parts, state: SamlState): Saml {
  const { context, keys, metadata, participations, registry, sender, singleLogout } = parts

  function sessionFor({ username, session: jti, level }: SamlResponseOrder) {
    const person = context.people.find(username)
    if (!person) throw wrong(`nobody is called "${username}" here`)
    if (jti === undefined) {
      const best = person.eeze ? 'did' : person.secondFactor ? 'mfa' : 'password'
      return { person, session: context.sessions.begin(username, level ?? best) }
    }
    const session = context.sessions.find(jti)
    if (session?.username !== username) throw wrong(`"${username}" has no living session of that jti`)
    return { person, session }
  }

  function meantBy({ serviceProvider, nameId, username }: SamlLogoutRequestOrder): Told {
    const isMeant = (one: Participation) =>
      one.provider === serviceProvider &&
      (username === undefined || one.session.username === username) &&
      (nameId === undefined || one.nameId.value === (typeof nameId === 'string' ? nameId : nameId.value))
    const found = participations.list().findLast(isMeant)
    if (found && (nameId === undefined || typeof nameId === 'string')) return found
    if (nameId === undefined) throw wrong(`nobody is signed in at "${serviceProvider}": say nameId`)
    const given = typeof nameId === 'string' ? { value: nameId } : nameId
    return { provider: serviceProvider, nameId: given, sessionIndex: found?.sessionIndex ?? '' }
  }

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
      return participations.list().map(({ provider, session, nameId, sessionIndex }) => ({
        serviceProvider: provider,
        username: session.username,
        session: session.jti,
        nameId,
        sessionIndex,
      }))
    },
    get deliveries() {
      return singleLogout.deliveries
    },
    get refusals() {
      return state.refusals()
    },
    rollOver: keys.rollOver,
    reload: registry.reload,
    async response(order) {
      const provider = await registry.find(order.serviceProvider)
      const { person, session } = sessionFor(order)
      const part = participations.join(
        provider.entityId,
        session,
        order.nameIdFormat ?? provider.nameIdFormat,
      )
      const url = order.acsUrl ?? provider.acsUrls[0] ?? ''
      return sender.response(
        { provider, binding: 'post', url, relayState: order.relayState, faults: order.faults },
        { inResponseTo: order.inResponseTo, status: ['Success'], ...order.response },
        {
          nameId: part.nameId,
          sessionIndex: part.sessionIndex,
          authnInstant: session.startedAt,
          sessionNotOnOrAfter: session.endsAt,
          authnContext: parts.options.authnContexts[session.level],
          attributes: attributesOf(session, person, mailDomainOf(context.options.domain, context.url())),
          ...order.assertion,
        },
      )
    },
    async logoutRequest(order) {
      const provider = await registry.find(order.serviceProvider)
      const { logout } = provider
      const service = order.binding ? logout.find((one) => one.binding === order.binding) : logout[0]
      if (!service) throw wrong(`"${provider.entityId}" has no such address for single logout`)
      const part = meantBy(order)
      const byDefault = order.nameId === undefined ? [part.sessionIndex] : []
      const message = await sender.logoutRequest(
        {
          provider,
          binding: service.binding,
          url: service.url,
          relayState: order.relayState,
          faults: order.faults,
        },
        {
          nameId: part.nameId,
          sessionIndexes: order.sessionIndexes ?? byDefault,
          ...order.overrides,
        },
      )
      if (service.binding !== 'soap') singleLogout.announce(message, part)
      return message
    },
    async logoutResponse(order) {
      const provider = await registry.find(order.serviceProvider)
      const front = provider.logout.filter(({ binding }) => binding !== 'soap')
      const service = order.binding ? front.find((one) => one.binding === order.binding) : front[0]
      if (!service) throw wrong(`"${provider.entityId}" has no such address for single logout`)
      const { relayState, faults, inResponseTo, status = ['Success'] } = order
      return sender.logoutResponse(
        { provider, binding: service.binding, url: service.responseUrl, relayState, faults },
        { inResponseTo, status, ...order.overrides },
      )
    },
    logout(whom) {
      const isMeant = (session: KeptSession) =>
        'username' in whom ? session.username === whom.username : session.jti === whom.session
      return state.end(context.sessions.list().filter(isMeant))
    },
    settled: state.settled,
  }
}
