/** @module The check of a store given in code or by its address. */

import { parseUrl } from '../parse-url.js'
import type { Store } from '../stores/store.js'
import { type Kind, orInFile } from './option-types.js'

/** A store, or the address of a Redis. The address may hold a password: no message repeats it. */
export const storeOrAddress: Kind<Store | string> = orInFile<Store | string>({
  fromText: (text) => text,
  check: (value) => {
    if (typeof value === 'string') {
      // Sentinel and Cluster name several hosts, which no URL can: the store itself reads the rest.
      const isSingle = /^rediss?:\/\/[^/]/.test(value) && parseUrl(value) !== undefined
      const isSeveral = /^rediss?\+(?:cluster|sentinel):\/\/[^/]/.test(value)
      const isRedis = (isSingle || isSeveral) && !/[\s\p{Cc}]/u.test(value)
      return isRedis
        ? { value }
        : {
            problem:
              'write the address of a Redis, such as redis://127.0.0.1:6379 or rediss://redis.example.gov',
          }
    }
    return isStore(value) ? { value } : { problem: `write ${storeHint(value)}` }
  },
})

/** Whether other processes see what this store remembers. */
export function isSharedStore(store: Store | string | undefined): boolean {
  return typeof store === 'string' || store?.isShared === true
}

function isStore(value: unknown): value is Store {
  if (typeof value !== 'object' || value === null || !('isShared' in value)) return false
  if (typeof value.isShared !== 'boolean') return false
  return storeMethods.every((method) => typeof Reflect.get(value, method) === 'function')
}

/** What every store has; the leases, kept refreshes and claims go by these names since 0.2.0. */
const storeMethods = [
  'read',
  'start',
  'update',
  'end',
  'revoke',
  'noteIndexKey',
  'revokeIndexKey',
  'claimOnce',
  'confirmClaim',
  'abandonClaim',
  'keepRefresh',
  'renewLease',
  'ready',
  'close',
]

/** What to write in place of something that is no store of ours. */
function storeHint(value: unknown): string {
  const has = (...methods: readonly string[]): boolean =>
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof Reflect.get(value, method) === 'function')
  if (has('read', 'start', 'revoke', 'claim', 'settle')) {
    return 'a store of version 0.2.0: this one has the method names of 0.1.0, which the CHANGELOG puts beside the new ones'
  }
  if (has('get', 'set', 'destroy')) {
    return 'a store of ours, or the address of a Redis: this one is of another session middleware, which keeps it; bindSession() ties the two together'
  }
  if (has('sendCommand') || has('duplicate', 'quit')) {
    return 'redisStore(client) of citizen-session/redis: a client alone is no store'
  }
  return 'a store, as memoryStore() or redisStore(client) makes one, or the address of a Redis'
}
