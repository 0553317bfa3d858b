/** @module The memory store: the contract, answers without a promise, and what it lets go of. */
import { describe, expect, it } from 'vitest'
import { createIndexKeys } from '../../src/stores/memory/index-keys.js'
import { memoryStore } from '../../src/stores/memory/store.js'
import { describeStoreContract } from '../contracts/store.js'
import { addressOf, endedAt, letForget, liveAt, minute, unique } from '../contracts/store-harness.js'

function createHarness() {
  let now = 1_800_000_000_000
  const store = memoryStore({ clock: () => now })
  return {
    store,
    now: () => now,
    async advance(seconds: number) {
      now += seconds * 1000
    },
    async setBack(seconds: number) {
      now -= seconds * 1000
    },
    close: () => store.close(),
  }
}

describeStoreContract('memory', async () => createHarness(), { races: 'all' })

describe('the memory store', () => {
  it('answers without a promise', () => {
    const { store, now } = createHarness()
    const address = addressOf()
    const record = liveAt(now())
    expect(store.isShared).toBe(false)
    expect(store.start(address, { record, issuedAt: now(), now: now() }).outcome).toBe('started')
    expect(store.read(address)).toEqual(record)
    expect(store.update(address, record.generation, { level: 2 })).toBe(true)
    expect(store.end(address, record, endedAt(record, now())).record?.state).toBe('ended')
    expect(store.lease(unique(), 1)).toBe(1)
    expect(
      store.revoke(address.person, { kind: 'person' }, { reason: 'revoked', at: now(), retainUntil: 0 }),
    ).toEqual({
      ended: [],
      sessions: [address.session],
      acknowledged: true,
    })
  })

  it('lets go of persons that nobody asks for again, a few at each start of another', async () => {
    const harness = createHarness()
    const old = Array.from({ length: 40 }, () => addressOf())
    for (const address of old) {
      const record = liveAt(harness.now(), { retainUntil: harness.now() + minute })
      harness.store.start(address, { record, issuedAt: harness.now(), now: harness.now() })
      const revocation = {
        reason: 'revoked',
        at: harness.now(),
        retainUntil: harness.now() + minute,
      } as const
      harness.store.revoke(address.person, { kind: 'session', session: unique() }, revocation)
    }
    await letForget(harness)
    for (let start = 0; start < 40; start++) {
      const record = liveAt(harness.now())
      harness.store.start(addressOf(), { record, issuedAt: harness.now(), now: harness.now() })
    }
    expect(old.flatMap(({ person }) => harness.store.list(person))).toEqual([])
  })

  it('answers about index keys without a promise', () => {
    const { store, now } = createHarness()
    const [indexKey, person] = [unique(), unique()]
    const revocation = { reason: 'signed-out', at: now(), retainUntil: now() + minute } as const
    expect(store.noteIndexKey(indexKey, person, now() + minute)).toBeUndefined()
    expect(store.revokeIndexKey(indexKey, revocation)).toEqual({ persons: [person], acknowledged: true })
    expect(store.indexKeyRevocation(indexKey)).toEqual(revocation)
  })

  it('lets go of index keys that nobody asks for again, a few at each new one', () => {
    let now = 1_800_000_000_000
    const indexKeys = createIndexKeys(() => now)
    const retainUntil = now + minute
    for (let count = 0; count < 20; count++) {
      indexKeys.noteIndexKey(unique(), unique(), retainUntil)
      indexKeys.revokeIndexKey(unique(), { reason: 'signed-out', at: now, retainUntil })
    }
    expect(indexKeys.count()).toBe(40)
    // Nothing is forgotten before the clock has gone on for an hour.
    const known = unique()
    for (let hour = 0; hour < 2; hour++) {
      now += 60 * minute
      indexKeys.noteIndexKey(known, unique(), now + 3 * 60 * minute)
    }
    const before = indexKeys.count()
    const sizes = Array.from({ length: 20 }, () => {
      indexKeys.noteIndexKey(unique(), unique(), now + minute)
      return indexKeys.count()
    })
    expect(indexKeys.count()).toBe(21)
    const drops = sizes.map((size, index) => (sizes[index - 1] ?? before) + 1 - size)
    expect(Math.max(...drops)).toBeLessThanOrEqual(4)
  })
})
