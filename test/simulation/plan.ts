/** @module What a seed plans: a world, and what people, operators and bad luck do in it, each at its time. */

import type { Pace } from './network.js'
import type { ProtocolName } from './protocols.js'
import { Dice } from './random.js'
import { drawScene } from './scenes.js'

/** How a world is made. */
export interface WorldPlan {
  readonly seed: number
  readonly applications: readonly ApplicationPlan[]
  /** Each has a browser or two. */
  readonly browsers: readonly BrowserPlan[]
  readonly store: StorePlan
  readonly pace: Pace
  readonly tokenSeconds: number
  readonly identityIdleSeconds: number
  /** How people sign in at the second application, if not by the shared cookie. */
  readonly protocol?: ProtocolName | undefined
}

/** `memory`: a store on another machine, in calls; `redis`: in commands and scripts, alone or with a replica. */
export interface StorePlan {
  readonly kind: 'memory' | 'redis'
  readonly hasReplica: boolean
  /** The bound of near reads, in milliseconds; 0: every read is strict. */
  readonly nearMilliseconds: number
  /** Whether the second application has a store of its own, and both look for revocations in a third. */
  readonly isApart: boolean
  /** How long a write takes to the replica at most, in milliseconds. */
  readonly lag: number
}

export interface ApplicationPlan {
  readonly name: string
  readonly instances: number
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly onIdle: 'reauthenticate' | 'resume' | 'end-everywhere'
}

export interface BrowserPlan {
  readonly name: string
  readonly person: string
}

/** How a request looks at the session. `poll` and `status` are no activity. */
export type Look = 'page' | 'script' | 'poll' | 'status' | 'extend'

/** What happens. `browser`, `application` and `instance` are numbers of the plan. */
export type Act =
  | {
      readonly kind: 'sign-in'
      readonly browser: number
      readonly application: number
      readonly person?: string
      /** At the provider alone: no application sees the token yet. */
      readonly isLeft?: boolean
    }
  | {
      readonly kind: 'look'
      readonly browser: number
      readonly application: number
      readonly instance: number
      readonly look: Look
    }
  | {
      readonly kind: 'sign-out'
      readonly browser: number
      readonly application: number
      readonly instance: number
      readonly scope: 'everywhere' | 'application'
      readonly goesOn: boolean
    }
  | {
      readonly kind: 'end-by-administrator'
      readonly application: number
      readonly person: string
      readonly which: 'all' | 'one' | 'others'
    }
  | { readonly kind: 'end-at-provider'; readonly person: string }
  | { readonly kind: 'lose-cookies'; readonly browser: number }
  | { readonly kind: 'keep-copy'; readonly browser: number; readonly application: number }
  | {
      readonly kind: 'replay-copy'
      /** Below 0: counted from the last one back. */
      readonly copy: number
      readonly application: number
      readonly instance: number
      readonly look: Look
    }
  | {
      readonly kind: 'open-socket'
      readonly browser: number
      readonly application: number
      readonly instance: number
    }
  | { readonly kind: 'close-socket'; readonly browser: number }
  /** `which`: of the stores, where there are three. */
  | {
      readonly kind: 'store'
      readonly condition: 'deaf' | 'mute' | 'shut'
      readonly seconds: number
      readonly which: number
    }
  /** The replica takes over; the old master is dead, or cut off for so many seconds. */
  | { readonly kind: 'fail-over'; readonly seconds: number }
  | {
      readonly kind: 'provider'
      readonly condition: 'deaf' | 'mute' | 'shut' | 'slow' | 'status-503' | 'status-429'
      readonly seconds: number
    }
  /** A process hears nothing that its Redis publishes: the connection is gone, and nobody has told it. */
  | {
      readonly kind: 'silence'
      readonly application: number
      readonly instance: number
      readonly seconds: number
    }
  | {
      readonly kind: 'stop'
      readonly application: number
      readonly instance: number
      readonly inOrder: boolean
      readonly seconds: number
    }
  | {
      readonly kind: 'set-clock'
      readonly application: number
      readonly instance: number
      readonly seconds: number
    }
  /** A clock goes too fast by a share of the time, or too slowly, for so many seconds; then it is put right. */
  | {
      readonly kind: 'drift-clock'
      readonly application: number
      readonly instance: number
      readonly share: number
      readonly seconds: number
    }

/** Something that happens, and when: milliseconds since the world began. */
export interface Action {
  /** Names it, also in a shorter plan. */
  readonly id: number
  readonly at: number
  readonly act: Act
}

/** A whole history before it happens. */
export interface Plan {
  readonly world: WorldPlan
  readonly actions: readonly Action[]
}

const people = ['ana', 'ben', 'cleo'] as const

