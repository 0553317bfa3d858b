/** @module How many replicas are waited for: what was seen within the last minute, by a clock of the test. */
import { expect, it } from 'vitest'
import { createReplicaMemory, replicationIn, replicationOf } from '../../src/stores/redis/replication.js'

const info = (online: number, id: string) =>
  [
    '# Replication',
    'role:master',
    `connected_slaves:${online + 1}`,
    ...Array.from({ length: online }, (_, index) => `slave${index}:ip=a,port=1,state=online,offset=1,lag=0`),
    `slave${online}:ip=b,port=2,state=wait_bgsave,offset=0,lag=0`,
    `master_replid:${id}`,
    'master_replid2:0000',
    '',
  ].join('\r\n')

it('HLD-26 reads how many replicas follow, from a script and from INFO, and none where it may not ask', () => {
  expect(replicationIn('2 ab cd')).toEqual({ online: 2, id: 'ab', former: 'cd' })
  expect(replicationOf(info(2, 'ab'))).toEqual({ online: 2, id: 'ab', former: '0000' })
  expect(replicationIn('-1 - -').online).toBeUndefined()
  expect(replicationIn(undefined).online).toBeUndefined()
})

it('HLD-26 counts a replica for a minute after it was missed, also after a failover, and no longer', () => {
  let now = 0
  const memory = createReplicaMemory(() => now)
  const master = (online: number | undefined, id = 'old', former = '0') => ({ online, id, former })
  expect(memory.expected(master(0))).toBe(0)
  memory.note(master(2))
  now += 3_600_000
  // Nobody looked for an hour: that is no proof that they are gone.
  expect(memory.expected(master(0))).toBe(2)
  memory.note(master(1))
  now += 59_000
  expect(memory.expected(master(1))).toBe(2)
  // Another master has the history of the one that it followed.
  memory.note(master(0, 'new', 'old'))
  expect(memory.expected(master(0, 'new', 'old'))).toBe(2)
  now += 1001
  expect(memory.expected(master(0, 'new', 'old'))).toBe(1)
  memory.note(master(2, 'new', 'old'))
  expect(memory.expected(master(2, 'new', 'old'))).toBe(2)
  memory.note(master(undefined, 'new', 'old'))
  expect(memory.expected(master(undefined, 'new', 'old'))).toBe(2)
  expect(memory.expected(master(1, 'third', '0'))).toBe(0)
})

it('HLD-24 remembers a bounded number of masters', () => {
  const memory = createReplicaMemory(() => 0)
  for (let index = 0; index < 1100; index += 1) memory.note({ online: 1, id: `m${index}`, former: '-' })
  expect(memory.expected({ online: 1, id: 'm0', former: '-' })).toBe(0)
  expect(memory.expected({ online: 1, id: 'm1099', former: '-' })).toBe(1)
})
