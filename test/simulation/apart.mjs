/** @module A bundle in a thread of its own, away from all that the process has done before. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * Starts the thread.
 * @param {string} address of the bundle
 */
export function openApart(address) {
  const worker = new Worker(new URL('./thread.mjs', import.meta.url), { workerData: { address } })
  return {
    /**
     * Calls a function that the bundle exports. One call at a time.
     * @param {string} name
     * @param {unknown[]} given
     */
    async call(name, given, { isBusy = false } = {}) {
      worker.postMessage({ name, given, isBusy })
      const [{ value, error }] = await once(worker, 'message')
      if (error !== undefined) throw new Error(error)
      return value
    },
    close: () => worker.terminate(),
  }
}
