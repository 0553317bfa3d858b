/** @module A passive request begins: the browser goes to the provider, which may show nothing. */
import type { Exchange, Reply } from '../../exchange.js'
import { refuseForeign } from '../../login/refuse-foreign.js'
import { redirect } from '../../pages/redirect.js'
import { whileStored } from '../../pages/while-stored.js'
import type { ProtocolSession } from '../../protocols/sessions.js'
import { placeOf, publicIdOf } from '../../sessions/record.js'
import { isWaiting } from '../../wait.js'
import { writeAuthnRequest } from '../authn-request.js'
import { chooseEndpoint } from '../choose-endpoint.js'
import { SamlMetadataError } from '../saml-error.js'
import { replyWith } from '../send-message.js'
import { requestIdOf } from '../service-provider.js'
import {
  attemptSeconds,
  type KeepAliveContext,
  leaseKeyOf,
  type PassiveTransaction,
  retrySeconds,
  tellOutcome,
} from './context.js'

/** Where a visit is made, and where it leads back to. */
type Visit = Pick<PassiveTransaction, 'place' | 'returnTo' | 'detour'>

/** For how long the provider need not be asked for a session; 0: it is due. Milliseconds. */
export function notDueFor({ options, now }: KeepAliveContext, since: number): number {
  const wait = { since, milliseconds: options.keepAlive.everySeconds * 1000 }
  return isWaiting(wait, now()) ? since + wait.milliseconds - now() : 0
}

/** Begins a visit from our frame. Only a page of ours may. */
export function beginInFrame(context: KeepAliveContext, exchange: Exchange): Promise<Reply> | Reply {
  const { pages } = context.host
  const site = exchange.header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin') {
    const detail = 'a passive request begins with a page of ours'
    return refuseForeign(pages, exchange, { reason: 'origin', detail })
  }
  return begin(context, exchange, { place: 'frame', returnTo: '', detour: '' })
}

/** Begins one on the way to a page. Only of a detour that this browser was sent on. */
export function beginAtTop(
  context: KeepAliveContext,
  exchange: Exchange,
  state: string | undefined,
): Promise<Reply> | Reply {
  const { detours, now } = context
  const detour = detours.find(exchange, state, now())
  if (detour === undefined) return withoutDetour(context, exchange)
  const { returnTo } = detour.content
  return begin(context, exchange, { place: 'top', returnTo, detour: detour.state })
}

/** The start page; where its guard would send a browser that keeps no such cookie on the next detour, it does not. */
function withoutDetour(context: KeepAliveContext, exchange: Exchange): Promise<Reply> {
  const { host, lostDetours, now } = context
  const toStart = (): Reply => redirect(host.options.application.startPage)
  const note = async (): Promise<Reply> => {
    const session = await host.sessions.current(exchange)
    if (session !== undefined) lostDetours.set(placeOf(session.address), now(), 0)
    return toStart()
  }
  return whileStored(host.report, note, toStart)
}

function begin(context: KeepAliveContext, exchange: Exchange, visit: Visit): Promise<Reply> {
  return whileStored(
    context.host.report,
    () => beginWhereDue(context, exchange, visit),
    () => tellOutcome(context, exchange, visit, 'failed'),
  )
}

async function beginWhereDue(context: KeepAliveContext, exchange: Exchange, visit: Visit): Promise<Reply> {
  const { host } = context
  const session = await host.sessions.current(exchange)
  if (session === undefined) return tellOutcome(context, exchange, visit, 'no-session')
  const left = notDueFor(context, session.extendedAt)
  if (left > 0) return tellOutcome(context, exchange, visit, 'kept', left)
  // Whoever only leaves a page open does not keep the provider's session alive either.
  if (session.record.lastSeenAt <= session.extendedAt) return tellOutcome(context, exchange, visit, 'idle')
  const key = leaseKeyOf(session.address)
  const fence = await host.store.lease(key, attemptSeconds)
  if (fence === undefined) return tellOutcome(context, exchange, visit, 'busy')
  try {
    return await askProvider(context, exchange, session, { ...visit, fence })
  } catch (error) {
    if (!(error instanceof SamlMetadataError)) throw error
    await host.store.renewLease(key, fence, retrySeconds)
    return tellOutcome(context, exchange, visit, 'failed')
  }
}

/** Sends the browser to the provider, and remembers the visit. @throws SamlMetadataError */
async function askProvider(
  context: KeepAliveContext,
  exchange: Exchange,
  { record }: ProtocolSession,
  visit: Omit<PassiveTransaction, 'session' | 'isSentAsForm'>,
): Promise<Reply> {
  const { options, addresses, transactions } = context
  const { signOn } = await context.source.current()
  const endpoint = chooseEndpoint(signOn, options.signInBinding, ['redirect', 'post'])
  if (endpoint === undefined) throw new SamlMetadataError('endpoint')
  const now = context.now()
  const { binding, location: destination } = endpoint
  reportLost(context, exchange, visit.place)
  const session = publicIdOf(record.generation)
  const state = transactions.set(exchange, { ...visit, session, isSentAsForm: binding === 'post' }, now)
  const xml = writeAuthnRequest({
    id: requestIdOf('sign-in', state),
    issuer: context.entityId,
    destination,
    assertionConsumer: addresses.assertionConsumer,
    now,
    forceAuthn: false,
    isPassive: true,
    nameIdFormat: options.nameIdFormat,
    contextClasses: options.requestedContexts,
    comparison: options.contextComparison,
  })
  const outgoing = { kind: 'SAMLRequest', xml, binding, destination, relayState: state } as const
  return replyWith(context, exchange, outgoing, visit.place === 'frame' ? 'self' : undefined)
}

/**
 * Says that an earlier visit from a frame of this browser has not come back: nobody else can, for a frame that may not show
 * the provider tells no server.
 */
function reportLost(
  { transactions, host, now }: KeepAliveContext,
  exchange: Exchange,
  place: Visit['place'],
): void {
  const isLost = transactions.pending(exchange, now()).some(({ content }) => content.place === 'frame')
  if (place === 'frame' && isLost) {
    host.report({ type: 'warning', code: 'saml-keep-alive', message: notBack })
  }
}

const notBack =
  'a passive request in a frame has not come back: the person has left the page, or the provider does not answer there, shows a page, or does not let your pages frame it (frame-ancestors); where this goes on, its session is not kept alive'
