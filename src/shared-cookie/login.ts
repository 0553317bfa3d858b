/** @module The way in by the shared cookie: a visit to the provider's login, which sets the cookie by itself. */
import type { CookieModeOptions } from '../config/options.js'
import type { Markers } from '../cookies/transaction.js'
import { leadOn } from '../login/lead-on.js'
import type { LoginMarker } from '../login/login.js'
import { createPages } from '../pages/pages.js'
import type { Entrance } from '../protocols/login-method.js'
import { visitUrl } from './provider-url.js'

/** Makes the way in of an application that uses the shared cookie. */
export function createCookieEntrance(
  options: CookieModeOptions,
  markers: Pick<Markers<LoginMarker>, 'set'>,
): Entrance {
  const { application, identityProvider, routes, clock } = options
  const { endpoints } = identityProvider
  const pages = createPages(options)
  const returnUrl = `${application.url}${routes.path}/return`

  return {
    enter(exchange, { wish, reauthenticate, mayLift, strengthen }) {
      const state = markers.set(exchange, { ...wish, reauthenticate, mayLift }, clock())
      const location = visitUrl({
        endpoint: strengthen ? endpoints.secondFactor : endpoints.login,
        returnParameter: identityProvider.returnParameter,
        returnUrl: `${returnUrl}?state=${state}`,
        parameters: reauthenticate ? identityProvider.reauthenticateParameters : undefined,
      })
      return leadOn(pages, exchange, location)
    },
  }
}
