/** @module Seeds on every core: threads take ranges of them until all are done, or the time is over. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

const rangeLength = 25

/**
 * Runs seeds on threads.
 * @param {string} address of the bundle
 * @param {object} how
 * @param {number} how.from the first seed
 * @param {number} how.count how many
 * @param {number} [how.seconds] no further range is begun after so long
 * @param {number} [how.most] stops after so many were found
 * @param {boolean} [how.shrinks]
 * @param {number} [how.threads]
 * @param {(found: { seed: number, violation: { invariant: string, what: string }, plan: object, story: string }) => void} [how.onFound]
 * @returns {Promise<{ done: number, steps: number, found: number, until: number }>} `until`: the last seed of an unbroken row
 */
export async function runSeeds(
  address,
  { from, count, seconds = Infinity, most = Infinity, shrinks = true, threads, onFound },
) {
  const startedAt = performance.now()
  const last = from + count - 1
  const total = { done: 0, steps: 0, found: 0, until: from - 1 }
  const finished = new Map()
  let next = from
  const isOver = () => next > last || total.found >= most || performance.now() - startedAt > seconds * 1000
  const work = (worker) =>
    new Promise((resolve, reject) => {
      const takeRange = () => {
        if (isOver()) return resolve()
        const range = { from: next, to: Math.min(next + rangeLength - 1, last) }
        next = range.to + 1
        worker.postMessage(range)
      }
      worker.on('error', reject)
      worker.on('message', (message) => {
        if (message.type === 'failed')
          return reject(new Error(`seeds ${message.from} to ${message.to}: ${message.error}`))
        if (message.type === 'found') {
          total.found += 1
          return onFound?.(message)
        }
        total.done += message.to - message.from + 1
        total.steps += message.steps
        finished.set(message.from, message.to)
        for (let to = finished.get(total.until + 1); to !== undefined; to = finished.get(total.until + 1))
          total.until = to
        takeRange()
      })
      takeRange()
    })
  const size = threads ?? availableParallelism()
  const workers = Array.from(
    { length: size },
    () => new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { address, shrinks } }),
  )
  try {
    await Promise.all(workers.map(work))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return total
}
