/** @module Revocations of a person: kept as long as any token lives that is known of them. */
import { expect, it } from 'vitest'
import { memoryStore, StoreUnavailableError } from '../../src/index.js'
import type { LiveRecord } from '../../src/session-record.js'
import { createRevocations } from '../../src/sessions/revocation.js'

const now = 1_000_000
const address = { person: 'p'.repeat(22), session: 's'.repeat(22), application: 'benefits' }
const record: LiveRecord = {
  state: 'live',
  generation: 'g'.repeat(22),
  startedAt: now,
  lastSeenAt: now,
  endsAt: now + 1000,
  idleMilliseconds: 1000,
  tokenExpiresAt: now + 90_000,
  level: 1,
  authenticatedAt: 0,
  retainUntil: now + 90_000,
  sealed: '',
}

it('HLD-12 HLD-26 a revocation is not told as done where nobody could say how long the tokens live', async () => {
  const store = memoryStore({ clock: () => now })
  await store.start(address, {
    record,
    issuedAt: now,
    now,
    resumes: undefined,
    provenAt: 0,
    mostRecords: 200,
  })
  let isDown = true
  const revoking = createRevocations({
    store: {
      ...store,
      list(person) {
        if (isDown) throw new StoreUnavailableError('too slow')
        return store.list(person)
      },
    },
    revocations: undefined,
    retainedUntil: (from) => from + 60_000,
    clock: () => now + 1,
    onEnded: () => undefined,
  })
  const scope = { kind: 'session', session: address.session } as const
  const first = await revoking.revoke(address.person, scope, 'signed-out')
  expect(first).toMatchObject({ acknowledged: false, ended: [{ address }] })
  isDown = false
  expect(await revoking.revoke(address.person, scope, 'signed-out')).toMatchObject({ acknowledged: true })
  const revocation = await store.revocation(address.person, address.session)
  expect(revocation?.retainUntil).toBe(record.retainUntil)
})
