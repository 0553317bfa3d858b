/** @module The store contract in commands and scripts of Redis: one hash per person. */
import { type Clock, systemClock } from '../../clock.js'
import type { EndedRecord, EndReason, RecordAddress } from '../../session-record.js'
import { defaultMostRecords, mostMarks } from '../bounds.js'
import { claimSeconds, claimText } from '../claim.js'
import { createForgetting } from '../forgetting.js'
import type { Store } from '../store.js'
import { type AcknowledgementWish, createAcknowledgement } from './acknowledge.js'
import type { RedisClient } from './client.js'
import { createConnection, type Reply } from './connection.js'
import {
  formatError,
  parseKept,
  parseRecord,
  parseRevocation,
  serializeKept,
  serializeRecord,
  signInWord,
  toWord,
} from './format.js'
import { createRedisPointers } from './index-keys.js'
import { withIsolation } from './isolation.js'
import { listRecords, recordsIn } from './list.js'
import { checkRedis } from './ready.js'
import { createRedisRegistrations } from './registration.js'
import { createRollCall } from './roll-call.js'
import { scripts } from './scripts.js'

/** Settings of the Redis store. */
export interface RedisStoreOptions {
  /** Before every key. Default `citizen:`. No braces: the person's digest is the hash tag. */
  readonly prefix?: string | undefined
  /** An operation that takes longer is given up as `StoreUnavailableError`. Default 250. */
  readonly deadlineMilliseconds?: number | undefined
  /**
   * How many replicas must have an end before it counts as done. `all`: as many as were seen within the last minute, so
   * that whichever is promoted has it. `one`: any; after a failover with several replicas an end may be undone.
   * Default `all`.
   */
  readonly acknowledgement?: AcknowledgementWish | undefined
  /**
   * A master that had replicas and has had none for so long is taken for one that was cut off and replaced: operations
   * are `unavailable`. For a single address or Sentinels with two replicas or more. Default 0: never.
   */
  readonly withoutReplicasSeconds?: number | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
  /** Whether `close()` closes the client too. Default `false`. */
  readonly closeClient?: boolean | undefined
}

/** Ends that time alone would not bring about again, were they lost with a failing master. */
const lasting: ReadonlySet<EndReason> = new Set<EndReason>([
  'application-sign-out',
  'identity-ended',
  'identity-changed',
  'signed-out',
  'revoked',
])

const fieldOf = ({ application, session }: RecordAddress): string => `r:${application}:${session}`
const keptFieldOf = ({ application, session }: RecordAddress): string => `k:${application}:${session}`
const numberWord = (value: number | undefined): string => (value === undefined ? '' : String(value))
/** A time until which things may be forgotten; 0: nothing may. */
const forgottenWord = (forgotten: number): string => String(Math.max(forgotten, 0))
const milliseconds = (seconds: number): string => String(Math.max(1, Math.ceil(seconds * 1000)))

function textAt(reply: Reply, index: number): string {
  const word = reply[index]
  if (typeof word !== 'string') throw formatError()
  return word
}

function endedIn(text: string): EndedRecord {
  const record = parseRecord(text)
  if (record.state !== 'ended') throw formatError()
  return record
}

/** Whether a write was done; `store-format` if the record is of a newer release. */
function isDone(reply: Reply): boolean {
  if (reply[0] === 'format') throw formatError()
  return reply[0] === 'done'
}

