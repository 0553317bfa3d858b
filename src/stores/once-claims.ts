/** @module Claims of what is done once, given back although the store was away when they should have been. */
import { isWaiting, type Wait } from '../wait.js'
import type { Store } from './store.js'

/** Claims of one kind of work on one instance. */
export interface OnceClaims {
  /** Whether the caller may do the work. `now`: epoch milliseconds. @throws StoreUnavailableError */
  claim(key: string, now: number): Promise<boolean>
  /** Gives a claim back whose work was not done, so that it can be tried again at once. Throws nothing. */
  giveBack(key: string, now: number): Promise<void>
}

/** As long as a claim holds by itself. */
const holdMilliseconds = 30_000
const mostLeft = 1000

/** Makes the claims. */
export function createOnceClaims(store: Pick<Store, 'claim' | 'abandon'>): OnceClaims {
  /** What may be held for nobody: nothing was heard of the claim, or of its return. */
  const left = new Map<string, Wait>()

  const remember = (key: string, now: number): void => {
    const [oldest] = left.keys()
    if (left.size >= mostLeft && oldest !== undefined) left.delete(oldest)
    left.set(key, { since: now, milliseconds: holdMilliseconds })
  }

  const ask = async (key: string, now: number): Promise<boolean> => {
    try {
      return await store.claim(key)
    } catch (error) {
      remember(key, now)
      throw error
    }
  }

  return {
    async claim(key, now) {
      if (await ask(key, now)) {
        left.delete(key)
        return true
      }
      const wait = left.get(key)
      if (wait === undefined || !isWaiting(wait, now)) return false
      // Only a claim is given back so: what is settled stays.
      await store.abandon(key)
      left.delete(key)
      return ask(key, now)
    },
    async giveBack(key, now) {
      try {
        await store.abandon(key)
      } catch {
        remember(key, now)
      }
    },
  }
}
