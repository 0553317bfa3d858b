/** @module `GET frontchannel-logout`: the provider ends a session by a frame in the browser. */
import { CitizenSessionError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import { queryOf } from '../login/login-request.js'
import type { ProtocolEndpoint } from '../protocols/protocol.js'
import type { ProtocolSession } from '../protocols/sessions.js'
import { createCallLimit } from './call-limit.js'
import { type OidcContext, sessionIndexKey } from './context.js'
import { downstreamContent, readDownstream } from './downstream.js'
import { frontchannelSeen } from './pages.js'
import { parseTokens } from './tokens.js'

const longestSessionId = 512
/**
 * Names of sessions that nobody knows, of one source and of all, that one process keeps in a minute: anybody can call.
 * A day of it takes at most 0.8 MB of the memory store, which forgets up to two hours late, and 0.1 MB of Redis.
 */
const mostUnknown = { perSource: 15, inAll: 30 } as const
/** How long a name that nobody knows is kept: for a login of it that is in flight. Milliseconds. */
const unknownKept = 600_000

/** What became of the call; stands in the page and in events, so that it can be counted (`FCL-09`). */
export type FrontchannelState =
  /** The session of this browser has ended. */
  | 'ended'
  /** No cookie came (third-party cookies are blocked, or nobody is signed in here): ended on the server alone. */
  | 'cookie-absent'
  /** The call does not name what is signed in here: nothing was done. */
  | 'mismatch'
  | 'invalid'
  /** The cookie alone would decide, and the call is a page of its own: anybody's link could be that. Nothing was done. */
  | 'not-framed'
  /** Too many names that nobody knows (`FCL-12`); one that is known is always ended. */
  | 'too-many'

/** What whoever operates the application is told. */
const remarks: Readonly<Partial<Record<FrontchannelState, string>>> = {
  'cookie-absent':
    'a front-channel logout came without our cookie: register the back-channel address at the provider',
  mismatch: 'a front-channel logout did not name the session of its browser',
  'not-framed':
    'a front-channel logout that only our cookie vouches for came as a page of its own: the provider must use a frame',
  'too-many':
    'front-channel logouts of sessions that are not known here came faster than they are remembered',
}

/** Who may show the page: the provider's own origins, and nobody else. */
function pageOf(state: FrontchannelState, origins: readonly string[], downstream: readonly string[]): Reply {
  const { body, policy } = downstreamContent(downstream)
  // Whoever has no cookie does not learn which sessions there are.
  const told = state === 'too-many' ? 'cookie-absent' : state
  return {
    status: state === 'invalid' ? 400 : 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; base-uri 'none'; frame-ancestors ${origins.join(' ')}${policy}`,
      'x-content-type-options': 'nosniff',
    },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${told}</title>${body}</html>\n`,
  }
}

/** What the steps of the endpoint stand on. */
interface FrontchannelContext extends OidcContext {
  readonly mayKeep: ReturnType<typeof createCallLimit>
}

/**
 * Makes the endpoint. Tokens are never revoked from here: anybody who knows `iss` and `sid` can call it.
 * Source: OpenID Connect Front-Channel Logout 1.0, section 2; `FCL-01` to `FCL-12`.
 */
export function createFrontchannelLogout(plugin: OidcContext): ProtocolEndpoint {
  const { options, host } = plugin
  const { clock, random } = host.options
  const context = { ...plugin, mayKeep: createCallLimit({ ...mostUnknown, clock, random }) }
  const origins = [new URL(options.issuer).origin, ...options.endpointOrigins]
  return {
    async GET(exchange) {
      const state = await takeCall(context, exchange)
      const message = remarks[state]
      if (message !== undefined) host.report({ type: 'warning', code: `frontchannel-${state}`, message })
      const downstream = downstreamOf(context, exchange, state)
      const isSeen = exchange.header('sec-fetch-dest') === 'document' && downstream.length === 0
      if (isSeen) return host.pages.showPage(exchange, frontchannelSeen(state === 'ended'))
      return pageOf(state, origins, downstream)
    },
  }
}

async function takeCall(context: FrontchannelContext, exchange: Exchange): Promise<FrontchannelState> {
  const { options } = context
  const { sessionRequired } = options.frontchannelLogout
  const query = queryOf(exchange)
  const [issuers, sessionIds] = [query.getAll('iss'), query.getAll('sid')]
  if (issuers.length > 1 || sessionIds.length > 1) return 'invalid'
  // The route has one issuer, so a session that is named alone is one of its own.
  const [issuer = options.issuer] = issuers
  const [sessionId] = sessionIds
  if ([issuer, sessionId].some((value) => value === '' || (value?.length ?? 0) > longestSessionId))
    return 'invalid'
  if (issuers.length === 1 && sessionId === undefined && sessionRequired) return 'invalid'
  if (issuer !== options.issuer) return 'mismatch'
  return sessionId === undefined ? endUnnamed(context, exchange) : endNamed(context, exchange, sessionId)
}

async function endNamed(
  context: FrontchannelContext,
  exchange: Exchange,
  sessionId: string,
): Promise<FrontchannelState> {
  const { options, host } = context
  const { sessionRequired, cookieRequired } = options.frontchannelLogout
  const { sessions } = host
  const { issuer } = options
  const current = await sessions.current(exchange)
  if (current !== undefined) {
    const known = parseTokens(current.tokens)?.sessionId
    // A provider that names no session in the ID token may name it here by something else.
    if (known === undefined && !sessionRequired) return endCurrent(context, exchange, current)
    if (known !== sessionId) return 'mismatch'
    if (cookieRequired) return endCurrent(context, exchange, current)
  } else if (cookieRequired) return 'cookie-absent'
  const isEnded = await endByName(context, exchange, sessionId, current !== undefined)
  if (!isEnded) return 'too-many'
  const isHere = current !== undefined || (await sessions.isOf(exchange, { issuer, sessionValue: sessionId }))
  if (isHere) await endAlong(context, exchange)
  if (current === undefined) return 'cookie-absent'
  sessions.dropCookie(exchange)
  return 'ended'
}

/**
 * Ends the session of that name. What is known is ended, whatever strangers do meanwhile. Only what nobody knows is
 * counted. `false`: there were too many of those.
 */
async function endByName(
  { options, host, mayKeep }: FrontchannelContext,
  exchange: Exchange,
  sessionId: string,
  isKnown: boolean,
): Promise<boolean> {
  const { sessions } = host
  const { issuer } = options
  const indexKey = sessionIndexKey(issuer, sessionId)
  const end = (keptMilliseconds?: number) =>
    sessions.revokeByIndex([indexKey], { sessionValue: sessionId, issuer }, 'signed-out', keptMilliseconds)
  if (isKnown || (await sessions.isIndexed(indexKey))) await end()
  else if (!mayKeep(exchange.remoteAddress)) return false
  else if ((await end(unknownKept)).persons > 0) await end()
  return true
}

/** One browser is one person's: the shared cookie that came along with the session that is named is its copy. */
async function endAlong({ host }: OidcContext, exchange: Exchange): Promise<void> {
  let isOver = false
  try {
    isOver = await host.endShared(exchange, 'signed-out')
  } catch (error) {
    if (!(error instanceof CitizenSessionError && error.isTransient)) throw error
  }
  if (isOver) return
  const message = 'a front-channel logout could not end the session of the shared cookie that came along'
  host.report({ type: 'warning', code: 'frontchannel-shared', message })
}

/** The cookie alone decides: only what it names, and for no link that leads a person here. */
async function endCurrent(
  context: OidcContext,
  exchange: Exchange,
  current: ProtocolSession,
): Promise<FrontchannelState> {
  if (exchange.header('sec-fetch-dest') === 'document') return 'not-framed'
  const { sessions } = context.host
  await sessions.end(current, 'signed-out')
  await endAlong(context, exchange)
  sessions.dropCookie(exchange)
  return 'ended'
}

/** Without the session's name: only where that is allowed. */
async function endUnnamed(context: OidcContext, exchange: Exchange): Promise<FrontchannelState> {
  if (context.options.frontchannelLogout.sessionRequired) return 'mismatch'
  const current = await context.host.sessions.current(exchange)
  return current === undefined ? 'cookie-absent' : endCurrent(context, exchange, current)
}

/** An application that is a provider itself passes on what has ended here (`FCL-11`). */
function downstreamOf(
  { options, host }: OidcContext,
  exchange: Exchange,
  state: FrontchannelState,
): readonly string[] {
  const { cookieRequired, downstream } = options.frontchannelLogout
  const sessionId = queryOf(exchange).get('sid') ?? undefined
  const isWithoutCookie = state === 'cookie-absent' || state === 'too-many'
  const hasEnded = state === 'ended' || (isWithoutCookie && sessionId !== undefined && !cookieRequired)
  if (!hasEnded) return []
  let given: unknown
  try {
    given = downstream({ issuer: options.issuer, sessionId })
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
