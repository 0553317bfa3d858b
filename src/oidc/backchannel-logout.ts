/** @module `POST backchannel-logout`: the provider ends sessions, without any browser. */
import { digest } from '../digest.js'
import { StoreUnavailableError } from '../errors.js'
import { storeUnavailable } from '../events.js'
import type { Exchange, Reply } from '../exchange.js'
import type { ProtocolEndpoint } from '../protocols/protocol.js'
import type { EndedSessions, ProtocolSessions } from '../protocols/sessions.js'
import { createOnceClaims, type OnceClaims } from '../stores/once-claims.js'
import { type OidcContext, sessionIndexKey } from './context.js'
import { differenceIn } from './id-token-difference.js'
import { type LogoutToken, maximumLogoutTokenLength, verifyLogoutToken } from './logout-token.js'

/** Bytes of the form: the token, and room for parameters that are ignored. */
const longestForm = maximumLogoutTokenLength + 4096

const noStore = { 'cache-control': 'no-store' } as const

/** Source: OpenID Connect Back-Channel Logout 1.0, section 2.8. */
function refusal(error: 'invalid_request' | 'logout_failed', description: string): Reply {
  return {
    status: 400,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: JSON.stringify({ error, error_description: description }),
  }
}

/** What the steps of the endpoint stand on. */
interface BackchannelContext extends OidcContext {
  readonly claims: OnceClaims
}

/**
 * Makes the endpoint. It needs no cookie and sets none. 200 says that the store has confirmed the end; whatever else
 * happens is 400, so that the provider tries again.
 * Source: OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8; `BCL-01` to `BCL-30`.
 */
export function createBackchannelLogout(plugin: OidcContext): ProtocolEndpoint {
  const { host } = plugin
  const context = { ...plugin, claims: createOnceClaims(host.store) }
  return {
    outage: () => refusalOf(undefined),
    async POST(exchange) {
      try {
        return await takeLogout(context, exchange)
      } catch (error) {
        if (error instanceof StoreUnavailableError) {
          host.report(storeUnavailable(error))
        }
        return refusalOf(error)
      }
    },
  }
}

async function takeLogout(context: BackchannelContext, exchange: Exchange): Promise<Reply> {
  const type = exchange.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    return refusal('invalid_request', 'a form with logout_token is expected')
  }
  const values = (await exchange.form(longestForm)).getAll('logout_token')
  const [jwt] = values
  if (values.length !== 1 || jwt === undefined || jwt === '') {
    return refusal('invalid_request', 'exactly one logout_token is expected')
  }
  if (jwt.length > maximumLogoutTokenLength) return refusal('invalid_request', 'the logout token is too long')
  const token = await verifyToken(context, jwt)
  if (!('problem' in token)) return endOnce(context, token)
  const { problem } = token
  const isOutage = problem === 'keys-unavailable'
  return refusal(isOutage ? 'logout_failed' : 'invalid_request', `the logout token was refused: ${problem}`)
}

/** Verifies the token, and reports one that is refused. */
async function verifyToken(
  { options, host, provider }: BackchannelContext,
  jwt: string,
): ReturnType<typeof verifyLogoutToken> {
  const { keys } = await provider.connect()
  const token = await verifyLogoutToken(
    jwt,
    {
      keys,
      algorithms: options.idTokenAlgorithms,
      decryptionKeys: options.idTokenDecryptionKeys,
      maximumLength: maximumLogoutTokenLength,
      issuer: options.issuer,
      clientId: options.clientId,
      clockSkewSeconds: options.clockSkewSeconds,
      ...options.backchannelLogout,
    },
    host.options.clock(),
  )
  if ('problem' in token) {
    const wanted = { ...options, algorithms: options.idTokenAlgorithms }
    host.report({
      type: 'token.rejected',
      problem: `logout-${token.problem}`,
      credential: 'logout',
      ...differenceIn(jwt, token.problem, wanted),
    })
  }
  return token
}

/** Ends, once for all who bring this token; a failure gives it back, so that it can be tried again. */
async function endOnce({ options, host, claims }: BackchannelContext, token: LogoutToken): Promise<Reply> {
  const outcome = await claims.doOnce({
    key: `oidc-logout:${digest(token.issuer, token.tokenId)}`,
    now: host.options.clock(),
    expiresAt: token.acceptableUntil,
    skew: options.clockSkewSeconds * 1000,
    work: () => endNamed(host.sessions, token),
    isDone: ({ acknowledged }) => acknowledged,
  })
  if (outcome === undefined) return refusal('invalid_request', 'this logout token has been used')
  if (!outcome.result.acknowledged)
    return refusal('logout_failed', 'the end could not be confirmed, please try again')
  return { status: 200, headers: { ...noStore, 'content-length': '0' } }
}

function endNamed(
  sessions: ProtocolSessions,
  { issuer, subject, sessionId }: LogoutToken,
): Promise<EndedSessions> {
  const scope = sessionId === undefined ? 'all' : { sessionValue: sessionId, issuer }
  if (subject !== undefined) return sessions.revoke({ issuer, subject }, scope, 'identity-ended')
  return sessions.revokeByIndex([sessionIndexKey(issuer, sessionId ?? '')], scope, 'identity-ended')
}

/** Nothing of an error but its kind leaves here. */
function refusalOf(error: unknown): Reply {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  if (code === 'body-too-large' || code === 'body-malformed') {
    return refusal('invalid_request', 'the form cannot be read')
  }
  return refusal('logout_failed', 'the logout could not be carried out, please try again')
}
