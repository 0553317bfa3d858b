/** @module A thread that runs seeds: it is told from where to where, and says what became of them. */
import { parentPort, workerData } from 'node:worker_threads'

const { planOf, runPlan, shrink, storyOf } = await import(workerData.address)

/** @param {{ from: number, to: number }} range the last seed included */
async function run({ from, to }) {
  let steps = 0
  for (let seed = from; seed <= to; seed += 1) {
    const plan = planOf(seed)
    const outcome = await runPlan(plan)
    steps += outcome.steps
    if (outcome.violation === undefined) continue
    const found = workerData.shrinks ? await shrink(plan, outcome) : { plan, outcome }
    const { violation } = found.outcome
    parentPort.postMessage({
      type: 'found',
      seed,
      violation,
      plan: found.plan,
      story: storyOf(found.plan, found.outcome),
    })
  }
  parentPort.postMessage({ type: 'done', from, to, steps })
}

parentPort.on('message', (range) => {
  run(range).catch((error) =>
    parentPort.postMessage({ type: 'failed', ...range, error: String(error?.stack ?? error) }),
  )
})
