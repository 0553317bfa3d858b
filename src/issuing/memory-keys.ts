/** @module A ring that lives and ends with the process: for tests and for development. */
import type { KeyObject } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import type { RingState } from './ring-state.js'
import type { KeyStorage } from './storage.js'

/** A place in the memory of this process. Partners must fetch the key set anew after each start. */
export function memoryKeys(): KeyStorage {
  const privateKeys = new Map<string, KeyObject>()
  let state: RingState | undefined
  return {
    async read() {
      return state
    },
    async replace(change) {
      if (change.state.revision !== (state?.revision ?? 0) + 1) return 'changed'
      state = change.state
      for (const [kid, key] of change.added) privateKeys.set(kid, key)
      for (const kid of privateKeys.keys()) if (!change.needed.has(kid)) privateKeys.delete(kid)
      return 'done'
    },
    async privateKey(kid) {
      const key = privateKeys.get(kid)
      if (key === undefined)
        throw new CitizenSessionError('key-ring', `the private key of ${kid} is not there`)
      return key
    },
  }
}
