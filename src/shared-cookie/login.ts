/** @module The way in by the shared cookie: a visit to the provider's login, which sets the cookie by itself. */
import type { ResolvedSharedCookieOptions } from '../config/options.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import { leadOn } from '../login/lead-on.js'
import type { LoginTransaction } from '../login/login.js'
import { createPages } from '../pages/pages.js'
import type { LoginMethod } from '../protocols/login-method.js'
import { visitUrl } from './provider-url.js'

/** Makes the way in of an application that uses the shared cookie. */
export function createSharedCookieLogin(
  options: ResolvedSharedCookieOptions,
  transactions: Pick<TransactionCookies<LoginTransaction>, 'set'>,
): LoginMethod {
  const { application, identityProvider, routes, clock } = options
  const { endpoints } = identityProvider
  const pages = createPages(options)
  const returnUrl = `${application.url}${routes.path}/return`

  const { displayName: title, logo } = identityProvider

  return {
    display: title === undefined ? undefined : { title, logo },
    startLogin(exchange, { request: loginRequest, reauthenticate, mayResume, strengthen }) {
      const state = transactions.set(exchange, { ...loginRequest, reauthenticate, mayResume }, clock())
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
