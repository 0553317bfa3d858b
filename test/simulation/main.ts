/** @module What the simulation offers. */
export { planOf } from './plan.js'
export { runPlan } from './run.js'
export { shrink } from './shrink.js'
export { storyOf } from './story.js'
