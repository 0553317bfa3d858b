/** @module The options of the login: which of several providers a request means. */
import type { Exchange } from '../exchange.js'
import { type GivenOptional, type GivenRequired, optional } from './option.js'
import { functionOf } from './option-types.js'

/** The options below `login`. */
export const loginOptions = {
  /**
   * Which way in a request means, by its name as in `citizen.provider`; `undefined`: none in particular. Default none.
   *
   * By the host or the path of a tenant, say. The request is one to our login: `target` has the address that the person
   * wants, as `returnTo`, also where a button of ours was pressed. What it names is taken before any link that names
   * another; a name that this instance does not know is answered with 503, never with another provider. Its answer is
   * not waited for: a promise is no name.
   */
  select: optional(
    functionOf<(exchange: Exchange) => string | undefined>(
      'a function from the exchange to the name of a provider, or undefined',
    ),
  ),
} as const

/** Which of several providers a request means. */
export interface LoginOptions
  extends GivenRequired<typeof loginOptions>,
    GivenOptional<typeof loginOptions> {}
