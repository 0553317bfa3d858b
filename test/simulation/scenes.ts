/** @module Rows of actions that belong together: situations that chance alone would seldom give. */
import type { Act, WorldPlan } from './plan.js'
import type { Dice } from './random.js'

/** An action of a scene, and how long until the next one, in milliseconds. */
export type Step = readonly [act: Act, pause: number]

/** What a scene is drawn from. */
export interface Stage {
  readonly dice: Dice
  readonly world: WorldPlan
  /** Whether there is time for a limit, or a renewal, to come. */
  readonly isShort: boolean
}

/** Who is in it: one browser at one application, and the process that one of its requests goes to. */
interface Cast extends Stage {
  readonly browser: number
  readonly application: number
  readonly instance: number
}

type Scene = (cast: Cast) => readonly Step[]

/** A page that is left open and polls, or a person who stays: until a limit has come. */
const stay: Scene = ({ dice, world, browser, application }) => {
  const isPolling = dice.chance(0.5)
  const step = ((world.applications[application]?.idleSeconds ?? 60) * 1000) / 3
  return Array.from({ length: isPolling ? 4 : 9 }, () => {
    const look = isPolling ? dice.pick(['poll', 'status'] as const) : dice.pick(['page', 'script'] as const)
    const act: Act = { kind: 'look', browser, application, instance: dice.below(2), look }
    return [act, step * (0.8 + dice.next() * (isPolling ? 0.6 : 1.4))]
  })
}

/** A person leaves one application and comes back to it; then somebody uses cookies of before. */
const comeBack: Scene = ({ dice, browser, application, instance }) => [
  [{ kind: 'look', browser, application, instance, look: 'page' }, 500],
  [{ kind: 'keep-copy', browser, application }, 100],
  [
    { kind: 'sign-out', browser, application, instance, scope: 'application', goesOn: dice.chance(0.5) },
    1500 + dice.next() * 3000,
  ],
  [{ kind: 'sign-in', browser, application }, 2000 + dice.next() * 3000],
  [
    {
      kind: 'replay-copy',
      copy: -1,
      application,
      instance: dice.below(2),
      look: dice.pick(['page', 'script']),
    },
    dice.next() * 3000,
  ],
  [{ kind: 'look', browser, application, instance, look: 'page' }, 500],
]

/** A person has signed in at the provider alone when an administrator ends all that there is of them. */
const unseen: Scene = ({ dice, world, browser, application, instance }) => {
  const person = world.browsers[browser]?.person ?? ''
  return [
    [{ kind: 'sign-in', browser, application, isLeft: true }, 1000 + dice.next() * 4000],
    [{ kind: 'end-by-administrator', application, person, which: 'all' }, 500 + dice.next() * 4000],
    [
      { kind: 'look', browser, application: dice.below(2), instance, look: dice.pick(['page', 'script']) },
      1000,
    ],
  ]
}

/** A renewal is under way at a slow provider when the person signs out elsewhere. */
const leaveWhileRenewing: Scene = ({ dice, world, browser, application, instance }) => {
  const looks = Array.from({ length: Math.ceil(world.tokenSeconds / 2 / 45) }, (): Step => {
    return [{ kind: 'look', browser, application, instance, look: 'page' }, 44_000 + dice.next() * 3000]
  })
  const isCovered = dice.chance(0.7)
  return [
    [{ kind: 'sign-in', browser, application }, 1000],
    ...looks,
    [{ kind: 'provider', condition: 'slow', seconds: 20 }, 20],
    [
      { kind: 'look', browser, application, instance, look: 'page' },
      5 + dice.next() * (isCovered ? 300 : 3000),
    ],
    [
      {
        kind: 'sign-out',
        browser,
        application,
        instance: 1 - instance,
        scope: dice.chance(0.7) ? 'everywhere' : 'application',
        goesOn: false,
      },
      6000,
    ],
  ]
}

