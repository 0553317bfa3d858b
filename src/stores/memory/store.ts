/** @module The store of one process: everything in memory, every answer at once. */
import { type Clock, systemClock } from '../../clock.js'
import { createForgetting } from '../forgetting.js'
import { createClaims, createDeposits, createLeases } from './claims.js'
import type { MemoryStore } from './contract.js'
import { createIndexKeys } from './index-keys.js'
import { createKeptRefreshes } from './kept-refreshes.js'
import { createPersonIndex } from './person-index.js'
import { createRecords } from './records.js'
import { createRegistrations } from './registrations.js'
import { findRevocation, revokeSessions } from './revoke.js'
import { startRecord } from './start.js'

/**
 * Remembers sessions in this process: for one process, for development and for tests. What is no longer retained is
 * swept as new sessions start; no timer keeps the process alive. `clock` is the machine's unless given.
 */
export function memoryStore({ clock = systemClock }: { readonly clock?: Clock } = {}): MemoryStore {
  const forgetUntil = createForgetting()
  const index = createPersonIndex()
  const { noteIndexKey, indexKeyRevocation, indexKeyPersons, revokeIndexKey } = createIndexKeys(clock)

  return {
    isShared: false,
    ...createRecords(index),
    start: (address, request) => startRecord(index, address, request, forgetUntil(request.now)),
    revoke(person, scope, revocation) {
      const now = clock()
      return revokeSessions(index, person, { scope, revocation, now, forgotten: forgetUntil(now) })
    },
    revocation: (person, session, names = []) => findRevocation(index, person, session, names),
    noteIndexKey,
    indexKeyRevocation,
    indexKeyPersons,
    revokeIndexKey,
    ...createKeptRefreshes(index, clock),
    ...createClaims(clock),
    ...createDeposits(clock),
    ...createLeases(clock),
    ...createRegistrations(clock),
    async ready() {},
    async close() {},
  }
}
