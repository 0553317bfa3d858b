/** @module Messages that a test orders: a Response, a LogoutRequest, a LogoutResponse. */
import { CitizenSessionError } from '../../errors.js'
import type { SamlMessageFault } from '../faults/saml.js'
import type { Person } from '../people.js'
import { bestLevelOf } from '../person-tokens.js'
import type { KeptSession, Level } from '../sessions.js'
import { attributesOf, mailDomainOf } from './attributes.js'
import type { Told } from './deliveries.js'
import type { AnswerDraft, AssertionDraft, LogoutRequestDraft, SamlNameId } from './drafts.js'
import type { NameIdFormat, SamlBinding } from './names.js'
import type { SamlMessage } from './outgoing.js'
import type { Participation } from './participations.js'
import type { Parts } from './parts.js'

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

const wrong = (message: string) => new CitizenSessionError('emulator', `saml: ${message}`)

/** Makes the Response of an order, and joins the provider to the session. @throws `emulator` */
export async function orderResponse(parts: Parts, order: SamlResponseOrder): Promise<SamlMessage> {
  const { context } = parts
  const provider = await parts.registry.find(order.serviceProvider)
  const { person, session } = sessionFor(parts, order)
  const format = order.nameIdFormat ?? provider.nameIdFormat
  const part = parts.participations.join(provider.entityId, session, format)
  const url = order.acsUrl ?? provider.acsUrls[0] ?? ''
  return parts.sender.response(
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
}

function sessionFor(
  { context }: Parts,
  { username, session: jti, level }: SamlResponseOrder,
): { readonly person: Person; readonly session: KeptSession } {
  const person = context.people.find(username)
  if (!person) throw wrong(`nobody is called "${username}" here`)
  if (jti === undefined) {
    return { person, session: context.sessions.begin(username, level ?? bestLevelOf(person)) }
  }
  const session = context.sessions.find(jti)
  if (session?.username !== username) throw wrong(`"${username}" has no living session of that jti`)
  return { person, session }
}

/** Makes the LogoutRequest of an order; its answer is waited for. @throws `emulator` */
export async function orderLogoutRequest(parts: Parts, order: SamlLogoutRequestOrder): Promise<SamlMessage> {
  const { relayState, faults } = order
  const provider = await parts.registry.find(order.serviceProvider)
  const { logout } = provider
  const service = order.binding ? logout.find((one) => one.binding === order.binding) : logout[0]
  if (!service) throw wrong(`"${provider.entityId}" has no such address for single logout`)
  const part = meantBy(parts, order)
  const byDefault = order.nameId === undefined ? [part.sessionIndex] : []
  const message = await parts.sender.logoutRequest(
    { provider, binding: service.binding, url: service.url, relayState, faults },
    { nameId: part.nameId, sessionIndexes: order.sessionIndexes ?? byDefault, ...order.overrides },
  )
  if (service.binding !== 'soap') parts.singleLogout.announce(message, part)
  return message
}

function meantBy(
  { participations }: Parts,
  { serviceProvider, nameId, username }: SamlLogoutRequestOrder,
): Told {
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

/** Makes the LogoutResponse of an order. @throws `emulator` */
export async function orderLogoutResponse(
  parts: Parts,
  order: SamlLogoutResponseOrder,
): Promise<SamlMessage> {
  const provider = await parts.registry.find(order.serviceProvider)
  const front = provider.logout.filter(({ binding }) => binding !== 'soap')
  const service = order.binding ? front.find((one) => one.binding === order.binding) : front[0]
  if (!service) throw wrong(`"${provider.entityId}" has no such address for single logout`)
  const { relayState, faults, inResponseTo, status = ['Success'] } = order
  return parts.sender.logoutResponse(
    { provider, binding: service.binding, url: service.responseUrl, relayState, faults },
    { inResponseTo, status, ...order.overrides },
  )
}
