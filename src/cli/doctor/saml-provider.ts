/** @module Judges what the metadata of a SAML identity provider says: validity, certificates, addresses. */
import type { Endpoint, IdentityProviderMetadata } from '../../saml/metadata.js'
import { judgeCertificates, soonMilliseconds } from './certificates.js'
import { createFindings, type Finding } from './finding.js'

const { ok, warn, fail } = createFindings('saml')

/** Applications refuse metadata that has expired, and fetch it anew when its `cacheDuration` says so. */
export function judgeValidity(
  { validUntil, cacheSeconds }: IdentityProviderMetadata,
  { target, isFile, now }: { readonly target: string; readonly isFile: boolean; readonly now: number },
): Finding {
  const cached = cacheSeconds === undefined ? '' : `, kept ${cacheSeconds} s`
  if (validUntil === undefined) {
    return ok('saml-validity', { target, reason: `valid without an end${cached}` })
  }
  const until = new Date(validUntil).toISOString()
  if (validUntil <= now) {
    return fail('saml-expired', {
      target,
      reason: `it was valid until ${until}: every sign-in is refused`,
      remedy: isFile
        ? 'fetch it anew, and give saml({ … }) metadataUrl, so that the application does so by itself'
        : 'have the provider renew it; look for a cache on the way',
    })
  }
  const left = validUntil - now
  if (isFile && left <= soonMilliseconds) {
    return warn('saml-expires', {
      target,
      reason: `it is valid until ${until}, and a file is not renewed by itself`,
      remedy: 'give saml({ … }) metadataUrl, or replace the file before that day',
    })
  }
  // Documents that are signed anew every few days end soon by design: what counts is that the next one comes in time.
  if (!isFile && left <= Math.max(cacheSeconds ?? 0, 86_400) * 1000) {
    return warn('saml-expires', {
      target,
      reason: `it is valid until ${until}${cached}: if no newer one comes until then, every sign-in is refused`,
      remedy: 'have the provider renew its metadata earlier, and say a shorter cacheDuration',
    })
  }
  return ok('saml-validity', { target, reason: `valid until ${until}${cached}` })
}

/** When its signing certificates run out. */
export function judgeKeys({ certificates }: IdentityProviderMetadata, target: string, now: number): Finding {
  const verdict = judgeCertificates(certificates, now)
  const said = verdict.kind === 'none' ? '' : verdict.said
  const remedy = 'ask the provider for its next certificate; it belongs into the metadata before it signs'
  switch (verdict.kind) {
    case 'good':
      return ok('saml-certificate', { target, reason: said })
    case 'soon': {
      return warn('saml-certificate-expires', { target, reason: `${said}: within 30 days`, remedy })
    }
    case 'one-over':
      return warn('saml-certificate-expired', {
        target,
        reason: `${said}: its signatures still count here, beside the good one`,
        remedy: 'have the provider take the expired certificate out of its metadata',
      })
    default:
      return fail('saml-certificate-expired', { target, reason: `${said}: nobody may trust it`, remedy })
  }
}

const listBindings = (endpoints: readonly Endpoint[]) =>
  [...new Set(endpoints.map(({ binding }) => binding))].join(', ')

/** Where and how people sign in and out. */
export function judgeAddresses(
  { signOn, logout }: IdentityProviderMetadata,
  insecure: readonly string[],
  target: string,
): readonly Finding[] {
  const findings: Finding[] = []
  if (insecure.length > 0) {
    findings.push(
      fail('saml-endpoint-plain', {
        target,
        reason: `${[...new Set(insecure)].join(', ')}: no https address, and no application goes there`,
        remedy: 'have the provider publish https addresses only',
      }),
    )
  }
  const byBrowser = signOn.filter(({ binding }) => binding !== 'soap')
  findings.push(
    byBrowser.length === 0
      ? fail('saml-sign-on', {
          target,
          reason: `its SingleSignOnService speaks ${listBindings(signOn)} only: no browser can go there`,
          remedy: 'have the provider offer HTTP-Redirect or HTTP-POST',
        })
      : ok('saml-sign-on', { target, reason: `sign-in by ${listBindings(byBrowser)}` }),
  )
  findings.push(judgeLogout(logout, target))
  return findings
}

function judgeLogout(logout: readonly Endpoint[], target: string): Finding {
  if (logout.length === 0) {
    return warn('saml-no-logout', {
      target,
      reason:
        'it names no SingleLogoutService: a logout here does not end the session at the provider, and one there is never heard of here',
      remedy: 'switch single logout on at the provider; until then keep the absolute time short',
    })
  }
  return ok('saml-logout', { target, reason: `single logout by ${listBindings(logout)}` })
}
