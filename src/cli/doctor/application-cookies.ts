/** @module Checks the cookies of a running application as a browser gets them, behind whatever proxy there is. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { maximumPairLength } from '../../cookies/serialize.js'
import { answersOf } from './application.js'
import { createFindings, type Finding } from './finding.js'
import { cookiesOf, type SeenCookie } from './set-cookie.js'
import type { ApplicationVisit } from './visits.js'

const { ok, fail, skipped } = createFindings('cookies')
const caching = createFindings('cache-headers')

const ownName = /^(__Host-)?([a-z0-9-]{1,32})\.(?:log(?:in|out)\.[\w-]|seen$)/

/** Ids of the applications whose cookies the answers set. */
export function idsOf(visit: ApplicationVisit): readonly string[] {
  const names = answersOf(visit).flatMap(({ answer }) => cookiesOf(answer).map(({ name }) => name))
  return [...new Set(names.flatMap((name) => ownName.exec(name)?.[2] ?? []))]
}

/** Attributes, prefixes and sizes of everything that the application sets. Source: RFC 6265bis; `CK-01` to `CK-13`. */
export function judgeCookies(visit: ApplicationVisit): readonly Finding[] {
  const target = visit.origin
  const isSecure = target.startsWith('https:')
  const answers = answersOf(visit)
  const seen = answers.flatMap(({ answer }) => cookiesOf(answer))
  if (seen.length === 0) {
    return [skipped('no-cookies', { target, reason: 'none of its answers sets a cookie' })]
  }
  const findings: Finding[] = []
  const complain = (code: string, wrong: readonly SeenCookie[], what: string, remedy: string): void => {
    if (wrong.length === 0) return
    const names = [...new Set(wrong.map(({ name }) => name))].join(', ')
    findings.push(fail(code, { target, reason: `${names}: ${what}`, remedy }))
  }
  const proxy = 'look for a proxy that rewrites Set-Cookie (in nginx: proxy_cookie_domain, _path, _flags)'
  const own = seen.filter(({ name }) => ownName.test(name))
  if (isSecure) {
    complain(
      'cookie-not-secure',
      seen.filter((cookie) => !cookie.isSecure),
      'set without Secure over https',
      `start the application with CITIZEN_APPLICATION_URL=${target}; ${proxy}`,
    )
    complain(
      'cookie-prefix',
      own.filter(({ name }) => !name.startsWith('__Host-')),
      'without the prefix __Host-: a sibling can plant it',
      `start the application with CITIZEN_APPLICATION_URL=${target}`,
    )
  }
  complain(
    'cookie-dropped',
    seen.filter(
      ({ name, domain, path, isSecure: secure }) =>
        (/^__host-/i.test(name) && (domain !== undefined || path !== '/' || !secure)) ||
        (/^__secure-/i.test(name) && !secure),
    ),
    'browsers drop it, for its prefix demands Secure, and __Host- also Path=/ and no Domain',
    proxy,
  )
  complain(
    'cookie-readable',
    own.filter(({ isHttpOnly }) => !isHttpOnly),
    'without HttpOnly',
    proxy,
  )
  complain(
    'cookie-same-site',
    seen.filter(({ sameSite, isSecure: secure }) => sameSite === 'none' && !secure),
    'SameSite=None without Secure: browsers drop it',
    proxy,
  )
  complain(
    'cookie-too-large',
    seen.filter(({ name, value }) => name.length + value.length > maximumPairLength),
    `name and value exceed ${maximumPairLength} octets: browsers drop it`,
    'let the cookie hold less',
  )
  const twice = answers.flatMap(({ answer }) => repeated(cookiesOf(answer)))
  complain('cookie-twice', twice, 'set twice in one answer', 'let only one part of the application set it')
  if (findings.length > 0) return findings
  const names = [...new Set(seen.map(({ name }) => name.replace(/(\.log(?:in|out)\.).*/, '$1…')))]
  return [ok('cookies', { target, reason: `${names.join(', ')}: attributes, prefixes and sizes hold` })]
}

function repeated(list: readonly SeenCookie[]): readonly SeenCookie[] {
  const keys = list.map(({ name, domain, path }) => JSON.stringify([name, domain, path]))
  return list.filter((_, at) => keys.indexOf(keys[at] ?? '') !== at)
}

/** Every answer that sets a cookie must be kept by no cache. Source: `CK-16`. */
export function judgeCaching(visit: ApplicationVisit): Finding {
  const target = visit.origin
  const setting = answersOf(visit).filter(({ answer }) => answer.setCookies.length > 0)
  const wrong = setting.filter(({ answer }) => !/\bno-store\b/i.test(answer.header('cache-control') ?? ''))
  if (wrong.length > 0) {
    return caching.fail('cache-header', {
      target,
      reason: `${wrong.map(({ route }) => route).join(', ')}: sets a cookie without Cache-Control: no-store; a cache may hand one person's cookie to another`,
      remedy: 'look for a proxy, a CDN or a middleware that rewrites Cache-Control',
    })
  }
  if (setting.length === 0) {
    return caching.skipped('no-cookies', { target, reason: 'none of its answers sets a cookie' })
  }
  return caching.ok('cache-headers', { target, reason: 'answers that set a cookie are kept by no cache' })
}

/** Whether the application's own logout deletes the shared cookie that is configured here. */
export function judgeSharedDeletion(
  visit: ApplicationVisit,
  resolved: ResolvedSharedCookieOptions,
): readonly Finding[] {
  const { names, domain } = resolved.sharedCookie
  const target = visit.origin
  const deleted = answersOf(visit)
    .filter(({ route }) => route === 'POST logout')
    .flatMap(({ answer }) => cookiesOf(answer))
    .filter(({ isDeletion }) => isDeletion)
  const wanted = Object.values(names)
  const missing = wanted.filter((name) => !deleted.some((cookie) => cookie.name === name))
  if (missing.length > 0) {
    return [
      fail('logout-other-names', {
        target,
        reason: `its logout deletes ${[...new Set(deleted.map(({ name }) => name))].join(', ') || 'nothing'}, not ${missing.join(', ')}`,
        remedy:
          'run the application and this command with the same CITIZEN_SHARED_COOKIE_NAMES_…; see that the proxy passes POST on',
      }),
    ]
  }
  const elsewhere = wanted.filter(
    (name) => !deleted.some((cookie) => cookie.name === name && (cookie.domain ?? false) === domain),
  )
  if (elsewhere.length > 0) {
    const domains = [...new Set(deleted.map((cookie) => cookie.domain ?? 'its host'))].join(', ')
    return [
      fail('logout-other-domain', {
        target,
        reason: `its logout deletes the shared cookie on ${domains}, not on ${domain === false ? 'its host alone' : domain}`,
        remedy:
          'run the application and this command with the same CITIZEN_SHARED_COOKIE_DOMAIN; look for proxy_cookie_domain in the proxy',
      }),
    ]
  }
  return []
}
