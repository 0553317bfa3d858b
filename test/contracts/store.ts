/** @module The store contract: one suite that runs on every store. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Revocation } from '../../src/stores/store.js'
import { describeBounds } from './store-bounds.js'
import { describeDetails } from './store-details.js'
import {
  addressOf,
  day,
  endedAt,
  letForget,
  liveAt,
  type MakeStoreHarness,
  minute,
  type StoreHarness,
  startAt,
  startedAt,
  unique,
} from './store-harness.js'
import { describePointers } from './store-pointers.js'
import { describeProvenStarts } from './store-proven.js'
import { allSchedules, runSchedules, seededSchedules } from './store-races.js'

/** Runs the contract on a store. `races`: every interleaving, or 2,000 seeded ones where a call is slow. */
export function describeStoreContract(
  name: string,
  makeHarness: MakeStoreHarness,
  { races }: { readonly races: 'all' | 'seeded' },
): void {
  describe(`the store contract on ${name}`, () => {
    let harness: StoreHarness
    beforeAll(async () => {
      harness = await makeHarness()
      await harness.store.ready()
    })
    afterAll(() => harness.close())

    const revocationNow = (given: Partial<Revocation> = {}): Revocation => ({
      reason: 'signed-out',
      at: harness.now(),
      retainUntil: harness.now() + day,
      ...given,
    })

    describe('read and start', () => {
      it('finds nothing where nothing was started', async () => {
        expect(await harness.store.read(addressOf())).toBeUndefined()
        expect(await harness.store.list(unique())).toEqual([])
        expect(await harness.store.revocation(unique(), unique())).toBeUndefined()
      })

      it.each([
        ['plain', {}],
        ['with everything in it', { level: 2, authenticatedAt: 1_700_000_000_123, sealed: unique() }],
        ['with times of long ago and far ahead', { startedAt: 1, endsAt: 9_000_000_000_000 }],
      ])('gives back a record as it was started: %s', async (_name, given) => {
        const address = addressOf()
        const record = liveAt(harness.now(), given)
        const request = { record, issuedAt: harness.now(), now: harness.now() }
        expect(await harness.store.start(address, request)).toEqual({ outcome: 'started', record })
        expect(await harness.store.read(address)).toEqual(record)
      })

      it('lets the first of two starts begin the session', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        expect(await startAt(harness, address)).toEqual({ outcome: 'exists', record })
      })

      it('lets exactly one of fifty starts at once begin the session', async () => {
        const address = addressOf()
        const outcomes = await Promise.all(Array.from({ length: 50 }, () => startAt(harness, address)))
        expect(outcomes.filter(({ outcome }) => outcome === 'started')).toHaveLength(1)
        expect(new Set(outcomes.map(({ record }) => JSON.stringify(record))).size).toBe(1)
      })

      it('gives out values that a later write does not change', async () => {
        const address = addressOf()
        const { generation, lastSeenAt } = await startedAt(harness, address)
        const read = await harness.store.read(address)
        await harness.store.update(address, generation, { lastSeenAt: lastSeenAt + minute })
        expect(read).toMatchObject({ lastSeenAt })
      })

      it('keeps applications, session values and persons apart', async () => {
        const address = addressOf()
        await startedAt(harness, address)
        expect(await harness.store.read({ ...address, application: 'permits' })).toBeUndefined()
        expect(await harness.store.read({ ...address, session: unique() })).toBeUndefined()
        expect(await harness.store.read({ ...address, person: unique() })).toBeUndefined()
      })

      it('does not bring an ended session back by a start', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const ended = endedAt(record, harness.now())
        await harness.store.end(address, { generation: record.generation }, ended)
        expect(await startAt(harness, address)).toEqual({ outcome: 'exists', record: ended })
      })

      it('lifts an application end only by that very end', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const ended = endedAt(record, harness.now())
        await harness.store.end(address, { generation: record.generation }, ended)
        for (const other of [{ at: ended.at - 1 }, { reason: 'absolute-timeout' } as const]) {
          const outcome = await startAt(harness, address, { resumes: { ...ended, ...other } })
          expect(outcome).toEqual({ outcome: 'exists', record: ended })
        }
        const lifted = await startAt(harness, address, { resumes: ended })
        expect(lifted.outcome).toBe('started')
        expect(await harness.store.read(address)).toEqual(lifted.record)
        // The same end is not there a second time.
        expect((await startAt(harness, address, { resumes: ended })).outcome).toBe('exists')
      })

      it('drops what is no longer retained when the person starts again', async () => {
        const { person } = addressOf()
        const old = addressOf({ person })
        await startedAt(harness, old, { retainUntil: harness.now() + minute })
        await harness.store.revoke(
          person,
          { kind: 'session', session: unique() },
          revocationNow({ retainUntil: harness.now() + minute }),
        )
        const kept = addressOf({ person })
        await startedAt(harness, kept)
        await letForget(harness)
        const next = addressOf({ person })
        await startedAt(harness, next)
        const addresses = (await harness.store.list(person)).map(({ address }) => address.session)
        expect(addresses.toSorted()).toEqual([kept.session, next.session].toSorted())
      })

      it('HLD-05 forgets no end, revocation or claim by a clock that is days ahead and put right', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address, { retainUntil: harness.now() + day })
        const ended = endedAt(record, harness.now(), 'signed-out')
        await harness.store.end(address, record, ended)
        const revoked = addressOf()
        await harness.store.revoke(revoked.person, { kind: 'person' }, revocationNow())
        const claim = unique()
        await harness.store.claimOnce(claim)
        await harness.store.confirmClaim(claim, 600)
        await harness.setBack(-3 * 86_400)
        for (const { person } of [address, revoked]) await startedAt(harness, addressOf({ person }), {})
        for (let count = 0; count < 20; count += 1) {
          await startedAt(harness, addressOf())
          await harness.store.claimOnce(unique())
        }
        await harness.setBack(3 * 86_400)
        expect(await harness.store.read(address)).toEqual(ended)
        expect(await harness.store.revocation(revoked.person, revoked.session)).toMatchObject({
          reason: 'signed-out',
        })
        expect(await harness.store.claimOnce(claim)).toBe(false)
      })

      it('keeps everything as long as it must be retained', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address, { retainUntil: harness.now() + 2 * day })
        // What is to be kept for a shorter time does not shorten the life of the rest.
        await startedAt(harness, addressOf({ person: address.person }), {
          retainUntil: harness.now() + minute,
        })
        // A minute is left to the store's own clock, which runs on meanwhile.
        await harness.advance(2 * 86_400 - 60)
        expect(await harness.store.read(address)).toEqual(record)
      })
    })

    describe('update', () => {
      it('HLD-05 moves back what a clock that was ahead has written, and nothing that is earlier', async () => {
        const address = addressOf()
        const ahead = harness.now() + day
        const record = await startedAt(harness, address, {
          startedAt: ahead,
          lastSeenAt: ahead,
          endsAt: ahead + day,
        })
        const endsAt = harness.now() + day
        const change = { notAfter: harness.now(), endsAt }
        expect(await harness.store.update(address, record.generation, change)).toBe(true)
        const moved = { ...record, startedAt: harness.now(), lastSeenAt: harness.now(), endsAt }
        expect(await harness.store.read(address)).toEqual(moved)
        const later = { notAfter: harness.now() + minute }
        expect(await harness.store.update(address, record.generation, later)).toBe(true)
        expect(await harness.store.read(address)).toEqual(moved)
        expect(await harness.store.update(address, unique(), change)).toBe(false)
      })

      it('changes what it is told and nothing else', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address, { sealed: 'before' })
        const change = {
          lastSeenAt: record.lastSeenAt + 1,
          tokenExpiresAt: record.tokenExpiresAt + 1,
          endsAt: record.endsAt + 1,
          generation: unique(),
          level: 2,
          authenticatedAt: harness.now(),
          retainUntil: record.retainUntil + 1,
          sealed: '',
        }
        expect(await harness.store.update(address, record.generation, {})).toBe(true)
        expect(await harness.store.read(address)).toEqual(record)
        expect(await harness.store.update(address, record.generation, change)).toBe(true)
        expect(await harness.store.read(address)).toEqual({ ...record, ...change })
      })

      it.each([-minute, minute])('moves the absolute limit by %i ms, and leaves it elsewhere', async (by) => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const endsAt = record.endsAt + by
        expect(await harness.store.update(address, record.generation, { endsAt })).toBe(true)
        expect(await harness.store.read(address)).toEqual({ ...record, endsAt })
        expect(await harness.store.update(address, record.generation, { level: 2 })).toBe(true)
        expect(await harness.store.read(address)).toEqual({ ...record, endsAt, level: 2 })
      })

      it('never moves times backwards', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const { lastSeenAt, tokenExpiresAt, retainUntil, generation } = record
        const earlier = {
          lastSeenAt: lastSeenAt - 1,
          tokenExpiresAt: tokenExpiresAt - 1,
          retainUntil: retainUntil - 1,
        }
        expect(await harness.store.update(address, generation, earlier)).toBe(true)
        expect(await harness.store.read(address)).toEqual(record)
      })

      it('is refused for another generation, and where nothing is', async () => {
        const address = addressOf()
        expect(await harness.store.update(address, unique(), { level: 2 })).toBe(false)
        const record = await startedAt(harness, address)
        expect(await harness.store.update(address, unique(), { level: 2 })).toBe(false)
        expect(await harness.store.read(address)).toEqual(record)
      })

      it('is refused on an ended record', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const ended = endedAt(record, harness.now())
        await harness.store.end(address, { generation: record.generation }, ended)
        expect(await harness.store.update(address, record.generation, { level: 2 })).toBe(false)
        expect(await harness.store.read(address)).toEqual(ended)
      })
    })

    describe('end and retain', () => {
      it('leaves the applications beside it alone', async () => {
        const address = addressOf()
        const sibling = { ...address, application: 'permits' }
        const record = await startedAt(harness, address)
        const other = await startedAt(harness, sibling)
        const ended = endedAt(record, harness.now(), 'application-sign-out')
        expect(await harness.store.end(address, record, ended)).toEqual({ record: ended, acknowledged: true })
        expect(await harness.store.read(sibling)).toEqual(other)
      })

      it('answers what is there: nothing, an older end, another generation', async () => {
        const address = addressOf()
        const record = liveAt(harness.now())
        const nothing = await harness.store.end(address, record, endedAt(record, harness.now()))
        expect(nothing).toEqual({ record: undefined, acknowledged: true })
        const live = await startedAt(harness, address)
        const other = await harness.store.end(address, record, endedAt(record, harness.now()))
        expect(other.record).toEqual(live)
        const first = endedAt(live, harness.now())
        await harness.store.end(address, live, first)
        const second = endedAt(live, harness.now() + 1, 'revoked')
        expect(await harness.store.end(address, live, second)).toEqual({ record: first, acknowledged: true })
        expect(await harness.store.read(address)).toEqual(first)
      })

      it.each(['application-sign-out', 'idle-timeout', 'provider-removed'] as const)(
        'HLD-26 answers whether an end by %s would survive, also asked a second time',
        async (reason) => {
          const address = addressOf()
          const record = await startedAt(harness, address)
          const ended = endedAt(record, harness.now(), reason)
          for (let time = 0; time < 2; time++) {
            const outcome = await harness.store.end(address, record, ended)
            expect(outcome).toEqual({ record: ended, acknowledged: true })
          }
        },
      )

      it('does not end for idleness what was touched meanwhile', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const { generation, lastSeenAt } = record
        await harness.store.update(address, generation, { lastSeenAt: lastSeenAt + 1 })
        const ended = endedAt(record, harness.now())
        const touched = { ...record, lastSeenAt: lastSeenAt + 1 }
        const spared = await harness.store.end(address, { generation, lastSeenAt }, ended)
        expect(spared.record).toEqual(touched)
        const expected = { generation, lastSeenAt: touched.lastSeenAt }
        expect((await harness.store.end(address, expected, ended)).record).toEqual(ended)
      })

      it('never retains an end for less long than the record', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const ended = endedAt(record, harness.now(), 'idle-timeout', { retainUntil: harness.now() + 1 })
        await harness.store.end(address, record, ended)
        expect(await harness.store.read(address)).toEqual({ ...ended, retainUntil: record.retainUntil })
      })

      it('an end of a reason that 0.1.0 does not know gives way to a proof, and to nothing else', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const ended = endedAt(record, harness.now(), 'provider-removed')
        await harness.store.end(address, record, ended)
        expect(await harness.store.list(address.person)).toEqual([{ address, record: ended }])
        expect(await startAt(harness, address, { issuedAt: harness.now() + 1 })).toEqual({
          outcome: 'exists',
          record: ended,
        })
        const proven = await startAt(harness, address, { provenAt: harness.now() + 1 })
        expect(proven.outcome).toBe('started')
      })

      it.each(['idle-timeout', 'provider-removed'] as const)(
        'retains an end by %s for longer, never for less long, and no live record',
        async (reason) => {
          const address = addressOf()
          const record = await startedAt(harness, address)
          await harness.store.retain(address, harness.now() + 3 * day)
          expect(await harness.store.read(address)).toEqual(record)
          const ended = endedAt(record, harness.now(), reason)
          await harness.store.end(address, record, ended)
          await harness.store.retain(address, harness.now() + 1)
          expect(await harness.store.read(address)).toEqual(ended)
          const retainUntil = harness.now() + 3 * day
          await harness.store.retain(address, retainUntil)
          await harness.advance(2 * 86_400)
          expect(await harness.store.read(address)).toEqual({ ...ended, retainUntil })
          await harness.store.retain(addressOf(), retainUntil)
        },
      )
    })

    describe('revoke', () => {
      it('ends one session value in every application, and nothing else', async () => {
        const address = addressOf()
        const sibling = { ...address, application: 'permits' }
        const elsewhere = addressOf({ person: address.person })
        const stranger = addressOf({ session: address.session })
        const record = await startedAt(harness, address, { sealed: 'ours' })
        const other = await startedAt(harness, sibling)
        const rest = [await startedAt(harness, elsewhere), await startedAt(harness, stranger)]
        const revocation = revocationNow()
        const { ended, acknowledged } = await harness.store.revoke(
          address.person,
          { kind: 'session', session: address.session },
          revocation,
        )
        expect(acknowledged).toBe(true)
        expect(ended.toSorted((a, b) => a.address.application.localeCompare(b.address.application))).toEqual([
          { address, record },
          { address: sibling, record: other },
        ])
        expect(await harness.store.read(address)).toEqual(endedAt(record, revocation.at, 'signed-out'))
        expect(await harness.store.read(sibling)).toEqual(endedAt(other, revocation.at, 'signed-out'))
        expect([await harness.store.read(elsewhere), await harness.store.read(stranger)]).toEqual(rest)
      })

      it('refuses a session value for ever after, whenever its token was issued, and writes the tombstone', async () => {
        const address = addressOf()
        const revocation = revocationNow({ retainUntil: harness.now() + 2 * day })
        const scope = { kind: 'session', session: address.session } as const
        expect((await harness.store.revoke(address.person, scope, revocation)).ended).toEqual([])
        expect(await harness.store.read(address)).toBeUndefined()
        const record = {
          state: 'ended',
          reason: 'signed-out',
          at: revocation.at,
          generation: '',
          retainUntil: revocation.retainUntil,
          sealed: '',
        }
        const issuedAt = harness.now() + day
        expect(await startAt(harness, address, { issuedAt })).toEqual({ outcome: 'revoked', record })
        expect(await harness.store.read(address)).toEqual(record)
        expect(await harness.store.list(address.person)).toEqual([{ address, record }])
      })

      it('lifts nothing that was revoked', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const ended = endedAt(record, harness.now())
        await harness.store.end(address, record, ended)
        const scope = { kind: 'session', session: address.session } as const
        await harness.store.revoke(address.person, scope, revocationNow())
        // The record keeps its reason until a start meets the revocation.
        expect(await harness.store.read(address)).toEqual(ended)
        const outcome = await startAt(harness, address, { resumes: ended })
        expect(outcome.outcome).toBe('revoked')
        expect(outcome.record).toMatchObject({ state: 'ended', reason: 'signed-out' })
        const tombstone = await harness.store.read(address)
        if (tombstone?.state !== 'ended') throw new Error('no tombstone')
        expect((await startAt(harness, address, { resumes: tombstone })).outcome).toBe('revoked')
      })

      it('lifts nothing that was revoked, also when the tombstone is retained for longer than asked', async () => {
        const address = addressOf()
        const scope = { kind: 'session', session: address.session } as const
        const short = { retainUntil: harness.now() + minute }
        await harness.store.revoke(address.person, scope, revocationNow(short))
        const { record } = await startAt(harness, address, short)
        await harness.store.retain(address, harness.now() + day)
        await harness.advance(120)
        if (record.state !== 'ended') throw new Error('no tombstone')
        expect((await startAt(harness, address, { resumes: record })).outcome).toBe('revoked')
      })

      it('RACE-2 refuses by time what was issued before a person was revoked, also after the next login', async () => {
        const { person } = addressOf()
        const known = addressOf({ person })
        await startedAt(harness, known)
        await harness.advance(10)
        const revocation = revocationNow({ reason: 'revoked' })
        const { ended } = await harness.store.revoke(person, { kind: 'person' }, revocation)
        expect(ended.map(({ address }) => address)).toEqual([known])
        await harness.advance(10)
        // A new login begins a session, and takes nothing back.
        const next = addressOf({ person })
        expect((await startAt(harness, next, { issuedAt: harness.now() })).outcome).toBe('started')
        const unknown = addressOf({ person })
        expect((await startAt(harness, unknown, { issuedAt: revocation.at - 1 })).outcome).toBe('revoked')
        expect((await startAt(harness, known, { issuedAt: harness.now() })).outcome).toBe('revoked')
        // The unknown one has shown itself older: a token renewed under its session value is refused everywhere.
        const renewed = { ...unknown, application: 'permits' }
        expect((await startAt(harness, renewed, { issuedAt: harness.now() })).outcome).toBe('revoked')
        expect(await harness.store.read(next)).toMatchObject({ state: 'live' })
        const last = addressOf({ person })
        expect((await startAt(harness, last, { issuedAt: revocation.at })).outcome).toBe('started')
      })

      it('ends all others but one', async () => {
        const { person } = addressOf()
        const mine = addressOf({ person })
        const record = await startedAt(harness, mine)
        const others = [addressOf({ person }), addressOf({ person, application: 'permits' })]
        for (const address of others) await startedAt(harness, address)
        const { ended } = await harness.store.revoke(
          person,
          { kind: 'others', session: mine.session },
          revocationNow(),
        )
        expect(new Set(ended.map(({ address }) => address.session))).toEqual(
          new Set(others.map(({ session }) => session)),
        )
        expect(await harness.store.read(mine)).toEqual(record)
        for (const address of others) {
          expect(await harness.store.revocation(person, address.session)).toMatchObject({ kind: 'session' })
          const again = { ...address, application: 'library' }
          expect((await startAt(harness, again)).outcome).toBe('revoked')
        }
        expect(await harness.store.revocation(person, mine.session)).toBeUndefined()
        const elsewhere = addressOf({ person })
        expect((await startAt(harness, elsewhere, { issuedAt: 0 })).outcome).toBe('started')
      })

      it('finds the revocation of the session value before that of the person', async () => {
        const { person, session } = addressOf()
        const ofPerson = revocationNow({ reason: 'revoked' })
        await harness.store.revoke(person, { kind: 'person' }, ofPerson)
        expect(await harness.store.revocation(person, session)).toEqual({ ...ofPerson, kind: 'person' })
        const ofSession = revocationNow({ at: ofPerson.at + 1 })
        await harness.store.revoke(person, { kind: 'session', session }, ofSession)
        expect(await harness.store.revocation(person, session)).toEqual({ ...ofSession, kind: 'session' })
      })

      it('HLD-12 finds of several values of one session the latest revocation', async () => {
        const { person, session } = addressOf()
        const [other, third] = [unique(), unique()]
        const revoke = (value: string, at: number) =>
          harness.store.revoke(person, { kind: 'session', session: value }, revocationNow({ at }))
        const find = (...names: string[]) => harness.store.revocation(person, session, names)
        expect(await find(other, third)).toBeUndefined()
        await revoke(third, harness.now() + 2)
        await revoke(other, harness.now() + 1)
        expect(await find()).toBeUndefined()
        expect(await find(other)).toMatchObject({ kind: 'session', at: harness.now() + 1 })
        for (const names of [
          [other, third],
          [third, other],
        ]) {
          expect(await find(...names)).toMatchObject({ kind: 'session', at: harness.now() + 2 })
        }
      })

      it('keeps the later time and the longer retention of two revocations', async () => {
        const { person, session } = addressOf()
        const later = revocationNow({ at: harness.now() + 10, reason: 'revoked' })
        const longer = revocationNow({ at: harness.now(), retainUntil: later.retainUntil + 10 })
        for (const pair of [
          [later, longer],
          [longer, later],
        ]) {
          for (const revocation of pair) {
            await harness.store.revoke(person, { kind: 'session', session }, revocation)
            await harness.store.revoke(person, { kind: 'person' }, revocation)
          }
          const expected = { ...later, retainUntil: longer.retainUntil }
          expect(await harness.store.revocation(person, session)).toEqual({ ...expected, kind: 'session' })
          expect(await harness.store.revocation(person, unique())).toEqual({ ...expected, kind: 'person' })
        }
      })
    })

    describe('alias', () => {
      it('leads to the record under its older name', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const newer = { ...address, session: unique() }
        expect(await harness.store.alias(address, record.generation, newer.session)).toBe(true)
        const alias = { state: 'alias', session: address.session }
        expect(await harness.store.read(newer)).toEqual(alias)
        expect(await startAt(harness, newer)).toEqual({ outcome: 'alias', record: alias })
        expect(await harness.store.list(address.person)).toEqual([{ address, record }])
      })

      it('is refused on what is not live, and for a session value that was revoked', async () => {
        const address = addressOf()
        expect(await harness.store.alias(address, unique(), unique())).toBe(false)
        const record = await startedAt(harness, address)
        expect(await harness.store.alias(address, unique(), unique())).toBe(false)
        const session = unique()
        await harness.store.revoke(address.person, { kind: 'session', session }, revocationNow())
        expect(await harness.store.alias(address, record.generation, session)).toBe(false)
        await harness.store.end(address, record, endedAt(record, harness.now()))
        expect(await harness.store.alias(address, record.generation, unique())).toBe(false)
      })

      it('leads over several changes to where the application has its record', async () => {
        const address = addressOf()
        const sibling = { ...address, application: 'permits', session: unique() }
        const newest = unique()
        // The sibling saw the second value first; both are names of one session.
        const other = await startedAt(harness, sibling)
        const record = await startedAt(harness, address)
        expect(await harness.store.alias(address, record.generation, sibling.session)).toBe(true)
        expect(await harness.store.alias(sibling, other.generation, newest)).toBe(true)
        expect(await harness.store.read({ ...address, session: newest })).toEqual({
          state: 'alias',
          session: address.session,
        })
        expect(await harness.store.read({ ...sibling, session: newest })).toEqual({
          state: 'alias',
          session: sibling.session,
        })
        // No circle: the first is a name of the same session already.
        expect(await harness.store.alias(sibling, other.generation, address.session)).toBe(true)
        expect(await harness.store.read(address)).toEqual(record)
        expect(await harness.store.read({ ...address, application: 'library', session: newest })).toEqual({
          state: 'alias',
          session: address.session,
        })
      })

      it.each(['root', 'alias'] as const)('is revoked with its root when the %s is', async (which) => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const newer = { ...address, session: unique() }
        const apart = addressOf({ person: address.person })
        await startedAt(harness, apart)
        await harness.store.alias(address, record.generation, newer.session)
        const { session } = which === 'root' ? address : newer
        const { ended, sessions } = await harness.store.revoke(
          address.person,
          { kind: 'session', session },
          revocationNow(),
        )
        expect(ended.map((listed) => listed.address)).toEqual([address])
        // HLD-12: whoever tells another store must tell it every name.
        expect(sessions.toSorted()).toEqual([address.session, newer.session].toSorted())
        for (const each of [address, newer]) {
          expect((await startAt(harness, { ...each, application: 'permits' })).outcome).toBe('revoked')
          expect(await harness.store.revocation(each.person, each.session)).toMatchObject({ kind: 'session' })
        }
        expect(await harness.store.read(apart)).toMatchObject({ state: 'live' })
      })

      it('is spared with its root when all others are revoked', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const session = unique()
        await harness.store.alias(address, record.generation, session)
        const { ended } = await harness.store.revoke(
          address.person,
          { kind: 'others', session },
          revocationNow(),
        )
        expect(ended).toEqual([])
        expect(await harness.store.read(address)).toEqual(record)
        expect(await harness.store.revocation(address.person, session)).toBeUndefined()
      })

      it('goes when its root is no longer retained', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address, { retainUntil: harness.now() + minute })
        const newer = { ...address, session: unique() }
        await harness.store.alias(address, record.generation, newer.session)
        await startedAt(harness, addressOf({ person: address.person }))
        await letForget(harness)
        expect((await startAt(harness, newer)).outcome).toBe('started')
      })
    })

    describe('kept refreshes', () => {
      const keptUntil = (until: number, fence: number) => ({
        token: unique(),
        sealed: unique(),
        fence,
        until,
      })

      it('are handed out while the record lives, and move the expiry of the token', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        expect(await harness.store.keptRefresh(address)).toBeUndefined()
        const kept = keptUntil(harness.now() + minute, 7)
        const expiry = record.tokenExpiresAt + minute
        expect(await harness.store.keepRefresh(address, record.generation, kept, expiry)).toBe(true)
        expect(await harness.store.keptRefresh(address)).toEqual(kept)
        expect(await harness.store.read(address)).toEqual({ ...record, tokenExpiresAt: expiry })
        await harness.advance(60)
        expect(await harness.store.keptRefresh(address)).toBeUndefined()
      })

      it('give way to a higher fence only', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const newer = keptUntil(harness.now() + minute, 8)
        const expiry = record.tokenExpiresAt
        expect(await harness.store.keepRefresh(address, record.generation, newer, expiry)).toBe(true)
        const older = keptUntil(harness.now() + minute, 7)
        expect(await harness.store.keepRefresh(address, record.generation, older, expiry + 1)).toBe(false)
        expect(await harness.store.keptRefresh(address)).toEqual(newer)
        expect(await harness.store.read(address)).toEqual(record)
        await harness.store.dropRefresh(address, 7)
        expect(await harness.store.keptRefresh(address)).toEqual(newer)
        await harness.store.dropRefresh(address, 8)
        expect(await harness.store.keptRefresh(address)).toBeUndefined()
      })

      it('are refused for another generation and go with the end of the record', async () => {
        const address = addressOf()
        const record = await startedAt(harness, address)
        const kept = keptUntil(harness.now() + minute, 1)
        expect(await harness.store.keepRefresh(address, unique(), kept, 0)).toBe(false)
        expect(await harness.store.keepRefresh(addressOf(), record.generation, kept, 0)).toBe(false)
        expect(await harness.store.keepRefresh(address, record.generation, kept, 0)).toBe(true)
        const ended = endedAt(record, harness.now())
        await harness.store.end(address, record, ended)
        expect(await harness.store.keptRefresh(address)).toBeUndefined()
        expect(await harness.store.keepRefresh(address, record.generation, kept, 0)).toBe(false)
        await startAt(harness, address, { resumes: ended })
        expect(await harness.store.keptRefresh(address)).toBeUndefined()
      })
    })

    describe('claims, leases, registrations', () => {
      it('HLD-02 keeps a text for one reader, within its time', async () => {
        const [key, late] = [unique(), unique()]
        await harness.store.deposit(key, 'a sealed text', 60)
        await harness.store.deposit(late, 'another', 60)
        const read = await Promise.all(Array.from({ length: 5 }, () => harness.store.withdraw(key)))
        expect(read.filter((text) => text !== undefined)).toEqual(['a sealed text'])
        await harness.advance(61)
        expect(await harness.store.withdraw(late)).toBeUndefined()
        expect(await harness.store.withdraw(unique())).toBeUndefined()
      })

      it('gives a claim to exactly one of fifty', async () => {
        const key = unique()
        const won = await Promise.all(Array.from({ length: 50 }, () => harness.store.claimOnce(key)))
        expect(won.filter(Boolean)).toHaveLength(1)
      })

      it('gives a claim back after 30 s, unless it was settled', async () => {
        const [given, settled] = [unique(), unique()]
        for (const key of [given, settled]) expect(await harness.store.claimOnce(key)).toBe(true)
        await harness.store.confirmClaim(settled, 60)
        // Seconds are left to the store's own clock, which runs on meanwhile.
        await harness.advance(25)
        expect([await harness.store.claimOnce(given), await harness.store.claimOnce(settled)]).toEqual([
          false,
          false,
        ])
        await harness.advance(6)
        expect([await harness.store.claimOnce(given), await harness.store.claimOnce(settled)]).toEqual([
          true,
          false,
        ])
        await harness.advance(30)
        expect(await harness.store.claimOnce(settled)).toBe(true)
      })

      it('BCL-15 gives an abandoned claim back at once, but none that was settled', async () => {
        const key = unique()
        await harness.store.claimOnce(key)
        await harness.store.abandonClaim(key)
        expect(await harness.store.claimOnce(key)).toBe(true)
        await harness.store.confirmClaim(key, 60)
        await harness.store.abandonClaim(key)
        expect(await harness.store.claimOnce(key)).toBe(false)
      })

      it('HLD-14 gives a claim to its owner again, and to nobody else', async () => {
        const key = unique()
        const [ours, theirs] = [unique(), unique()]
        expect(await harness.store.claimOnce(key, ours)).toBe(true)
        expect(await harness.store.claimOnce(key, theirs)).toBe(false)
        expect(await harness.store.claimOnce(key)).toBe(false)
        expect(await harness.store.claimOnce(key, ours)).toBe(true)
        await harness.store.confirmClaim(key, 60)
        for (const owner of [ours, theirs, 'settled', 'claimed', undefined]) {
          expect(await harness.store.claimOnce(key, owner)).toBe(false)
        }
      })

      it('HLD-14 gives a claim of one owner to exactly one of fifty others', async () => {
        const key = unique()
        const owners = Array.from({ length: 50 }, () => unique())
        const won = await Promise.all(owners.map((owner) => harness.store.claimOnce(key, owner)))
        expect(won.filter(Boolean)).toHaveLength(1)
        const again = await Promise.all(owners.map((owner) => harness.store.claimOnce(key, owner)))
        expect(again).toEqual(won)
      })

      it('HLD-14 lets a claim be given back by its owner alone, and a settled one by nobody', async () => {
        const [key, nobodys] = [unique(), unique()]
        const [ours, theirs] = [unique(), unique()]
        await harness.store.claimOnce(key, ours)
        // As 0.1.0 asks.
        await harness.store.claimOnce(nobodys)
        for (const owner of [theirs, 'claimed', undefined]) await harness.store.abandonClaim(key, owner)
        await harness.store.abandonClaim(nobodys, theirs)
        expect(await harness.store.claimOnce(key, theirs)).toBe(false)
        expect(await harness.store.claimOnce(nobodys, theirs)).toBe(false)
        await harness.store.abandonClaim(key, ours)
        expect(await harness.store.claimOnce(key, theirs)).toBe(true)
        await harness.store.confirmClaim(key, 60)
        for (const owner of [theirs, 'settled', undefined]) await harness.store.abandonClaim(key, owner)
        expect(await harness.store.claimOnce(key, theirs)).toBe(false)
      })

      it('HLD-14 holds a claim for its owner for 30 s from the last time it was asked for', async () => {
        const key = unique()
        const [ours, theirs] = [unique(), unique()]
        await harness.store.claimOnce(key, ours)
        await harness.advance(25)
        expect(await harness.store.claimOnce(key, ours)).toBe(true)
        await harness.advance(25)
        expect(await harness.store.claimOnce(key, theirs)).toBe(false)
        await harness.advance(6)
        expect(await harness.store.claimOnce(key, theirs)).toBe(true)
        await harness.store.abandonClaim(key, ours)
        expect(await harness.store.claimOnce(key, unique())).toBe(false)
      })

      it('leases to one at a time, with a number that grows', async () => {
        const key = unique()
        const leases = await Promise.all(Array.from({ length: 50 }, () => harness.store.lease(key, 5)))
        const numbers = leases.filter((lease) => lease !== undefined)
        expect(numbers).toHaveLength(1)
        const [first = 0] = numbers
        await harness.advance(6)
        const second = await harness.store.lease(key, 5)
        expect(second).toBeGreaterThan(first)
        await harness.store.releaseLease(key, second ?? 0)
        expect(await harness.store.lease(key, 5)).toBeGreaterThan(second ?? 0)
      })

      it('renews and releases a lease only for who holds it', async () => {
        const key = unique()
        const fence = (await harness.store.lease(key, 20)) ?? 0
        await harness.advance(12)
        expect(await harness.store.renewLease(key, fence, 20)).toBe(true)
        await harness.advance(12)
        expect(await harness.store.lease(key, 20)).toBeUndefined()
        await harness.advance(9)
        expect(await harness.store.renewLease(key, fence, 20)).toBe(false)
        const next = (await harness.store.lease(key, 20)) ?? 0
        await harness.store.releaseLease(key, fence)
        expect(await harness.store.renewLease(key, fence, 20)).toBe(false)
        expect(await harness.store.lease(key, 20)).toBeUndefined()
        expect(await harness.store.renewLease(key, next, 20)).toBe(true)
      })

      it('lets an id be registered by one fingerprint at a time', async () => {
        const application = `app-${unique()}`
        const [mine, theirs] = [unique(), unique()]
        expect(await harness.store.register(application, mine, 60)).toBe(true)
        expect(await harness.store.register(application, mine, 60)).toBe(true)
        const taken = await harness.store.register(application, theirs, 60)
        expect(taken).toEqual({ fingerprint: mine, seconds: expect.any(Number) })
        expect(typeof taken === 'object' && taken.seconds > 50 && taken.seconds <= 60).toBe(true)
        await harness.advance(61)
        expect(await harness.store.register(application, theirs, 60)).toBe(true)
      })

      describe('gives an id back', () => {
        const [one, other] = ['one', 'other']
        let application: string
        let mine: string
        let theirs: string
        beforeEach(() => {
          application = `app-${unique()}`
          mine = unique()
          theirs = unique()
        })
        const register = (who: string, instance?: string) =>
          harness.store.register(application, who, 60, instance)
        const isFree = async () => (await register(theirs, 'stranger')) === true

        it('at once when its only instance stops in order', async () => {
          await register(mine, one)
          expect(await isFree()).toBe(false)
          await harness.store.deregister(application, mine, one)
          expect(await isFree()).toBe(true)
        })

        it('when the last of its instances stops in order', async () => {
          await register(mine, one)
          await register(mine, other)
          await harness.store.deregister(application, mine, one)
          expect(await isFree()).toBe(false)
          await harness.store.deregister(application, mine, one)
          expect(await isFree()).toBe(false)
          await harness.store.deregister(application, mine, other)
          expect(await isFree()).toBe(true)
        })

        it('when the last one stops in order and the lease of those that crashed is over', async () => {
          await register(mine, one)
          await harness.advance(40)
          await register(mine, other)
          await harness.advance(30)
          await harness.store.deregister(application, mine, other)
          expect(await isFree()).toBe(true)
        })

        it('not before the lease of one that crashed is over', async () => {
          await register(mine, one)
          await harness.advance(20)
          await register(mine, other)
          await harness.store.deregister(application, mine, other)
          expect(await isFree()).toBe(false)
          await harness.advance(41)
          expect(await isFree()).toBe(true)
        })

        it.each([
          [
            'before',
            async (unnamed: () => unknown, named: () => unknown) => {
              await unnamed()
              await named()
            },
          ],
          [
            'after',
            async (unnamed: () => unknown, named: () => unknown) => {
              await named()
              await unnamed()
            },
          ],
        ])('not while an instance of 0.1.0, which has no name, registered %s it', async (_, inOrder) => {
          await inOrder(
            () => register(mine),
            () => register(mine, one),
          )
          await harness.advance(5)
          await register(mine, one)
          await harness.store.deregister(application, mine, one)
          expect(await isFree()).toBe(false)
          await harness.advance(61)
          expect(await isFree()).toBe(true)
        })

        it('to nobody but its owner', async () => {
          await register(mine, one)
          await harness.store.deregister(application, theirs, one)
          expect(await isFree()).toBe(false)
        })
      })

      it('HLD-05 a lease or a registration ends with a step of the clock back, a claim stands', async () => {
        const [lease, application, given, settled] = [unique(), unique(), unique(), unique()]
        await harness.advance(3600)
        await harness.store.lease(lease, 20)
        await harness.store.register(application, unique(), 60)
        await harness.store.claimOnce(given)
        await harness.store.claimOnce(settled)
        await harness.store.confirmClaim(settled, 4000)
        await harness.setBack(3600)
        // By the store's own clock, where it has one, a minute has passed all the same.
        await harness.advance(61)
        expect(await harness.store.lease(lease, 20)).toBeDefined()
        expect(await harness.store.register(application, unique(), 60)).toBe(true)
        expect(await harness.store.claimOnce(settled)).toBe(false)
      })
    })

    describeBounds(() => harness, races)
    describeDetails(() => harness)
    describeProvenStarts(() => harness)
    describePointers(() => harness, races)

    describe('races', () => {
      const isExhaustive = races === 'all'
      const what = isExhaustive ? 'every interleaving of three' : '2,000 seeded interleavings of three'
      it(`RACE-1 brings nothing back that was ended, in ${what} of read, touch, refresh, logout, end, start`, async () => {
        const schedules = isExhaustive ? allSchedules() : seededSchedules(2000, 20_261_122)
        const count = await runSchedules(harness, schedules)
        expect(count).toBeGreaterThanOrEqual(2000)
      })

      it('RACE-3 refuses a start that was under way when the session was revoked', async () => {
        const address = addressOf()
        const record = liveAt(harness.now())
        const request = { record, issuedAt: harness.now() + minute, now: harness.now() }
        const scope = { kind: 'session', session: address.session } as const
        const [, { outcome }] = await Promise.all([
          harness.store.revoke(address.person, scope, revocationNow()),
          harness.store.start(address, request),
        ])
        expect(['started', 'revoked']).toContain(outcome)
        expect((await harness.store.read(address))?.state).toBe('ended')
      })
    })
  })
}
