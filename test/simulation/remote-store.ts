/** @module The memory store as if it stood on another machine: every call goes over the network and has a deadline. */
import { StoreUnavailableError } from '../../src/errors.js'
import type { Store } from '../../src/index.js'
import type { Network, Place } from './network.js'

/** Milliseconds, as the Redis store has it. */
const deadline = 250

const remote = [
  'read',
  'start',
  'update',
  'end',
  'retain',
  'revoke',
  'revocation',
  'noteIndexKey',
  'indexKeyRevocation',
  'indexKeyPersons',
  'revokeIndexKey',
  'list',
  'alias',
  'keepRefresh',
  'keptRefresh',
  'dropRefresh',
  'claimOnce',
  'confirmClaim',
  'abandonClaim',
  'deposit',
  'withdraw',
  'lease',
  'renewLease',
  'releaseLease',
  'register',
  'deregister',
] as const satisfies readonly (keyof Store)[]

type Call = (...given: unknown[]) => Promise<unknown>

/** The store of one process, over the network. */
export function remoteStore(there: Store, at: Place, network: Network): Store {
  const { timers } = network.scheduler
  const calls: Partial<Record<(typeof remote)[number], Call>> = {}
  for (const name of remote) {
    const method = there[name] as Call
    calls[name] = (...given) =>
      new Promise((resolve, reject) => {
        const late = () => reject(new StoreUnavailableError(`the store did not answer within ${deadline} ms`))
        const timer = timers.setTimeout(late, deadline)
        const stop = () => timers.clearTimeout(timer)
        network
          .call(at, () => method(...given))
          .then(
            (value) => {
              stop()
              resolve(value)
            },
            () => {
              stop()
              reject(new StoreUnavailableError('the store is not there'))
            },
          )
      })
  }
  return {
    ...(calls as unknown as Store),
    isShared: true,
    ready: async () => undefined,
    close: async () => undefined,
  }
}
