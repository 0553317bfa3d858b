/** @module The proof of near reads: what a beat shows, what ends it, and that no clock but elapsed time counts. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { NearLossReason } from '../../../src/events.js'
import { createHeartbeat, type Heartbeat } from '../../../src/stores/redis/near/heartbeat.js'
import { createFakeClient, type FakeClient, FakeMaster, refusal } from './fake-servers.js'

const bound = 900

let master: FakeMaster
let client: FakeClient
let elapsed: number
let changes: string[]
let gaps: number
let losses: NearLossReason[]
let messages: string[]
let proofs: number
const made: Heartbeat[] = []

function heartbeatOf(given: FakeClient): Heartbeat {
  const heartbeat = createHeartbeat({
    client: given,
    prefix: 'citizen:',
    staleMilliseconds: bound,
    elapsed: () => elapsed,
    onChange: (key) => changes.push(key),
    onGap() {
      gaps += 1
    },
    onLoss({ reason, message }) {
      losses.push(reason)
      messages.push(message)
    },
    onProof() {
      proofs += 1
    },
  })
  made.push(heartbeat)
  return heartbeat
}

const isUnproven = (heartbeat: Heartbeat) => heartbeat.provenAt === Number.NEGATIVE_INFINITY
/** Everything that goes on without a timer has gone on. */
const settle = () => vi.advanceTimersByTimeAsync(0)
/** Time passes for timers and for the elapsed time. */
async function pass(milliseconds: number): Promise<void> {
  elapsed += milliseconds
  await vi.advanceTimersByTimeAsync(milliseconds)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  master = new FakeMaster()
  client = createFakeClient([master])
  elapsed = 5000
  changes = []
  gaps = 0
  losses = []
  messages = []
  proofs = 0
})
afterEach(() => {
  for (const heartbeat of made.splice(0)) heartbeat.stop()
  vi.useRealTimers()
})

it('HLD-20 a beat that comes back proves everything up to when it was sent, not when it came', async () => {
  const heartbeat = heartbeatOf(client)
  expect(isUnproven(heartbeat)).toBe(true)
  await heartbeat.beat()
  master.isHolding = true
  elapsed = 6000
  const beat = heartbeat.beat()
  await settle()
  elapsed = 6500
  master.deliver()
  await beat
  expect(heartbeat.provenAt).toBe(6000)
  expect([proofs, losses]).toEqual([1, []])
})

it('HLD-20 what was read before the first proof is forgotten with it, and nothing with the next one', async () => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  const before = gaps
  expect(before).toBeGreaterThan(0)
  await heartbeat.beat()
  expect(gaps).toBe(before)
})

it('HLD-20 what was remembered before the proof had lapsed is forgotten with the next beat', async () => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  const before = gaps
  elapsed += bound
  await heartbeat.beat()
  expect(gaps).toBe(before)
  // The process was held for longer: what came meanwhile may be gone on a connection that is there all the same.
  elapsed += bound + 1
  await heartbeat.beat()
  expect([gaps, proofs, losses]).toEqual([before + 1, 1, []])
})

it('HLD-20 beats come three times within the bound', async () => {
  const heartbeat = heartbeatOf(client)
  heartbeat.start()
  heartbeat.start()
  await pass(0)
  const published = () => master.asked.filter(([name]) => name === 'PUBLISH').length
  expect(published()).toBe(1)
  for (const count of [2, 3, 4]) {
    await pass(bound / 3)
    expect(published()).toBe(count)
  }
  expect(heartbeat.provenAt).toBe(elapsed)
})

it('HLD-20 a beat takes five commands at a master, and the map of the slots in a Cluster', async () => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  expect(master.asked.map(([name]) => name)).toEqual(['PUBLISH', 'INFO', 'INFO', 'SCRIPT'])
  expect(client.asked).toEqual(['EXISTS'])
  const nodes = clusterOf('a')
  await heartbeatOf(createFakeClient(nodes, 'cluster')).beat()
  expect(nodes[0]?.asked.map(([name]) => name)).toEqual(['PUBLISH', 'INFO', 'INFO', 'SCRIPT', 'CLUSTER'])
})

