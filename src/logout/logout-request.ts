/** @module What a logout may be asked for in code, checked where it is said. */
import type { LogoutRequest } from '../citizen.js'
import { misuse, refuseUnknown } from '../misuse.js'

/**
 * What was asked for, as it is.
 * @throws TypeError `usage` for options that are not known, and values that are none.
 */
export function checkLogoutRequest(request: LogoutRequest = {}): LogoutRequest {
  refuseUnknown('logout', request, ['scope', 'returnTo'])
  const { scope, returnTo } = request
  if (scope !== undefined && scope !== 'everywhere' && scope !== 'application') {
    throw misuse('logout takes the scope everywhere or application')
  }
  if (returnTo !== undefined && typeof returnTo !== 'string') {
    throw misuse(
      'logout takes returnTo, a path of the application or an address of application.returnOrigins',
    )
  }
  return request
}
