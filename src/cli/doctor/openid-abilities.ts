/** @module What an OpenID provider offers: sign-in with PKCE, every kind of logout, pushed requests. */

import type { ResolvedOidcOptions } from '../../oidc/options.js'
import { parseUrl } from '../../parse-url.js'
import { createFindings, type Finding } from './finding.js'
import type { Json } from './key-set.js'

const { ok, warn, fail, skipped } = createFindings('openid')

/** The texts of a list in a document; none where there is no list. */
export function listIn(document: Json, name: string): readonly string[] {
  const value = document[name]
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

const isAddress = (value: unknown) => typeof value === 'string' && parseUrl(value) !== undefined

/** One line for each ability, in the order of a session: sign-in first, its end last. */
export function judgeAbilities(
  document: Json,
  target: string,
  { sessionManagement, untrustedClaims }: Pick<ResolvedOidcOptions, 'sessionManagement' | 'untrustedClaims'>,
): readonly Finding[] {
  return [
    judgeCode(document, target),
    judgeChallenge(document, target),
    judgePushed(document, target),
    judgeUserInfo(document, target),
    ...judgeUntrusted(listIn(document, 'claims_supported'), target, untrustedClaims),
    judgeEndSession(document, target),
    ...judgeNotices(document, target),
    ...(sessionManagement.enabled && !isAddress(document.check_session_iframe)
      ? [nothingToWatch(target)]
      : []),
  ]
}

const nothingToWatch = (target: string): Finding =>
  warn('openid-session-management', {
    target,
    reason: 'sessionManagement.enabled, and it names no check_session_iframe: nothing is watched',
    remedy: 'switch session management on at the provider, or leave the option out',
  })

/** Source: OpenID Connect Discovery 1.0, section 3: `response_types_supported` is required. */
function judgeCode(document: Json, target: string): Finding {
  const types = listIn(document, 'response_types_supported')
  if (types.includes('code')) return ok('openid-code', { target, reason: 'offers the authorization code' })
  if (types.some((type) => type.split(' ').sort().join(' ') === 'code id_token')) {
    return warn('openid-hybrid', {
      target,
      reason: 'offers a code only with an ID token beside it (hybrid), which then passes through the browser',
      remedy: "set responseType: 'code id_token' in oidc({ … }), or allow the code flow for this client",
    })
  }
  return fail('openid-code', {
    target,
    reason: `its response types are ${types.join(', ') || 'not named'}, without code, by which everybody signs in`,
    remedy: 'allow the authorization code flow for this client at the provider',
  })
}

/** Source: RFC 7636; RFC 9700, section 2.1.1. */
function judgeChallenge(document: Json, target: string): Finding {
  const methods = listIn(document, 'code_challenge_methods_supported')
  if (methods.includes('S256')) return ok('openid-pkce', { target, reason: 'offers PKCE with S256' })
  if (methods.length > 0) {
    return fail('openid-pkce', {
      target,
      reason: `its code challenges are ${methods.join(', ')}; we always send S256`,
      remedy: 'switch S256 on at the provider: plain protects nothing',
    })
  }
  return warn('openid-pkce', {
    target,
    reason:
      'it names no code_challenge_methods_supported: we send S256, but a stolen code may be of use to a thief',
    remedy: 'ask the provider whether it checks PKCE, and have it say so',
  })
}

/** Source: RFC 9126, section 5. */
function judgePushed(document: Json, target: string): Finding {
  if (isAddress(document.pushed_authorization_request_endpoint)) {
    const must = document.require_pushed_authorization_requests === true ? ', and demands it' : ''
    return ok('openid-par', { target, reason: `offers pushed authorization requests${must}` })
  }
  if (document.require_pushed_authorization_requests === true) {
    return fail('openid-par', {
      target,
      reason: 'it demands pushed authorization requests and names no endpoint for them',
      remedy: 'have the provider name pushed_authorization_request_endpoint, or stop demanding it',
    })
  }
  return skipped('openid-par', {
    target,
    reason: 'offers no pushed authorization requests: parameters travel through the browser',
  })
}

/** Source: OpenID Connect Core 1.0, section 5.3; Discovery 1.0, section 3. */
function judgeUserInfo(document: Json, target: string): Finding {
  const { userinfo_endpoint: address } = document
  if (typeof address !== 'string' || !isAddress(address)) {
    return skipped('openid-userinfo', {
      target,
      reason: 'names no userinfo_endpoint: all that it says of a person is in the ID token',
    })
  }
  const { origin } = new URL(address)
  const place = origin === new URL(target).origin ? '' : `, on ${origin}: whoever uses it names that origin`
  return ok('openid-userinfo', { target, reason: `offers userinfo_endpoint${place}` })
}

/** Claims that would show a second factor, and do not with the options that the environment gives. */
function judgeUntrusted(
  supported: readonly string[],
  target: string,
  untrusted: readonly string[],
): readonly Finding[] {
  const names = untrusted.filter((name) => supported.includes(name))
  if (names.length === 0) return []
  return [
    warn('openid-untrusted-claims', {
      target,
      reason: `it says ${names.join(', ')} of a login, and is not believed: who has shown a second factor there is asked for one`,
      remedy:
        'where its own documents say what they mean, as with CitizenOne, name them in trustedClaims of oidc({ … }), beside acr and amr',
    }),
  ]
}

/** Source: RP-Initiated Logout 1.0, section 2.1. */
function judgeEndSession(document: Json, target: string): Finding {
  if (isAddress(document.end_session_endpoint)) {
    return ok('openid-end-session', { target, reason: 'offers end_session_endpoint' })
  }
  return warn('openid-end-session', {
    target,
    reason:
      'it names no end_session_endpoint: a logout ends our session, but not the one at the provider, where the next sign-in may need no password',
    remedy:
      'switch logout by clients (RP-Initiated Logout) on at the provider, or give endpoints.endSession in oidc({ … })',
  })
}

/** How we hear that somebody signed out elsewhere: by one way at least, best by the one that needs no browser. */
function judgeNotices(document: Json, target: string): readonly Finding[] {
  const isBack = document.backchannel_logout_supported === true
  const isFront = document.frontchannel_logout_supported === true
  const isWatched = isAddress(document.check_session_iframe)
  if (!isBack && !isFront && !isWatched) {
    return [
      warn('openid-no-notice', {
        target,
        reason:
          'it offers neither back-channel logout, nor front-channel logout, nor check_session_iframe: who signs out elsewhere stays signed in here until the next refresh, or the end of the session',
        remedy:
          'switch back-channel logout on at the provider, and register <routes>/backchannel-logout; until then keep refresh.afterSeconds short',
      }),
    ]
  }
  return [
    ...judgeBackchannel(document, target, isBack),
    isFront
      ? ok('openid-frontchannel', {
          target,
          reason: `offers front-channel logout${withSession(document.frontchannel_logout_session_supported)}`,
        })
      : skipped('openid-frontchannel', { target, reason: 'offers no front-channel logout' }),
    isWatched
      ? ok('openid-check-session', { target, reason: 'offers check_session_iframe' })
      : skipped('openid-check-session', {
          target,
          reason: 'offers no check_session_iframe: an open page hears of a logout from our server alone',
        }),
  ]
}

const withSession = (value: unknown) => (value === true ? ', naming the session' : '')

/** Source: Back-Channel Logout 1.0, section 2.1. */
function judgeBackchannel(document: Json, target: string, isThere: boolean): readonly Finding[] {
  if (!isThere) {
    return [
      warn('openid-backchannel', {
        target,
        reason:
          'it offers no back-channel logout: the other ways need the browser, and fail where it blocks third-party cookies or is closed',
        remedy: 'switch back-channel logout on at the provider, and register <routes>/backchannel-logout',
      }),
    ]
  }
  if (document.backchannel_logout_session_supported === true) {
    return [ok('openid-backchannel', { target, reason: 'offers back-channel logout, naming the session' })]
  }
  return [
    warn('openid-backchannel-session', {
      target,
      reason:
        'its logout tokens do not name the session (sid): each ends every session of the person, on all devices',
      remedy: 'have the provider send sid (backchannel_logout_session_required at this client)',
    }),
  ]
}
