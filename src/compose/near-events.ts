/** @module Tells what becomes of near reads, once for each turn, and where they are wanted but cannot be. */
import type { ResolvedOptions } from '../config/options.js'
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

/** A warning where near reads were asked for and there are none; what happens instead. */
export function unusedNear(
  { storeNear, store: given }: Pick<ResolvedOptions, 'storeNear' | 'store'>,
  store: Store,
  revocations: Store | undefined,
): { readonly code: string; readonly message: string } | undefined {
  const code = 'near-unused'
  if (storeNear === true && given === undefined) {
    const message =
      'storeNear (CITIZEN_STORE_NEAR) changes nothing for the store in memory, which is as near as can be: it is for the address of a Redis'
    return { code, message }
  }
  // An address that says no is meant.
  if (storeNear === true && typeof given !== 'string' && store.near === undefined) {
    const message =
      'storeNear (CITIZEN_STORE_NEAR) is for a store that is opened from its address, so that each request reads the store: write near: true where it is made, or near=true in its address'
    return { code, message }
  }
  if (store.near !== undefined && revocations !== undefined && revocations.near === undefined) {
    const message =
      'the store has near reads, but revocations has none and is asked by each request: write near=true in its address (CITIZEN_REVOCATIONS_URL), or near: true where it is made'
    return { code, message }
  }
  return undefined
}
