/** @module Deletes the shared cookies of a browser, in every variant in which they may have been set. */
import type { ResolvedSharedCookieOptions } from '../config/options.js'
import { expiryVariants, type SharedExpiry } from '../cookies/expiry.js'

/** Makes the function that deletes the shared cookies of an application. */
export function createSharedExpiry(options: ResolvedSharedCookieOptions): SharedExpiry {
  const { names, domain, path, sameSite } = options.sharedCookie
  const applicationHost = new URL(options.application.url).hostname
  return (exchange, { seenAt, ...how } = {}) => {
    const variants = expiryVariants([names.header, names.payload, names.signature], {
      domain,
      path,
      sameSite,
      applicationHost,
      target: seenAt === undefined ? exchange.target : [exchange.target, seenAt],
      ...how,
      secure: options.isSecure,
    })
    for (const cookie of variants) exchange.setCookie(cookie)
    return variants.length > 0
  }
}
