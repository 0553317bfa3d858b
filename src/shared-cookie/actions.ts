/** @module What a citizen of the shared cookie can ask for. */
import type { SharedCookieContext, SharedSession } from './context.js'
import { noteRefresh } from './deliver-refresh.js'
import { tokenState } from './token-state.js'

/** Refreshes the token at once, and hands a new one to the browser. `false`: it could not be refreshed. */
export async function refreshNow(
  context: SharedCookieContext,
  { token, state, record, exchange }: SharedSession,
): Promise<boolean> {
  const { refresher, options } = context
  const { address, failures } = state
  const result = await refresher.refresh({ token, address, record, failures })
  noteRefresh(state, token, result, options.clock())
  const fresh =
    result.kind === 'token'
      ? result.token
      : result.kind === 'newer'
        ? await refresher.takeKept(token, address)
        : undefined
  if (fresh !== undefined) {
    const { application, identityProvider } = options
    tokenState(fresh, application.id, identityProvider.refresh.afterSeconds).address = address
    for (const cookie of context.cookiesFor(fresh)) exchange.setCookie(cookie)
  }
  return result.kind === 'token' || result.kind === 'extended' || result.kind === 'newer'
}
