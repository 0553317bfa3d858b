/** @module `POST backchannel-logout`: the provider ends sessions, without any browser. */
import { digest } from '../digest.js'
import { StoreUnavailableError } from '../errors.js'
import { storeUnavailable } from '../events.js'
import type { Exchange, Reply } from '../exchange.js'
import type { ProtocolEndpoint } from '../protocols/protocol.js'
import type { EndedSessions } from '../protocols/sessions.js'
import { createOnceClaims } from '../stores/once-claims.js'
import { type OidcContext, sessionPointer } from './context.js'
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

/**
 * Makes the endpoint. It needs no cookie and sets none. 200 says that the store has confirmed the end; whatever else
 * happens is 400, so that the provider tries again.
 * Source: OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8; `BCL-01` to `BCL-30`.
 */
export function createBackchannelLogout({ options, host, provider }: OidcContext): ProtocolEndpoint {
  const { clock } = host.options
  const { store, sessions } = host
  const claims = createOnceClaims(store)
  const skewSeconds = options.clockSkewSeconds

  const end = ({ issuer, subject, sessionId }: LogoutToken): Promise<EndedSessions> => {
    const scope = sessionId === undefined ? 'all' : { sessionValue: sessionId, issuer }
    if (subject !== undefined) return sessions.revoke({ issuer, subject }, scope, 'identity-ended')
    return sessions.revokeByIndex([sessionPointer(issuer, sessionId ?? '')], scope, 'identity-ended')
  }

  /** Ends, once for all who bring this token; a failure gives it back, so that it can be tried again. */
  const endOnce = async (token: LogoutToken): Promise<Reply> => {
    const key = `oidc-logout:${digest(token.issuer, token.tokenId)}`
    const claim = await claims.claim(key, clock())
    if (claim === undefined) return refusal('invalid_request', 'this logout token has been used')
    let isDone = false
    try {
      isDone = (await end(token)).acknowledged
    } finally {
      if (!isDone) await claim.giveBack(clock())
    }
    if (!isDone) return refusal('logout_failed', 'the end could not be confirmed, please try again')
    const seconds = Math.ceil((token.acceptableUntil - clock()) / 1000) + 2 * skewSeconds + 1
    await store.confirmClaim(key, Math.max(seconds, 1))
    return { status: 200, headers: { ...noStore, 'content-length': '0' } }
  }

  const take = async (exchange: Exchange): Promise<Reply> => {
    const type = exchange.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
    if (type !== 'application/x-www-form-urlencoded') {
      return refusal('invalid_request', 'a form with logout_token is expected')
    }
    const values = (await exchange.form(longestForm)).getAll('logout_token')
    const [jwt] = values
    if (values.length !== 1 || jwt === undefined || jwt === '') {
      return refusal('invalid_request', 'exactly one logout_token is expected')
    }
    if (jwt.length > maximumLogoutTokenLength)
      return refusal('invalid_request', 'the logout token is too long')
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
        clockSkewSeconds: skewSeconds,
        ...options.backchannelLogout,
      },
      clock(),
    )
    if ('problem' in token) {
      const { problem } = token
      const wanted = { ...options, algorithms: options.idTokenAlgorithms }
      const difference = differenceIn(jwt, problem, wanted)
      host.report({
        type: 'token.rejected',
        problem: `logout-${problem}`,
        credential: 'logout',
        ...difference,
      })
      const isOutage = token.problem === 'keys-unavailable'
      return refusal(
        isOutage ? 'logout_failed' : 'invalid_request',
        `the logout token was refused: ${token.problem}`,
      )
    }
    return endOnce(token)
  }

  return {
    outage: () => refusalOf(undefined),
    async POST(exchange) {
      try {
        return await take(exchange)
      } catch (error) {
        if (error instanceof StoreUnavailableError) {
          host.report(storeUnavailable(error))
        }
        return refusalOf(error)
      }
    },
  }
}

/** Nothing of an error but its kind leaves here. */
function refusalOf(error: unknown): Reply {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  if (code === 'body-too-large' || code === 'body-malformed') {
    return refusal('invalid_request', 'the form cannot be read')
  }
  return refusal('logout_failed', 'the logout could not be carried out, please try again')
}
