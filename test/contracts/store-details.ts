/** @module The store contract for writes of one concern that never undo those of another (`HLD-16`). */
import { describe, expect, it } from 'vitest'
import { addressOf, endedAt, type StoreHarness, startAt, startedAt, unique } from './store-harness.js'

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

    it.each([
      ['the shared cookie', { signIn: 'due' }],
      ['the shared cookie, without work', {}],
      ['a protocol', { begunBy: 'protocol' }],
    ] as const)('HLD-16 of the newest token are never undone by an older one: %s', async (_name, given) => {
      const harness = harnessOf()
      const { store } = harness
      const at = harness.now()
      const first = { method: 'did', olderUntil: at - 1 } as const
      const address = addressOf()
      const record = await startedAt(harness, address, { ...given, newestToken: first, level: 2 })
      const { generation } = record
      expect(await store.read(address)).toEqual(record)
      expect(await store.update(address, generation, { lastSeenAt: record.lastSeenAt + 1 })).toBe(true)
      const touched = { ...record, lastSeenAt: record.lastSeenAt + 1 }
      expect(await store.read(address)).toEqual(touched)
      const fallen = { level: 1, newestToken: { method: 'password', olderUntil: at + 5000 } } as const
      expect(await store.update(address, generation, fallen)).toBe(true)
      const late = { method: 'did', olderUntil: at + 4999 } as const
      const rise = { generation: unique(), level: 2, newestToken: late, lastSeenAt: at + 100 }
      expect(await store.update(address, generation, rise)).toBe(false)
      expect(await store.list(address.person)).toEqual([{ address, record: { ...touched, ...fallen } }])
      const risen = { ...rise, newestToken: { ...late, olderUntil: at + 5000 } }
      expect(await store.update(address, generation, risen)).toBe(true)
      expect(await store.read(address)).toEqual({ ...touched, ...risen })
      expect(await store.update(address, risen.generation, { notAfter: at + 2000 })).toBe(true)
      // A token may be issued ahead by as much as clocks may differ.
      expect(await store.read(address)).toMatchObject({ startedAt: at, newestToken: risen.newestToken })
      expect(await store.update(address, risen.generation, { notAfter: at + 2000 - 60_000 })).toBe(true)
      const put = { ...risen.newestToken, olderUntil: at + 2000 }
      expect(await store.read(address)).toMatchObject({ level: 2, newestToken: put })
    })

    it('HLD-16 of the newest token are taken up by a record that has none', async () => {
      const harness = harnessOf()
      const { store } = harness
      for (const given of [{}, { signIn: 'due' }, { begunBy: 'protocol' }] as const) {
        const address = addressOf()
        const record = await startedAt(harness, address, given)
        const newestToken = { method: 'mfa', olderUntil: harness.now() } as const
        expect(await store.update(address, record.generation, { newestToken })).toBe(true)
        expect(await store.read(address)).toEqual({ ...record, newestToken })
      }
    })

    const shown = { level: 2, newestToken: { method: 'mfa', olderUntil: 1_768_478_400_000 } } as const

    it.each([
      ['an end of one session', 'end'],
      ['a revocation', 'revoke'],
      ['a revocation that a login meets', 'start'],
    ] as const)(
      'HLD-16 of the newest token are kept over %s, as they are in that moment',
      async (_name, by) => {
        const harness = harnessOf()
        const { store } = harness
        const address = addressOf()
        const record = await startedAt(harness, address, { newestToken: { method: 'did', olderUntil: 1 } })
        const ended = endedAt(record, harness.now(), 'signed-out')
        // A fall that was written after the one who ends the session had read it.
        await store.update(address, record.generation, shown)
        const revocation = { reason: 'signed-out', at: ended.at, retainUntil: ended.retainUntil } as const
        if (by === 'revoke') await store.revoke(address.person, { kind: 'person' }, revocation)
        else await store.end(address, record, ended)
        if (by === 'start') {
          await store.revoke(address.person, { kind: 'person' }, revocation)
          const refused = await startAt(harness, address, { issuedAt: ended.at - 1 })
          expect(refused).toMatchObject({ outcome: 'revoked', record: { shown } })
        }
        expect(await store.read(address)).toEqual({ ...ended, shown })
        const retainUntil = ended.retainUntil + 1000
        await store.retain(address, retainUntil)
        expect(await store.read(address)).toEqual({ ...ended, retainUntil, shown })
        expect(await store.list(address.person)).toEqual([
          { address, record: { ...ended, retainUntil, shown } },
        ])
      },
    )

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
