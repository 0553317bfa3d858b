/** @module What near reads remember: by person, bounded, and nothing that changed while it was read. */
import { expect, it } from 'vitest'
import type { LiveRecord, RecordAddress } from '../../../src/session-record.js'
import { NearMemory } from '../../../src/stores/redis/near/memory.js'
import { addressOf, endedAt, liveAt } from '../../contracts/store-harness.js'

const now = 1_800_000_000_000

function remembering(
  memory: NearMemory,
  address: RecordAddress,
  record: LiveRecord = liveAt(now),
): LiveRecord {
  const ticket = memory.begin(address.person)
  memory.keep(ticket, address, record)
  memory.settle(ticket)
  return record
}

it('HLD-20 what was read is found by its whole address', () => {
  const memory = new NearMemory(100)
  const address = addressOf()
  const record = remembering(memory, address)
  expect(memory.record(address)).toBe(record)
  for (const other of [
    { ...address, person: 'other' },
    { ...address, session: 'other' },
    { ...address, application: 'other' },
  ])
    expect(memory.record(other)).toBeUndefined()
})

it('HLD-20 nothing but a live record is kept', () => {
  const memory = new NearMemory(100)
  const address = addressOf()
  const ticket = memory.begin(address.person)
  memory.keep(ticket, address, endedAt(liveAt(now), now))
  expect(memory.record(address)).toBeUndefined()
})

it('HLD-20 a read that was under way when its person changed is not kept, however many readers there were', () => {
  const memory = new NearMemory(100)
  const address = addressOf()
  const [first, second] = [memory.begin(address.person), memory.begin(address.person)]
  const ofOther = memory.begin('other')
  memory.settle(first)
  memory.forget(address.person)
  memory.keep(second, address, liveAt(now))
  memory.keepUnrevoked(second, address.session, undefined)
  memory.settle(second)
  expect(memory.record(address)).toBeUndefined()
  expect(memory.isUnrevoked(address.person, address.session, undefined)).toBe(false)
  // Of another person it is kept, and so is what is read from now on.
  memory.keep(ofOther, { ...address, person: 'other' }, liveAt(now))
  expect(memory.record({ ...address, person: 'other' })).toBeDefined()
  remembering(memory, address)
  expect(memory.record(address)).toBeDefined()
})

it('HLD-20 a read that began after the change is kept, while an older one still is under way', () => {
  const memory = new NearMemory(100)
  const address = addressOf()
  const older = memory.begin(address.person)
  memory.forget(address.person)
  const newer = memory.begin(address.person)
  memory.settle(older)
  const record = liveAt(now)
  memory.keep(newer, address, record)
  memory.keep(older, address, liveAt(now, { lastSeenAt: now + 1 }))
  memory.settle(newer)
  expect(memory.record(address)).toBe(record)
})

it('HLD-20 where everything is forgotten, nothing that is being read is kept', () => {
  const memory = new NearMemory(100)
  const [address, other] = [addressOf(), addressOf()]
  remembering(memory, other)
  const ticket = memory.begin(address.person)
  memory.clear()
  memory.keep(ticket, address, liveAt(now))
  memory.settle(ticket)
  expect([memory.record(address), memory.record(other)]).toEqual([undefined, undefined])
})

it('HLD-20 of two reads at once the later touch is kept', () => {
  const memory = new NearMemory(100)
  const address = addressOf()
  const record = liveAt(now)
  const later = remembering(memory, address, { ...record, lastSeenAt: now + 5000 })
  remembering(memory, address, record)
  expect(memory.record(address)).toBe(later)
})

