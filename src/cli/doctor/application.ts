/** @module Checks a running application from outside: its routes, redirects and logout. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { parseUrl } from '../../parse-url.js'
import { textOf } from '../../printable.js'
import { type ProbeAnswer, ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { parseObject } from './key-set.js'
import { cookiesOf } from './set-cookie.js'
import { type ApplicationVisit, explainSilence } from './visits.js'

const application = createFindings('application')
const login = createFindings('login')
const logout = createFindings('logout')

/** Whether our routes answer there. Nothing else is worth looking at where they do not. */
export function judgeApplication({ origin, status }: ApplicationVisit, path: string): Finding {
  const target = `${origin}${path}/status`
  if (status instanceof ProbeError) {
    return application.fail('application-unreachable', { target, ...explainSilence(status, target) })
  }
  const document = parseObject(status.body)
  if (status.status === 503 && document !== undefined) {
    return application.fail('application-unavailable', {
      target,
      reason: `the application says that it cannot serve: ${textOf(document.reason ?? 'no reason given')}`,
      remedy: 'look at its store and at the keys of the provider, as the application reaches them',
    })
  }
  if (status.status !== 200 || typeof document?.state !== 'string' || typeof document.login !== 'string') {
    const location = status.header('location')
    return application.fail('application-missing', {
      target,
      reason: `the answer is ${status.status}${location === undefined ? '' : `, to ${location}`}, and not the status of citizen-session`,
      remedy: `see that the proxy passes ${path}/ on, that the middleware stands before other handlers, and that CITIZEN_ROUTES_PATH is the path that browsers see, without what the proxy takes away (CITIZEN_APPLICATION_PATH)`,
    })
  }
  return application.ok('application', { target, reason: `answers; a visitor is ${document.state}` })
}

/** Where the login route leads: to the configured provider, with a way back to this very application. */
export function judgeLogin(visit: ApplicationVisit, resolved: ResolvedSharedCookieOptions): Finding {
  const { identityProvider, routes } = resolved
  const target = `${visit.origin}${routes.path}/login`
  const { login: answer } = visit
  if (answer instanceof ProbeError) {
    return login.fail('login-route-unreachable', { target, ...explainSilence(answer, target) })
  }
  const location = answer.header('location')
  const led = location === undefined ? undefined : parseUrl(location, target)
  if (![302, 303].includes(answer.status) || led === undefined) {
    return login.fail('login-route-status', {
      target,
      reason: `the answer to a visitor is ${answer.status}, not a redirect to the provider`,
      remedy: 'look at the page and at the events of the application',
    })
  }
  const wanted = new URL(identityProvider.endpoints.login)
  if (led.origin === visit.origin) {
    return login.fail('login-route-loop', {
      target,
      reason: `leads back to the application itself, ${led.pathname}`,
      remedy: 'write the address of the login page in CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_LOGIN',
    })
  }
  if (led.origin !== wanted.origin || led.pathname !== wanted.pathname) {
    return login.fail('login-elsewhere', {
      target,
      reason: `leads to ${led.origin}${led.pathname}, the configuration here says ${wanted.origin}${wanted.pathname}`,
      remedy: 'run the application and this command with the same variables',
    })
  }
  const back = led.searchParams.get(identityProvider.returnParameter) ?? ''
  if (!back.startsWith(`${visit.origin}${routes.path}/return?`)) {
    return login.fail('login-return', {
      target,
      reason: `asks the provider to send people back to ${back === '' ? `nowhere (no parameter ${identityProvider.returnParameter})` : (back.split('?')[0] ?? '')}`,
      remedy: `start that application with CITIZEN_APPLICATION_URL=${visit.origin}, and with the same CITIZEN_IDENTITY_PROVIDER_RETURN_PARAMETER as here`,
    })
  }
  return login.ok('login-route', { target, reason: `leads to ${wanted.origin}${wanted.pathname} and back` })
}

/** A GET of the logout route must change nothing: images and prefetches send such requests. Source: `RPI-09`. */
export function judgeLogout(visit: ApplicationVisit, path: string): Finding {
  const target = `${visit.origin}${path}/logout`
  const { logoutByGet: answer } = visit
  if (answer instanceof ProbeError) {
    return logout.fail('logout-unreachable', { target, ...explainSilence(answer, target) })
  }
  const deleted = cookiesOf(answer).filter(({ isDeletion, value }) => isDeletion || value === '')
  if (deleted.length > 0 || (answer.status >= 300 && answer.status < 400)) {
    const done = deleted.length > 0 ? `deletes ${listNames(deleted)}` : `is a redirect (${answer.status})`
    return logout.fail('logout-by-get', {
      target,
      reason: `the answer to a GET ${done}: any image on any site can sign people out`,
      remedy: `leave ${path}/logout to citizen-session, and end sessions in answers to POST only`,
    })
  }
  if (answer.status !== 200) {
    return logout.warn('logout-page', {
      target,
      reason: `the answer to a GET is ${answer.status}, not the page that asks`,
      remedy: `see that the proxy and the application leave GET ${path}/logout to citizen-session`,
    })
  }
  return logout.ok('logout', { target, reason: 'a GET shows a page and changes nothing' })
}

const listNames = (list: readonly { readonly name: string }[]) =>
  [...new Set(list.map(({ name }) => name))].join(', ')

/** The answers of an application that came, with the route of each. */
export function answersOf(
  visit: ApplicationVisit,
): readonly { readonly route: string; readonly answer: ProbeAnswer }[] {
  const all = [
    { route: 'GET status', visited: visit.status },
    { route: 'GET login', visited: visit.login },
    { route: 'GET logout', visited: visit.logoutByGet },
    { route: 'POST logout', visited: visit.logoutByPost },
  ]
  return all.flatMap(({ route, visited }) =>
    visited instanceof ProbeError ? [] : [{ route, answer: visited }],
  )
}
