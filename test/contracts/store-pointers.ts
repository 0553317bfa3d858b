/** @module The store contract for pointers: names that an identity provider gives to sessions. */
import { describe, expect, it } from 'vitest'
import type { Revocation } from '../../src/stores/store.js'
import { addressOf, day, minute, type StoreHarness, startedAt, unique } from './store-harness.js'
import { pointerSchedules, runPointerSchedules } from './store-pointer-races.js'

/** What a pointer remembers, for how long, and how starts and ends meet over it. */
export function describePointers(harnessOf: () => StoreHarness, races: 'all' | 'seeded'): void {
  describe('pointers', () => {
    const revocationNow = (given: Partial<Revocation> = {}): Revocation => {
      const at = harnessOf().now()
      return { reason: 'signed-out', at, retainUntil: at + day, ...given }
    }
    const point = (pointer: string, person: string, milliseconds = day) =>
      harnessOf().store.noteIndexKey(pointer, person, harnessOf().now() + milliseconds)
    const revoke = (pointer: string, given: Partial<Revocation> = {}) =>
      harnessOf().store.revokeIndexKey(pointer, revocationNow(given))
    const personsOf = async (pointer: string) => (await revoke(pointer)).persons.toSorted()

    it('name the persons that were noted, each once', async () => {
      const [pointer, one, other] = [unique(), unique(), unique()]
      for (const person of [one, other, one]) expect(await point(pointer, person)).toBeUndefined()
      expect(await harnessOf().store.indexKeyRevocation(pointer)).toBeUndefined()
      const { persons, acknowledged } = await revoke(pointer)
      expect(persons.toSorted()).toEqual([one, other].toSorted())
      expect(acknowledged).toBe(true)
      // They are still named: an end that failed half way is tried again.
      expect(await personsOf(pointer)).toEqual([one, other].toSorted())
    })

    it('HLD-14 say whom they name without writing anything, for whoever asks', async () => {
      const harness = harnessOf()
      const { store } = harness
      const [pointer, short, long] = [unique(), unique(), unique()]
      expect(await store.indexKeyPersons(pointer)).toEqual([])
      await point(pointer, short, minute)
      await point(pointer, long)
      expect((await store.indexKeyPersons(pointer)).toSorted()).toEqual([short, long].toSorted())
      expect(await store.indexKeyRevocation(pointer)).toBeUndefined()
      await harness.advance(61)
      expect(await store.indexKeyPersons(pointer)).toEqual([long])
      await revoke(pointer)
      expect(await store.indexKeyPersons(pointer)).toEqual([long])
    })

    it('lose nobody of fifty who are noted at once', async () => {
      const pointer = unique()
      const persons = Array.from({ length: 50 }, unique)
      await Promise.all(persons.map((person) => point(pointer, person)))
      expect(await personsOf(pointer)).toEqual(persons.toSorted())
    })

    it('keep a revocation that meets nobody yet', async () => {
      const pointer = unique()
      const revocation = revocationNow()
      const revoked = await harnessOf().store.revokeIndexKey(pointer, revocation)
      expect(revoked).toEqual({ persons: [], acknowledged: true })
      expect(await harnessOf().store.indexKeyRevocation(pointer)).toEqual(revocation)
      expect(await point(pointer, unique())).toEqual(revocation)
      expect(await harnessOf().store.indexKeyRevocation(pointer)).toEqual(revocation)
    })

    it('keep the later time and the longer retention of two revocations', async () => {
      const { store, now } = harnessOf()
      const later = revocationNow({ at: now() + 10, reason: 'revoked' })
      const longer = revocationNow({ retainUntil: later.retainUntil + 10 })
      for (const pair of [
        [later, longer],
        [longer, later],
      ]) {
        const pointer = unique()
        for (const revocation of pair) await store.revokeIndexKey(pointer, revocation)
        const expected = { ...later, retainUntil: longer.retainUntil }
        expect(await store.indexKeyRevocation(pointer)).toEqual(expected)
        expect(await point(pointer, unique())).toEqual(expected)
      }
    })

    it.each([
      ['later', 10],
      ['by a clock that was put back', -10],
    ] as const)(
      'keep that an administrator was among those who revoked: a sign-out that is %s',
      async (_, by) => {
        const { store, now } = harnessOf()
        const first = revocationNow({ reason: 'revoked' })
        const second = revocationNow({ at: now() + by })
        for (const pair of [
          [first, second],
          [second, first],
        ]) {
          const [pointer, person, session] = [unique(), unique(), unique()]
          for (const revocation of pair) {
            await store.revokeIndexKey(pointer, revocation)
            await store.revoke(person, { kind: 'session', session }, revocation)
            await store.revoke(person, { kind: 'person' }, revocation)
          }
          const expected = { reason: 'revoked', at: Math.max(first.at, second.at) }
          expect(await store.indexKeyRevocation(pointer)).toMatchObject(expected)
          expect(await store.revocation(person, session)).toMatchObject(expected)
          expect(await store.revocation(person, unique())).toMatchObject(expected)
        }
      },
    )

    it('are apart from each other, and from persons of the same digest', async () => {
      const harness = harnessOf()
      const address = addressOf()
      const record = await startedAt(harness, address)
      await point(address.person, address.person)
      expect(await personsOf(address.person)).toEqual([address.person])
      expect(await harness.store.read(address)).toEqual(record)
      expect(await harness.store.revocation(address.person, address.session)).toBeUndefined()
      await harness.store.revoke(address.person, { kind: 'person' }, revocationNow())
      expect(await personsOf(address.person)).toEqual([address.person])
      const other = unique()
      expect(await harness.store.indexKeyRevocation(other)).toBeUndefined()
      expect(await personsOf(other)).toEqual([])
    })

    it('keep a person as long as the longest note, and no longer', async () => {
      const harness = harnessOf()
      const [pointer, short, long] = [unique(), unique(), unique()]
      await point(pointer, short, minute)
      await point(pointer, long, 2 * day)
      await point(pointer, long, minute)
      await harness.advance(61)
      expect(await personsOf(pointer)).toEqual([long])
      // A minute is left to the store's own clock, which runs on meanwhile.
      await harness.advance(2 * 86_400 - 121)
      expect(await personsOf(pointer)).toEqual([long])
      await harness.advance(61)
      expect(await personsOf(pointer)).toEqual([])
    })

    it('keep a revocation as long as it says, whoever else is named', async () => {
      const harness = harnessOf()
      const [short, long, person] = [unique(), unique(), unique()]
      for (const pointer of [short, long]) await point(pointer, person)
      const revocation = revocationNow({ retainUntil: harness.now() + 2 * day })
      await revoke(short, { retainUntil: harness.now() + minute })
      await harness.store.revokeIndexKey(long, revocation)
      await harness.advance(61)
      expect(await harness.store.indexKeyRevocation(short)).toBeUndefined()
      expect(await point(short, unique())).toBeUndefined()
      expect(await personsOf(short)).toContain(person)
      await harness.advance(2 * 86_400 - 121)
      expect(await harness.store.indexKeyRevocation(long)).toEqual(revocation)
      expect(await point(long, unique(), minute)).toEqual(revocation)
      await harness.advance(61)
      expect(await harness.store.indexKeyRevocation(long)).toBeUndefined()
    })

    it('RACE-3 a start and an end that cross always meet, in every interleaving of their steps', async () => {
      const schedules = [...pointerSchedules(races === 'all')]
      expect(schedules).toHaveLength(4 * (races === 'all' ? 1900 : 220))
      const met = await runPointerSchedules(harnessOf(), schedules)
      // Each of the three ways happens: none of the steps is there for nothing.
      expect(met.ended).toBeGreaterThan(0)
      expect(met.seen).toBeGreaterThan(0)
      expect(met.both).toBeGreaterThan(0)
      expect(met.ended + met.seen + met.both).toBe(met.starts)
    })
  })
}
