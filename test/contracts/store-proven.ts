/** @module The store contract for starts that bring the proof of a new authentication. */
import { describe, expect, it } from 'vitest'
import type { EndReason, RecordAddress } from '../../src/session-record.js'
import type { Revocation } from '../../src/stores/store.js'
import {
  addressOf,
  day,
  endedAt,
  letForget,
  minute,
  type StoreHarness,
  startAt,
  startedAt,
  unique,
} from './store-harness.js'

const reasons = {
  'idle-timeout': true,
  'absolute-timeout': true,
  'application-sign-out': true,
  'identity-ended': true,
  'identity-changed': true,
  'signed-out': true,
  revoked: true,
  'too-many-sessions': true,
  'provider-removed': true,
} satisfies Record<EndReason, true>

/** What a start with `provenAt` may do that no other may. */
export function describeProvenStarts(harnessOf: () => StoreHarness): void {
  describe('a start with a proof', () => {
    const revocationNow = (given: Partial<Revocation> = {}): Revocation => {
      const at = harnessOf().now()
      return { reason: 'signed-out', at, retainUntil: at + day, ...given }
    }
    const revoke = (kind: 'session' | 'person', { person, session }: RecordAddress, revocation: Revocation) =>
      harnessOf().store.revoke(person, kind === 'session' ? { kind, session } : { kind }, revocation)

    it.each([
      ['session', 'is not live', false],
      ['session', 'was live', true],
      ['person', 'is not live', false],
      ['person', 'was live', true],
    ] as const)(
      'passes over an earlier revocation of the %s where the record %s',
      async (kind, _, wasLive) => {
        const harness = harnessOf()
        const revocation = revocationNow()
        const issuedAt = revocation.at - 1
        for (const early of [undefined, 0, revocation.at - 1, revocation.at]) {
          const address = addressOf()
          if (wasLive) await startedAt(harness, address)
          await revoke(kind, address, revocation)
          const { outcome } = await startAt(harness, address, { issuedAt, provenAt: early })
          expect([early, outcome]).toEqual([early, 'revoked'])
          // The tombstone that this left is passed over as well.
          const begun = await startAt(harness, address, { issuedAt, provenAt: revocation.at + 1 })
          expect(begun.outcome).toBe('started')
          expect(await harness.store.read(address)).toEqual(begun.record)
        }
      },
    )

    it('leaves the revocation where it is, for starts without a proof', async () => {
      const harness = harnessOf()
      const address = addressOf()
      const revocation = revocationNow()
      await revoke('session', address, revocation)
      await startAt(harness, address, { provenAt: revocation.at + 1 })
      expect(await harness.store.revocation(address.person, address.session)).toEqual({
        ...revocation,
        kind: 'session',
      })
      const sibling = { ...address, application: 'permits' }
      expect((await startAt(harness, sibling)).outcome).toBe('revoked')
    })

    it('needs to be later than both revocations, of the session and of the person', async () => {
      const harness = harnessOf()
      const address = addressOf()
      const [first, second] = [revocationNow(), revocationNow({ at: harness.now() + minute })]
      for (const [ofSession, ofPerson] of [
        [first, second],
        [second, first],
      ] as const) {
        const each = { ...address, session: unique(), person: unique() }
        await revoke('person', each, ofPerson)
        await revoke('session', each, ofSession)
        const between = { issuedAt: 0, provenAt: first.at + 1 }
        expect((await startAt(harness, each, between)).outcome).toBe('revoked')
        expect((await startAt(harness, each, { issuedAt: 0, provenAt: second.at + 1 })).outcome).toBe(
          'started',
        )
      }
    })

    it.each(Object.keys(reasons) as EndReason[])(
      'begins anew what had ended before it: %s',
      async (reason) => {
        const harness = harnessOf()
        const address = addressOf()
        const record = await startedAt(harness, address)
        const ended = endedAt(record, harness.now(), reason)
        await harness.store.end(address, record, ended)
        for (const provenAt of [undefined, 0, ended.at]) {
          expect(await startAt(harness, address, { provenAt })).toEqual({ outcome: 'exists', record: ended })
        }
        const begun = await startAt(harness, address, { provenAt: ended.at + 1 })
        expect(begun.outcome).toBe('started')
        expect(await harness.store.read(address)).toEqual(begun.record)
        expect(await harness.store.list(address.person)).toEqual([{ address, record: begun.record }])
      },
    )

    it('finds a live record that is there', async () => {
      const harness = harnessOf()
      const address = addressOf()
      const record = await startedAt(harness, address)
      const provenAt = harness.now() + minute
      expect(await startAt(harness, address, { provenAt })).toEqual({ outcome: 'exists', record })
    })

    it.each(['session', 'person'] as const)(
      'is ended again by a later revocation of the %s, whose time stays',
      async (kind) => {
        const harness = harnessOf()
        const address = addressOf()
        const first = revocationNow({ retainUntil: harness.now() + 2 * day })
        await revoke(kind, address, first)
        const proof = { issuedAt: 0, provenAt: first.at + 1 }
        const { record } = await startAt(harness, address, proof)
        const second = revocationNow({ at: first.at + minute, reason: 'revoked' })
        expect((await revoke(kind, address, second)).ended).toEqual([{ address, record }])
        expect(await harness.store.read(address)).toMatchObject({ state: 'ended', at: second.at })
        const session = kind === 'session' ? address.session : unique()
        expect(await harness.store.revocation(address.person, session)).toMatchObject({
          kind,
          reason: 'revoked',
          at: second.at,
          retainUntil: first.retainUntil,
        })
        // The proof of before is older than this one.
        expect((await startAt(harness, address, proof)).outcome).toBe('revoked')
        const later = { issuedAt: 0, provenAt: second.at + 1 }
        expect((await startAt(harness, address, later)).outcome).toBe('started')
      },
    )

    it('is ended for good by a revocation of before it that arrives late', async () => {
      const harness = harnessOf()
      const address = addressOf()
      const provenAt = harness.now() + minute
      await startAt(harness, address, { provenAt })
      const { ended } = await revoke('session', address, revocationNow())
      expect(ended).toHaveLength(1)
      expect((await startAt(harness, address)).outcome).toBe('revoked')
    })

    it('lives on when the revocation that it passed over is no longer retained', async () => {
      const harness = harnessOf()
      const address = addressOf()
      await revoke('session', address, revocationNow({ retainUntil: harness.now() + minute }))
      const { record } = await startAt(harness, address, { provenAt: harness.now() + 1 })
      await letForget(harness)
      await startedAt(harness, addressOf({ person: address.person }))
      expect(await harness.store.revocation(address.person, address.session)).toBeUndefined()
      expect(await harness.store.read(address)).toEqual(record)
    })

    it('follows an alias, and begins the session anew for all of its names', async () => {
      const harness = harnessOf()
      const address = addressOf()
      const { generation } = await startedAt(harness, address)
      const newer = { ...address, session: unique() }
      await harness.store.alias(address, generation, newer.session)
      const first = revocationNow()
      await revoke('session', newer, first)
      const proof = { provenAt: first.at + 1 }
      const alias = { state: 'alias', session: address.session }
      expect(await startAt(harness, newer, proof)).toEqual({ outcome: 'alias', record: alias })
      const { outcome, record } = await startAt(harness, address, proof)
      expect(outcome).toBe('started')
      expect(await harness.store.read(newer)).toEqual(alias)
      expect(await startAt(harness, newer, proof)).toEqual({ outcome: 'alias', record: alias })
      const second = revocationNow({ at: first.at + minute })
      expect((await revoke('session', newer, second)).ended).toEqual([{ address, record }])
      for (const each of [address, newer]) {
        expect((await startAt(harness, each, proof)).outcome).toBe('revoked')
      }
    })

    it('lets its session get new names, which an older revocation does not refuse', async () => {
      const harness = harnessOf()
      const address = addressOf()
      const revocation = revocationNow()
      await revoke('session', address, revocation)
      const { record } = await startAt(harness, address, { provenAt: revocation.at + 1 })
      if (record.state !== 'live') throw new Error('not started')
      const newer = { ...address, session: unique() }
      const alias = { state: 'alias', session: address.session }
      for (const _ of ['first', 'again']) {
        expect(await harness.store.alias(address, record.generation, newer.session)).toBe(true)
        expect(await startAt(harness, newer)).toEqual({ outcome: 'alias', record: alias })
      }
      // Another application has no session that is newer than the revocation.
      expect((await startAt(harness, { ...newer, application: 'permits' })).outcome).toBe('revoked')
    })
  })
}
