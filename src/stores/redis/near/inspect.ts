/** @module Looks whether near reads would work at a Redis, and what stands in the way: for the command line. */
import { timers } from '../../../timers.js'
import type { NearLoss } from '../../near-reads.js'
import { channelOf } from '../announcing.js'
import type { Command, Master, RedisClient } from '../client.js'
import { codeOf } from '../problem.js'
import { createHeartbeat } from './heartbeat.js'
import { isRefusal, olderScripts } from './judge.js'

/** How long what is published may take to come back, in milliseconds. */
const patienceMilliseconds = 2000

/** What became of one beat. */
export interface NearInspection {
  /** What the user may not do, of what near reads take: as `ACL SETUSER` writes it. */
  readonly missing: readonly string[]
  /** Why nothing could be answered from memory now; `undefined`: it could. */
  readonly loss: NearLoss | undefined
  /** How long the beat took that came back. */
  readonly milliseconds: number
}

/** One beat at every master. Nothing is written. */
export async function inspectNear(client: RedisClient, prefix: string): Promise<NearInspection> {
  const missing = new Set<string>()
  const masters = client.masters?.() ?? []
  for (const master of masters) {
    for (const right of await missingAt(master, prefix, client.topology === 'cluster')) missing.add(right)
  }
  let loss: NearLoss | undefined
  const startedAt = timers.elapsed()
  const heartbeat = createHeartbeat({
    client,
    prefix,
    staleMilliseconds: patienceMilliseconds,
    elapsed: timers.elapsed,
    onChange: () => {},
    onGap: () => {},
    onProof: () => {},
    onLoss: (found) => {
      loss = found
    },
  })
  await heartbeat.beat()
  heartbeat.stop()
  return { missing: [...missing], loss, milliseconds: timers.elapsed() - startedAt }
}

async function missingAt(master: Master, prefix: string, isCluster: boolean): Promise<readonly string[]> {
  const channel = channelOf(prefix)
  const questions: readonly (readonly [right: string, command: Command])[] = [
    [`+publish &${channel}`, ['PUBLISH', channel, '']],
    ['+info', ['INFO', 'server']],
    ['+script|exists', ['SCRIPT', 'EXISTS', ...olderScripts]],
    ...(isCluster ? ([['+cluster|nodes', ['CLUSTER', 'NODES']]] as const) : []),
  ]
  const missing: string[] = []
  for (const [right, command] of questions) {
    await master.ask(command).catch((error: unknown) => {
      if (isRefusal(error)) missing.push(right)
    })
  }
  const ear = master.listen(channel, () => {})
  await ear.opened.catch((error: unknown) => {
    if (codeOf(error) === 'NOPERM') missing.push(`+subscribe &${channel}`)
  })
  ear.close()
  return missing
}
