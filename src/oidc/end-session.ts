/** @module The visit that ends the session at the provider: RP-Initiated Logout, by address or by form. */
import type { LogoutRedirect } from '../protocols/logout-participant.js'

/** What a visit to the end session endpoint says. */
export interface EndSessionRequest {
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

/** The visit that a request comes to. */
export interface EndSession {
  readonly visit: LogoutRedirect
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
export function buildEndSession(request: EndSessionRequest): EndSession | undefined {
  const fields: Record<string, string> = {
    ...(request.idTokenHint === undefined ? {} : { id_token_hint: request.idTokenHint }),
    client_id: request.clientId,
    post_logout_redirect_uri: request.postLogoutRedirectUri,
    state: request.state,
    ...(request.logoutHint === undefined ? {} : { logout_hint: request.logoutHint }),
    ...(request.uiLocales === undefined ? {} : { ui_locales: request.uiLocales }),
  }
  const url = new URL(request.endpoint)
  if (Object.keys(fields).some((name) => url.searchParams.has(name))) return undefined
  const form: EndSession = { visit: { action: url.href, method: 'post', fields }, isHintLeftOut: false }
  if (request.hintBy === 'form' && request.idTokenHint !== undefined) return form
  const added = new URLSearchParams(fields).toString()
  // Its own query stays letter by letter: parsing and writing it anew could change what it means to the provider.
  const href = `${url.href}${url.search === '' ? (url.href.endsWith('?') ? '' : '?') : '&'}${added}`
  if (request.idTokenHint === undefined || href.length <= longestLogoutAddress)
    return { visit: { action: href, method: 'get', fields: {} }, isHintLeftOut: false }
  if (request.hintBy === 'auto') return form
  const without = buildEndSession({ ...request, idTokenHint: undefined })
  return without && { ...without, isHintLeftOut: true }
}
