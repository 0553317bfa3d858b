/** @module `GET frontchannel-logout`: the provider ends a session by a frame in the browser. */
import type { Exchange, Reply } from '../exchange.js'
import { queryOf } from '../login/wish.js'
import type { ProtocolEndpoint } from '../protocol.js'
import { isWaiting } from '../wait.js'
import { type OidcContext, sessionPointer } from './context.js'
import { downstreamContent, readDownstream } from './downstream.js'
import { parseTokens } from './tokens.js'

const longestSessionId = 512
/** Calls without a cookie that one process carries out in a minute: each writes to the store, and anybody can call. */
const mostForeignCalls = 600
const minute = 60_000

/** What became of the call; stands in the page and in events, so that it can be counted (`FCL-09`). */
export type FrontchannelState =
  /** The session of this browser has ended. */
  | 'ended'
  /** No cookie came (third-party cookies are blocked, or nobody is signed in here): ended on the server alone. */
  | 'cookie-absent'
  /** The call does not name what is signed in here: nothing was done. */
  | 'mismatch'
  | 'invalid'
  /** Too many such calls (`FCL-12`). */
  | 'too-many'

/** What whoever operates the application is told. */
const remarks: Readonly<Partial<Record<FrontchannelState, string>>> = {
  'cookie-absent':
    'a front-channel logout came without our cookie: register the back-channel address at the provider',
  mismatch: 'a front-channel logout did not name the session of its browser',
  'too-many': 'front-channel logouts without a cookie came faster than they are carried out',
}

/** Who may show the page: the provider's own origins, and nobody else. */
function pageOf(state: FrontchannelState, origins: readonly string[], downstream: readonly string[]): Reply {
  const { body, policy } = downstreamContent(downstream)
  return {
    status: state === 'invalid' ? 400 : state === 'too-many' ? 429 : 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; frame-ancestors ${origins.join(' ')}${policy}`,
      'x-content-type-options': 'nosniff',
    },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${state}</title>${body}</html>\n`,
  }
}

/**
 * Makes the endpoint. Tokens are never revoked from here: anybody who knows `iss` and `sid` can call it.
 * Source: OpenID Connect Front-Channel Logout 1.0, section 2; `FCL-01` to `FCL-12`.
 */
export function createFrontchannelLogout({ options, host }: OidcContext): ProtocolEndpoint {
  const { sessions } = host
  const { clock } = host.options
  let countedSince = 0
  let foreignCalls = 0
  const origins = [new URL(options.issuer).origin, ...options.endpointOrigins]

  const isTooMany = (): boolean => {
    const now = clock()
    if (!isWaiting({ since: countedSince, milliseconds: minute }, now)) {
      countedSince = now
      foreignCalls = 0
    }
    foreignCalls += 1
    return foreignCalls > mostForeignCalls
  }

  const endNamed = async (
    exchange: Exchange,
    issuer: string,
    sessionId: string,
  ): Promise<FrontchannelState> => {
    const current = await sessions.current(exchange)
    if (current !== undefined && parseTokens(current.tokens)?.sessionId !== sessionId) return 'mismatch'
    if (current === undefined && isTooMany()) return 'too-many'
    await sessions.revokePointed(
      [sessionPointer(issuer, sessionId)],
      { sessionValue: sessionId, issuer },
      'signed-out',
    )
    if (current === undefined) return 'cookie-absent'
    sessions.dropCookie(exchange)
    return 'ended'
  }

  /** Without names: only where that is allowed, and only what the cookie names. */
  const endUnnamed = async (exchange: Exchange): Promise<FrontchannelState> => {
    if (options.frontchannelLogout.sessionRequired) return 'mismatch'
    const current = await sessions.current(exchange)
    if (current === undefined) return 'cookie-absent'
    await sessions.end(current, 'signed-out')
    sessions.dropCookie(exchange)
    return 'ended'
  }

  const take = async (exchange: Exchange): Promise<FrontchannelState> => {
    const query = queryOf(exchange)
    const [issuers, sessionIds] = [query.getAll('iss'), query.getAll('sid')]
    if (issuers.length === 0 && sessionIds.length === 0) return endUnnamed(exchange)
    const [issuer, sessionId] = [issuers[0], sessionIds[0]]
    if (issuers.length !== 1 || sessionIds.length !== 1 || !issuer || !sessionId) return 'invalid'
    if (sessionId.length > longestSessionId || issuer.length > longestSessionId) return 'invalid'
    return issuer === options.issuer ? endNamed(exchange, issuer, sessionId) : 'mismatch'
  }

  /** An application that is a provider itself passes on what has ended here (`FCL-11`). */
  const downstreamOf = (exchange: Exchange, state: FrontchannelState): readonly string[] => {
    if (state !== 'ended' && state !== 'cookie-absent') return []
    const sessionId = queryOf(exchange).get('sid') ?? undefined
    let given: unknown
    try {
      given = options.frontchannelLogout.downstream({ issuer: options.issuer, sessionId })
    } catch {
      given = undefined
    }
    const { addresses, isWhole } = readDownstream(given)
    if (!isWhole) {
      const message =
        'frontchannelLogout.downstream gave addresses that cannot be told: each absolute, https, at most 20'
      host.report({ type: 'warning', code: 'frontchannel-downstream', message })
    }
    return addresses
  }

  return {
    async GET(exchange) {
      const state = await take(exchange)
      const message = remarks[state]
      if (message !== undefined) host.report({ type: 'warning', code: `frontchannel-${state}`, message })
      return pageOf(state, origins, downstreamOf(exchange, state))
    },
  }
}
