/** @module A broken rule as a story: what must hold, what happened instead, and all that led to it. */
import type { Plan, StorePlan } from './plan.js'
import type { Outcome } from './run.js'

const protocolNames = { cookie: 'the shared cookie', oidc: 'OpenID Connect', saml: 'SAML' } as const

/** Tells it, for somebody who has never seen the simulation. */
export function storyOf({ world, actions }: Plan, { violation, history }: Outcome): string {
  const { applications, pace } = world
  const sites = applications.map(
    ({ name, instances, idleSeconds, absoluteSeconds, onIdle }) =>
      `${name} (${instances} ${instances === 1 ? 'process' : 'processes'}, idle after ${idleSeconds} s, over after ${absoluteSeconds} s, then ${onIdle})`,
  )
  return [
    violation === undefined ? 'No rule is broken.' : `Broken: ${violation.invariant}.`,
    ...(violation === undefined ? [] : [`${violation.what}.`]),
    '',
    `The world of seed ${world.seed}: ${sites.join('; ')}.`,
    `Store: ${storeOf(world.store)}. Messages take up to ${pace.usual} ms, one in ${pace.slowShare > 0 ? Math.round(1 / pace.slowShare) : 'none'} up to ${pace.slowest} ms. Tokens live ${world.tokenSeconds} s.`,
    `People sign in at library by ${protocolNames[world.protocol ?? 'cookie']}.`,
    `${actions.length} things are done in it:`,
    '',
    history,
  ].join('\n')
}

function storeOf({ kind, hasReplica, nearMilliseconds, lag, isApart }: StorePlan): string {
  const others = isApart ? '; library has a store of its own, and a third is for revocations' : ''
  if (kind === 'memory') return `one, over the network${others}`
  const replica = hasReplica ? ` with a replica, at most ${lag} ms behind` : ''
  return `Redis${replica}${nearMilliseconds > 0 ? `, near reads with a bound of ${nearMilliseconds} ms` : ''}${others}`
}
