/** @module The visit that ends the session at the provider: RP-Initiated Logout, by address or by form. */
import type { LogoutVisit } from '../protocols/logout-participant.js'

/** What a visit to the end session endpoint says. */
export interface EndSessionWish {
  /** With a query of its own, which stays. */
  readonly endpoint: string
  readonly clientId: string
  /** Expired or not. */
  readonly idTokenHint: string | undefined
  /** One of the addresses registered at the provider. */
  readonly postLogoutRedirectUri: string
  readonly state: string
  readonly logoutHint?: string | undefined
  readonly uiLocales?: string | undefined
  /** `query`: a hint that would make the address too long is left out. `auto`: then it goes in a form. */
  readonly hintBy: 'query' | 'form' | 'auto'
}

/** The visit that a wish comes to. */
export interface EndSession {
  readonly visit: LogoutVisit
  /** Whether the hint was too long for the address. */
  readonly isHintLeftOut: boolean
}

/** Longest address that goes by GET; providers and proxies refuse longer ones. */
export const longestLogoutAddress = 4_000

/**
 * Builds the visit. `undefined`: the endpoint's own query already has one of our parameters, so nobody could say
 * which of the two the provider reads.
 * Source: OpenID Connect RP-Initiated Logout 1.0, section 2; `RPI-01` to `RPI-04`, `RPI-07`, `RPI-08`.
 */
export function buildEndSession(wish: EndSessionWish): EndSession | undefined {
  const fields: Record<string, string> = {
    ...(wish.idTokenHint === undefined ? {} : { id_token_hint: wish.idTokenHint }),
    client_id: wish.clientId,
    post_logout_redirect_uri: wish.postLogoutRedirectUri,
    state: wish.state,
    ...(wish.logoutHint === undefined ? {} : { logout_hint: wish.logoutHint }),
    ...(wish.uiLocales === undefined ? {} : { ui_locales: wish.uiLocales }),
  }
  const url = new URL(wish.endpoint)
  if (Object.keys(fields).some((name) => url.searchParams.has(name))) return undefined
  const form: EndSession = { visit: { action: url.href, method: 'post', fields }, isHintLeftOut: false }
  if (wish.hintBy === 'form' && wish.idTokenHint !== undefined) return form
  const added = new URLSearchParams(fields).toString()
  // Its own query stays letter by letter: parsing and writing it anew could change what it means to the provider.
  const href = `${url.href}${url.search === '' ? (url.href.endsWith('?') ? '' : '?') : '&'}${added}`
  if (wish.idTokenHint === undefined || href.length <= longestLogoutAddress)
    return { visit: { action: href, method: 'get', fields: {} }, isHintLeftOut: false }
  if (wish.hintBy === 'auto') return form
  const without = buildEndSession({ ...wish, idTokenHint: undefined })
  return without && { ...without, isHintLeftOut: true }
}
