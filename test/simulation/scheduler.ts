/**
 * @module The one scheduler of a world: virtual time, and events in its order. Everything that happens belongs to somebody
 * (a process that stops takes its events with it) and has a cause (an action of the plan): how long a message takes is drawn
 * from the cause, so that a history that is shortened keeps the times of what is left.
 */
import type { Timer, Timers } from '../../src/timers.js'
import { quiet } from './quiet.js'
import { mix } from './random.js'

/** Whose events they are. Once it is not alive its events do not happen. */
export interface Owner {
  readonly name: string
  isAlive: boolean
}

/** What brought something about, and how many decisions were drawn from it. */
export interface Cause {
  readonly id: number
  count: number
}

interface Entry {
  readonly at: number
  readonly order: number
  readonly owner: Owner
  readonly cause: Cause
  readonly run: () => void
  isOver: boolean
}

class VirtualTimer implements Timer {
  entry: Entry | undefined
  unref(): this {
    return this
  }
}

/** Events in the order of their time; of one time in that of their making. */
export class Scheduler {
  /** Milliseconds since the world began; with a fraction. */
  now = 0
  owner: Owner
  cause: Cause = { id: 0, count: 0 }
  steps = 0
  readonly #heap: Entry[] = []
  readonly #seed: number
  readonly #timers = new Map<VirtualTimer, Owner>()
  #order = 0

  constructor(seed: number, nobody: Owner) {
    this.#seed = seed
    this.owner = nobody
  }

  /** A number from 0 up to 1 that the cause at hand draws. */
  draw(cause = this.cause): number {
    cause.count += 1
    return mix(this.#seed, cause.id, cause.count) / 0x1_0000_0000
  }

  after(milliseconds: number, owner: Owner, run: () => void, cause = this.cause): Entry {
    const entry = {
      at: this.now + Math.max(milliseconds, 0),
      order: this.#order,
      owner,
      cause,
      run,
      isOver: false,
    }
    this.#order += 1
    this.#push(entry)
    return entry
  }

  /** Lets time pass until `until`, event by event; `onStep` comes after each. `false`: somebody has had enough. */
  async run(until: number, onStep: () => boolean): Promise<boolean> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop()
      if (next.isOver || !next.owner.isAlive) continue
      next.isOver = true
      this.now = next.at
      this.owner = next.owner
      this.cause = next.cause
      this.steps += 1
      next.run()
      await quiet()
      if (!onStep()) return false
    }
    this.now = Math.max(this.now, until)
    return true
  }

  /** Timers that are still running, by their owner. */
  openTimers(owner: Owner): number {
    let open = 0
    for (const each of this.#timers.values()) if (each === owner) open += 1
    return open
  }

  /** The timers of the core, in virtual time. */
  readonly timers: Timers = {
    setTimeout: (call, milliseconds) => {
      const timer = new VirtualTimer()
      const fire = (): void => {
        this.#timers.delete(timer)
        call()
      }
      timer.entry = this.after(Math.max(milliseconds, 1), this.owner, fire)
      this.#timers.set(timer, this.owner)
      return timer
    },
    clearTimeout: (timer) => this.#clear(timer),
    setInterval: (call, milliseconds) => {
      const timer = new VirtualTimer()
      const { owner, cause } = this
      const again = (): void => {
        timer.entry = this.after(Math.max(milliseconds, 1), owner, fire, cause)
      }
      const fire = (): void => {
        again()
        call()
      }
      again()
      this.#timers.set(timer, owner)
      return timer
    },
    clearInterval: (timer) => this.#clear(timer),
    setImmediate: (call) => void this.after(0, this.owner, call),
    elapsed: () => this.now,
  }

  #clear(timer: Timer | undefined): void {
    if (!(timer instanceof VirtualTimer)) return
    this.#timers.delete(timer)
    if (timer.entry !== undefined) timer.entry.isOver = true
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, entry)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let below = heap[child]
      const right = heap[child + 1]
      if (below === undefined) break
      if (right !== undefined && isBefore(right, below)) {
        child += 1
        below = right
      }
      if (isBefore(last, below)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
