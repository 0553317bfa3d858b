/** @module A lease of the store, held while its holder waits for somebody else. */
import type { Store } from '../stores/store.js'
import { timers } from '../timers.js'

/** A lease that this process has. */
export interface HeldLease {
  readonly key: string
  readonly fence: number
  /** How long it is good for, from each time that it is renewed. */
  readonly seconds: number
}

/** Does `work`, and renews the lease as long as that takes: nobody else has it meanwhile, however slow the work is. */
export async function holdLease<T>(
  store: Pick<Store, 'renewLease'>,
  { key, fence, seconds }: HeldLease,
  work: () => Promise<T>,
): Promise<T> {
  const renew = async (): Promise<boolean> => store.renewLease(key, fence, seconds)
  const timer = timers.setInterval(() => void renew().catch(() => undefined), (seconds * 1000) / 3)
  try {
    return await work()
  } finally {
    timers.clearInterval(timer)
  }
}

/** Gives a lease back. One that cannot be given back now runs out by itself. */
export async function releaseQuietly(
  store: Pick<Store, 'releaseLease'>,
  key: string,
  fence: number,
): Promise<void> {
  try {
    await store.releaseLease(key, fence)
  } catch {
    // The store is away.
  }
}
