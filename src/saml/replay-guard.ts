/** @module The replay memory: a message is taken once, on whichever instance. */
import { digest } from '../digest.js'
import { createOnceClaims } from '../stores/once-claims.js'
import type { Store } from '../stores/store.js'
import { refuse } from './saml-error.js'

/** A message that must not be taken twice. */
export interface OnceMessage {
  readonly kind: string
  readonly issuer: string
  readonly id: string
  /** When it can no longer be taken, by the clock of this instance, tolerance included. */
  readonly expiresAt: number
  readonly now: number
  /** Milliseconds that the clocks of provider and instances may be apart. */
  readonly skew: number
}

/**
 * Does the work of a message that has not been taken before, and remembers it until it could no longer be taken. What
 * fails, or is not `isDone` by what it returns, gives it back, so that the provider can send it again unchanged.
 * @throws SamlError `replay`; StoreUnavailableError. Source: SAML Profiles, section 4.1.4.5; SLO-06.
 */
export type ReplayGuard = <T>(
  message: OnceMessage,
  work: () => Promise<T>,
  isDone?: (result: T) => boolean,
) => Promise<T>

/** Makes the memory of one plug-in. */
export function createReplayGuard(store: Store): ReplayGuard {
  const claims = createOnceClaims(store)
  return async (message, work, isDone = () => true) => {
    const { kind, issuer, id, expiresAt, now, skew } = message
    const key = digest('saml-once', kind, issuer, id)
    const claim = await claims.claim(key, now)
    if (claim === undefined) return refuse('replay')
    try {
      const result = await work()
      if (!isDone(result)) {
        await claim.giveBack(now)
        return result
      }
      // One instance's clock may be ahead of the provider's by the skew and another's behind by as much: the mark of the
      // first must last until the second refuses the message by its time.
      const lasting = expiresAt - now + 2 * skew
      await store.confirmClaim(key, Math.max(1, Math.ceil(lasting / 1000) + 1))
      return result
    } catch (error) {
      await claim.giveBack(now)
      throw error
    }
  }
}
