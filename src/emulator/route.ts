/** @module What an endpoint answers to. */
import type { Context } from './context.js'
import type { EndpointName } from './endpoints.js'
import type { Visit } from './visit.js'

/** Answers a request. */
export type RouteHandler = (context: Context, visit: Visit) => Response | Promise<Response>

/** An endpoint. */
export interface Route {
  readonly GET?: RouteHandler
  readonly POST?: RouteHandler
  readonly PUT?: RouteHandler
  readonly DELETE?: RouteHandler
  /** For servers and scripts: no page, no cookie of a person. */
  readonly isApi?: boolean
  /** Whether a page of another site may send its form here: it only leads to a GET, or brings its own proof. */
  readonly takesForeignForms?: boolean
}

/** Endpoints by name. */
export type Routes = Readonly<Partial<Record<EndpointName, Route>>>

/** The side of a mode that the router sees. */
export interface RoutedMode {
  readonly routes: Routes
  /** The `Set-Cookie` line of the browser state after a request; `undefined` when it has not changed. */
  browserState?(visit: Visit): string | undefined
  /** Origins that its own pages have, besides the emulator's. */
  ownOrigins?(): readonly string[]
}