function planStore(dice: Dice): StorePlan {
  const kind = dice.weighted({ memory: 5, redis: 3.5, near: 1.5 })
  return {
    kind: kind === 'memory' ? 'memory' : 'redis',
    hasReplica: kind !== 'memory' && dice.chance(0.7),
    nearMilliseconds: kind === 'near' ? dice.pick([1500, 5000]) : 0,
    isApart: kind !== 'near' && dice.chance(0.2),
    lag: dice.pick([2, 20, 200]),
  }
}

function planWorld(seed: number, dice: Dice): WorldPlan {
  const persons = people.slice(0, dice.between(1, 3))
  const browsers = persons.flatMap((person) =>
    (dice.chance(0.4) ? ['phone', 'laptop'] : ['laptop']).map((device) => ({
      name: `${person}'s ${device}`,
      person,
    })),
  )
  const store = planStore(dice)
  const way = dice.weighted({ cookie: 7, oidc: 2, saml: 1.5 })
  const isNear = store.nearMilliseconds > 0
  const isSlow = dice.chance(isNear ? 0.6 : 0.4)
  return {
    seed,
    applications: ['benefits', 'library'].map((name, index) => ({
      name,
      instances: 2,
      // A near read is served without a strict one for a touch interval, at most 10 s.
      idleSeconds: index === 0 ? 60 : isNear ? 240 : 150,
      absoluteSeconds: dice.chance(0.5) ? 300 : 900,
      onIdle: dice.weighted({ reauthenticate: 3, resume: 3, 'end-everywhere': 1 }),
    })),
    browsers,
    store,
    pace: {
      usual: dice.pick([1, 5, 20]),
      slowShare: isSlow ? 0.1 : 0.01,
      slowest: isSlow ? dice.pick([60, 400, 3000]) : 60,
    },
    tokenSeconds: dice.pick([120, 300]),
    // Where it ends by itself messages are sent at no time that a plan knows.
    identityIdleSeconds: way === 'cookie' ? 450 : 7200,
    protocol: way === 'cookie' ? undefined : way,
  }
}

/** What troubles there may be in a world. */
interface Troubles {
  readonly store: boolean
  readonly provider: boolean
  readonly processes: boolean
  readonly clocks: boolean
  readonly sockets: boolean
}

function planTroubles(dice: Dice): Troubles {
  if (dice.chance(0.3))
    return { store: false, provider: false, processes: false, clocks: false, sockets: dice.chance(0.3) }
  return {
    store: dice.chance(0.5),
    provider: dice.chance(0.5),
    processes: dice.chance(0.35),
    clocks: dice.chance(0.2),
    sockets: dice.chance(0.3),
  }
}

type Weights = Readonly<Record<Act['kind'], number>>

function weightsOf(troubles: Troubles, copies: number, { hasReplica, nearMilliseconds }: StorePlan): Weights {
  return {
    'sign-in': 5,
    look: 24,
    'sign-out': 5,
    'end-by-administrator': 2,
    'end-at-provider': 1,
    'lose-cookies': 0.7,
    'keep-copy': copies < 4 ? 2 : 0,
    'replay-copy': copies > 0 ? 5 : 0,
    'open-socket': troubles.sockets ? 4 : 0,
    'close-socket': troubles.sockets ? 1 : 0,
    store: troubles.store ? 2 : 0,
    'fail-over': troubles.store && hasReplica ? 1.5 : 0,
    provider: troubles.provider ? 2 : 0,
    stop: troubles.processes ? 2 : 0,
    silence: troubles.store && nearMilliseconds > 0 ? 2 : 0,
    'set-clock': troubles.clocks ? 1.2 : 0,
    'drift-clock': troubles.clocks ? 1 : 0,
  }
}

const looks: Readonly<Record<Look, number>> = { page: 6, script: 6, poll: 3, status: 4, extend: 2 }

/** What is drawn from, for one action. */
interface Draw {
  readonly dice: Dice
  readonly world: WorldPlan
  readonly copies: number
}

