/** @module The provider of the shared cookie as a participant of the logout: a visit to its logout page. */
import type { ResolvedSharedCookieOptions } from '../config/options.js'
import type { LogoutParticipant } from '../protocols/logout-participant.js'
import { visitUrl } from './provider-url.js'

/** Makes the participant of an application that uses the shared cookie. */
export function createSharedCookieLogout(options: ResolvedSharedCookieOptions): LogoutParticipant {
  const { application, identityProvider, routes } = options
  const { logout: endpoint } = identityProvider.endpoints
  return {
    target: new URL(endpoint).origin,
    async endProviderSession({ state }) {
      const action = visitUrl({
        endpoint,
        returnParameter: identityProvider.returnParameter,
        returnUrl: `${application.url}${routes.path}/return?state=${state}`,
      })
      return {
        legs: [],
        visit: { action, method: 'get', fields: {} },
        identity: { state: 'unknown', reason: 'browser-not-back-yet' },
      }
    },
  }
}
