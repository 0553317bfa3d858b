/** @module The visits that a logout makes at providers, one after the other, each remembered while the browser is away. */
import type { Exchange } from '../exchange.js'
import type { Markers } from '../login/marker.js'
import type { GlobalLogout } from './global-logout.js'
import { type LogoutMarker, longestVisit } from './marker.js'
import type { LogoutVisit, Participant, Parting } from './participant.js'
import type { Leg } from './receipt.js'

/** A logout whose own legs are done, and the participants that are still to be parted from. */
export interface Leaving {
  readonly content: Omit<LogoutMarker, 'party' | 'remaining' | 'visit'>
  /** Names, in their order. */
  readonly parties: readonly string[]
  /** What the first of them kept with the session. */
  readonly tokens: string | undefined
}

/** How far a logout came without the browser. */
export interface Left {
  readonly legs: readonly Leg[]
  /** Where the browser goes next, and the `state` that it comes back with; absent: nothing is left to visit. */
  readonly next?: { readonly visit: LogoutVisit; readonly state: string } | undefined
}

/** Parts from each participant until one needs the browser. */
export type Depart = (exchange: Exchange, leaving: Leaving) => Promise<Left>

const away = { state: 'unknown', reason: 'browser-not-back-yet' } as const

/** Makes the departures of one application. */
export function createDepartures(context: {
  readonly participants: ReadonlyMap<string, Participant>
  readonly markers: Pick<Markers<LogoutMarker>, 'set' | 'createState'>
  readonly conclude: GlobalLogout['conclude']
  readonly clock: () => number
}): Depart {
  const { participants, markers, conclude, clock } = context

  const partFrom = async (
    participant: Participant,
    departure: Parameters<Participant['part']>[0],
  ): Promise<Parting> => {
    try {
      return await participant.part(departure)
    } catch {
      // Our own session has ended already: whatever went wrong must not hide that.
      return { legs: [], identity: { state: 'unknown', reason: 'failed' } }
    }
  }

  return async (exchange, { content, parties, tokens }) => {
    const { person } = content
    const legs: Leg[] = [...content.legs]
    for (const [index, party] of parties.entries()) {
      const participant = participants.get(party)
      if (participant === undefined) continue
      const { target } = participant
      const began = clock()
      const state = markers.createState()
      const parting = await partFrom(participant, {
        exchange,
        tokens: index === 0 ? tokens : undefined,
        state,
      })
      legs.push(...parting.legs)
      const { visit } = parting
      if (visit === undefined) {
        legs.push(conclude(person, { leg: 'identity', target, ...parting.identity }, began))
        continue
      }
      const remaining = parties.slice(index + 1)
      const marker = { ...content, legs, party, remaining, visit: rememberableVisit(visit) }
      markers.set(exchange, marker, clock(), state)
      const pending = [party, ...remaining].map((name): Leg => {
        const where = participants.get(name)?.target ?? name
        return { leg: 'identity', target: where, ...away, milliseconds: 0 }
      })
      return { legs: [...legs, ...pending], next: { visit, state } }
    }
    // The next login in this browser must not go on where the provider's session was left open.
    if (legs.some(isOpen)) markers.set(exchange, { ...content, legs, party: '', remaining: [] }, clock())
    return { legs }
  }
}

/** Whether the session at the provider may go on. */
function isOpen({ leg, state, reason }: Leg): boolean {
  return leg === 'identity' && state !== 'done' && !(state === 'skipped' && reason === 'no-session')
}

/** What a cookie has room for of a visit that is a form. */
function rememberableVisit(visit: LogoutVisit): LogoutVisit | undefined {
  if (visit.method === 'get') return undefined
  const { brief, ...whole } = visit
  return [whole, brief].find(
    (candidate) => candidate !== undefined && JSON.stringify(candidate).length <= longestVisit,
  )
}
