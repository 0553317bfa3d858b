/** @module Checks the base domain against the public suffix list. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import { isMissingPackage } from '../../optional-package.js'
import { createFindings, type Finding } from './finding.js'

const { ok, fail, skipped } = createFindings('cookie-domain')

/** Loads the list, an optional package of the command line's own; `undefined` where it is not installed. */
export type LoadSuffixes = () => Promise<typeof import('tldts') | undefined>

/** The list as installed beside the package. */
export const loadSuffixes: LoadSuffixes = async () => {
  try {
    return await import('tldts')
  } catch (error) {
    if (isMissingPackage(error)) return undefined
    throw error
  }
}

/**
 * Whether browsers accept cookies for the base domain. Its place above the hosts is checked with the configuration.
 * Source: RFC 6265bis, section 5.6.3 (`CK-04`).
 */
export async function judgeCookieDomain(
  { sharedCookie: { domain }, application }: ResolvedSharedCookieOptions,
  load: LoadSuffixes = loadSuffixes,
): Promise<Finding> {
  if (domain === false) {
    return ok('host-only', {
      reason: `the shared cookie belongs to ${new URL(application.url).hostname} alone`,
    })
  }
  const suffixes = await load()
  if (suffixes === undefined) {
    return skipped('public-suffix-list', {
      target: domain,
      reason: 'the public suffix list is not installed',
      remedy: 'npm install --save-dev tldts',
    })
  }
  const found = suffixes.parse(domain, { allowPrivateDomains: true })
  if (found.domain === null || found.publicSuffix === domain) {
    return fail('public-suffix', {
      target: domain,
      reason: 'is a public suffix: strangers have names below it, and browsers refuse cookies for it',
      remedy: `set CITIZEN_SHARED_COOKIE_DOMAIN to a domain of your own below ${domain}`,
    })
  }
  return ok('registrable', {
    target: domain,
    reason:
      found.domain === domain
        ? 'is a domain of one owner'
        : `lies below ${found.domain}, a domain of one owner`,
  })
}
