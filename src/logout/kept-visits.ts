/**
 * @module The visits that a logout has given to a script as an address of ours: what they say (an ID token, a name) waits
 * in the store, sealed, for the browser that has the logout's cookie.
 */
import { digest } from '../digest.js'
import { StoreUnavailableError } from '../errors.js'
import type { LogoutRedirect } from '../protocols/logout-participant.js'
import type { Sealer } from '../seal.js'
import type { Store } from '../stores/store.js'

/** How long a visit can be begun: 10 minutes. */
export const keptVisitSeconds = 600

/** Visits, each for one use, named by the `state` of their logout. */
export interface KeptVisits {
  /** `false`: the store is away. */
  keep(state: string, visit: LogoutRedirect): Promise<boolean>
  /**
   * The visit, for the first who asks; `used`: somebody has. Absent: none was kept, or the store is away.
   * @throws StoreUnavailableError `store-format` for one that a newer release has kept: it stays, for that release.
   */
  take(state: string): Promise<LogoutRedirect | 'used' | undefined>
}

const purpose = 'leave'

/** Makes the visits of one application. */
export function createKeptVisits(context: {
  readonly application: string
  readonly store: Pick<Store, 'claimOnce' | 'confirmClaim' | 'abandonClaim' | 'deposit' | 'withdraw'>
  readonly sealer: Sealer
}): KeptVisits {
  const { application, store, sealer } = context
  const keyOf = (state: string): string => `${purpose}:${application}:${digest(purpose, state)}`

  const unlessAway = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      const isAway = error instanceof StoreUnavailableError && error.code !== 'store-format'
      if (isAway) return otherwise
      throw error
    }
  }

  const openOrGiveBack = async (state: string, sealed: string): Promise<string | undefined> => {
    try {
      return sealer.open(purpose, state, sealed)
    } catch (error) {
      const key = keyOf(state)
      await unlessAway(async () => {
        await store.deposit(key, sealed, keptVisitSeconds)
        await store.abandonClaim(key)
      }, undefined)
      throw error
    }
  }

  return {
    keep: (state, visit) =>
      unlessAway(async () => {
        const sealed = sealer.seal(purpose, state, JSON.stringify(visit))
        await store.deposit(keyOf(state), sealed, keptVisitSeconds)
        return true
      }, false),

    take: (state) =>
      unlessAway<LogoutRedirect | 'used' | undefined>(async () => {
        const key = keyOf(state)
        if (!(await store.claimOnce(key))) return 'used'
        const sealed = await store.withdraw(key)
        const text = sealed === undefined ? undefined : await openOrGiveBack(state, sealed)
        await store.confirmClaim(key, keptVisitSeconds)
        return text === undefined ? undefined : (JSON.parse(text) as LogoutRedirect)
      }, undefined),
  }
}
