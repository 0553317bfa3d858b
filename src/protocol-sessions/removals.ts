/**
 * @module Providers that have been removed while the application runs: each leaves a mark with its time in the store, and a
 * session that began before the mark is over, on whichever instance it comes by.
 */
import { digest } from '../digest.js'
import type { LiveRecord } from '../session-record.js'
import type { ProtocolDetails } from '../sessions/record.js'
import type { Store } from '../stores/store.js'
import { unlessAhead } from '../wait.js'

/** What is known of removed providers. Times are milliseconds since the epoch. */
export interface ProviderRemovals {
  /** Whether no mark is known here: then nothing need be compared. */
  readonly isEmpty: boolean
  /** Whether a provider of that name was removed here, and none has been added since. */
  isRemoved(name: string): boolean
  /** Until when sessions of that name are over, as far as it is known here; 0: none is. */
  knownAt(name: string): number
  /** The same, as the store has it. @throws StoreUnavailableError */
  ask(name: string): Promise<number>
  /** Asks, and knows it from now on: for names that a plug-in has. @throws StoreUnavailableError */
  learn(name: string): Promise<void>
  /** Takes note that a provider is removed here, from now on. */
  note(name: string, at: number): void
  /** Takes note that there is a provider of that name again. */
  noteAdded(name: string): void
  /** Leaves the mark, for all instances, until `retainUntil`. @throws StoreUnavailableError */
  write(name: string, at: number, retainUntil: number): Promise<{ readonly acknowledged: boolean }>
}

/** Makes the memory of one application: as large as it has providers, and has removed some. */
export function createProviderRemovals(
  application: string,
  store: Pick<Store, 'indexKeyRevocation' | 'revokeIndexKey'>,
): ProviderRemovals {
  const marks = new Map<string, number>()
  const removed = new Set<string>()
  // In a slot of its own: it is of no person.
  const keyOf = (name: string): string => digest('removed-provider', application, name)
  const knownAt = (name: string): number => marks.get(name) ?? 0
  const know = (name: string, at: number): void => {
    const latest = Math.max(at, knownAt(name))
    if (latest > 0) marks.set(name, latest)
  }
  const ask = async (name: string): Promise<number> =>
    Math.max((await store.indexKeyRevocation(keyOf(name)))?.at ?? 0, knownAt(name))
  return {
    get isEmpty() {
      return marks.size === 0
    },
    isRemoved: (name) => removed.has(name),
    knownAt,
    ask,
    learn: async (name) => know(name, await ask(name)),
    note(name, at) {
      removed.add(name)
      know(name, at)
    },
    noteAdded: (name) => removed.delete(name),
    async write(name, at, retainUntil) {
      const { acknowledged } = await store.revokeIndexKey(keyOf(name), { reason: 'revoked', at, retainUntil })
      return { acknowledged }
    },
  }
}

/**
 * Whether a session began before its provider was removed: whether the login did by which it is known now. A time in the
 * future spares nothing: it was written by a clock that was ahead. `removedAt`: 0, it was not.
 */
export function isFromBefore(
  removedAt: number,
  { startedAt }: LiveRecord,
  { generationAt = startedAt }: Pick<ProtocolDetails, 'generationAt'>,
  now: number,
): boolean {
  return removedAt > 0 && unlessAhead(generationAt, now) <= removedAt
}
