/** @module The results of identity refreshes that the memory store keeps with the records. */
import type { Clock } from '../../clock.js'
import type { MemoryStore } from './contract.js'
import { findEntry, findLive, type PersonIndex } from './person-index.js'
import { changeEntry } from './records.js'

/** Makes the methods of kept refreshes. */
export function createKeptRefreshes(
  index: PersonIndex,
  clock: Clock,
): Pick<MemoryStore, 'keepRefresh' | 'keptRefresh' | 'dropRefresh'> {
  return {
    keepRefresh(address, generation, kept, tokenExpiresAt) {
      const entry = findLive(index, address, generation)
      if (entry === undefined || (entry.kept !== undefined && entry.kept.fence > kept.fence)) return false
      entry.kept = kept
      changeEntry(entry, { tokenExpiresAt })
      return true
    },
    keptRefresh(address) {
      const kept = findEntry(index, address)?.kept
      return kept !== undefined && kept.until > clock() ? kept : undefined
    },
    dropRefresh(address, fence) {
      const entry = findEntry(index, address)
      if (entry?.kept?.fence === fence) entry.kept = undefined
    },
  }
}
