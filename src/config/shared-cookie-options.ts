/** @module The options of the shared cookie: the three cookies of the identity provider's token. */
import { cookieDomain, cookieName } from './cookie-settings.js'
import { defaulted, type GivenOptional, type GivenRequired, type ResolvedOf, required } from './option.js'
import { choice, publicly, textMatching, yesOrNo } from './option-types.js'

/** The options below `sharedCookie`. */
export const sharedCookieOptions = {
  /** The base domain of all applications, or `false` where the identity provider shares our very host. */
  domain: required(cookieDomain, 'shared-cookie'),
  names: {
    /** Cookie with the token's header. Default `c1_header`. */
    header: defaulted(cookieName, 'c1_header'),
    /** Cookie with the token's payload, readable by scripts. Default `c1_payload`. */
    payload: defaulted(cookieName, 'c1_payload'),
    /** Cookie with the token's signature. Default `c1_signature`. */
    signature: defaulted(cookieName, 'c1_signature'),
  },
  /** Path of the shared cookies, as the identity provider sets them. Default `/`. */
  path: defaulted(publicly(textMatching(/^\/[!-:<-~]{0,255}$/, 'a path that begins with a slash')), '/'),
  /** SameSite of the shared cookies, as the identity provider sets them. Default `lax`. */
  sameSite: defaulted(choice('strict', 'lax', 'none'), 'lax'),
  /** Whether a refreshed shared cookie outlives the browser, until `exp`. Default `false`. */
  persistent: defaulted(yesOrNo, false),
} as const

/** The three cookies of the identity provider’s token, as it sets them. */
export interface SharedCookieOptions
  extends GivenRequired<typeof sharedCookieOptions>,
    GivenOptional<typeof sharedCookieOptions> {}

/** The options of the shared cookie, resolved. */
export interface ResolvedSharedCookie extends ResolvedOf<typeof sharedCookieOptions> {}
