/** @module Masters that a test holds in its hands: what is published there, who listens, and what it answers. */
import type { Command, Ear, Master, RedisClient } from '../../../src/stores/redis/client.js'
import { olderScripts } from '../../../src/stores/redis/near/judge.js'

/** A listener on a fake master. */
export interface FakeEar {
  readonly channel: string
  hear(message: string): void
  /** Ends it as a broken connection does. */
  lose(): void
  isClosed: boolean
}

/** A reply of Redis that is an error. */
export function refusal(code: string): Error {
  return Object.assign(new Error(`${code} refused`), { name: 'ReplyError' })
}

/** One master. Everything about it may be changed at any time. */
export class FakeMaster {
  readonly name: string
  runId = 'aa01'
  /** What the connection that reads leads to; another process after a failover. */
  readsFrom: string | undefined
  role = 'master'
  readonly ears: FakeEar[] = []
  readonly asked: Command[] = []
  /** Whether the channel brings what is published. */
  isSwallowing = false
  isHolding = false
  isUnreachable = false
  /** Commands that are answered with such an error. */
  readonly refuses = new Map<string, string>()
  scripts: unknown = olderScripts.map(() => 0)
  nodes: unknown = undefined
  #waiting: string[] = []

  constructor(name = 'master') {
    this.name = name
  }

  /** What others publish there. */
  publish(message: string): void {
    if (this.isSwallowing) return
    if (this.isHolding) this.#waiting.push(message)
    else for (const ear of this.ears) if (!ear.isClosed) ear.hear(message)
  }

  /** Brings what was held back, in its order. */
  deliver(): void {
    this.isHolding = false
    for (const message of this.#waiting.splice(0)) this.publish(message)
  }

  loseEars(): void {
    for (const ear of this.ears) if (!ear.isClosed) ear.lose()
  }

  get openEars(): number {
    return this.ears.filter(({ isClosed }) => !isClosed).length
  }

  async answer(command: Command): Promise<unknown> {
    this.asked.push(command)
    const [name] = command
    await Promise.resolve()
    if (this.isUnreachable) throw refusal('ECONNRESET')
    const code = this.refuses.get(name)
    if (code !== undefined) throw refusal(code)
    if (name === 'PUBLISH') this.publish(command[2] ?? '')
    if (name === 'INFO' && command[1] === 'replication') return `# Replication\r\nrole:${this.role}\r\n`
    if (name === 'INFO') return `# Server\r\nrun_id:${this.readsFrom ?? this.runId}\r\n`
    if (name === 'SCRIPT') return this.scripts
    if (name === 'CLUSTER') return this.nodes
    return 0
  }

  asMaster(): Master {
    return {
      name: this.name,
      ask: (command) => this.answer(command),
      listen: (channel, hear) => this.#listen(channel, hear),
    }
  }

  #listen(channel: string, hear: (message: string) => void): Ear {
    let tell = (): void => {}
    const lost = new Promise<void>((resolve) => {
      tell = resolve
    })
    const close = (): void => {
      ear.isClosed = true
      tell()
    }
    const ear: FakeEar = { channel, hear, lose: close, isClosed: false }
    this.ears.push(ear)
    const open = async (): Promise<unknown> => {
      await Promise.resolve()
      if (this.isUnreachable) throw refusal('ECONNREFUSED')
      const code = this.refuses.get('SUBSCRIBE')
      if (code !== undefined) throw refusal(code)
      return `run_id:${this.runId}\r\n`
    }
    const opened = open()
    opened.catch(() => undefined)
    return { opened, lost, close }
  }
}

/** A client of such masters. What a test changes of it counts at once. */
export interface FakeClient extends RedisClient {
  isConnected: boolean
  isLost: boolean
  /** Answers to `EXISTS` of the key of silence. */
  silence: unknown
  /** How `EXISTS` is answered instead. */
  existsFails: Error | undefined
  list: FakeMaster[] | undefined
  /** What was asked by key. */
  readonly asked: string[]
}

/** Makes it. */
export function createFakeClient(
  list: FakeMaster[] | undefined,
  topology: RedisClient['topology'] = 'single',
): FakeClient {
  const client: FakeClient = {
    isConnected: true,
    isLost: false,
    silence: 0,
    existsFails: undefined,
    list,
    asked: [],
    readsReplicas: false,
    topology,
    database: 0,
    cautions: [],
    links: () => [],
    isDown: () => client.isLost,
    wasConnected: () => client.isConnected,
    trouble: () => undefined,
    masters: () => client.list?.map((master) => master.asMaster()),
    async call(_key, [name]) {
      client.asked.push(name)
      if (client.existsFails !== undefined) throw client.existsFails
      return name === 'EXISTS' ? client.silence : null
    },
    callScript: async () => ['done'],
    callBoth: async () => [null, null],
    callMasters: async () => [],
    close: async () => {},
  }
  return client
}
