/** @module What the answers to a beat say: whether it proves anything, and what stands in the way. */
import type { NearLossReason } from '../../../events.js'
import type { NearLoss } from '../../near-reads.js'
import { codeOf } from '../problem.js'

/** Digests of the scripts by which 0.1.0 changes records: who uses it has them loaded, and announces nothing. */
export const olderScripts = [
  'c1615feac7a4279c15614958991551d71e3251e7',
  '3a7e400279159377f7edd8a283454bf815bea311',
  'eda8fd115ca9defbbe343b3f516c555d5c55e906',
  '345214a0af45f111e8c04d08bebaa8c4f565ec40',
  '95be162736324fa0ebf7d8bdb8371e801c839a43',
] as const

/** What one master said to a beat; `nodes` in a Cluster. */
export interface BeatAnswers {
  /** Of the process that listens. */
  readonly listenedTo: string | undefined
  readonly info: unknown
  readonly replication: unknown
  readonly scripts: unknown
  readonly nodes: unknown
}

/** A beat that did not come back in time. */
export class UnheardError extends Error {}

/** A command of a beat that was refused, or an ear that may not listen. */
export class ForbiddenError extends Error {
  readonly right: string

  constructor(right: string) {
    super(right)
    this.right = right
  }
}

const messages: Readonly<Record<Exclude<NearLossReason, 'forbidden'>, string>> = {
  unheard: 'what is published does not come back in time',
  connection: 'there is no connection that listens; it is tried again',
  'silent-sibling':
    'an instance on the store may not publish what it changes: give its user +publish and the channel &citizen:near (your prefix and near)',
  'older-release':
    'an application with citizen-session 0.1.0 uses the store: upgrade it; once none is left, SCRIPT FLUSH or a restart of Redis makes it forget',
  moved:
    'the connection that reads leads to a replica, or to another server than the one that listens; it is opened anew',
  resharding: 'slots of the Cluster move, or its masters do not agree whose they are; it is looked at again',
  client: 'this client cannot listen to its master: use ioredis, or node-redis without Sentinels',
}

/** The loss of a reason, or of what went wrong. */
export function lossOf(cause: unknown): NearLoss {
  if (cause instanceof ForbiddenError) {
    const message = `the user of the store lacks ${cause.right}: ACL SETUSER … +publish +subscribe +info +script|exists +cluster|nodes &citizen:near (your prefix and near)`
    return { reason: 'forbidden', message }
  }
  const reason = isReason(cause) ? cause : cause instanceof UnheardError ? 'unheard' : 'connection'
  return { reason, message: messages[reason] }
}

function isReason(cause: unknown): cause is Exclude<NearLossReason, 'forbidden'> {
  return typeof cause === 'string' && Object.hasOwn(messages, cause)
}

/** Whether the server does not let this user do something, or does not know it. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'NOPERM' || code === 'ERR'
}

/** What names the process of a server, in its answer to `INFO server`. */
export function runIdIn(info: unknown): string | undefined {
  return typeof info === 'string' ? /^run_id:([\da-f]+)/m.exec(info)?.[1] : undefined
}

function isReplica(info: unknown): boolean {
  return typeof info !== 'string' || /^role:slave/m.test(info)
}

/** What stands in the way of the proof, if anything does. `silence`: the answer to `EXISTS` of the key of silence. */
export function judgeAnswers(
  answers: readonly BeatAnswers[],
  topology: 'single' | 'sentinel' | 'cluster',
  silence: unknown,
): NearLoss | undefined {
  for (const { listenedTo, info, replication } of answers) {
    const runId = runIdIn(info)
    if (runId === undefined) return lossOf(new ForbiddenError('INFO'))
    // What a replica copies as a whole nobody has announced there.
    if (runId !== listenedTo || isReplica(replication)) return lossOf('moved')
  }
  for (const { scripts } of answers) {
    if (!Array.isArray(scripts) || scripts.length !== olderScripts.length) return lossOf('connection')
    // As numbers, or as booleans where a client turns them into such.
    if (scripts.some((isKnown) => Number(isKnown) !== 0)) return lossOf('older-release')
  }
  if (Number(silence) !== 0) return lossOf('silent-sibling')
  return topology === 'cluster' && !isSettled(answers.map(({ nodes }) => nodes))
    ? lossOf('resharding')
    : undefined
}

/** Whether all masters of a Cluster were asked, agree whose every slot is, and none of them is on its way. */
function isSettled(replies: readonly unknown[]): boolean {
  const asked = new Set<string>()
  const maps = new Set<string>()
  let owners: readonly string[] = []
  for (const reply of replies) {
    if (typeof reply !== 'string') return false
    const lines = reply.split('\n').flatMap((line) => (line === '' ? [] : [line.split(' ')]))
    const own = lines.find(([, , flags]) => flags?.split(',').includes('myself') === true)
    if (own?.[0] === undefined || own.some((word) => word.startsWith('['))) return false
    asked.add(own[0])
    const masters = lines.filter((words) => words.length > 8)
    owners = masters.map(([id = '']) => id)
    maps.add(
      masters
        .map(([id, , , , , , , , ...slots]) =>
          [id, ...slots.filter((word) => !word.startsWith('['))].join(' '),
        )
        .sort()
        .join('\n'),
    )
  }
  return maps.size === 1 && owners.every((id) => asked.has(id))
}
