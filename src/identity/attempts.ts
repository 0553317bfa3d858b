/** @module What was sent to a provider and has no answer: it may be spent, so a later refusal of it says nothing. */
import { digest } from '../digest.js'
import type { Store } from '../stores/store.js'

const leastSeconds = 60
const mostSeconds = 86_400

/** One attempt to renew tokens. */
export interface Attempt {
  /**
   * Whether an earlier attempt with the same tokens, here or on another instance, came to nothing that is known. Its
   * answer may have been lost on the way, or may wait for the store in a process that is still at it.
   */
  readonly isRepeated: boolean
  /** The answer has come and is dealt with: nothing is open any more. Never throws. */
  settle(): Promise<void>
}

/** Notes in the store that `tokens` are sent; the note goes by itself when the session could not use them any more. */
export async function beginAttempt(store: Store, tokens: string, seconds: number): Promise<Attempt> {
  const key = `sent:${digest('sent', tokens)}`
  const fence = await store.lease(key, Math.min(Math.max(seconds, leastSeconds), mostSeconds))
  return {
    isRepeated: fence === undefined,
    async settle() {
      if (fence === undefined) return
      try {
        await store.release(key, fence)
      } catch {
        // It goes by itself. Until then a refusal ends nothing, which the tokens' own expiry bounds.
      }
    },
  }
}
