/** @module The options of the routes that are served, and of which requests count as activity. */
import type { Exchange } from '../exchange.js'
import { checkEndpoint } from './addresses.js'
import { gateOptions } from './gate-options.js'
import { defaulted, type GivenOptional, type GivenRequired, optional } from './option.js'
import { address, functionOf, pathBelowOrigin, publicly, textMatching } from './option-types.js'

/** The options below `routes`. */
export const routesOptions = {
  /** Where our own routes are served, as the application sees it: without `application.path`. Default `/session`. */
  path: defaulted(
    publicly(
      textMatching(
        pathBelowOrigin,
        'a path that begins with a slash and does not end with one, such as /session',
      ),
    ),
    '/session',
  ),
  /**
   * Whether a request counts as the person's activity; only `true` is a yes. Default: document navigations and
   * same-origin requests.
   */
  touch: optional(
    functionOf<(exchange: Exchange) => boolean>('a function from the exchange to true or false'),
  ),
  /** Requests that are left alone altogether; only `true` is a yes. Default none. */
  skip: optional(
    functionOf<(exchange: Exchange) => boolean>('a function from the exchange to true or false'),
  ),
  /**
   * Style sheet for the pages that we serve: a path of this application or an absolute address. Default: a built-in
   * one.
   */
  stylesheet: optional(address(checkEndpoint, '/session-pages.css')),
  gate: gateOptions,
} as const

/** The routes that are served, and which requests count as activity. */
export interface RoutesOptions
  extends GivenRequired<typeof routesOptions>,
    GivenOptional<typeof routesOptions> {}
