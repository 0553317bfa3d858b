/** @module The option that says which attributes of a person an application releases to its own pages. */
import type { Claims } from '../citizen.js'
import type { MaybePromise } from '../exchange.js'
import { functionOf, type Kind } from './option-types.js'

/** What is known of a person besides the claims. */
export interface ProfileSources {
  /** What the UserInfo endpoint of an OpenID provider said; `undefined` where nobody asked it. */
  readonly userInfo: Readonly<Record<string, unknown>> | undefined
  /** Texts of each attribute of a SAML sign-in, as the session keeps them in its claim `attributes`; else empty. */
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

/**
 * Says which attributes leave: what it returns, as JSON of at most 4 KiB, and nothing else. `undefined` or `null`: none.
 * It may be asked with each page. A promise that takes more than four seconds releases nothing.
 */
export type ReleaseProfile = (
  claims: Claims,
  sources: ProfileSources,
) => MaybePromise<Readonly<Record<string, unknown>> | null | undefined>

/** Such a function. */
export const releaseProfile: Kind<ReleaseProfile> = functionOf<ReleaseProfile>(
  'a function that takes claims and returns the attributes that are released',
)
