/** @module Checks what the discovery document of the shared cookie's provider says, where there is one. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { parseUrl } from '../../parse-url.js'
import { ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { type Json, parseObject } from './key-set.js'
import type { Visited } from './visits.js'

const discovery = createFindings('discovery')
const variable = 'CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_JWKS'

/** Members that say which kinds of logout there are. */
const offers = ['end_session_endpoint', 'check_session_iframe', 'backchannel_logout_supported'] as const

/** A discovery document: an object that names its issuer. `undefined` for every other answer. */
export function documentIn(visited: Visited): (Json & { readonly issuer: string }) | undefined {
  if (visited instanceof ProbeError || visited.status !== 200 || visited.isTruncated) return undefined
  const document = parseObject(visited.body)
  return typeof document?.issuer === 'string' ? { ...document, issuer: document.issuer } : undefined
}

/**
 * What the discovery document says, where there is one: the cookie mode does not need it. `keysAsked`: the answer at the
 * configured address of the keys.
 */
export function judgeDiscovery(
  visited: Visited,
  { identityProvider }: ResolvedSharedCookieOptions,
  keysAsked: Visited,
): readonly Finding[] {
  const target = `${identityProvider.internalUrl}/.well-known/openid-configuration`
  if (visited instanceof ProbeError) {
    return [discovery.skipped('no-answer', { target, reason: 'no answer came' })]
  }
  const document = documentIn(visited)
  if (document === undefined) {
    return [
      discovery.skipped('discovery', {
        target,
        reason: 'there is no discovery document, and the cookie mode needs none',
      }),
    ]
  }
  const offered = offers.map((name) =>
    document[name] === undefined || document[name] === false ? `no ${name}` : name,
  )
  const findings = [discovery.ok('discovery', { target, reason: `offers ${offered.join(', ')}` })]
  if (!identityProvider.issuers.includes(document.issuer)) {
    findings.push(
      discovery.warn('discovery-issuer', {
        target,
        reason: `the provider calls itself ${document.issuer}, the configuration expects ${identityProvider.issuers.join(' or ')}`,
        remedy:
          'hold a real token against it (token inspect); if its iss is that, set CITIZEN_IDENTITY_PROVIDER_ISSUER',
      }),
    )
  }
  const keys = document.jwks_uri
  const isOther = typeof keys === 'string' && pathOf(keys) !== pathOf(identityProvider.endpoints.jwks)
  // A provider may have keys for OpenID Connect at one address and those of the cookie at another, as CitizenOne has.
  if (isOther && isNothing(keysAsked)) {
    findings.push(
      discovery.warn('discovery-keys', {
        target,
        reason: `it names ${keys} for its keys, the configuration ${identityProvider.endpoints.jwks}`,
        remedy: `set ${variable} if the tokens of the cookie are signed with those keys`,
      }),
    )
  }
  return findings
}

/** Whether the answer says that nothing is at this address. */
const isNothing = (visited: Visited): boolean =>
  !(visited instanceof ProbeError) && visited.status >= 300 && visited.status < 500

const pathOf = (url: string) => parseUrl(url)?.pathname ?? url
