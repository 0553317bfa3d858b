/** @module The participant in the logout: tokens are revoked, then the browser visits the provider's sign-out. */
import { queryOf } from '../login/wish.js'
import type { Departure, LogoutVisit, Participant } from '../logout/participant.js'
import type { OidcContext } from './context.js'
import { buildEndSession, type EndSessionWish } from './end-session.js'
import { connectOrNothing } from './provider.js'
import { revokeTokens } from './revocation.js'
import { parseTokens } from './tokens.js'

/** Makes the participant. */
export function createLeaving({ options, host, provider }: OidcContext): Participant {
  const { clock } = host.options
  const target = new URL(options.issuer).origin

  /** The visit, and the same without the hint for where it must travel in a cookie. */
  const visitOf = (wish: EndSessionWish): LogoutVisit | undefined => {
    const visit = buildEndSession(wish)
    if (visit === undefined || wish.idTokenHint === undefined) return visit
    return { ...visit, brief: buildEndSession({ ...wish, idTokenHint: undefined }) }
  }

  return {
    target,
    async part({ exchange, tokens: text, state }: Departure) {
      const tokens = parseTokens(text)
      const began = clock()
      const connection = await connectOrNothing(provider)
      const revocation = await revokeTokens(connection, tokens, clock())
      const legs =
        tokens === undefined
          ? []
          : [{ leg: 'tokens', target, ...revocation, milliseconds: clock() - began } as const]
      if (connection === undefined) {
        return { legs, identity: { state: 'unknown', reason: 'provider-unavailable' } }
      }
      const endpoint = connection.metadata.endSessionEndpoint
      if (endpoint === undefined)
        return { legs, identity: { state: 'skipped', reason: 'no-end-session-endpoint' } }
      const visit = visitOf({
        endpoint,
        clientId: options.clientId,
        idTokenHint: tokens?.idToken,
        postLogoutRedirectUri: host.address('return'),
        state,
        uiLocales: uiLocalesOf(exchange),
        hintBy: options.idTokenHint,
      })
      if (visit === undefined) return { legs, identity: { state: 'skipped', reason: 'duplicate-parameter' } }
      return { legs, visit, identity: { state: 'unknown', reason: 'browser-not-back-yet' } }
    },
  }

  function uiLocalesOf(exchange: Departure['exchange']): string | undefined {
    if (!options.passedParameters.includes('ui_locales')) return undefined
    const value = queryOf(exchange).get('ui_locales')
    return value !== null && /^[A-Za-z0-9 -]{1,128}$/.test(value) ? value : undefined
  }
}
