/** @module The store contract for writes of one concern that never undo those of another (`HLD-16`). */
import { describe, expect, it } from 'vitest'
import { addressOf, endedAt, type StoreHarness, startedAt, unique } from './store-harness.js'

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
      const late = await harness.store.end(address, { generation, replaces: sealed }, ended)
      expect(late.record).toEqual(written)
      const { record: after } = await harness.store.end(address, { generation, replaces: 'written' }, ended)
      expect(after).toEqual(ended)
    })

    it('HLD-10 say whether the work for the sign-in is still due, until it is noted as done', async () => {
      const harness = harnessOf()
      const { store } = harness
      const address = addressOf()
      const record = await startedAt(harness, address, { signIn: 'due' })
      expect(await store.read(address)).toEqual(record)
      const change = { generation: unique(), level: 2, sealed: 'more' }
      expect(await store.update(address, record.generation, change)).toBe(true)
      expect(await store.read(address)).toEqual({ ...record, ...change })
      expect(await store.update(address, record.generation, { signIn: 'done' })).toBe(false)
      expect(await store.update(address, change.generation, { signIn: 'done' })).toBe(true)
      expect(await store.read(address)).toEqual({ ...record, ...change, signIn: undefined })
      expect(await store.update(address, change.generation, { lastSeenAt: harness.now() + 1 })).toBe(true)
      expect((await store.list(address.person))[0]?.record).toMatchObject({ state: 'live', level: 2 })
      expect(await store.update(address, change.generation, { signIn: 'due' })).toBe(true)
      expect(await store.read(address)).toMatchObject({ signIn: 'due' })
    })

    it.each(['due', undefined] as const)(
      'HLD-13 keeps what began a session, with a sign-in that is %s',
      async (signIn) => {
        const harness = harnessOf()
        const address = addressOf()
        const record = await startedAt(harness, address, { signIn, begunBy: 'protocol' })
        const { store } = harness
        expect(await store.read(address)).toMatchObject({ begunBy: 'protocol' })
        expect(await store.update(address, record.generation, { lastSeenAt: record.lastSeenAt + 1 })).toBe(
          true,
        )
        expect(await store.update(address, record.generation, { signIn: 'done', sealed: 'anew' })).toBe(true)
        const expected = { ...record, lastSeenAt: record.lastSeenAt + 1, signIn: undefined, sealed: 'anew' }
        expect(await store.list(address.person)).toEqual([{ address, record: expected }])
        const { begunBy } = await startedAt(harness, addressOf())
        expect(begunBy).toBeUndefined()
      },
    )
  })
}
