/** @module Claims of what is done once, taken up again although the store was away when they were made or given back. */
import { randomBytes } from 'node:crypto'
import { isWaiting, type Wait } from '../wait.js'
import type { Store } from './store.js'

/** The right to do the work of one key. */
export interface OnceClaim {
  /** Gives it back undone, so that the work can be tried again at once. Throws nothing. `now`: epoch milliseconds. */
  giveBack(now: number): Promise<void>
}

/** Claims of one kind of work on one instance. */
export interface OnceClaims {
  /** Absent: somebody else has the work, or has done it. `now`: epoch milliseconds. @throws StoreUnavailableError */
  claim(key: string, now: number): Promise<OnceClaim | undefined>
}

/** As long as a claim holds by itself. */
const holdMilliseconds = 30_000
const mostLeft = 1000

/** A claim of ours that may be held for nobody: nothing was heard of it, or of its return. */
interface LeftClaim extends Wait {
  readonly owner: string
}

/** Makes the claims. Each has an owner of its own, so that none takes, or gives back, what is another one's. */
export function createOnceClaims(store: Pick<Store, 'claimOnce' | 'abandonClaim'>): OnceClaims {
  const left = new Map<string, LeftClaim>()

  const leave = (key: string, owner: string, now: number): void => {
    const [oldest] = left.keys()
    if (left.size >= mostLeft && oldest !== undefined) left.delete(oldest)
    left.set(key, { owner, since: now, milliseconds: holdMilliseconds })
  }

  /** The owner of a claim that was left, for one caller only; else a new one. */
  const ownerOf = (key: string, now: number): string => {
    const known = left.get(key)
    left.delete(key)
    return known !== undefined && isWaiting(known, now) ? known.owner : randomBytes(16).toString('base64url')
  }

  return {
    async claim(key, now) {
      const owner = ownerOf(key, now)
      try {
        if (!(await store.claimOnce(key, owner))) return undefined
      } catch (error) {
        leave(key, owner, now)
        throw error
      }
      return {
        async giveBack(at) {
          try {
            await store.abandonClaim(key, owner)
          } catch {
            leave(key, owner, at)
          }
        },
      }
    },
  }
}
