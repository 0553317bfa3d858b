/** @module The shortest history that still breaks the same rule: a failing seed is not read before it is short. */
import type { Action, Plan } from './plan.js'
import { type Outcome, runPlan } from './run.js'

/** What was found, as short as it was got. */
export interface Shrunk {
  readonly plan: Plan
  readonly outcome: Outcome
  readonly runs: number
}

interface Search {
  plan: Plan
  outcome: Outcome
  runs: number
  readonly most: number
}

/** Shortens a plan that breaks a rule; every plan that it takes breaks the rule of the same name. */
export async function shrink(plan: Plan, outcome: Outcome, most = 400): Promise<Shrunk> {
  const search: Search = { plan, outcome, runs: 0, most }
  await dropActions(search)
  await simplifyWorld(search)
  await dropActions(search)
  await closeGaps(search)
  return search
}

/** Takes the plan if it breaks the same rule. */
async function take(search: Search, plan: Plan): Promise<boolean> {
  if (search.runs >= search.most) return false
  search.runs += 1
  const outcome = await runPlan(plan)
  if (outcome.violation?.invariant !== search.outcome.violation?.invariant) return false
  search.plan = plan
  search.outcome = outcome
  return true
}

/** Leaves out ever smaller groups of actions, the last ones first. */
async function dropActions(search: Search): Promise<void> {
  for (let size = Math.ceil(search.plan.actions.length / 2); size >= 1; ) {
    let hasDropped = false
    for (let end = search.plan.actions.length; end > 0; end -= size) {
      const { actions } = search.plan
      const from = Math.max(end - size, 0)
      const rest = [...actions.slice(0, from), ...actions.slice(end)]
      if (rest.length < actions.length && (await take(search, { ...search.plan, actions: rest })))
        hasDropped = true
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (!hasDropped || search.runs >= search.most) break
  }
}

/** A world of one browser fewer, without slow messages, in which all wait for the same. */
async function simplifyWorld(search: Search): Promise<void> {
  const { pace } = search.plan.world
  for (const simpler of [
    { pace: { usual: 1, slowShare: 0, slowest: 1 } },
    { pace: { ...pace, slowShare: 0 } },
    { applications: search.plan.world.applications.map((each) => ({ ...each, instances: 1 })) },
    { applications: search.plan.world.applications.map((each) => ({ ...each, onIdle: 'resume' as const })) },
  ]) {
    await take(search, { ...search.plan, world: { ...search.plan.world, ...simpler } })
  }
}

/** Lets the actions follow each other sooner. */
async function closeGaps(search: Search): Promise<void> {
  for (let index = search.plan.actions.length - 1; index > 0; index -= 1) {
    const { actions } = search.plan
    const gap = (actions[index]?.at ?? 0) - (actions[index - 1]?.at ?? 0)
    const sooner = (by: number): readonly Action[] =>
      actions.map((action, at) => (at < index ? action : { ...action, at: action.at - by }))
    for (const left of [100, 1000]) {
      if (gap > left * 2 && (await take(search, { ...search.plan, actions: sooner(Math.floor(gap - left)) })))
        break
    }
  }
}
