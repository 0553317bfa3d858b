/** @module Answers where a flow cannot go on: the provider's metadata cannot be had, or nobody here has asked. */
import type { Exchange, Reply } from '../exchange.js'
import { providerUnknown } from './pages.js'
import { SamlMetadataError } from './saml-error.js'
import type { ServiceProvider } from './service-provider.js'

/** Does what needs the provider's metadata; where that cannot be had, the answer is a page with 503. */
export async function whileKnown(
  { host }: ServiceProvider,
  exchange: Exchange,
  work: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SamlMetadataError)) throw error
    const page = host.pages.showPage(exchange, { ...providerUnknown, status: error.status })
    return { ...page, headers: { ...page.headers, ...error.headers } }
  }
}

/** The answer to a login that nobody here has asked for: a portal's own link, one that was here before, or another's. */
export function refuseUnsolicited(provider: ServiceProvider, exchange: Exchange, state?: string): Reply {
  reportUnsolicited(provider, exchange, state)
  return provider.host.unknownStatePage(exchange, state)
}

/** The answer to a LogoutResponse that no logout of this browser waits for: a receipt that is loaded again, or another's. */
export function refuseLogoutResponse(provider: ServiceProvider, exchange: Exchange): Reply {
  reportUnsolicited(provider, exchange)
  return provider.host.unknownLogoutPage(exchange)
}

function reportUnsolicited({ host }: ServiceProvider, exchange: Exchange, state?: string): void {
  const hosts = host.hostsOfLogin(exchange, state)
  host.report({
    type: 'token.rejected',
    problem: host.isStateOfAnother(exchange, state) ? 'saml other-provider' : 'saml unsolicited',
    credential: 'saml-message',
    ...hosts,
  })
}
