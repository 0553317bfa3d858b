/** @module The status that the browser client reads: never activity, never a secret. */
import type { Citizen, CitizenSession } from '../citizen.js'
import { retrySoon } from '../errors.js'
import type { Reply } from '../exchange.js'
import { personOf } from './record.js'

/** The JSON of `GET <path>/status` and `POST <path>/extend`. Times are milliseconds since the epoch. */
export interface StatusDocument {
  readonly state: Citizen['state']
  readonly reason: string | null
  /** The server's time: a client counts from this, never from its own clock. */
  readonly now: number
  readonly session: CitizenSession | null
  /** Stands for the person, the same in all of their sessions; `null` unless active. */
  readonly person: string | null
  readonly assurance: { readonly level: number; readonly method: string } | null
  readonly degraded: boolean
  /** Where a person can sign in. */
  readonly login: string
  readonly logout: string
  /** Name of the application, as its people know it. */
  readonly application: string
  /** A page of ours that a page is to show in a hidden frame while this session lives; `null`: none. */
  readonly frame: string | null
}

/** The application that says it. */
export interface StatusPlace {
  readonly routesPath: string
  /** Its name. */
  readonly application: string
  /** The route of the page to be framed while the session lives. */
  readonly frame?: string | undefined
}

/** Says how things stand with a citizen. */
export function statusOf(
  citizen: Citizen,
  now: number,
  { routesPath, application, frame }: StatusPlace,
): StatusDocument {
  const { state, session, assurance } = citizen
  const person = state === 'active' ? personOf(citizen.claims.iss, citizen.claims.sub) : null
  return {
    state,
    reason: citizen.reason ?? null,
    now,
    session: session === undefined ? null : { ...session },
    person,
    assurance: assurance === undefined ? null : { level: assurance.level, method: assurance.method },
    degraded: citizen.degraded,
    login: `${routesPath}/login`,
    logout: `${routesPath}/logout`,
    application,
    // Another session is watched by another page: the fragment makes it one.
    frame: frame === undefined || !session ? null : `${routesPath}/${frame}#${session.publicId}`,
  }
}

/** The answer that carries a status: 200 whatever it says, but for an outage. */
export function statusReply(document: StatusDocument): Reply {
  const isUnavailable = document.state === 'unavailable'
  return {
    status: isUnavailable ? 503 : 200,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'private, no-store',
      ...(isUnavailable ? retrySoon : {}),
    },
    body: JSON.stringify(document),
  }
}
