/** @module The client of one process: connections to whichever server the name leads to, each with its messages in order. */
import type { Command, Ear, Master, RedisClient } from '../../../src/stores/redis/client.js'
import type { Network } from '../network.js'
import type { Cause, Owner } from '../scheduler.js'
import type { Node, RedisGroup } from './group.js'
import { Status } from './lua.js'

/** A connection that was lost. */
class ResetError extends Error {
  readonly code = 'ECONNRESET'
}

/** One connection: what is sent on it arrives in order, and so do the answers. */
class Connection {
  readonly node: Node
  isOpen = true
  readonly #network: Network
  readonly #group: RedisGroup
  readonly #owner: Owner
  readonly #pending = new Set<(error: Error) => void>()
  #thereAt = 0
  #backAt = 0
  /** Something on it was lost: nothing that follows comes through. */
  #isStalled = false
  /** Called when the server refuses it. */
  onReset: (() => void) | undefined

  readonly isEar: boolean

  constructor(group: RedisGroup, network: Network, owner: Owner, isEar = false) {
    this.isEar = isEar
    this.#group = group
    this.#network = network
    this.#owner = owner
    this.node = group.master
  }

  send(commands: readonly Command[]): Promise<unknown[]> {
    const { scheduler } = this.#network
    const { cause } = scheduler
    const { node } = this
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new ResetError('the connection is closed'))
      this.#pending.add(reject)
      this.#there(cause, () => {
        if (node.place.condition === 'shut') {
          this.#refuse()
          return
        }
        if (this.#isStalled || node.place.condition === 'deaf') {
          this.#isStalled = true
          return
        }
        const replies = Promise.all(commands.map(async (command) => this.#carryOut(command)))
        if (node.place.condition === 'mute') {
          this.#isStalled = true
          replies.catch(() => undefined)
          return
        }
        const back = (tell: () => void): void =>
          this.back(cause, () => {
            this.#pending.delete(reject)
            tell()
          })
        replies.then(
          (values) => back(() => resolve(values)),
          (error: Error) => back(() => reject(error)),
        )
      })
    })
  }

  /** A message on the way there. */
  #there(cause: Cause, run: () => void): void {
    const { scheduler } = this.#network
    this.#thereAt = Math.max(this.#thereAt, scheduler.now + this.#network.latency(cause))
    scheduler.after(
      this.#thereAt - scheduler.now,
      this.node.place,
      () => {
        if (this.isOpen) run()
      },
      cause,
    )
  }

  /** A message on the way back. */
  back(cause: Cause, run: () => void): void {
    const isUnheard = this.isEar && this.#group.deafEars.has(this.#owner)
    if (this.#isStalled || isUnheard || this.node.place.condition === 'mute') {
      this.#isStalled = true
      return
    }
    const { scheduler } = this.#network
    this.#backAt = Math.max(this.#backAt, scheduler.now + this.#network.latency(cause))
    scheduler.after(
      this.#backAt - scheduler.now,
      this.#owner,
      () => {
        if (this.isOpen) run()
      },
      cause,
    )
  }

  #carryOut([name, ...words]: Command): unknown {
    const { node } = this
    if (name === 'WAIT') return this.#group.wait(node, Number(words[0]), Number(words[1]))
    const reply = node.server.execute([name, ...words])
    return reply instanceof Status ? reply.text : reply
  }

  #refuse(): void {
    this.#network.scheduler.after(1, this.#owner, () => this.onReset?.())
  }

  /** Ends it; what was under way on it fails. */
  close(): void {
    this.isOpen = false
    for (const reject of this.#pending) reject(new ResetError('the connection was lost'))
    this.#pending.clear()
  }
}

/** How soon a lost connection is tried again, in milliseconds. */
const retryMilliseconds = 50

/** What a client is made with. */
export interface ClientOptions {
  readonly group: RedisGroup
  readonly network: Network
  readonly owner: Owner
  readonly topology: 'single' | 'sentinel'
}

/** The client of a process. */
export function createSimulatedClient({ group, network, owner, topology }: ClientOptions): RedisClient {
  const { scheduler } = network
  const open = (): Connection => {
    const made = new Connection(group, network, owner)
    made.onReset = () => {
      if (connection === made) drop()
    }
    return made
  }
  let connection: Connection | undefined
  let isClosed = false
  const ears = new Set<() => void>()

  const connect = (): void => {
    if (isClosed || !owner.isAlive || connection !== undefined) return
    const { condition, isAlive } = group.master.place
    if (isAlive && condition === 'up') connection = open()
    else scheduler.after(retryMilliseconds, owner, connect)
  }
  const drop = (): void => {
    connection?.close()
    connection = undefined
    scheduler.after(retryMilliseconds + network.latency(scheduler.cause), owner, connect)
  }
  // A server that dies ends its connections; who is connected to one that was cut off alone does not notice.
  const onFailover = (): void => {
    if (connection !== undefined && !connection.node.place.isAlive) scheduler.after(5, owner, drop)
  }
  group.onFailover.add(onFailover)
  connection = open()

  const send = async (...commands: readonly Command[]): Promise<unknown[]> => {
    if (connection === undefined) throw new ResetError('not connected')
    return connection.send(commands)
  }
  const one = async (command: Command): Promise<unknown> => (await send(command))[0]
  const listen = (channel: string, hear: (message: string) => void): Ear => {
    const { ear, close } = openEar({ group, network, owner, topology }, channel, hear)
    ears.add(close)
    const stop = (): void => {
      ears.delete(close)
      close()
    }
    return { ...ear, close: stop }
  }
  const master: Master = { name: 'master', ask: one, listen }
  return {
    call: (_key, command) => one(command),
    callScript: (_key, command) => one(command),
    async callBoth(_key, first, second) {
      const [reply, other] = await send(first, second)
      return [reply, other]
    },
    callMasters: async (command) => [await one(command)],
    isDown: () => connection === undefined,
    wasConnected: () => true,
    trouble: () => undefined,
    masters: () => [master],
    cautions: [],
    links: () =>
      connection === undefined ? [] : [{ isNamed: true, ask: () => one(['PING']), replace: drop }],
    topology,
    readsReplicas: false,
    database: 0,
    async close() {
      isClosed = true
      group.onFailover.delete(onFailover)
      for (const close of ears) close()
      connection?.close()
      connection = undefined
    },
  }
}

/** A connection of its own that hears what is published, until it is lost. */
function openEar(
  { group, network, owner }: ClientOptions,
  channel: string,
  hear: (message: string) => void,
): { readonly ear: Omit<Ear, 'close'>; readonly close: () => void } {
  const { scheduler } = network
  const connection = new Connection(group, network, owner, true)
  const { server, place } = connection.node
  let tell = (): void => undefined
  const lost = new Promise<void>((resolve) => {
    tell = resolve
  })
  const listener = (to: string, message: string): void => {
    if (to === channel) connection.back(scheduler.cause, () => hear(message))
  }
  const close = (): void => {
    server.listeners.delete(listener)
    group.onFailover.delete(onFailover)
    connection.close()
    tell()
  }
  const onFailover = (): void => {
    if (!place.isAlive) scheduler.after(5, owner, close)
  }
  group.onFailover.add(onFailover)
  connection.onReset = close
  const opened = connection.send([['INFO', 'server']]).then(([info]) => {
    server.listeners.add(listener)
    return info
  })
  opened.catch(() => undefined)
  return { ear: { opened, lost }, close }
}
