/** @module A master and its replica in a world: writes that follow later, a failover, and a master that is cut off. */
import { type Place, place } from '../network.js'
import type { Owner, Scheduler } from '../scheduler.js'
import type { Lua } from './lua.js'
import { type Change, RedisServer } from './server.js'

/** A server, and where it is reached. */
export interface Node {
  readonly server: RedisServer
  readonly place: Place
  /** Whom the replica's acknowledgements are noted for: how many writes it has of this one. */
  acknowledged: number
}

/** What a group is made with. */
export interface GroupOptions {
  readonly lua: Lua
  readonly scheduler: Scheduler
  readonly clock: () => number
  readonly hasReplica: boolean
  /** Milliseconds until the next write, or acknowledgement, has come over. */
  readonly lag: () => number
}

const idOf = (number: number): string => number.toString(16).padStart(2, '0').repeat(20)

export class RedisGroup {
  readonly options: GroupOptions
  /** Where the name of the group leads to. */
  master: Node
  replica: Node | undefined
  /** Called after a failover: whoever is connected by name finds out in its own time. */
  readonly onFailover = new Set<() => void>()
  /** Whose connections for what is published bring nothing. */
  readonly deafEars = new Set<Owner>()
  #servers = 0

  constructor(options: GroupOptions) {
    this.options = options
    this.master = this.#create()
    if (options.hasReplica) this.#follow(this.#create())
  }

  /**
   * The replica is promoted as it is. The old master has died; or, cut off, it goes on for whoever is still connected to it,
   * until it learns of it: then it follows the new one.
   */
  failOver(cutOffMilliseconds: number): boolean {
    const { replica, master } = this
    if (replica === undefined) return false
    const { scheduler } = this.options
    master.server.onWrite = undefined
    replica.server.role = 'master'
    replica.server.formerId = replica.server.replicationId
    replica.server.replicationId = idOf(100 + this.#servers)
    replica.server.online = 0
    this.master = replica
    this.replica = undefined
    const learn = (): void => {
      for (const each of this.onFailover) each()
    }
    if (cutOffMilliseconds === 0) {
      master.place.isAlive = false
      learn()
    } else {
      // A master without its replica says so.
      master.server.online = 0
      learn()
    }
    scheduler.after(Math.max(cutOffMilliseconds, 2000), this.master.place, () => {
      const isBack = cutOffMilliseconds > 0
      if (isBack) master.server.role = 'slave'
      this.#follow(isBack ? master : this.#create())
    })
    return true
  }

  /** Resolves as Redis answers `WAIT`: how many have all that was written until now, when enough have or time is over. */
  wait(node: Node, count: number, milliseconds: number): Promise<number> {
    const { scheduler } = this.options
    const wanted = node.server.offset
    const until = scheduler.now + milliseconds
    return new Promise((resolve) => {
      const look = (): void => {
        const isFollowed = this.master === node && this.replica !== undefined
        const have = isFollowed && this.replica !== undefined && this.replica.acknowledged >= wanted ? 1 : 0
        if (have >= count || scheduler.now >= until) resolve(have)
        else scheduler.after(1, node.place, look)
      }
      look()
    })
  }

  #create(): Node {
    this.#servers += 1
    const { lua, clock } = this.options
    const name = `redis ${this.#servers}`
    const server = new RedisServer({ lua, clock, id: idOf(this.#servers) })
    return { server, place: place(name), acknowledged: 0 }
  }

  /** A node follows the master: all that it has at first, then write by write, each in its time and order. */
  #follow(node: Node): void {
    const { master } = this
    const { scheduler, lag } = this.options
    const { server } = node
    server.role = 'slave'
    server.copyFrom(master.server)
    server.replicationId = master.server.replicationId
    node.acknowledged = server.offset
    master.server.online = 1
    this.replica = node
    let last = 0
    let lastBack = 0
    master.server.onWrite = (changes: readonly Change[]) => {
      const { offset } = master.server
      last = Math.max(last, scheduler.now + lag())
      scheduler.after(last - scheduler.now, node.place, () => {
        if (this.replica !== node || this.master !== master) return
        server.apply(changes)
        server.offset = offset
        lastBack = Math.max(lastBack, scheduler.now + lag() / 4)
        scheduler.after(lastBack - scheduler.now, master.place, () => {
          node.acknowledged = Math.max(node.acknowledged, offset)
        })
      })
    }
  }
}