it.each([-3_600_000, 3_600_000, 86_400_000 * 365])(
  'HLD-20 a clock moved by %i ms counts for nothing',
  async (by) => {
    const heartbeat = heartbeatOf(client)
    await heartbeat.beat()
    vi.setSystemTime(Date.now() + by)
    expect(heartbeat.provenAt).toBe(5000)
    elapsed = 5100
    await heartbeat.beat()
    expect([heartbeat.provenAt, losses]).toEqual([5100, []])
  },
)

it('HLD-20 each beat can be told by nobody before it is published', async () => {
  const heartbeat = heartbeatOf(client)
  for (let beat = 0; beat < 3; beat += 1) await heartbeat.beat()
  const beats = master.asked.filter(([name]) => name === 'PUBLISH').map(([, , text = '']) => text)
  expect(new Set(beats).size).toBe(3)
  for (const text of beats) expect(text).toMatch(/^![\w-]{16,}$/)
  // Not even their beginnings say what comes next.
  expect(new Set(beats.map((text) => text.slice(0, 9))).size).toBe(3)
})

it('HLD-20 an announcement is a change; a beat, of whomever, is none, and proves nothing of us', async () => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  master.isHolding = true
  elapsed = 5200
  const beat = heartbeat.beat()
  await settle()
  for (const ear of master.ears) {
    ear.hear('citizen:{ana}')
    ear.hear('!somebody-else:1')
    ear.hear('!')
    ear.hear('')
  }
  await settle()
  expect(heartbeat.provenAt).toBe(5000)
  expect(changes).toEqual(['citizen:{ana}', ''])
  master.deliver()
  await beat
  expect(heartbeat.provenAt).toBe(5200)
})

it('HLD-20 a beat that comes too late is a loss, and its connection is replaced', async () => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  master.isSwallowing = true
  const beat = heartbeat.beat()
  await pass(bound)
  await beat
  expect([losses, isUnproven(heartbeat), master.openEars]).toEqual([['unheard'], true, 0])
  master.isSwallowing = false
  await heartbeat.beat()
  expect([proofs, master.openEars]).toEqual([2, 1])
})

it('HLD-20 a late message of a beat that was given up proves nothing', async () => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  master.isHolding = true
  const beat = heartbeat.beat()
  await pass(bound)
  await beat
  master.deliver()
  await settle()
  expect(isUnproven(heartbeat)).toBe(true)
})

it('HLD-20 two beats at the same time are one', async () => {
  const heartbeat = heartbeatOf(client)
  heartbeat.start()
  await Promise.all([heartbeat.beat(), heartbeat.beat()])
  await settle()
  expect([losses, proofs, master.openEars]).toEqual([[], 1, 1])
  expect(master.asked.filter(([name]) => name === 'PUBLISH')).toHaveLength(1)
})

it('HLD-20 a connection that is lost ends the proof at once, also while a beat is under way', async () => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  master.loseEars()
  await settle()
  expect([losses, isUnproven(heartbeat)]).toEqual([['connection'], true])
  await heartbeat.beat()
  master.isHolding = true
  const beat = heartbeat.beat()
  await settle()
  const before = gaps
  master.deliver()
  master.loseEars()
  await beat
  await settle()
  expect(isUnproven(heartbeat)).toBe(true)
  expect(gaps).toBeGreaterThan(before)
})