/** The store over the few things that it asks of a client. */
export function createRedisStore(given: RedisClient, options: RedisStoreOptions = {}): Store {
  const {
    prefix = 'citizen:',
    deadlineMilliseconds = 250,
    clock = systemClock,
    closeClient = false,
    acknowledgement: wish = 'all',
    withoutReplicasSeconds = 0,
  } = options
  if (/[{}\s]/.test(prefix)) throw new TypeError('the prefix of redisStore must not have braces or blanks')
  if (!(deadlineMilliseconds > 0)) throw new TypeError('deadlineMilliseconds of redisStore must be above 0')
  if (wish !== 'all' && wish !== 'one')
    throw new TypeError("acknowledgement of redisStore must be 'all' or 'one'")
  if (!(withoutReplicasSeconds >= 0))
    throw new TypeError('withoutReplicasSeconds of redisStore must be 0 or more')
  const isolation =
    withoutReplicasSeconds === 0 || given.topology === 'cluster'
      ? undefined
      : withIsolation(given, withoutReplicasSeconds)
  const client = isolation?.client ?? given
  const connection = createConnection(client, deadlineMilliseconds)
  const acknowledgement = createAcknowledgement(connection, wish)
  const rollCall = createRollCall(connection, acknowledgement, `${prefix}replicas`)
  const forgetUntil = createForgetting()
  const keyOf = (person: string): string => `${prefix}{${person}}`
  const claimKey = (key: string): string => `${prefix}claim:${key}`
  const depositKey = (key: string): string => `${prefix}deposit:${key}`
  const leaseKey = (key: string): string => `${prefix}lease:${key}`
  // In the place of the lease: its key has no braces, so that the whole of it is what a Cluster hashes.
  const fenceKey = (key: string): string => `${prefix}fence:{${leaseKey(key)}}`
  const lifeUntil = (retainUntil: number): string => String(retainUntil - clock())

  /** A record that was not there under its own session value: perhaps under an older one. */
  async function readAlias({ person, application, session }: RecordAddress) {
    const reply = await connection.run(scripts.readAlias, keyOf(person), application, session)
    if (reply[0] === 'record') return parseRecord(textAt(reply, 1))
    return reply[0] === 'alias' ? ({ state: 'alias', session: textAt(reply, 1) } as const) : undefined
  }

  async function inspect() {
    const { masters, hasReplicas, cautions } = await checkRedis(connection)
    for (const master of masters) acknowledgement.note(master)
    if (hasReplicas) acknowledgement.expectReplicas()
    await rollCall.begin()
    return cautions
  }

  return {
    isShared: true,
    ...createRedisPointers({ connection, acknowledgement, prefix, deadlineMilliseconds, clock }),

    async read(address) {
      if (client.readsReplicas) return readAlias(address)
      const key = keyOf(address.person)
      const text = await connection.command(key, ['HGET', key, fieldOf(address)])
      if (text === null) return readAlias(address)
      if (typeof text !== 'string') throw formatError()
      return parseRecord(text)
    },

    async start({ person, application, session }, request) {
      const {
        record,
        issuedAt,
        now,
        resumes: lifts,
        provenAt = 0,
        mostRecords = defaultMostRecords,
      } = request
      const reply = await connection.run(
        scripts.start,
        keyOf(person),
        application,
        session,
        serializeRecord(record),
        String(issuedAt),
        String(now),
        String(record.retainUntil),
        lifts?.reason ?? '',
        numberWord(lifts?.at),
        String(provenAt),
        forgottenWord(forgetUntil(now)),
        String(mostRecords),
        String(mostMarks(mostRecords)),
      )
      switch (reply[0]) {
        case 'started':
          return {
            outcome: 'started',
            record,
            displaced: reply.length > 1 ? recordsIn(person, reply, 1) : undefined,
          }
        case 'alias':
          return { outcome: 'alias', record: { state: 'alias', session: textAt(reply, 1) } }
        case 'exists':
          return { outcome: 'exists', record: parseRecord(textAt(reply, 1)) }
        case 'revoked':
          return { outcome: 'revoked', record: endedIn(textAt(reply, 1)) }
        default:
          throw formatError()
      }
    },

    async update(address, generation, change) {
      const reply = await connection.run(
        scripts.update,
        keyOf(address.person),
        fieldOf(address),
        generation,
        change.retainUntil === undefined ? '' : lifeUntil(change.retainUntil),
        numberWord(change.lastSeenAt),
        numberWord(change.tokenExpiresAt),
        change.generation ?? '',
        numberWord(change.level),
        numberWord(change.authenticatedAt),
        numberWord(change.retainUntil),
        change.sealed === undefined ? '' : toWord(change.sealed),
        numberWord(change.endsAt),
        change.replaces === undefined ? '' : toWord(change.replaces),
        numberWord(change.notAfter),
        change.signIn === undefined ? '' : signInWord(change.signIn),
      )
      return isDone(reply)
    },

    async end(address, expected, ended) {
      const deadline = performance.now() + deadlineMilliseconds
      const key = keyOf(address.person)
      const reply = await connection.run(
        scripts.end,
        key,
        fieldOf(address),
        expected.generation,
        numberWord(expected.lastSeenAt),
        lifeUntil(ended.retainUntil),
        ended.reason,
        String(ended.at),
        toWord(ended.generation),
        String(ended.retainUntil),
        toWord(ended.sealed),
        expected.replaces === undefined ? '' : toWord(expected.replaces),
      )
      if (reply[0] === 'format') throw formatError()
      const field = fieldOf(address)
      if (reply[0] === 'gone') {
        // A server that was replaced may not know of the session what its successor does.
        const acknowledged =
          !lasting.has(ended.reason) ||
          (await acknowledgement.isAcknowledged({ key, field, at: undefined, deadline }, reply[1]))
        return { record: undefined, acknowledged }
      }
      const record = parseRecord(textAt(reply, 1))
      // Whoever asks again for an end wants to know whether it would survive: it is confirmed anew.
      const acknowledged =
        record.state !== 'ended' ||
        !lasting.has(record.reason) ||
        (await acknowledgement.isAcknowledged({ key, field, at: record.at, deadline }, reply[2]))
      return { record, acknowledged }
    },

    async retain({ person, application, session }, retainUntil) {
      const life = lifeUntil(retainUntil)
      await connection.run(scripts.retain, keyOf(person), application, session, String(retainUntil), life)
    },

    async revoke(person, scope, { reason, at, retainUntil }) {
      const deadline = performance.now() + deadlineMilliseconds
      const now = clock()
      const key = keyOf(person)
      const reply = await connection.run(
        scripts.revoke,
        key,
        scope.kind,
        scope.kind === 'person' ? '' : scope.session,
        reason,
        String(at),
        String(retainUntil),
        lifeUntil(retainUntil),
        forgottenWord(forgetUntil(now)),
        String(now),
        String(mostMarks(defaultMostRecords)),
      )
      const field = textAt(reply, 2)
      // Where nothing was revoked, that is what is confirmed: of a field that nobody writes.
      const written = field === '' ? { field: 'r:', at: undefined } : { field, at }
      const acknowledged = await acknowledgement.isAcknowledged({ key, ...written, deadline }, reply[1])
      const sessions = textAt(reply, 3)
        .split(' ')
        .filter((session) => session !== '')
      return { ended: recordsIn(person, reply, 4), sessions, acknowledged }
    },

    async revocation(person, session, names = []) {
      const reply = await connection.run(scripts.revocation, keyOf(person), session, ...names)
      const [kind] = reply
      if (kind !== 'session' && kind !== 'person') return undefined
      return { ...parseRevocation(textAt(reply, 1)), kind }
    },

    async list(person) {
      return listRecords(connection, keyOf(person), person)
    },

    async alias({ person, application, session }, generation, named) {
      return isDone(
        await connection.run(scripts.alias, keyOf(person), application, session, generation, named),
      )
    },

    async keepRefresh(address, generation, kept, tokenExpiresAt) {
      const reply = await connection.run(
        scripts.keep,
        keyOf(address.person),
        fieldOf(address),
        generation,
        serializeKept(kept),
        String(kept.fence),
        String(tokenExpiresAt),
      )
      return isDone(reply)
    },

    async keptRefresh(address) {
      const key = keyOf(address.person)
      const reply = client.readsReplicas
        ? await connection.run(scripts.kept, key, fieldOf(address), keptFieldOf(address))
        : await connection.command(key, ['HMGET', key, fieldOf(address), keptFieldOf(address)])
      if (!Array.isArray(reply)) throw formatError()
      const [record, text] = reply.map((word: unknown) => (typeof word === 'string' ? word : ''))
      if (!record || !text || parseRecord(record).state !== 'live') return undefined
      const kept = parseKept(text)
      return kept !== undefined && kept.until > clock() ? kept : undefined
    },

    async dropRefresh(address, fence) {
      await connection.run(scripts.dropKept, keyOf(address.person), keptFieldOf(address), String(fence))
    },

    async claimOnce(name, owner) {
      const key = claimKey(name)
      const life = milliseconds(claimSeconds)
      if (owner !== undefined) return isDone(await connection.run(scripts.hold, key, claimText(owner), life))
      return (await connection.command(key, ['SET', key, claimText(owner), 'PX', life, 'NX'])) === 'OK'
    },
    async confirmClaim(name, seconds) {
      const key = claimKey(name)
      await connection.command(key, ['SET', key, 'settled', 'PX', milliseconds(seconds)])
    },
    async abandonClaim(name, owner) {
      await connection.run(scripts.release, claimKey(name), claimText(owner))
    },

    async deposit(name, text, seconds) {
      const key = depositKey(name)
      await connection.command(key, ['SET', key, text, 'PX', milliseconds(seconds)])
    },
    async withdraw(name) {
      const reply = await connection.run(scripts.withdraw, depositKey(name))
      return reply[0] === 'found' ? textAt(reply, 1) : undefined
    },

    async lease(name, seconds) {
      const life = milliseconds(seconds)
      const reply = await connection.run(scripts.lease, leaseKey(name), fenceKey(name), life)
      return reply[0] === 'leased' ? Number(reply[1]) : undefined
    },
    async renewLease(name, fence, seconds) {
      return isDone(await connection.run(scripts.renew, leaseKey(name), String(fence), milliseconds(seconds)))
    },
    async releaseLease(name, fence) {
      await connection.run(scripts.release, leaseKey(name), String(fence))
    },

    ...createRedisRegistrations(connection, prefix),

    async ready() {
      await inspect()
    },
    inspect,
    async close() {
      isolation?.stop()
      rollCall.stop()
      if (closeClient) await client.close()
    },
  }
}

export type { Store } from '../store.js'
