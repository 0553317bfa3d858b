/** @module The participant in the logout: tokens are revoked, then the browser visits the provider's sign-out. */
import type { Exchange } from '../exchange.js'
import { queryOf } from '../login/login-request.js'
import type { ProviderLogoutRequest, ProviderLogoutResult } from '../protocols/logout-participant.js'
import type { OidcContext } from './context.js'
import { buildEndSession, type EndSession, type EndSessionRequest } from './end-session.js'
import { hintOf } from './id-token-hint.js'
import { reasonWithout } from './metadata.js'
import { connectOrNothing } from './provider.js'
import { revokeTokens } from './revocation.js'
import { isGivenBy, parseTokens } from './tokens.js'

/** Revokes the tokens, and has the browser visit the provider's sign-out. Never throws for what the provider does. */
export async function endProviderSession(
  context: OidcContext,
  { exchange, tokens: text, state }: ProviderLogoutRequest,
): Promise<ProviderLogoutResult> {
  const { host, options, provider } = context
  const { clock } = host.options
  const tokens = parseTokens(text)
  if (tokens !== undefined && !isGivenBy(tokens, options.issuer)) {
    return { legs: [], identity: { state: 'unknown', reason: 'provider-unknown' } }
  }
  const began = clock()
  const connection = await connectOrNothing(provider)
  const revocation = await revokeTokens(connection, tokens, clock())
  const { origin: target } = new URL(options.issuer)
  const legs =
    tokens === undefined
      ? []
      : [{ leg: 'tokens', target, ...revocation, milliseconds: clock() - began } as const]
  if (connection === undefined) {
    return { legs, identity: { state: 'unknown', reason: 'provider-unavailable' } }
  }
  const endpoint = connection.metadata.endSessionEndpoint
  if (endpoint === undefined) {
    const none = 'no-end-session-endpoint'
    const reason = reasonWithout(connection.metadata, 'end_session_endpoint', none)
    return { legs, identity: { state: 'skipped', reason } }
  }
  const { idTokenHint } = options
  const built = visitOf({
    endpoint,
    clientId: options.clientId,
    idTokenHint:
      idTokenHint === 'none' || tokens === undefined ? undefined : await hintOf(tokens.idToken, options),
    postLogoutRedirectUri: host.address('return'),
    state,
    uiLocales: uiLocalesOf(context, exchange),
    hintBy: idTokenHint === 'none' ? 'query' : idTokenHint,
  })
  if (built === undefined) return { legs, identity: { state: 'skipped', reason: 'duplicate-parameter' } }
  return {
    legs,
    visit: built.visit,
    identity: { state: 'unknown', reason: 'browser-not-back-yet' },
    remark: built.isHintLeftOut ? 'hint-too-long' : undefined,
  }
}

/** The visit, and the same without the hint for where it must travel in a cookie. */
function visitOf(request: EndSessionRequest): EndSession | undefined {
  const built = buildEndSession(request)
  if (built === undefined || request.idTokenHint === undefined) return built
  const brief = buildEndSession({ ...request, idTokenHint: undefined })?.visit
  return { ...built, visit: { ...built.visit, brief } }
}

function uiLocalesOf({ options }: OidcContext, exchange: Exchange): string | undefined {
  if (!options.passedParameters.includes('ui_locales')) return undefined
  const value = queryOf(exchange).get('ui_locales')
  return value !== null && /^[A-Za-z0-9 -]{1,128}$/.test(value) ? value : undefined
}