function drawAct(kind: Act['kind'], { dice, world, copies }: Draw): Act {
  const browser = dice.below(world.browsers.length)
  const application = dice.below(world.applications.length)
  const instance = dice.below(2)
  const { person } = dice.pick(world.browsers)
  const look = dice.weighted(looks)
  const seconds = dice.pick([0.1, 0.4, 1, 3, 8, 20])
  switch (kind) {
    case 'sign-in':
      if (dice.chance(0.03)) return { kind, browser, application, isLeft: true }
      return dice.chance(0.05) ? { kind, browser, application, person } : { kind, browser, application }
    case 'look':
      return { kind, browser, application, instance, look }
    case 'sign-out': {
      const scope = dice.chance(0.25) ? 'application' : 'everywhere'
      return { kind, browser, application, instance, scope, goesOn: dice.chance(0.6) }
    }
    case 'end-by-administrator':
      return { kind, application, person, which: dice.weighted({ all: 2, one: 2, others: 1 }) }
    case 'end-at-provider':
      return { kind, person }
    case 'lose-cookies':
    case 'close-socket':
      return { kind, browser }
    case 'keep-copy':
      return { kind, browser, application }
    case 'replay-copy':
      return { kind, copy: dice.below(copies), application, instance, look }
    case 'open-socket':
      return { kind, browser, application, instance }
    case 'fail-over':
      return { kind, seconds: dice.chance(0.6) ? 0 : dice.pick([1, 3, 8]) }
    case 'store':
      return { kind, condition: dice.pick(['deaf', 'mute', 'shut']), seconds, which: dice.below(3) }
    case 'provider': {
      const condition = dice.pick(['deaf', 'mute', 'shut', 'slow', 'status-503', 'status-429'] as const)
      return { kind, condition, seconds: seconds * 3 }
    }
    case 'stop':
      return { kind, application, instance, inOrder: dice.chance(0.4), seconds }
    case 'set-clock':
      return { kind, application, instance, seconds: dice.pick([-20, -5, -1, 0, 0, 1, 5, 20]) }
    case 'drift-clock':
      return {
        kind,
        application,
        instance,
        share: dice.pick([-0.1, -0.02, 0.02, 0.1]),
        seconds: dice.pick([20, 60, 200]),
      }
    case 'silence':
      return { kind, application, instance, seconds: seconds * 2 }
  }
}

/** How long until the next action, in milliseconds: many at once, some where a limit is near. */
function drawGap(dice: Dice, world: WorldPlan, isShort: boolean): number {
  const { idleSeconds } = dice.pick(world.applications)
  const kind = dice.weighted({
    together: 46,
    soon: 28,
    later: 12,
    idle: isShort ? 0 : 7,
    refresh: isShort ? 0 : 6,
    long: isShort ? 0 : 2,
  })
  switch (kind) {
    case 'together':
      return dice.next() * 6
    case 'soon':
      return 50 + dice.next() * 8000
    case 'later':
      return 4000 + dice.next() * (isShort ? 12_000 : 40_000)
    case 'idle':
      return (idleSeconds - 6 + dice.next() * 8) * 1000
    case 'refresh':
      return (world.tokenSeconds / 2 - 10 + dice.next() * 25) * 1000
    case 'long':
      return (150 + dice.next() * 300) * 1000
  }
}

/** What is done together with what else one browser does at one application: where everything is a race. */
const together = { look: 12, 'sign-out': 2, 'sign-in': 1.5, 'replay-copy': 2 } as const
const togetherInTrouble = { ...together, 'fail-over': 2, store: 2 } as const

/** Several things at once, of one browser at one application, at whichever of its processes. */
function drawBurst(draw: Draw, troubles: Troubles): readonly Act[] {
  const { dice, world, copies } = draw
  const isInTrouble = troubles.store && world.store.hasReplica
  const browser = dice.below(world.browsers.length)
  const application = dice.below(world.applications.length)
  return Array.from({ length: dice.between(2, 5) }, () => {
    const kind = dice.weighted<keyof typeof togetherInTrouble>(
      isInTrouble ? togetherInTrouble : { ...together, 'fail-over': 0, store: 0 },
    )
    const act = drawAct(kind === 'replay-copy' && copies === 0 ? 'look' : kind, draw)
    if ('browser' in act) return { ...act, browser, application } as Act
    return 'application' in act ? ({ ...act, application } as Act) : act
  })
}

/** Plans the history of a seed. */
export function planOf(seed: number): Plan {
  const dice = new Dice(seed, 1)
  const world = planWorld(seed, dice)
  const troubles = planTroubles(dice)
  const count = dice.between(10, 40)
  const isNear = world.store.nearMilliseconds > 0
  const isShort = troubles.sockets || isNear
  const actions: Action[] = []
  let at = 1000
  let copies = 0
  const add = (act: Act): void => {
    if (act.kind === 'keep-copy') copies += 1
    actions.push({ id: actions.length + 1, at: Math.round(at * 100) / 100, act })
  }
  // Whoever signs in leaves a copy of the cookies behind.
  copies += world.browsers.length
  while (actions.length < count) {
    const { length } = actions
    const draw: Draw = { dice, world, copies }
    if (length < world.browsers.length) add({ ...drawAct('sign-in', draw), browser: length } as Act)
    else if (dice.chance(0.15)) {
      for (const act of drawBurst(draw, troubles)) {
        add(act)
        at += dice.next() * 4
      }
    } else if (dice.chance(isNear || world.protocol !== undefined ? 0.12 : 0.06)) {
      for (const [act, pause] of drawScene({ dice, world, isShort })) {
        add(act)
        at += pause
      }
    } else add(drawAct(dice.weighted(weightsOf(troubles, copies, world.store)), draw))
    at += drawGap(dice, world, isShort)
  }
  return { world, actions }
}
