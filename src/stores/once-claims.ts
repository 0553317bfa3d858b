/** @module Work that is done once, on whichever instance: claimed, done, and settled or given back, also through an outage. */
import { randomBytes } from 'node:crypto'
import { isWaiting, type Wait } from '../wait.js'
import { claimSeconds } from './claim.js'
import type { Store } from './store.js'

/** Work that nobody does twice. */
export interface OnceTask<T> {
  readonly key: string
  /** Epoch milliseconds. */
  readonly now: number
  /** When nobody can ask for it any more, by the clock of this instance, tolerance included. Epoch milliseconds. */
  readonly expiresAt: number
  /** Milliseconds that the clocks of whoever asks and of the instances may be apart. */
  readonly skew: number
  work(): Promise<T>
  /** Whether the result says that it is done. Default: every result. */
  readonly isDone?: ((result: T) => boolean) | undefined
}

/** The memory of one kind of work on one instance. */
export interface OnceClaims {
  /**
   * Does work that has not been done before, and remembers it until nobody can ask for it any more. What fails, or is
   * not done by its result, is given back, so that it can be tried again at once. `undefined`: somebody else has the
   * work, or has done it.
   * @throws StoreUnavailableError, and whatever the work throws
   */
  doOnce<T>(task: OnceTask<T>): Promise<{ readonly result: T } | undefined>
}

const mostLeft = 1000

/** A claim of ours that may be held for nobody: nothing was heard of it, or of its return. */
interface LeftClaim extends Wait {
  readonly owner: string
}

type ClaimStore = Pick<Store, 'claimOnce' | 'confirmClaim' | 'abandonClaim'>

/** Makes the memory. Each claim has an owner of its own, so that none takes, or gives back, what is another one's. */
export function createOnceClaims(store: ClaimStore): OnceClaims {
  const left = new Map<string, LeftClaim>()

  const leave = (key: string, owner: string, now: number): void => {
    const [oldest] = left.keys()
    if (left.size >= mostLeft && oldest !== undefined) left.delete(oldest)
    left.set(key, { owner, since: now, milliseconds: claimSeconds * 1000 })
  }

  /** The owner of a claim that was left, for one caller only; else a new one. */
  const ownerOf = (key: string, now: number): string => {
    const known = left.get(key)
    left.delete(key)
    return known !== undefined && isWaiting(known, now) ? known.owner : randomBytes(16).toString('base64url')
  }

  const claim = async (key: string, owner: string, now: number): Promise<boolean> => {
    try {
      return await store.claimOnce(key, owner)
    } catch (error) {
      leave(key, owner, now)
      throw error
    }
  }

  const giveBack = async (key: string, owner: string, now: number): Promise<void> => {
    try {
      await store.abandonClaim(key, owner)
    } catch {
      leave(key, owner, now)
    }
  }

  return {
    async doOnce({ key, now, expiresAt, skew, work, isDone = () => true }) {
      const owner = ownerOf(key, now)
      if (!(await claim(key, owner, now))) return undefined
      try {
        const result = await work()
        if (isDone(result)) await store.confirmClaim(key, secondsToKeep(expiresAt - now, skew))
        else await giveBack(key, owner, now)
        return { result }
      } catch (error) {
        await giveBack(key, owner, now)
        throw error
      }
    },
  }
}

/**
 * One instance's clock may be ahead of that of whoever asks by the skew and another's behind by as much: what the first
 * remembers must last until the second refuses by the time.
 */
function secondsToKeep(milliseconds: number, skew: number): number {
  return Math.max(1, Math.ceil((milliseconds + 2 * skew) / 1000) + 1)
}
