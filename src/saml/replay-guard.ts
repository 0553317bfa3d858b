/** @module The replay guard: a message is taken once, on whichever instance. */
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

/** Makes the guard of one plug-in. */
export function createReplayGuard(store: Store): ReplayGuard {
  const claims = createOnceClaims(store)
  return async ({ kind, issuer, id, ...times }, work, isDone) => {
    const key = digest('saml-once', kind, issuer, id)
    const outcome = await claims.doOnce({ ...times, key, work, isDone })
    return outcome === undefined ? refuse('replay') : outcome.result
  }
}
