/** @module One history: a plan happens in a world, event by event, and is judged after each. */
import { perform } from './acts.js'
import { layGround } from './ground.js'
import { judgeEnd, judgeStep, type Violation } from './invariants.js'
import type { Plan } from './plan.js'
import { Dice } from './random.js'
import { Scheduler } from './scheduler.js'
import { World } from './world.js'

/** What became of a plan. */
export interface Outcome {
  readonly violation: Violation | undefined
  /** The history, line by line. */
  readonly history: string
  readonly steps: number
}

/** After the last action: whatever waits has come by then. Milliseconds. */
const rest = 45_000

/** Lets a plan happen. The same plan gives the same outcome. */
export async function runPlan(plan: Plan): Promise<Outcome> {
  const nobody = { name: 'nobody', isAlive: true }
  const scheduler = new Scheduler(plan.world.seed, nobody)
  const clock = { now: () => 0 }
  const leave = layGround(scheduler, new Dice(plan.world.seed, 3), () => clock.now())
  try {
    const world = await World.create(plan.world, scheduler)
    clock.now = world.clock
    const violation = await happen(world, plan)
    const { text } = world.history
    return { violation, history: text, steps: scheduler.steps }
  } finally {
    leave()
  }
}

async function happen(world: World, { actions }: Plan): Promise<Violation | undefined> {
  const { scheduler, fate } = world
  let violation: Violation | undefined
  const failed = (error: unknown): void => {
    violation ??= {
      invariant: 'nothing throws',
      what: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  }
  const judge = (): boolean => {
    violation ??= judgeStep(world)
    return violation === undefined
  }
  let last = 0
  for (const action of actions) {
    last = Math.max(last, action.at)
    const cause = { id: action.id, count: 0 }
    scheduler.after(action.at, fate, () => void perform(world, action).catch(failed), cause)
  }
  await scheduler.run(last + rest, judge)
  if (violation !== undefined) return violation
  for (const { sockets } of world.people) for (const socket of sockets.splice(0)) socket.close()
  for (const instance of world.instances) {
    if (instance.process.isAlive)
      scheduler.after(0, instance.process, () => void instance.close().catch(failed))
  }
  await scheduler.run(scheduler.now + rest, judge)
  return violation ?? judgeEnd(world)
}
