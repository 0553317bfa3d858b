/** @module The end of the renewals in an orderly stop: what a provider has given is kept before the process goes. */

import type { Report } from '../events.js'
import { withinSeconds } from '../outbound.js'
import type { SingleFlight } from '../single-flight.js'
import type { Unwritten } from './unwritten-renewals.js'

/** How long a stop waits for a store that is away. */
const storeSeconds = 5

/** Waits for the calls under way, at most `seconds` and a little, then for what the store has not taken yet. */
export async function closeRenewals<T>(options: {
  readonly flights: SingleFlight<T>
  readonly unwritten: Unwritten<T>
  readonly report: Report
  readonly seconds: number
}): Promise<void> {
  try {
    await withinSeconds(
      options.seconds + 1,
      () => options.flights.settled(),
      () => new Error('a renewal has not come to an end'),
    )
  } catch {
    // Its own deadline has passed: nothing comes any more.
  }
  const lost = await options.unwritten.close(storeSeconds)
  if (lost === 0) return
  const message = `the store could not take the renewed tokens of ${lost} sessions before the stop`
  options.report({ type: 'warning', code: 'renewals-lost', message })
}
