/** @module The replay memory: a message is taken once, on whichever instance. */
import { digest } from '../digest.js'
import type { Store } from '../stores/store.js'
import { refuse } from './saml-error.js'

/**
 * Does the work of a message that has not been taken before, and remembers it until it could no longer be taken. What
 * fails gives it back, so that the provider can try again.
 * @throws SamlError `replay`; StoreUnavailableError. Source: SAML Profiles, section 4.1.4.5; SLO-06.
 */
export async function takeOnce<T>(
  store: Store,
  message: {
    readonly kind: string
    readonly issuer: string
    readonly id: string
    /** When it can no longer be taken, by the clock of this instance, tolerance included. */
    readonly expiresAt: number
    readonly now: number
    /** Milliseconds that the clocks of provider and instances may be apart. */
    readonly skew: number
  },
  work: () => Promise<T>,
): Promise<T> {
  const key = digest('saml-once', message.kind, message.issuer, message.id)
  if (!(await store.claim(key))) return refuse('replay')
  try {
    const result = await work()
    // One instance's clock may be ahead of the provider's by the skew and another's behind by as much: the mark of the
    // first must last until the second refuses the message by its time.
    const lasting = message.expiresAt - message.now + 2 * message.skew
    await store.settle(key, Math.max(1, Math.ceil(lasting / 1000) + 1))
    return result
  } catch (error) {
    try {
      await store.abandon(key)
    } catch {
      // The claim ends by itself; the error that is told is the first one.
    }
    throw error
  }
}
