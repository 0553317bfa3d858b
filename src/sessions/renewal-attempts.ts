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
  /** The answer has come and is dealt with: nothing of this attempt is open any more. Never throws. */
  settle(): Promise<void>
  /**
   * The same for an answer that leaves the tokens as they are: they are not spent, whatever became of the attempts
   * before this one. Never throws.
   */
  settleAll(): Promise<void>
}

/** Notes in the store that `tokens` are sent; the note goes by itself when the session could not use them any more. */
export async function beginAttempt(store: Store, tokens: string, seconds: number): Promise<Attempt> {
  const key = `sent:${digest('sent', tokens)}`
  const life = Math.min(Math.max(seconds, leastSeconds), mostSeconds)
  // An attempt since the one that was lost has shown that the tokens were not spent. This one takes that word away, also
  // where the word has outlived the note of the lost one: what it comes to itself is not known yet.
  const isAnswered = (await store.withdraw(key)) !== undefined
  const fence = await store.lease(key, life)
  const isRepeated = fence === undefined && !isAnswered

  /** Notes that nothing is open. Until then a refusal ends nothing, which the tokens' own expiry bounds. */
  const settleAll = async (): Promise<void> => {
    try {
      if (fence === undefined) await store.deposit(key, 'answered', life)
      else await store.releaseLease(key, fence)
    } catch {
      // The store is away: what was noted goes by itself.
    }
  }

  return {
    isRepeated,
    settle: async () => (isRepeated ? undefined : settleAll()),
    settleAll,
  }
}
