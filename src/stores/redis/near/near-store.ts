/** @module A Redis store that also remembers what it has read, and serves it while nothing can have changed unheard. */
import type { MaybePromise } from '../../../exchange.js'
import type { LiveRecord, RecordAddress } from '../../../session-record.js'
import { timers } from '../../../timers.js'
import type { NearReads, NearWatcher } from '../../near-reads.js'
import type { Store } from '../../store.js'
import type { RedisClient } from '../client.js'
import { isTouch } from '../records.js'
import { createHeartbeat, type Heartbeat } from './heartbeat.js'
import { NearMemory, type ReadTicket } from './memory.js'

/** What near reads of one store are made with. */
export interface NearStoreOptions {
  readonly client: RedisClient
  readonly prefix: string
  readonly maximumEntries: number
  readonly staleMilliseconds: number
  /** Default: the process's own elapsed time, which no clock moves. */
  readonly elapsed?: (() => number) | undefined
}

/** Everything that near reads of one store share. */
interface NearContext {
  readonly store: Store
  readonly memory: NearMemory
  readonly heartbeat: Heartbeat
  readonly watchers: Set<NearWatcher>
  readonly staleMilliseconds: number
  readonly elapsed: () => number
}

/** The same store with near reads. */
export function withNearReads(store: Store, options: NearStoreOptions): Store {
  const { client, prefix, maximumEntries, staleMilliseconds, elapsed = timers.elapsed } = options
  const memory = new NearMemory(maximumEntries)
  const watchers = new Set<NearWatcher>()
  const heartbeat = createHeartbeat({
    client,
    prefix,
    staleMilliseconds,
    elapsed,
    onChange(key) {
      const person = personIn(key)
      if (person === undefined) return
      memory.forget(person)
      for (const watcher of watchers) watcher.changed?.(person)
    },
    onGap() {
      memory.clear()
      for (const watcher of watchers) watcher.gap?.()
    },
    onLoss(loss) {
      for (const watcher of watchers) watcher.lost?.(loss)
    },
    onProof() {
      for (const watcher of watchers) watcher.restored?.()
    },
  })
  const context: NearContext = { store, memory, heartbeat, watchers, staleMilliseconds, elapsed }
  return {
    ...store,
    near: nearReadsOf(context),
    ...remembering(context),
    ...forgetting(context),
    async ready() {
      await store.ready()
      heartbeat.start()
    },
    async close() {
      heartbeat.stop()
      memory.clear()
      await store.close()
    },
  }
}

/** The person whose hash a key is: what stands between its braces. */
function personIn(key: string): string | undefined {
  const from = key.lastIndexOf('{')
  return from >= 0 && key.endsWith('}') ? key.slice(from + 1, -1) : undefined
}

function isProven({ heartbeat, staleMilliseconds, elapsed }: NearContext): boolean {
  return elapsed() - heartbeat.provenAt <= staleMilliseconds
}

function nearReadsOf(context: NearContext): NearReads {
  const { memory, watchers } = context
  return {
    get isProven() {
      return isProven(context)
    },
    read(address): LiveRecord | undefined {
      const record = memory.record(address)
      return record !== undefined && isProven(context) ? record : undefined
    },
    isUnrevoked: (person, session, names) => memory.isUnrevoked(person, session, names) && isProven(context),
    watch(watcher) {
      watchers.add(watcher)
      context.heartbeat.start()
      return () => watchers.delete(watcher)
    },
  }
}

/** Strict reads, whose answers are kept. */
function remembering(context: NearContext): Pick<Store, 'read' | 'revocation'> {
  const { store, memory } = context
  const keeping = async <T>(
    person: string,
    read: () => MaybePromise<T>,
    keep: (ticket: ReadTicket, answer: T) => void,
  ): Promise<T> => {
    const ticket = memory.begin(person)
    try {
      const answer = await read()
      if (isProven(context)) keep(ticket, answer)
      return answer
    } finally {
      memory.settle(ticket)
    }
  }
  return {
    read: (address) =>
      keeping(
        address.person,
        () => store.read(address),
        (ticket, record) => {
          if (record?.state === 'live') memory.keep(ticket, address, record)
        },
      ),
    revocation: (person, session, names) =>
      keeping(
        person,
        () => store.revocation(person, session, names),
        (ticket, found) => {
          if (found === undefined) memory.keepUnrevoked(ticket, session, names)
        },
      ),
  }
}

/** Changes by this process: it does not wait until it hears of them. */
function forgetting(
  context: NearContext,
): Pick<Store, 'start' | 'update' | 'end' | 'revoke' | 'keepRefresh'> {
  const { store, memory } = context
  const changing = async <T>(person: string, change: () => MaybePromise<T>): Promise<T> => {
    memory.forget(person)
    try {
      return await change()
    } finally {
      // Once more: what was read while the change was under way may be from before it.
      memory.forget(person)
    }
  }
  const touch = async (
    address: RecordAddress,
    generation: string,
    change: Parameters<Store['update']>[2],
  ) => {
    const isDone = await store.update(address, generation, change)
    if (isDone) memory.touch(address, generation, change)
    else memory.forget(address.person)
    return isDone
  }
  return {
    start: (address, request) => changing(address.person, () => store.start(address, request)),
    update: (address, generation, change) =>
      isTouch(change)
        ? touch(address, generation, change)
        : changing(address.person, () => store.update(address, generation, change)),
    end: (address, expected, ended) => changing(address.person, () => store.end(address, expected, ended)),
    revoke: (person, scope, revocation) => changing(person, () => store.revoke(person, scope, revocation)),
    keepRefresh: (address, generation, kept, tokenExpiresAt) =>
      changing(address.person, () => store.keepRefresh(address, generation, kept, tokenExpiresAt)),
  }
}