const losing: Readonly<Record<string, { reason: NearLossReason; word?: string; by: () => void }>> = {
  'the client is not connected': {
    reason: 'connection',
    by: () => {
      client.isLost = true
    },
  },
  'there is no master': {
    reason: 'connection',
    by: () => {
      client.list = []
    },
  },
  'the client cannot listen': {
    reason: 'client',
    by: () => {
      client.list = undefined
    },
  },
  'the master cannot be reached': {
    reason: 'connection',
    by: () => {
      master.isUnreachable = true
    },
  },
  'another process answers': {
    reason: 'moved',
    by: () => {
      master.readsFrom = 'bb02'
    },
  },
  'a replica answers': {
    reason: 'moved',
    by: () => {
      master.role = 'slave'
    },
  },
  'a script of 0.1.0 is loaded': {
    reason: 'older-release',
    by: () => {
      master.scripts = [0, 0, 1, 0, 0]
    },
  },
  'and told as true': {
    reason: 'older-release',
    by: () => {
      master.scripts = [false, false, false, false, true]
    },
  },
  'scripts are told in no list': {
    reason: 'connection',
    by: () => {
      master.scripts = 'QUEUED'
    },
  },
  'somebody is silent': {
    reason: 'silent-sibling',
    by: () => {
      client.silence = 1
    },
  },
  'it may not be asked who is silent': {
    reason: 'forbidden',
    word: 'EXISTS',
    by: () => {
      client.existsFails = refusal('NOPERM')
    },
  },
  'publishing is forbidden': {
    reason: 'forbidden',
    word: 'PUBLISH',
    by: () => void master.refuses.set('PUBLISH', 'NOPERM'),
  },
  'INFO is forbidden': {
    reason: 'forbidden',
    word: 'INFO',
    by: () => void master.refuses.set('INFO', 'NOPERM'),
  },
  'SCRIPT EXISTS is not known': {
    reason: 'forbidden',
    word: 'SCRIPT EXISTS',
    by: () => void master.refuses.set('SCRIPT', 'ERR'),
  },
}

it.each(Object.entries(losing))('HLD-20 lost: %s', async (_what, { reason, word = '', by }) => {
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  by()
  await heartbeat.beat()
  expect([losses, isUnproven(heartbeat)]).toEqual([[reason], true])
  expect(messages[0]).toContain(word)
})

it('HLD-20 listening that is forbidden is told by its right, and other refusals are none of rights', async () => {
  master.refuses.set('SUBSCRIBE', 'NOPERM')
  await heartbeatOf(client).beat()
  expect([losses, messages[0]]).toEqual([['forbidden'], expect.stringContaining('SUBSCRIBE')])
  // As it says where there are too many connections.
  master.refuses.set('SUBSCRIBE', 'ERR')
  await heartbeatOf(client).beat()
  expect(losses[1]).toBe('connection')
  expect(master.openEars).toBe(0)
})

it('HLD-20 every question of a beat may fail at the same time, and no failure is left unheard', async () => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  try {
    const heartbeat = heartbeatOf(client)
    await heartbeat.beat()
    master.isUnreachable = true
    client.existsFails = refusal('ECONNRESET')
    await heartbeat.beat()
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect([losses, unhandled.mock.calls]).toEqual([['connection'], []])
  } finally {
    process.off('unhandledRejection', unhandled)
  }
})

it('HLD-20 nothing is lost before there was a connection', async () => {
  client.isConnected = false
  const heartbeat = heartbeatOf(client)
  await heartbeat.beat()
  expect([losses, master.asked]).toEqual([[], []])
})

it('HLD-20 after a loss it tries again, once in the bound, and every try tells what is wrong', async () => {
  client.silence = 1
  const heartbeat = heartbeatOf(client)
  heartbeat.start()
  await pass(0)
  await pass(bound)
  expect(losses).toEqual(['silent-sibling', 'silent-sibling'])
  client.silence = 0
  await pass(bound)
  expect([proofs, isUnproven(heartbeat)]).toEqual([1, false])
})

const line = (id: string, flags: string, slots: string) =>
  `${id} 127.0.0.1:7000@17000 ${flags} - 0 0 1 connected ${slots}`.trim()
const view = (own: string, owners: Record<string, string>) =>
  Object.entries(owners)
    .map(([id, slots]) => line(id, id === own ? 'myself,master' : 'master', slots))
    .concat('')
    .join('\n')

function clusterOf(...names: string[]): FakeMaster[] {
  const owners = Object.fromEntries(names.map((name, at) => [name, `${at * 100}-${at * 100 + 99}`]))
  return names.map((name) => {
    const node = new FakeMaster(name)
    node.runId = `${name.charCodeAt(0)}`
    node.nodes = view(name, owners)
    return node
  })
}

