/** @module One process of an application: a suite on a clock of its own, which may stop and start. */
import {
  type Citizen,
  type CitizenEvent,
  createSuite,
  type Demand,
  type Reply,
  type Store,
  type Suite,
} from '../../src/index.js'
import { type Delivered, type Message, SimulatedExchange } from './exchange.js'
import { type Place, place } from './network.js'
import type { ApplicationPlan } from './plan.js'
import { type ProtocolName, protocolOf } from './protocols.js'
import { base } from './provider.js'
import { Dice } from './random.js'

/** What the application shows of a citizen on its own pages. */
export interface Seen {
  readonly state: Citizen['state']
  readonly reason: string | undefined
  readonly sub: string | undefined
  readonly publicId: string | undefined
}

/** An answer of a process, with what its application saw, if the request was the application's. */
export interface Served extends Delivered {
  readonly seen: Seen | undefined
  /** The time by the clock of the process when the request came. */
  readonly clockAt: number
}

/** What a process is made with. */
export interface InstanceParts {
  readonly application: ApplicationPlan
  readonly number: number
  readonly seed: number
  /** How people sign in, if not by the shared cookie. */
  readonly protocol: ProtocolName | undefined
  readonly clock: () => number
  readonly fetch: typeof globalThis.fetch
  /** A store for a process that begins now. */
  readonly openStore: (clock: () => number, process: Place) => Store
  /** Where revocations are kept, if elsewhere. */
  readonly openRevocations: () => Store | undefined
  /** From here on what is begun belongs to this process. */
  readonly enter: (process: Place) => void
  readonly onEvent: (instance: Instance, event: CitizenEvent) => void
}

const demands: Readonly<Record<string, Demand>> = { '/private': {} }

export class Instance {
  readonly name: string
  readonly host: string
  readonly url: string
  readonly application: ApplicationPlan
  #clock = { offset: 0, share: 0, since: 0, until: 0 }
  /** Asked to stop in order: it takes no more requests, and finishes those that it has. */
  isStopping = false
  #serving = 0
  #whenIdle: (() => void) | undefined
  process: Place
  suite: Suite
  readonly #parts: InstanceParts
  #store: Store
  #starts = 0

  constructor(parts: InstanceParts) {
    const { application, number } = parts
    this.#parts = parts
    this.application = application
    this.name = `${application.name} ${number + 1}`
    this.host = `${application.name}.${base}`
    this.url = `https://${this.host}`
    this.process = place(this.name)
    parts.enter(this.process)
    this.#store = parts.openStore(this.clock, this.process)
    this.suite = this.#createSuite()
  }

  readonly clock = (): number => this.#parts.clock() + this.clockOffset

  /** How far its clock is ahead, in milliseconds. */
  get clockOffset(): number {
    const { offset, share, since, until } = this.#clock
    return offset + Math.trunc(share * (Math.min(this.#parts.clock(), until) - since))
  }

  /** How far it will be when its drift is over. */
  get farthestOffset(): number {
    const { offset, share, since, until } = this.#clock
    return offset + share * (until - since)
  }

  /** How people sign in, if not by the shared cookie. */
  get protocol(): ProtocolName | undefined {
    return this.#parts.protocol
  }

  get isDrifting(): boolean {
    return this.#clock.share !== 0
  }

  setClock(offset: number): void {
    this.#clock = { offset, share: 0, since: 0, until: 0 }
  }

  /** From now on it gains a share of the time. */
  driftClock(share: number, milliseconds: number): void {
    const since = this.#parts.clock()
    this.#clock = { offset: this.clockOffset, share, since, until: since + milliseconds }
  }

  /** Begins anew, with nothing in memory. */
  start(): void {
    this.#starts += 1
    this.isStopping = false
    this.#serving = 0
    this.#whenIdle = undefined
    this.process = place(this.name)
    this.#parts.enter(this.process)
    this.#store = this.#parts.openStore(this.clock, this.process)
    this.suite = this.#createSuite()
  }

  /** Stops, at once. */
  crash(): void {
    this.process.isAlive = false
  }

  /** Stops in order: the server first. */
  async close(): Promise<void> {
    this.isStopping = true
    this.process.condition = 'shut'
    if (this.#serving > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    await this.suite.close()
    await this.#store.close()
  }

  /** Does work of this process: it does not stop in order before that is done. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    this.#serving += 1
    try {
      return await work()
    } finally {
      this.#serving -= 1
      if (this.#serving === 0) this.#whenIdle?.()
    }
  }

  /** Serves a request as an adapter does. */
  async serve(message: Message): Promise<Served> {
    const clockAt = this.clock()
    const { suite } = this
    const exchange = new SimulatedExchange(message)
    const delivered = (reply: Reply, seen?: Seen): Served => {
      exchange.close()
      return { reply, cookies: exchange.cookies, seen, clockAt }
    }
    const handler = suite.endpoint(exchange)
    const own = handler === undefined ? undefined : await handler(exchange)
    if (own !== undefined) return delivered(own)
    const citizen = await suite.authenticate(exchange)
    const demand = demands[message.target]
    const refusal = demand === undefined ? undefined : suite.guard(exchange, citizen, demand)
    return delivered(refusal ?? { status: 200, headers: {}, body: 'welcome' }, seenOf(citizen))
  }

  #createSuite(): Suite {
    const { application, number, seed, fetch, onEvent, protocol } = this.#parts
    const { name, idleSeconds, absoluteSeconds, onIdle } = application
    const dice = new Dice(seed, 7, name.length, number, this.#starts)
    return createSuite(
      {
        ...(protocol === undefined
          ? {
              identityProvider: { url: `https://id.${base}`, refresh: { waitMilliseconds: 10_000 } },
              sharedCookie: { domain: base },
            }
          : { protocols: [protocolOf(protocol, `https://id.${base}`)] }),
        application: {
          id: name,
          url: this.url,
          sensitivity: 'sensitive',
          idleSeconds,
          absoluteSeconds,
          onIdle,
          secrets: [`a secret of thirty-two bytes or more for ${name}`],
        },
        store: this.#store,
        revocations: this.#parts.openRevocations(),
        clock: this.clock,
        fetch,
        random: (bytes) => dice.bytes(bytes),
        onEvent: (event) => onEvent(this, event),
      },
      {},
    )
  }
}

export function seenOf(citizen: Citizen): Seen {
  const { state, reason, claims, session } = citizen
  return { state, reason, sub: claims?.sub, publicId: session?.publicId }
}
