/** @module Ends the sessions that a logout is about, and tells one leg of them all. */

import { isSettled, type Leg } from '../receipt.js'
import type { FoundSession, SessionsMissed } from '../shared-cookie/find-sessions.js'
import type { GlobalLogout } from './global-logout.js'
import type { UnfinishedSession } from './pending-logout.js'

/** Stands for the person in events where no session names one. */
export const nobody = 'unknown'

/** What became of several sessions. */
export interface EndedEach {
  /** What has failed comes first, then what a dead cookie named, then what is done. */
  readonly told: Leg
  /** Sessions that are not known to have ended. */
  readonly unfinished: readonly UnfinishedSession[]
}

/** Ends every session of a request; `missed`: why it may name more than were found. */
export type EndEach = (
  sessions: readonly FoundSession[],
  request: { readonly missed?: SessionsMissed | undefined },
  target: string,
  end: (session: FoundSession) => Promise<Leg>,
) => Promise<EndedEach>

/** Makes the endings of one application. */
export function createSessionEndings(context: {
  readonly conclude: GlobalLogout['conclude']
  readonly clock: () => number
}): EndEach {
  const conclude = (target: string, result: Pick<Leg, 'state' | 'reason'>): Leg =>
    context.conclude(nobody, { leg: 'sessions', target, ...result }, context.clock())

  return async (sessions, { missed }, target, end) => {
    const unfinished: UnfinishedSession[] = []
    let told: Leg | undefined
    for (const session of sessions) {
      const leg = await end(session)
      if (told === undefined || !isSettled(leg) || (leg.state !== 'done' && isSettled(told))) told = leg
      if (!isSettled(leg)) unfinished.push({ ...session.address, generation: session.generation })
    }
    if (missed !== undefined) {
      return { told: conclude(target, { state: 'unknown', reason: missed }), unfinished }
    }
    return { told: told ?? conclude(target, { state: 'skipped', reason: 'no-session' }), unfinished }
  }
}
