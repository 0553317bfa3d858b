/** @module The memory store: the contract, answers without a promise, and what it lets go of. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/stores/memory.js'
import { describeStoreContract } from '../contracts/store.js'
import { addressOf, endedAt, liveAt, minute, unique } from '../contracts/store-harness.js'

function createHarness() {
  let now = 1_800_000_000_000
  const store = memoryStore({ clock: () => now })
  return {
    store,
    now: () => now,
    async advance(seconds: number) {
      now += seconds * 1000
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
    expect(store.end(address, record, endedAt(record, now()))?.state).toBe('ended')
    expect(store.lease(unique(), 1)).toBe(1)
    expect(
      store.revoke(address.person, { kind: 'person' }, { reason: 'revoked', at: now(), retainUntil: 0 }),
    ).toEqual({
      ended: [],
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
    await harness.advance(61)
    for (let start = 0; start < 40; start++) {
      const record = liveAt(harness.now())
      harness.store.start(addressOf(), { record, issuedAt: harness.now(), now: harness.now() })
    }
    expect(old.flatMap(({ person }) => harness.store.list(person))).toEqual([])
  })
})
