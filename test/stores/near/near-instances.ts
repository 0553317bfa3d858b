/** @module Instances with near reads over one store in memory: what each sends to it is counted, and announced by hand. */
import type { RecordAddress } from '../../../src/session-record.js'
import { memoryStore } from '../../../src/stores/memory/store.js'
import type { NearReads } from '../../../src/stores/near-reads.js'
import { withNearReads } from '../../../src/stores/redis/near/near-store.js'
import { isTouch } from '../../../src/stores/redis/records.js'
import type { Store } from '../../../src/stores/store.js'
import { createFakeClient, FakeMaster } from './fake-servers.js'

/** One instance. */
export interface NearInstance {
  readonly store: Store
  readonly near: NearReads
  /** The calls of the store that went to the server since this was asked last. */
  commands(): string[]
}

/** The server that all instances share. */
export interface NearServer {
  readonly master: FakeMaster
  /** Without near reads; what it changes is announced all the same. */
  readonly strict: Store
  /** Where sessions have begun. */
  readonly addresses: readonly RecordAddress[]
  /** An instance whose proof stands. */
  open(): Promise<NearInstance>
  /** Elapsed time, which moves by hand alone: without it every proof stands. */
  pass(milliseconds: number): void
  close(): Promise<void>
}

const counted = [
  ...['read', 'start', 'update', 'end', 'retain', 'revoke', 'revocation', 'list', 'alias'],
  ...['keepRefresh', 'keptRefresh', 'dropRefresh', 'lease', 'releaseLease'],
] as const

/** Makes it. */
export function createNearServer(clock: () => number): NearServer {
  const master = new FakeMaster()
  const memory = memoryStore({ clock })
  const opened: Store[] = []
  const addresses: RecordAddress[] = []
  let elapsed = 0
  /** As a script does it: whoever hears of a change reads what it has written. */
  const toldAfter = <Answer>(person: string, answer: Answer): Answer => {
    master.publish(`citizen:{${person}}`)
    return answer
  }
  const strict: Store = {
    ...memory,
    start(address, request) {
      addresses.push(address)
      return toldAfter(address.person, memory.start(address, request))
    },
    update(address, generation, change) {
      const answer = memory.update(address, generation, change)
      return isTouch(change) ? answer : toldAfter(address.person, answer)
    },
    end: (address, expected, ended) => toldAfter(address.person, memory.end(address, expected, ended)),
    revoke: (person, scope, revocation) => toldAfter(person, memory.revoke(person, scope, revocation)),
    keepRefresh: (address, generation, kept, tokenExpiresAt) =>
      toldAfter(address.person, memory.keepRefresh(address, generation, kept, tokenExpiresAt)),
  }
  return {
    master,
    strict,
    addresses,
    async open() {
      let log: string[] = []
      const remote: Record<string, unknown> = { ...strict }
      for (const name of counted) {
        const method = Reflect.get(strict, name) as (...given: unknown[]) => unknown
        remote[name] = async (...given: unknown[]) => {
          log.push(name)
          return method(...given)
        }
      }
      const store = withNearReads(remote as unknown as Store, {
        client: createFakeClient([master]),
        prefix: 'citizen:',
        maximumEntries: 1000,
        staleMilliseconds: 1000,
        elapsed: () => elapsed,
      })
      opened.push(store)
      await store.ready()
      const { near } = store
      if (near === undefined) throw new Error('there are no near reads')
      for (let turn = 0; turn < 100 && !near.isProven; turn += 1) await new Promise(setImmediate)
      if (!near.isProven) throw new Error('nothing is proven')
      return {
        store,
        near,
        commands() {
          const taken = log
          log = []
          return taken
        },
      }
    },
    pass(milliseconds) {
      elapsed += milliseconds
    },
    async close() {
      for (const store of opened.splice(0)) await store.close()
      await memory.close()
    },
  }
}