it('HLD-20 in a Cluster every master is listened to and beaten through, and all must agree', async () => {
  const nodes = clusterOf('a', 'b', 'c')
  const heartbeat = heartbeatOf(createFakeClient(nodes, 'cluster'))
  await heartbeat.beat()
  expect(nodes.map(({ openEars }) => openEars)).toEqual([1, 1, 1])
  expect([proofs, losses]).toEqual([1, []])
  nodes[1]?.ears[0]?.hear('citizen:{ben}')
  expect(changes).toEqual(['citizen:{ben}'])
})

it('HLD-20 a beat that only another master brings back is none', async () => {
  const nodes = clusterOf('a', 'b')
  const heartbeat = heartbeatOf(createFakeClient(nodes, 'cluster'))
  await heartbeat.beat()
  const [one, other] = nodes
  if (one === undefined || other === undefined) throw new Error('no nodes')
  // The bus of a Cluster takes what is published at one to the listeners at all others.
  const publish = one.publish.bind(one)
  one.publish = (message) => other.ears[0]?.hear(message)
  const beat = heartbeat.beat()
  await pass(bound)
  await beat
  expect(losses).toEqual(['unheard'])
  one.publish = publish
})

it('HLD-20 slots on their way, an owner that is not asked, and masters that disagree end the proof', async () => {
  const nodes = clusterOf('a', 'b')
  const [one, other] = nodes
  if (one === undefined || other === undefined) throw new Error('no nodes')
  const settled = [one.nodes, other.nodes]
  const heartbeat = heartbeatOf(createFakeClient(nodes, 'cluster'))
  const owners = { a: '0-99', b: '100-199' }
  const views: [unknown, unknown][] = [
    [view('a', { a: '0-99 [42->-b]', b: '100-199' }), settled[1]],
    [settled[0], view('b', { a: '0-99', b: '100-199 [42-<-a]' })],
    [view('a', { a: '0-98', b: '99-199' }), settled[1]],
    [view('a', { ...owners, c: '200-299' }), view('b', { ...owners, c: '200-299' })],
    ['', ''],
    [undefined, settled[1]],
  ]
  for (const [first, second] of views) {
    await heartbeat.beat()
    expect(isUnproven(heartbeat)).toBe(false)
    ;[one.nodes, other.nodes] = [first, second]
    await heartbeat.beat()
    expect([losses.pop(), isUnproven(heartbeat)]).toEqual(['resharding', true])
    ;[one.nodes, other.nodes] = settled
  }
})

it('HLD-20 a master that is none any more is let go of, and a new one listened to before it is relied on', async () => {
  const nodes = clusterOf('a', 'b')
  const given = createFakeClient(nodes, 'cluster')
  const heartbeat = heartbeatOf(given)
  await heartbeat.beat()
  const before = gaps
  const [third, ...old] = [...clusterOf('a', 'c')].reverse()
  const [one] = nodes
  if (third === undefined || one === undefined) throw new Error('no nodes')
  one.nodes = old[0]?.nodes
  given.list = [one, third]
  await heartbeat.beat()
  expect([nodes[1]?.openEars, third.openEars, losses]).toEqual([0, 1, []])
  expect(gaps).toBeGreaterThan(before)
})

it('HLD-20 stopped, it proves nothing, listens to nothing and tells nothing, whatever is under way', async () => {
  const heartbeat = heartbeatOf(client)
  heartbeat.start()
  await pass(0)
  heartbeat.stop()
  expect([isUnproven(heartbeat), master.openEars]).toEqual([true, 0])
  heartbeat.start()
  await pass(5 * bound)
  const asked = master.asked.length

  const other = heartbeatOf(client)
  const beat = other.beat()
  other.stop()
  await beat
  await settle()
  expect([isUnproven(other), master.openEars, losses]).toEqual([true, 0, []])
  expect(asked).toBeLessThanOrEqual(master.asked.length)
})
