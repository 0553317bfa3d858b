/**
 * @module A history that the model has found, lived through by the real code in a world of the simulation: request by request in
 * the order of the trail, with its losses, failovers and the time that passes.
 */
import { perform } from '../simulation/acts.js'
import { parseSetCookie } from '../simulation/browser.js'
import { layGround } from '../simulation/ground.js'
import { judgeStep, type Violation } from '../simulation/invariants.js'
import { signOut } from '../simulation/people.js'
import type { StorePlan } from '../simulation/plan.js'
import { base } from '../simulation/provider.js'
import { Dice } from '../simulation/random.js'
import { looks, send } from '../simulation/requests.js'
import { Scheduler } from '../simulation/scheduler.js'
import { World } from '../simulation/world.js'

/** One line of a trail. `at`: a process, two of each application; `who`: two tabs, and whoever ends. */
export interface Step {
  readonly who: number
  readonly what: string
  readonly at: number
  readonly came: number
}

/** What happens at a time of its own in a world. */
interface Scene {
  readonly kind: 'request' | 'sign-out' | 'fail-over' | 'tick'
  readonly at: number
  readonly isLost: boolean
}

const nobody = 255
const operator = 2

/** The trail as scenes: a request is lived through whole where the last of its steps is. */
function scenesOf(steps: readonly Step[]): readonly Scene[] {
  const open = new Map<number, { kind: Scene['kind']; at: number; isLost: boolean }>()
  const scenes: Scene[] = []
  for (const { who, what, at, came } of steps) {
    if (who === nobody) {
      if (what === 'failover') scenes.push({ kind: 'fail-over', at, isLost: false })
      if (what === 'tick') scenes.push({ kind: 'tick', at, isLost: false })
      continue
    }
    let scene = open.get(who)
    if (scene === undefined) {
      scene = { kind: who === operator ? 'sign-out' : 'request', at, isLost: false }
      open.set(who, scene)
    } else scenes.splice(scenes.indexOf(scene), 1)
    scenes.push(scene)
    if (what === 'away') scene.isLost = true
    const isOver = what === 'tells' || what === 'waits' || (what === 'away' && came > 2)
    if (isOver) open.delete(who)
  }
  return scenes
}

/** A tick is half of the idle time of the first application. Milliseconds. */
const tick = 30_000
/** Between two scenes: longer than the deadline of a command. */
const pause = 2000

/** Lives through it; what is broken, if anything is. */
export async function replay(steps: readonly Step[], hasReplica: boolean): Promise<Violation | undefined> {
  const seed = 2
  const store: StorePlan = {
    kind: hasReplica ? 'redis' : 'memory',
    hasReplica,
    nearMilliseconds: 0,
    isApart: false,
    // Nothing comes over unless the trail says so.
    lag: hasReplica ? 1e9 : 0,
  }
  const application = { instances: 2, absoluteSeconds: 900, onIdle: 'reauthenticate' } as const
  const plan = {
    seed,
    applications: [
      { name: 'benefits', idleSeconds: 60, ...application },
      { name: 'library', idleSeconds: 150, ...application },
    ],
    browsers: [{ name: "ana's laptop", person: 'ana' }],
    store,
    pace: { usual: 1, slowShare: 0, slowest: 1 },
    tokenSeconds: 300,
    identityIdleSeconds: 450,
  }
  const scheduler = new Scheduler(seed, { name: 'nobody', isAlive: true })
  const clock = { now: () => 0 }
  const leave = layGround(scheduler, new Dice(seed, 3), () => clock.now())
  try {
    const world = await World.create(plan, scheduler)
    clock.now = world.clock
    return await live(world, scenesOf(steps))
  } finally {
    leave()
  }
}

async function live(world: World, scenes: readonly Scene[]): Promise<Violation | undefined> {
  const { scheduler, fate } = world
  const browser = world.browser(0)
  const { login, token } = await world.provider.admit('ana', undefined, 0)
  const parts = token.split('.')
  for (const [index, name] of ['header', 'payload', 'signature'].entries()) {
    const line = `c1_${name}=${parts[index]}; Domain=${base}; Path=/; Secure; SameSite=Lax`
    browser.jar.set(parseSetCookie(line), `id.${base}`, 0)
  }
  browser.logins.push(login)
  const cookies = browser.jar.header(world.instance(0, 0).host, '/', 0)
  let time = pause
  for (const [index, scene] of scenes.entries()) {
    scheduler.after(time, fate, () => void play(world, scene, cookies, index + 1), {
      id: index + 1,
      count: 0,
    })
    time += scene.kind === 'tick' ? tick : pause
  }
  let violation: Violation | undefined
  await scheduler.run(time + pause, () => {
    violation ??= judgeStep(world)
    return violation === undefined
  })
  return violation
}

async function play(world: World, scene: Scene, cookies: string, action: number): Promise<void> {
  const browser = world.browser(0)
  const instance = world.instance(Math.floor(scene.at / 2), scene.at % 2)
  if (scene.isLost) {
    const condition = 'deaf'
    await perform(world, { id: action, at: 0, act: { kind: 'store', condition, seconds: 1, which: 0 } })
  }
  if (scene.kind === 'fail-over')
    return perform(world, { id: action, at: 0, act: { kind: 'fail-over', seconds: 0 } })
  if (scene.kind === 'sign-out')
    return signOut({ world, browser, action }, instance, { scope: 'everywhere', goesOn: false })
  if (scene.kind === 'request') {
    const who = 'a tab'
    await send(world, { who, cookies, instance, message: looks.script, isTouching: true, action })
  }
}
