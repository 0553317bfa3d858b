/** @module One round: signed in everywhere, one click, and what then is refused, when, and whether the receipt was true. */
import type { CitizenEvent } from '../../../src/index.js'
import type { Clicked, Road } from './roads.js'
import { type OpenSocket, type SignedIn, signInEverywhere, statusOf, type Target } from './signed-in.js'
import { saidSince, saidSoFar, type World } from './world.js'

/** What the provider knows of a person after the end. */
export interface ProviderLook {
  readonly sessions: number
  readonly openid: readonly {
    readonly clientId: string
    readonly outcome: string
    readonly status?: number
  }[]
  readonly saml: readonly { readonly serviceProvider: string; readonly state: string }[]
}

/** What became of a round. Milliseconds. */
export interface Round {
  readonly road: Road
  readonly signedIn: SignedIn
  readonly clicked: Clicked
  /** From the click until it was answered. */
  readonly answered: number
  /** From the click until the first refusal had come from every instance, and of both backends. */
  readonly refused: number
  /** From the answer until then; 0 where all of them refused before it was there. */
  readonly refusedAfterAnswer: number
  /** Whoever refused last. */
  readonly last: string
  readonly clickedAt: number
  /** Events of all instances since the click. */
  readonly events: readonly CitizenEvent[]
  readonly provider: ProviderLook
}

/** How long an instance is left alone between two questions: they must not be what it is busy with. */
const pause = 10
const patience = 20_000

/** Plays it. */
export async function playRound(world: World, road: Road, person: string): Promise<Round> {
  const signedIn = await signInEverywhere(world, person)
  const heardBefore = saidSoFar(world)
  const clickedAt = performance.now()
  const watching = refusalsOf(signedIn.targets)
  const [clicked, latest] = await Promise.all([road.click(world, signedIn), watching])
  const provider = (await world.provider.ask({ look: person }, 'looked')) as ProviderLook
  const heard = await saidSince(world, heardBefore)
  const events = heard.flatMap(({ event }) => (event === undefined ? [] : [event as CitizenEvent]))
  return {
    road,
    signedIn,
    clicked,
    answered: clicked.answeredAt - clickedAt,
    refused: latest.at - clickedAt,
    refusedAfterAnswer: Math.max(0, latest.at - clicked.answeredAt),
    last: latest.name,
    clickedAt,
    events,
    provider,
  }
}

/** Asks at all of them until each has refused: who was the last, and when. */
export async function refusalsOf(targets: readonly Target[]): Promise<{ name: string; at: number }> {
  const deadline = performance.now() + patience
  const refusals = await Promise.all(targets.map((target) => refusalOf(target, deadline)))
  return refusals.reduce((one, other) => (other.at > one.at ? other : one))
}

/** Asks until it is refused: when that answer was there. */
async function refusalOf(target: Target, deadline: number): Promise<{ name: string; at: number }> {
  for (;;) {
    const status = await statusOf(target)
    const at = performance.now()
    if (status === 401) return { name: target.name, at }
    if (status !== 200) throw new Error(`${target.name} answered ${status}`)
    if (at > deadline) throw new Error(`${target.name} serves who has signed out`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Waits until a socket has heard of the end: from the click, in milliseconds. */
export async function heardAfter(socket: OpenSocket, clickedAt: number): Promise<number> {
  for (const deadline = performance.now() + patience; socket.closedAt === undefined; ) {
    if (performance.now() > deadline) throw new Error(`a socket at ${socket.name} has not heard of the end`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return socket.closedAt - clickedAt
}