it('HLD-20 a touch moves what is remembered, never back, and of its generation alone', () => {
  const memory = new NearMemory(100)
  const address = addressOf()
  const record = remembering(memory, address)
  memory.touch(address, record.generation, { lastSeenAt: now + 5000, retainUntil: record.retainUntil + 1 })
  const touched = { ...record, lastSeenAt: now + 5000, retainUntil: record.retainUntil + 1 }
  expect(memory.record(address)).toEqual(touched)
  memory.touch(address, record.generation, { lastSeenAt: now })
  memory.touch(address, 'another', { lastSeenAt: now + 9000 })
  memory.touch(addressOf(), record.generation, { lastSeenAt: now + 9000 })
  expect(memory.record(address)).toEqual(touched)
  // What a read has given out stays as it was.
  expect(record.lastSeenAt).toBe(now)
})

it('HLD-20 that nothing was revoked is remembered of the very names that were asked for', () => {
  const memory = new NearMemory(100)
  const ticket = memory.begin('ana')
  memory.keepUnrevoked(ticket, 's1', undefined)
  memory.keepUnrevoked(ticket, 's1', ['s0', 's2'])
  memory.settle(ticket)
  expect(memory.isUnrevoked('ana', 's1', undefined)).toBe(true)
  expect(memory.isUnrevoked('ana', 's1', ['s0', 's2'])).toBe(true)
  for (const names of [[], ['s0'], ['s2', 's0'], ['s0', 's2', 's3']])
    expect(memory.isUnrevoked('ana', 's1', names)).toBe(false)
  expect(memory.isUnrevoked('ana', 's2', undefined)).toBe(false)
  expect(memory.isUnrevoked('ben', 's1', undefined)).toBe(false)
  memory.forget('ana')
  expect(memory.isUnrevoked('ana', 's1', undefined)).toBe(false)
})

it.each([2, 10, 1000])(
  'HLD-20 of %i entries no more is remembered, and what is asked for stays longest',
  (most) => {
    const memory = new NearMemory(most)
    const asked = addressOf()
    remembering(memory, asked)
    const others = Array.from({ length: 3 * most }, () => addressOf())
    for (const address of others) {
      remembering(memory, address)
      memory.record(asked)
    }
    const kept = others.filter((address) => memory.record(address) !== undefined).length
    expect(kept).toBeLessThanOrEqual(most)
    if (most > 2) expect(memory.record(asked)).toBeDefined()
  },
)

it('HLD-20 a person with ever new sessions takes no more than the bound, and no more than a share of it', () => {
  const memory = new NearMemory(1000)
  const others = Array.from({ length: 100 }, () => addressOf())
  for (const address of others) remembering(memory, address)
  for (let session = 0; session < 5000; session += 1) {
    const ticket = memory.begin('ana')
    memory.keepUnrevoked(ticket, `s${session}`, undefined)
    memory.keep(ticket, { person: 'ana', session: `s${session}`, application: 'benefits' }, liveAt(now))
    memory.settle(ticket)
  }
  const sessions = Array.from({ length: 5000 }, (_, session) => `s${session}`)
  const records = sessions.filter((session) =>
    memory.record({ person: 'ana', session, application: 'benefits' }),
  )
  const unrevoked = sessions.filter((session) => memory.isUnrevoked('ana', session, undefined))
  expect(records.length + unrevoked.length).toBeLessThanOrEqual(500)
  expect(others.every((address) => memory.record(address) !== undefined)).toBe(true)
  // The newest are those that are asked for.
  expect(memory.isUnrevoked('ana', 's4999', undefined)).toBe(true)
  expect(memory.record({ person: 'ana', session: 's4999', application: 'benefits' })).toBeDefined()
})

it('HLD-20 sessions of persons who are known already count like those of others', () => {
  const memory = new NearMemory(100)
  const persons = Array.from({ length: 40 }, () => addressOf())
  const all = ['s1', 's2', 's3', 's4', 's5', 's6'].flatMap((session) =>
    persons.map(({ person }) => addressOf({ person, session })),
  )
  for (const address of all) remembering(memory, address)
  expect(all.filter((address) => memory.record(address) !== undefined).length).toBeLessThanOrEqual(100)
})
