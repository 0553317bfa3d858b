/** @module A store with near reads as requests see it, for suites that know of a store's own methods only. */
import { expect } from 'vitest'
import { timerOver } from '../../../src/sessions/timers.js'
import type { Store } from '../../../src/stores/store.js'
import { until } from '../../support/redis.js'

/**
 * The store as requests see it that are answered from memory wherever that may be: as long as no timer of the record is
 * over. `ready()` waits until it is proven, and `close()` says whether anything was answered so.
 */
export function answeringNear(store: Store, clock: () => number): Store {
  const { near } = store
  if (near === undefined) return store
  let answers = 0
  const counted = <Answer>(answer: Answer): Answer => {
    answers += 1
    return answer
  }
  return {
    ...store,
    read(address) {
      const record = near.read(address)
      const isOver = record === undefined || timerOver(record, clock()) !== undefined
      return isOver ? store.read(address) : counted(record)
    },
    revocation(person, session, names) {
      return near.isUnrevoked(person, session, names)
        ? counted(undefined)
        : store.revocation(person, session, names)
    },
    async ready() {
      await store.ready()
      await until(async () => near.isProven, 'the proof of near reads')
    },
    async close() {
      expect(answers).toBeGreaterThan(100)
      await store.close()
    },
  }
}
