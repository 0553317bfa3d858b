/** @module The store contract for writes of one concern that never undo those of another (`HLD-16`). */
import { describe, expect, it } from 'vitest'
import { addressOf, endedAt, type StoreHarness, startedAt } from './store-harness.js'

/** What compares the details that a write was made from. */
export function describeDetails(harnessOf: () => StoreHarness): void {
  describe('details that were written meanwhile', () => {
    it.each(['', 'read'])('HLD-16 are not undone by an update that was made from %j', async (sealed) => {
      const { store, ...harness } = harnessOf()
      const address = addressOf()
      const record = await startedAt({ store, ...harness }, address, { sealed })
      const { generation } = record
      expect(await store.update(address, generation, { sealed: 'first', replaces: sealed })).toBe(true)
      const late = { sealed: 'second', replaces: sealed, level: 2, lastSeenAt: record.lastSeenAt + 1 }
      expect(await store.update(address, generation, late)).toBe(false)
      expect(await store.read(address)).toEqual({ ...record, sealed: 'first' })
      expect(await store.update(address, generation, { sealed: '', replaces: 'first' })).toBe(true)
      expect(await store.read(address)).toEqual({ ...record, sealed: '' })
    })

    it.each(['', 'read'])('HLD-16 are not lost by an end that was made from %j', async (sealed) => {
      const harness = harnessOf()
      const address = addressOf()
      const record = await startedAt(harness, address, { sealed })
      await harness.store.update(address, record.generation, { sealed: 'written' })
      const written = { ...record, sealed: 'written' }
      const { generation } = record
      const ended = endedAt(written, harness.now())
      const late = await harness.store.end(address, { generation, sealed }, ended)
      expect(late.record).toEqual(written)
      const { record: after } = await harness.store.end(address, { generation, sealed: 'written' }, ended)
      expect(after).toEqual(ended)
    })
  })
}
