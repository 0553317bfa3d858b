/** @module Whole requests of several instances, taken apart into store calls and put together in a seeded order. */
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { createSuite, memoryStore, type Store, type Suite, type SuiteOptions } from '../../src/index.js'
import { base, optionsOf, serve } from '../support/world.js'

/** Random numbers that are the same for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Lets one waiting call go at a time; which one, the random numbers say. */
export class Turns {
  /** Outside a schedule nothing waits. */
  isScheduling = false
  #waiting: (() => void)[] = []
  #activity = 0

  async next(): Promise<void> {
    this.#activity += 1
    if (this.isScheduling) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Runs until nobody waits any more; `onStep` comes before each call that goes on. */
  async run(random: (below: number) => number, onStep: () => void): Promise<void> {
    this.isScheduling = true
    for (;;) {
      await this.#quiet()
      const chosen = this.#waiting.splice(random(Math.max(this.#waiting.length, 1)), 1)[0]
      if (chosen === undefined) break
      onStep()
      chosen()
    }
    this.isScheduling = false
  }

  /** Until all that can go on without a turn has done so. */
  async #quiet(): Promise<void> {
    for (let calm = 0; calm < 3; calm += 1) {
      const before = this.#activity
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#activity !== before) calm = -1
    }
  }
}

/** A store whose every call waits for its turn. */
export function takingTurns(store: Store, turns: Turns): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...given: unknown[]) => {
        await turns.next()
        return member.apply(target, given) as unknown
      }
    },
  })
}

/** Two instances of one application and one of a sibling, on one store. */
export interface Cluster {
  readonly emulator: Emulator
  readonly turns: Turns
  readonly suites: readonly [Suite, Suite, Suite]
  readonly now: () => number
  tick(milliseconds: number): void
  /** What the refresh endpoint answers, and how often each application asked it. */
  readonly provider: { answer: string; posts: Record<string, number> }
}

const start = Date.UTC(2026, 0, 15, 12)

export async function createCluster(): Promise<Cluster> {
  let now = start
  const clock = () => now
  const emulator = await createEmulator({ url: `https://id.${base}`, domain: base, clock })
  const turns = new Turns()
  const store = takingTurns(memoryStore({ clock }), turns)
  const provider: Cluster['provider'] = { answer: '', posts: {} }
  const make = (id: string): Suite => {
    const options: SuiteOptions = {
      application: {
        id,
        url: `https://${id}.${base}`,
        sensitivity: 'basic',
        secrets: ['a secret of thirty-two bytes or more'],
      },
      identityProvider: { refresh: { waitMilliseconds: 10_000 } },
    }
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (init?.method !== 'POST') return emulator.fetch(input, init)
      provider.posts[id] = (provider.posts[id] ?? 0) + 1
      await turns.next()
      return Response.json({ token: provider.answer })
    }
    return createSuite({ ...optionsOf(id, { emulator, clock, store }, options), fetch }, {})
  }
  return {
    emulator,
    turns,
    suites: [make('benefits'), make('benefits'), make('library')],
    now: clock,
    tick(milliseconds) {
      now += milliseconds
    },
    provider,
  }
}

/** One request as a browser would send it, to one instance. */
export function ask(suite: Suite, path: string, cookie: string, init: RequestInit = {}): Promise<Response> {
  const headers = { cookie, 'sec-fetch-site': 'same-origin', ...(init.headers as Record<string, string>) }
  return serve(suite, new Request(`${suite.options.application.url}${path}`, { ...init, headers }))
}
