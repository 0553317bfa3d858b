/** @module Whether a receipt was complete, and true: what it says against what has happened. */
import type { LogoutLegEvent } from '../../../src/events.js'
import { type Leg, outcomeOf } from '../../../src/receipt.js'
import type { Round } from './round.js'
import { applications, type World } from './world.js'

/** Legs of a sign-out at each kind of application. */
const legsOf = {
  cookie: ['cookies', 'identity', 'sessions'],
  oidc: ['cookies', 'identity', 'sessions', 'tokens'],
  saml: ['cookies', 'identity', 'sessions'],
} as const

/** What is not so, or not said, each in a line. `cookieNames`: those that the browser has left at an address. */
export function untruths(
  world: Pick<World, 'urlOf'>,
  round: Round,
  cookieNames: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const { road, clicked, provider } = round
  const { application } = road
  const found: string[] = []
  const claim = (isSo: boolean, otherwise: string) => {
    if (!isSo) found.push(otherwise)
  }
  const ended = round.events.flatMap((event) =>
    event.type === 'session.ended' ? [event.sessionApplication] : [],
  )
  const names = applications.map(({ name }) => name).sort()
  claim(ended.sort().join() === names.join(), `sessions are told as ended: ${ended.join()}`)
  claim(provider.sessions === 0, 'the session at the provider goes on')
  claim(areAllTold(world, round), `not everybody was told: ${JSON.stringify(provider)}`)
  if (application === undefined) {
    claim(clicked.ended === undefined || clicked.ended === names.length, `${clicked.ended} have ended`)
    return found
  }
  const legs = finalLegs(round)
  const outcome = outcomeOf(legs)
  claim(outcome === 'global', `the outcome is ${outcome}: ${JSON.stringify(legs)}`)
  const said = legs.map(({ leg }) => leg).sort()
  claim(said.join() === legsOf[application.kind].join(), `the legs are ${said.join()}`)
  const states = [...(clicked.page ?? '').matchAll(/<dd>([^<]*)<\/dd>/g)].map(([, state]) => state)
  claim(
    states.length === legs.length && states.every((state) => state === 'ended'),
    `the page says ${states.join()}`,
  )
  const own = cookieNames.get(application.name) ?? []
  claim(!own.some((name) => name.endsWith('.sid')), `cookies are left: ${own.join()}`)
  const shared = [...cookieNames.values()].flat().filter((name) => name.startsWith('c1_'))
  claim(shared.length === 0, `the shared cookie is left: ${shared.join()}`)
  return found
}

/** The receipt as it was at first, with what its legs have come to since. */
function finalLegs({ clicked, events, road }: Round): readonly Leg[] {
  const later = events.filter(
    (event): event is LogoutLegEvent =>
      event.type === 'logout.leg' && event.application === road.application?.name,
  )
  return (clicked.receipt?.legs ?? []).map((leg) => ({
    ...leg,
    ...later.findLast(
      (event) => event.leg === leg.leg && event.state !== leg.state && leg.state === 'unknown',
    ),
    leg: leg.leg,
  }))
}

/** Whether the provider has had a yes from every application that it had to tell. */
function areAllTold(world: Pick<World, 'urlOf'>, { provider, road }: Round): boolean {
  const others = applications.filter(({ kind }) => kind === 'saml').filter((one) => one !== road.application)
  const wanted = others.map((one) => `${world.urlOf(one)}/session/saml/metadata`).sort()
  const done = provider.saml.flatMap(({ serviceProvider, state }) =>
    state === 'done' ? [serviceProvider] : [],
  )
  const delivered = provider.openid.flatMap(({ clientId, outcome }) =>
    outcome === 'delivered' ? [clientId] : [],
  )
  return done.sort().join() === wanted.join() && delivered.sort().join() === 'gallery,museum'
}
