/** @module Keeps the provider's session alive while the person is active, by passive requests: `saml({ keepAlive })`. */
import { transactionSeconds } from '../../cookies/transaction.js'
import type { Exchange, Reply } from '../../exchange.js'
import { queryOf } from '../../login/login-request.js'
import { redirect } from '../../pages/redirect.js'
import { renderScriptedPage } from '../../pages/scripted-page.js'
import type { InstalledProtocol, ProtocolEndpoint } from '../../protocols/protocol.js'
import type { ProtocolSession } from '../../protocols/sessions.js'
import { placeOf, publicIdOf } from '../../sessions/record.js'
import { isWaiting } from '../../wait.js'
import type { Received } from '../receive-message.js'
import { routeOf } from '../routes.js'
import type { ServiceProvider } from '../service-provider.js'
import { beginAtTop, beginInFrame, notDueFor } from './begin.js'
import { concludePassive } from './conclude.js'
import { createKeepAliveContext, type KeepAliveContext, pauseSeconds, retrySeconds } from './context.js'
import { keepAliveScript } from './script.js'

/** What keeps one provider's sessions alive. */
export interface KeepAlive {
  /** Takes the answer to a passive request; `undefined`: it is none. @throws StoreUnavailableError */
  conclude(exchange: Exchange, received: Received): Promise<Reply | undefined>
  /** Our route; none where nothing is kept alive. */
  readonly endpoints: Readonly<Record<string, ProtocolEndpoint>>
  readonly detour: InstalledProtocol['detour']
  /** Our route, where pages are to show its page in a frame. */
  readonly frame: InstalledProtocol['frame']
}

/** An answer in a frame takes no longer, unless the provider shows something there. Milliseconds. */
const answerMilliseconds = 15_000
/** When the frame looks again whether the person has been active, or another tab is done. Milliseconds. */
const lookMilliseconds = 60_000
/** Longest address that a detour leads on to. */
const longestReturnTarget = 1500

/** Makes it as the options of the provider say. */
export function createKeepAlive(provider: ServiceProvider): KeepAlive {
  const { by } = provider.options.keepAlive
  if (by === 'none') {
    return { conclude: async () => undefined, endpoints: {}, detour: undefined, frame: undefined }
  }
  const context = createKeepAliveContext(provider)
  const route = routeOf(provider.options.name, 'keep-alive')
  return {
    conclude: (exchange, received) => concludePassive(context, exchange, received),
    endpoints: { [route]: createEndpoint(context) },
    detour: by === 'frame' ? undefined : (exchange, session) => detourFor(context, exchange, session),
    frame: by === 'frame' ? route : undefined,
  }
}

function createEndpoint(context: KeepAliveContext): ProtocolEndpoint {
  return {
    GET(exchange) {
      const query = queryOf(exchange)
      if (query.get('begin') === 'top') return beginAtTop(context, exchange, query.get('state') ?? undefined)
      return query.has('begin') ? beginInFrame(context, exchange) : showFrame(context, exchange)
    },
  }
}

/** Sends a person by way of the provider, once: while this browser remembers one such detour there is no other. */
function detourFor(
  context: KeepAliveContext,
  exchange: Exchange,
  { address, extendedAt }: Pick<ProtocolSession, 'address' | 'extendedAt'>,
): Reply | undefined {
  const { host, detours, path, now, lostDetours } = context
  const isDue = notDueFor(context, extendedAt) === 0 && exchange.target.length <= longestReturnTarget
  if (!isDue || detours.pending(exchange, now()).length > 0) return undefined
  const lostAt = lostDetours.get(placeOf(address))
  const isLost =
    lostAt !== undefined && isWaiting({ since: lostAt, milliseconds: transactionSeconds * 1000 }, now())
  if (isLost) return undefined
  const returnTo = host.checkReturnTarget(exchange.target)
  if (returnTo === undefined) return undefined
  const state = detours.set(exchange, { returnTo }, now())
  return redirect(`${path}?${new URLSearchParams({ begin: 'top', state })}`)
}

/** Our frame: without a session, or where frames are not the way, it is there and does nothing. @throws StoreUnavailableError */
async function showFrame(context: KeepAliveContext, exchange: Exchange): Promise<Reply> {
  const { host, options, origins, path } = context
  const session = options.keepAlive.by === 'frame' ? await host.sessions.current(exchange) : undefined
  if (session === undefined) {
    const reason = 'no session to keep alive by this frame'
    return renderScriptedPage({ title: reason, script: "'use strict'", values: { reason } })
  }
  return renderScriptedPage({
    title: 'Session at the provider',
    script: keepAliveScript,
    frames: origins,
    values: {
      application: host.options.application.id,
      session: publicIdOf(session.record.generation),
      begin: `${path}?begin=frame`,
      dueInMilliseconds: notDueFor(context, session.extendedAt),
      answerMilliseconds,
      lookMilliseconds,
      retryMilliseconds: retrySeconds * 1000,
      pauseMilliseconds: pauseSeconds * 1000,
    },
  })
}
