/** @module The application's own work for a sign-in: until it has succeeded once, the session is not served. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { createSingleFlight } from '../single-flight.js'
import type { Store } from '../stores/store.js'
import { timers } from '../timers.js'
import { unavailable } from './create-citizen.js'
import { placeOf } from './record.js'

/**
 * Does the work that is due for a session, at least once and one at a time over all instances: the record says that it
 * is due until it has succeeded, so an instance that ends in the middle leaves it to the next request, wherever that
 * comes. Answers the citizen that it was for, or `unavailable` while another instance is at it; `again`: the record has
 * changed meanwhile, look at it once more.
 * @throws what `onSignIn` throws; StoreUnavailableError
 */
export type SignIn = (
  address: RecordAddress,
  record: LiveRecord,
  citizen: Citizen,
) => Promise<Citizen | 'again'>

/** How long an instance that has ended in the middle keeps the work from others. */
const leaseSeconds = 10

/** Makes the work of one application. */
export function createSignIn({
  onSignIn,
  store,
}: {
  readonly onSignIn: ResolvedOptions['onSignIn']
  readonly store: Store
}): SignIn {
  const flights = createSingleFlight<Citizen | 'again'>()

  /** Runs work under a lease that is renewed as long as it takes. */
  const alone = async <T>(key: string, fence: number, work: () => Promise<T>): Promise<T> => {
    // A lease that cannot be renewed runs out: then another instance may begin, which is better than none.
    const renew = async () => store.renewLease(key, fence, leaseSeconds)
    const timer = timers.setInterval(
      () => {
        renew().catch(() => undefined)
      },
      (leaseSeconds * 1000) / 3,
    )
    const release = async () => store.releaseLease(key, fence)
    try {
      return await work()
    } finally {
      timers.clearInterval(timer)
      await release().catch(() => undefined)
    }
  }

  return async (address, record, citizen) => {
    if (onSignIn === undefined || citizen.state !== 'active') return citizen
    const key = `sign-in:${placeOf(address).replaceAll(' ', ':')}`
    const underWay = flights.current(key)
    if (underWay !== undefined) {
      await underWay
      return 'again'
    }
    return flights.run(key, async () => {
      const fence = await store.lease(key, leaseSeconds)
      if (fence === undefined) return unavailable('sign-in')
      return alone(key, fence, async () => {
        // Another instance may have done it between our read and our lease.
        const found = await store.read(address)
        const isDue = found?.state === 'live' && found.signIn === 'due'
        if (!isDue || found.generation !== record.generation) return 'again'
        await onSignIn(citizen)
        const isNoted = await store.update(address, record.generation, { signIn: 'done' })
        return isNoted ? citizen : 'again'
      })
    })
  }
}