/** A process no longer hears what others change, and what it remembers is asked for. */
const deafEar: Scene = ({ dice, browser, application, instance }) => [
  [{ kind: 'sign-in', browser, application }, 2000 + dice.next() * 1000],
  [{ kind: 'silence', application, instance, seconds: dice.pick([3, 8, 20]) }, dice.next() * 500],
  [{ kind: 'look', browser, application, instance, look: 'page' }, 300 + dice.next() * 200],
  [{ kind: 'look', browser, application, instance, look: 'poll' }, 300 + dice.next() * 200],
  [
    { kind: 'sign-out', browser, application, instance: 1 - instance, scope: 'everywhere', goesOn: false },
    8000 + dice.next() * 4000,
  ],
]

/** What a process reads crosses what another one changes. */
const crossing: Scene = ({ dice, browser, application, instance }) => {
  const poll = (): Step => [
    { kind: 'look', browser, application, instance, look: dice.pick(['poll', 'status', 'script']) },
    dice.next() * 8,
  ]
  return [
    [{ kind: 'sign-in', browser, application }, 2000 + dice.next() * 1000],
    [{ kind: 'look', browser, application, instance: 1 - instance, look: 'page' }, 500],
    ...Array.from({ length: dice.between(1, 4) }, poll),
    [
      { kind: 'sign-out', browser, application, instance: 1 - instance, scope: 'everywhere', goesOn: false },
      dice.next() * 8,
    ],
    ...Array.from({ length: dice.between(1, 3) }, poll),
    [{ kind: 'look', browser, application, instance, look: 'status' }, 8000 + dice.next() * 4000],
  ]
}

/** The provider tells the second application of an end, by messages, while the person goes on there. */
const hearFromProvider: Scene = ({ dice, world, browser, instance }) => {
  const person = world.browsers[browser]?.person ?? ''
  const application = 1
  const common = { browser, application } as const
  const look = (): Step => [
    {
      kind: 'look',
      ...common,
      instance: dice.below(2),
      look: dice.pick(['page', 'script', 'poll', 'status']),
    },
    dice.next() * (dice.chance(0.5) ? 50 : 12_000),
  ]
  const end: Act = dice.pick([
    { kind: 'end-at-provider', person },
    { kind: 'sign-out', ...common, instance, scope: 'everywhere', goesOn: true },
    { kind: 'sign-out', browser, application: 0, instance, scope: 'everywhere', goesOn: true },
  ] as const)
  const isCrossing = dice.chance(0.4)
  return [
    [{ kind: 'sign-in', ...common }, isCrossing ? dice.next() * 60 : 1500 + dice.next() * 1000],
    [{ kind: 'look', browser, application: 0, instance, look: 'page' }, isCrossing ? dice.next() * 30 : 500],
    [{ kind: 'keep-copy', ...common }, 10],
    [end, dice.next() * (isCrossing ? 60 : 3000)],
    ...(isCrossing ? [[{ kind: 'sign-in', ...common }, 500] as const] : []),
    ...Array.from({ length: dice.between(2, 6) }, look),
    [{ kind: 'replay-copy', copy: -1, application, instance, look: 'page' }, 500],
  ]
}

const scenes = { stay, comeBack, unseen, leaveWhileRenewing, deafEar, crossing, hearFromProvider } as const

/** A scene that this world has room for. */
export function drawScene(stage: Stage): readonly Step[] {
  const { dice, world, isShort } = stage
  const isNear = world.store.nearMilliseconds > 0
  const name = dice.weighted<keyof typeof scenes>({
    stay: isShort ? 0 : 4,
    comeBack: 2,
    unseen: 1.5,
    leaveWhileRenewing: isShort ? 0 : 2,
    deafEar: isNear ? 6 : 0,
    crossing: isNear ? 6 : 0,
    hearFromProvider: world.protocol === undefined ? 0 : 6,
  })
  return scenes[name]({
    ...stage,
    browser: dice.below(world.browsers.length),
    application: dice.below(world.applications.length),
    instance: dice.below(2),
  })
}
