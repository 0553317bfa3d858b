/** @module Writes of a record's details that never undo each other. Source: `HLD-16`. */
import { StoreUnavailableError } from '../errors.js'
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import type { RecordChange, Store } from '../stores/store.js'
import { openDetails, type RecordDetails, sealDetails } from './record.js'

/** What is to be written: the whole details, and whatever else changes with them. */
export interface Revision extends Omit<RecordChange, 'sealed' | 'replaces' | 'signIn'> {
  readonly details: RecordDetails
  readonly signIn?: 'due' | undefined
}

const mostAttempts = 6

/**
 * Writes new details of a live record, made from those that are there: where another write came between, they are
 * made once more from what that has written. Returns the record as it is then; `undefined`: it has ended, is gone, or
 * another generation has begun.
 * @throws StoreUnavailableError, also where the record never stops changing.
 */
export async function reviseDetails(
  { store, sealer }: { readonly store: Pick<Store, 'read' | 'update'>; readonly sealer: Sealer },
  address: RecordAddress,
  record: LiveRecord,
  revise: (details: RecordDetails, record: LiveRecord) => Revision,
): Promise<LiveRecord | undefined> {
  let current = record
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const { details, ...rest } = revise(openDetails(sealer, address, current.sealed), current)
    const change = { ...rest, sealed: sealDetails(sealer, address, details) }
    const isWritten = await store.update(address, current.generation, { ...change, replaces: current.sealed })
    if (isWritten) return { ...current, ...change }
    const found = await store.read(address)
    if (found?.state !== 'live' || found.generation !== record.generation) return undefined
    current = found
  }
  throw new StoreUnavailableError('the session record changed faster than it could be written')
}
