/** @module The application's own framework session, noted with ours so that both end together. */
import type { Citizen } from '../citizen.js'
import type { Sealer } from '../seal.js'
import type { Store } from '../stores/store.js'
import { liveSessionOf } from './create-citizen.js'
import { reviseDetails } from './revise.js'

/** Notes a framework session with an active citizen's record. `false`: the session is no longer there. */
export async function bindSession(
  context: { readonly store: Store; readonly sealer: Sealer },
  citizen: Citizen,
  boundSession: string,
): Promise<boolean> {
  const live = liveSessionOf(citizen)
  if (live === undefined) return false
  const bound = await reviseDetails(context, live.state.address, live.record, (details) => ({
    details: { ...details, boundSession },
  }))
  return bound !== undefined
}
