/** @module Checks the provider's login page, and the shared cookie as the provider sets it. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { parseUrl } from '../../parse-url.js'
import { ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { cookiesOf, type SeenCookie } from './set-cookie.js'
import { explainSilence, type ProviderVisit, type Visited } from './visits.js'

const login = createFindings('provider-login')
const cookies = createFindings('provider-cookies')

/** Whether the provider lets a visitor of ours sign in, and would send them back to us. */
export function judgeProviderLogin(visited: Visited, resolved: ResolvedSharedCookieOptions): Finding {
  const { application, identityProvider, routes } = resolved
  const target = identityProvider.endpoints.login
  const back = `${application.url}${routes.path}/return`
  if (visited instanceof ProbeError) {
    return login.fail('login-unreachable', { target, ...explainSilence(visited, target) })
  }
  if (visited.status >= 500) {
    return login.fail('login-status', {
      target,
      reason: `the answer is ${visited.status}`,
      remedy: 'look at the provider: nobody can sign in',
    })
  }
  if (visited.status >= 400) {
    return login.fail('login-refused', {
      target,
      reason: `the answer is ${visited.status} to a visitor who is to return to ${back}`,
      remedy: `register ${back} at the provider; see that CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_LOGIN and _RETURN_PARAMETER are right`,
    })
  }
  const location = visited.header('location')
  if (visited.status < 300 || location === undefined) {
    return login.ok('login', { target, reason: `shows a page to a visitor who is to return to ${back}` })
  }
  const next = parseUrl(location, target)
  if (next?.href.startsWith(back) === true) {
    return login.fail('login-loop', {
      target,
      reason: 'sends a visitor without a session straight back to us: a login would go round in circles',
      remedy: 'write the address of the login page in CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_LOGIN',
    })
  }
  if (next?.protocol === 'http:' && target.startsWith('https:')) {
    return login.fail('login-plain', {
      target,
      reason: `leads on to ${next.origin} without TLS`,
      remedy: 'let the provider redirect to https only',
    })
  }
  return login.ok('login', { target, reason: `leads on to ${next?.origin ?? location}` })
}

/**
 * The shared cookie as the provider sets or deletes it for a visitor without a session, against our configuration:
 * a difference, and a browser would hold two, or we would never see or delete it.
 */
export function judgeProviderCookies(
  visit: Pick<ProviderVisit, 'login' | 'logout'>,
  resolved: ResolvedSharedCookieOptions,
): readonly Finding[] {
  const { sharedCookie, identityProvider } = resolved
  const target = new URL(identityProvider.url).origin
  const seen = [visit.login, visit.logout].flatMap(cookiesOf)
  if (visit.login instanceof ProbeError && visit.logout instanceof ProbeError) {
    return [cookies.skipped('no-answer', { target, reason: 'no answer came' })]
  }
  const names = Object.values(sharedCookie.names)
  const ours = seen.filter(({ name }) => names.includes(name))
  const missing = names.filter((name) => !ours.some((cookie) => cookie.name === name))
  if (ours.length === 0) return [judgeUnseen(seen, resolved, target)]
  if (missing.length > 0) {
    return [
      cookies.fail('shared-cookie-names', {
        target,
        reason: `the provider's cookies are ${listNames(seen)}; missing is ${missing.join(', ')}`,
        remedy: namesRemedy,
      }),
    ]
  }
  const complaints = ours.flatMap((cookie) => compare(cookie, resolved, target))
  const distinct = complaints.filter(
    (each, at) => complaints.findIndex((other) => other.code === each.code) === at,
  )
  if (distinct.length > 0) return distinct
  const domain = sharedCookie.domain === false ? 'host-only' : `on ${sharedCookie.domain}`
  return [cookies.ok('shared-cookie', { target, reason: `${names.join(', ')} ${domain}, as configured` })]
}

const namesRemedy =
  'set CITIZEN_SHARED_COOKIE_NAMES_HEADER, _PAYLOAD and _SIGNATURE to the names that the provider uses'

const listNames = (list: readonly SeenCookie[]) => [...new Set(list.map(({ name }) => name))].join(', ')

/** None of our names came: because there was nothing to say to a visitor, or because they are called otherwise. */
function judgeUnseen(
  seen: readonly SeenCookie[],
  resolved: ResolvedSharedCookieOptions,
  target: string,
): Finding {
  const { names, domain } = resolved.sharedCookie
  const wanted = Object.values(names).join(', ')
  const deleted = seen.filter(
    (cookie) => cookie.isDeletion && (domain === false || cookie.domain !== undefined),
  )
  if (new Set(deleted.map(({ name }) => name)).size < 3) {
    return cookies.skipped('shared-cookie-unseen', {
      target,
      reason: 'the provider sets and deletes no shared cookie for a visitor without a session',
      remedy: `sign in with a browser and compare names, Domain, Path and SameSite with ${wanted}`,
    })
  }
  const complaint = {
    target,
    reason: `the provider's logout deletes ${listNames(deleted)}, and none of ${wanted}`,
    remedy: namesRemedy,
  }
  const areParts = deleted.some(({ name }) => /payload|signature/i.test(name))
  return areParts
    ? cookies.fail('shared-cookie-names', complaint)
    : cookies.warn('shared-cookie-names', complaint)
}

function compare(
  cookie: SeenCookie,
  resolved: ResolvedSharedCookieOptions,
  target: string,
): readonly Finding[] {
  const { sharedCookie, identityProvider } = resolved
  const findings: Finding[] = []
  const differs = (code: string, seen: string, wanted: string, variable: string) =>
    findings.push(
      cookies.fail(code, {
        target,
        reason: `the provider sets ${cookie.name} with ${seen}, the configuration says ${wanted}: a browser would hold two cookies`,
        remedy: `set ${variable} to what the provider uses`,
      }),
    )
  if ((cookie.domain ?? false) !== sharedCookie.domain) {
    const wanted = sharedCookie.domain === false ? 'false (host-only)' : sharedCookie.domain
    const seen = cookie.domain === undefined ? 'no Domain' : `Domain=${cookie.domain}`
    differs('shared-cookie-domain', seen, wanted, 'CITIZEN_SHARED_COOKIE_DOMAIN')
  }
  if ((cookie.path ?? '/') !== sharedCookie.path) {
    differs('shared-cookie-path', `Path=${cookie.path}`, sharedCookie.path, 'CITIZEN_SHARED_COOKIE_PATH')
  }
  if ((cookie.sameSite ?? 'lax') !== sharedCookie.sameSite) {
    findings.push(
      cookies.warn('shared-cookie-same-site', {
        target,
        reason: `the provider sets ${cookie.name} with SameSite=${cookie.sameSite ?? '(none given)'}, we would with ${sharedCookie.sameSite}`,
        remedy: 'set CITIZEN_SHARED_COOKIE_SAME_SITE to what the provider uses',
      }),
    )
  }
  if (identityProvider.url.startsWith('https:') && !cookie.isSecure) {
    findings.push(
      cookies.fail('shared-cookie-secure', {
        target,
        reason: `the provider sets ${cookie.name} without Secure: it travels over plain http`,
        remedy: 'have the provider (or the proxy before it) set Secure',
      }),
    )
  }
  if (cookie.name !== sharedCookie.names.payload && !cookie.isHttpOnly && !cookie.isDeletion) {
    findings.push(
      cookies.warn('shared-cookie-readable', {
        target,
        reason: `the provider sets ${cookie.name} without HttpOnly: scripts can read the whole token`,
        remedy: 'have the provider set HttpOnly on the header and the signature',
      }),
    )
  }
  return findings
}
