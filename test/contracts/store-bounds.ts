/** @module The store contract for how much is kept of one person (`HLD-18`). */
import { describe, expect, it } from 'vitest'
import type { EndedRecord, RecordAddress, SessionRecord } from '../../src/session-record.js'
import {
  addressOf,
  day,
  endedAt,
  minute,
  type StoreHarness,
  startAt,
  startedAt,
  unique,
} from './store-harness.js'

/** What stays of an end that gave way to others. */
const markOf = (ended: EndedRecord): EndedRecord => {
  const roundUp = (time: number) => Math.ceil(time / 1000) * 1000
  return {
    ...ended,
    at: roundUp(ended.at),
    retainUntil: roundUp(ended.retainUntil),
    generation: '',
    sealed: '',
  }
}

/** So many calls wait for the store at once. */
const together = 50

/** The same for each of many, some at a time. */
async function inTurns<T>(many: readonly T[], work: (one: T, index: number) => unknown): Promise<void> {
  for (let done = 0; done < many.length; done += together) {
    await Promise.all(many.slice(done, done + together).map((one, index) => work(one, done + index)))
  }
}

/** Bounds of records and marks. `races`: where a call is slow the bound of marks is left out. */
export function describeBounds(harnessOf: () => StoreHarness, races: 'all' | 'seeded'): void {
  if (races === 'all')
    describe('revocations of a person that no start follows', () => {
      /** Each a second after the one before. Returns the session values, and the time of the first. */
      async function revokeMany(person: string, count: number) {
        const { store, now } = harnessOf()
        const first = now() - count * 1000
        const sessions = Array.from({ length: count }, () => unique())
        await inTurns(sessions, (session, index) => {
          const at = first + index * 1000
          const retainUntil = now() + day - index
          const revocation = { reason: 'signed-out', at, retainUntil } as const
          return store.revoke(person, { kind: 'session', session }, revocation)
        })
        return { sessions, first }
      }

      it('HLD-18 leave one time for those beyond their bound, and the newest by itself', async () => {
        const harness = harnessOf()
        const { store } = harness
        const person = unique()
        const { sessions, first } = await revokeMany(person, 2001)
        const [oldest = '', newest = ''] = [sessions[0], sessions.at(-1)]
        expect(await store.revocation(person, newest)).toEqual({
          reason: 'signed-out',
          kind: 'session',
          at: first + 2_000_000,
          retainUntil: harness.now() + day - 2000,
        })
        expect(await store.revocation(person, oldest)).toEqual({
          reason: 'revoked',
          kind: 'person',
          at: harness.now(),
          retainUntil: harness.now() + day,
          endsBefore: first + 1_999_000,
        })
        for (const session of [oldest, newest, unique()]) {
          const refused = await startAt(harness, addressOf({ person, session }), {
            issuedAt: harness.now() - 1,
          })
          expect(refused.outcome).toBe('revoked')
        }
        // Also a token that the provider makes of the revoked session later.
        const issuedAt = harness.now() + 1
        expect((await startAt(harness, addressOf({ person, session: newest }), { issuedAt })).outcome).toBe(
          'revoked',
        )
        expect((await startAt(harness, addressOf({ person }), { issuedAt })).outcome).toBe('started')
      })

      it('leave one time that says so where an administrator was among those who revoked', async () => {
        const { store, now } = harnessOf()
        const person = unique()
        const signedOut = { reason: 'signed-out', at: now() - day, retainUntil: now() + day } as const
        await store.revoke(person, { kind: 'person' }, signedOut)
        const session = unique()
        await store.revoke(person, { kind: 'session', session }, { ...signedOut, reason: 'revoked' })
        await revokeMany(person, 2001)
        expect(await store.revocation(person, session)).toMatchObject({ reason: 'revoked', kind: 'person' })
      })

      it('HLD-18 leave one time that a sign-out of the person still adds to, also in that very moment', async () => {
        const { store, now } = harnessOf()
        const person = unique()
        await revokeMany(person, 2001)
        const revocation = { reason: 'signed-out', at: now(), retainUntil: now() + day } as const
        await store.revoke(person, { kind: 'person' }, revocation)
        const found = await store.revocation(person, unique())
        // Sessions elsewhere that began until then are over.
        expect([found?.kind, found?.endsBefore ?? found?.at]).toEqual(['person', now()])
      })

      it('HLD-18 leave live sessions, and names of them, as they are', async () => {
        const harness = harnessOf()
        const { store } = harness
        const address = addressOf()
        const { generation } = await startedAt(harness, address)
        const name = unique()
        expect(await store.alias(address, generation, name)).toBe(true)
        await revokeMany(address.person, 2001)
        expect((await store.read(address))?.state).toBe('live')
        expect(await store.read({ ...address, session: name })).toEqual({
          state: 'alias',
          session: address.session,
        })
        const revocation = { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + day } as const
        const { ended, sessions } = await store.revoke(
          address.person,
          { kind: 'session', session: name },
          revocation,
        )
        expect(ended.map(({ address: { session } }) => session)).toEqual([address.session])
        expect(new Set(sessions)).toEqual(new Set([address.session, name]))
      })

      it('HLD-18 of the whole person end every session, of however many are known', async () => {
        const harness = harnessOf()
        const { store } = harness
        const person = unique()
        const live = [addressOf({ person }), addressOf({ person })]
        for (const address of live) await startedAt(harness, address)
        const known = await revokeMany(person, 1000)
        const revocation = { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + day } as const
        const { ended, sessions } = await store.revoke(person, { kind: 'person' }, revocation)
        expect(new Set(ended.map(({ address }) => address.session))).toEqual(
          new Set(live.map(({ session }) => session)),
        )
        expect(new Set(sessions)).toEqual(new Set([...known.sessions, ...live.map(({ session }) => session)]))
        for (const address of [...live, addressOf({ person })]) {
          expect(await startAt(harness, address, { issuedAt: harness.now() - 1 })).toMatchObject({
            record: { state: 'ended', reason: 'revoked' },
          })
        }
      })
    })

  if (races === 'all')
    it('HLD-18 a list of a person changes nothing of who may get in, however much is known of them', async () => {
      const harness = harnessOf()
      const { store } = harness
      const person = unique()
      const at = harness.now() - minute
      const revoked = Array.from({ length: 1998 }, () => unique())
      await inTurns(revoked, (session) => {
        const revocation = { reason: 'signed-out', at, retainUntil: harness.now() + day } as const
        return store.revoke(person, { kind: 'session', session }, revocation)
      })
      const mostRecords = 1000
      const [live, over] = [addressOf({ person }), addressOf({ person })]
      const records = new Map<string, SessionRecord>()
      for (const { session, ...address } of [live, over]) {
        const outcome = await startAt(harness, { session, ...address }, { sealed: 'sealed', mostRecords })
        if (outcome.outcome !== 'started') throw new Error(outcome.outcome)
        records.set(session, outcome.record)
        if (session !== over.session) continue
        const ended = endedAt(outcome.record, at + 1, 'application-sign-out')
        await store.end(over, outcome.record, ended)
        records.set(session, ended)
      }
      for (let looks = 0; looks < 3; looks += 1) {
        const listed = await store.list(person)
        expect(listed).toHaveLength(2)
        expect(new Map(listed.map(({ address, record }) => [address.session, record]))).toEqual(records)
      }
      expect(await store.revocation(person, unique())).toBeUndefined()
      expect(await store.revocation(person, revoked[0] ?? '')).toMatchObject({ kind: 'session', at })
      // A login that began before the looks is in; a session that was ended, and a token of one, is not.
      const given = { issuedAt: harness.now() - 1, mostRecords }
      expect((await startAt(harness, addressOf({ person }), given)).outcome).toBe('started')
      const again = addressOf({ person, session: revoked[0] ?? '' })
      expect((await startAt(harness, again, { ...given, issuedAt: harness.now() + 1 })).outcome).toBe(
        'revoked',
      )
    })

  describe('more sessions of a person than are kept', () => {
    const mostRecords = 3

    /** So many sessions of a person, each seen a millisecond later. */
    async function startMany(count: number, person = unique()) {
      const harness = harnessOf()
      const addresses = Array.from({ length: count }, () => addressOf({ person }))
      const started = []
      for (const [index, address] of addresses.entries()) {
        const lastSeenAt = harness.now() + index
        const outcome = await startAt(harness, address, {
          lastSeenAt,
          sealed: `sealed-${index}`,
          mostRecords,
        })
        if (outcome.outcome !== 'started') throw new Error(`not started, but ${outcome.outcome}`)
        started.push({ address, ...outcome })
      }
      return started
    }
    const liveOf = async (person: string) =>
      (await harnessOf().store.list(person)).flatMap(({ address, record }) =>
        record.state === 'live' ? [address.session] : [],
      )

    it('HLD-18 end the one that was seen the longest ago, and tell which', async () => {
      const { store, ...harness } = harnessOf()
      const [first, second, third] = await startMany(mostRecords)
      if (!first || !second || !third) throw new Error('three sessions were started')
      await store.update(first.address, first.record.generation, { lastSeenAt: harness.now() + minute })
      const next = addressOf({ person: first.address.person })
      const outcome = await startAt(harnessOf(), next, { mostRecords })
      expect(outcome).toMatchObject({
        outcome: 'started',
        displaced: [{ address: second.address, record: second.record }],
      })
      const over = endedAt(second.record, harness.now(), 'too-many-sessions')
      expect(await store.read(second.address)).toEqual(markOf(over))
      expect(await liveOf(next.person)).toHaveLength(mostRecords)
      expect(await store.keptRefresh(second.address)).toBeUndefined()
      const { generation } = second.record
      expect(await store.update(second.address, generation, { level: 2 })).toBe(false)
      const again = await startAt(harnessOf(), second.address, { mostRecords })
      expect(again).toEqual({ outcome: 'exists', record: markOf(over) })
    })

    it('HLD-18 end the one that began first, of those that were seen at the same time', async () => {
      const harness = harnessOf()
      const person = unique()
      const lastSeenAt = harness.now()
      const addresses = [3, 1, 2].map((seconds) => ({ address: addressOf({ person }), seconds }))
      for (const { address, seconds } of addresses) {
        const startedAt = lastSeenAt - minute + seconds * 1000
        await startAt(harness, address, { lastSeenAt, startedAt, mostRecords })
      }
      const outcome = await startAt(harness, addressOf({ person }), { mostRecords })
      expect(outcome).toMatchObject({ displaced: [{ address: addresses[1]?.address }] })
    })

    it('HLD-18 leave those of other applications and other persons alone', async () => {
      const harness = harnessOf()
      const [first] = await startMany(mostRecords)
      if (!first) throw new Error('three sessions were started')
      const elsewhere = { ...first.address, application: 'permits' }
      for (const address of [elsewhere, addressOf()]) {
        const outcome = await startAt(harness, address, { mostRecords })
        expect(outcome).toEqual({ outcome: 'started', record: outcome.record })
      }
      expect((await harness.store.read(first.address))?.state).toBe('live')
    })

    it('HLD-18 shrink ends to marks before a live session ends; they go on refusing until they are over', async () => {
      const harness = harnessOf()
      const { store } = harness
      const [first, second, third] = await startMany(mostRecords)
      if (!first || !second || !third) throw new Error('three sessions were started')
      const ended = endedAt(first.record, harness.now() - 1, 'idle-timeout')
      await store.end(first.address, first.record, ended)
      const next = await startAt(harness, addressOf({ person: first.address.person }), { mostRecords })
      expect(next).toEqual({ outcome: 'started', record: next.record })
      const mark = markOf(ended)
      expect(await store.read(first.address)).toEqual(mark)
      const refused = { outcome: 'exists', record: mark }
      for (const given of [{}, { resumes: ended }, { provenAt: mark.at }, { issuedAt: mark.at + day }]) {
        expect(await startAt(harness, first.address, { ...given, mostRecords })).toEqual(refused)
      }
      const retainUntil = mark.retainUntil + day
      await store.retain(first.address, retainUntil)
      expect(await store.read(first.address)).toEqual({ ...mark, retainUntil })
      const again = await store.end(first.address, first.record, ended)
      expect(again.record).toEqual({ ...mark, retainUntil })
    })

    const shown = { level: 1.5, newestToken: { method: 'password', olderUntil: 1_768_478_400_000 } } as const

    it.each([undefined, 'idle-timeout', 'revoked', 'provider-removed'] as const)(
      'HLD-16 HLD-18 keep what the newest token had shown, in the mark of one that had ended: %s',
      async (reason) => {
        const harness = harnessOf()
        const { store } = harness
        const first = addressOf()
        const { person } = first
        const record = await startedAt(harness, first, { ...shown, lastSeenAt: harness.now() - 1 })
        if (reason === 'revoked') {
          const revocation = { reason, at: harness.now(), retainUntil: record.retainUntil }
          await store.revoke(person, { kind: 'session', session: first.session }, revocation)
        } else if (reason !== undefined) {
          await store.end(first, record, endedAt(record, harness.now(), reason))
        }
        await startAt(harness, addressOf({ person }), { mostRecords: 1 })
        const over = endedAt(record, harness.now(), reason ?? 'too-many-sessions')
        expect(await store.read(first)).toEqual({ ...markOf(over), shown })
        const retainUntil = markOf(over).retainUntil + day
        await store.retain(first, retainUntil)
        expect(await store.read(first)).toEqual({ ...markOf(over), retainUntil, shown })
      },
    )

    it.each(['resumes', 'provenAt'] as const)(
      'HLD-18 let a mark be passed over by %s as a whole end is',
      async (by) => {
        const harness = harnessOf()
        const [first] = await startMany(mostRecords)
        if (!first) throw new Error('three sessions were started')
        const ended = endedAt(first.record, harness.now(), 'application-sign-out')
        await harness.store.end(first.address, first.record, ended)
        await startAt(harness, addressOf({ person: first.address.person }), { mostRecords })
        const mark = markOf(ended)
        const given = by === 'resumes' ? { resumes: mark } : { provenAt: mark.at + 1 }
        const outcome = await startAt(harness, first.address, { ...given, mostRecords: 10 })
        expect(outcome.outcome).toBe('started')
        expect(await harness.store.read(first.address)).toEqual(outcome.record)
      },
    )

    it('HLD-18 are revoked with the person as any others', async () => {
      const harness = harnessOf()
      const started = await startMany(mostRecords + 2)
      const person = started[0]?.address.person ?? ''
      const revocation = { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + day } as const
      const { ended } = await harness.store.revoke(person, { kind: 'person' }, revocation)
      expect(ended).toHaveLength(mostRecords)
      for (const { address } of started) {
        const outcome = await startAt(harness, address, { issuedAt: revocation.at + 1 })
        expect(outcome.outcome).toBe('revoked')
      }
    })

    if (races === 'all')
      it('HLD-18 leave one time for all marks beyond their bound: every older token is refused', async () => {
        const harness = harnessOf()
        const { store } = harness
        const person = unique()
        const revoked = addressOf({ person })
        const retainUntil = harness.now() + 3 * day
        const scope = { kind: 'session', session: revoked.session } as const
        const revocation = { reason: 'signed-out', at: harness.now() - minute, retainUntil } as const
        await store.revoke(person, scope, revocation)
        const elsewhere = addressOf({ person, application: 'permits' })
        await startAt(harness, elsewhere)
        const addresses: RecordAddress[] = []
        for (let count = 0; count < 1020; count += 1) {
          const address = addressOf({ person })
          addresses.push(address)
          expect((await startAt(harness, address, { mostRecords: 1 })).outcome).toBe('started')
        }
        expect((await store.list(person)).length).toBeLessThan(100)
        const newest = addresses.at(-1)
        if (newest === undefined) throw new Error('sessions were started')
        for (const address of [newest, elsewhere]) expect((await store.read(address))?.state).toBe('live')
        const found = await store.revocation(person, unique())
        // What the dropped revocation ended in other stores is over; the ends of this store concern no other.
        expect(found).toEqual({
          reason: 'revoked',
          kind: 'person',
          at: harness.now(),
          retainUntil,
          endsBefore: revocation.at,
        })
        for (const address of [addresses[0], revoked, addressOf({ person })]) {
          if (address === undefined) throw new Error('sessions were started')
          const issuedAt = harness.now() - 1
          expect((await startAt(harness, address, { issuedAt, mostRecords: 5 })).outcome).toBe('revoked')
        }
        const issuedAt = harness.now() + 1
        expect((await startAt(harness, addressOf({ person }), { issuedAt, mostRecords: 5 })).outcome).toBe(
          'started',
        )
      })
  })
}
