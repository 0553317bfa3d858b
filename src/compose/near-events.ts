/** @module Tells what becomes of near reads, once for each turn. */
import type { Report } from '../events.js'
import type { Store } from '../stores/store.js'

/** Reports when the stores lose their near reads, and have them again. Returns the way to stop. */
export function reportNearReads(stores: readonly (Store | undefined)[], report: Report): () => void {
  const stops = stores.flatMap((store) => {
    let lostBy: string | undefined
    const stop = store?.near?.watch({
      lost({ reason, message }) {
        if (lostBy === reason) return
        lostBy = reason
        report({ type: 'store.near-lost', reason, message })
      },
      restored() {
        if (lostBy === undefined) return
        lostBy = undefined
        report({ type: 'store.near-restored' })
      },
    })
    return stop === undefined ? [] : [stop]
  })
  return () => {
    for (const stop of stops) stop()
  }
}
