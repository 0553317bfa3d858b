/** @module A world: processes of applications, their store and provider, and people with browsers, made as a plan says. */
import { type CitizenEvent, memoryStore, type Store } from '../../src/index.js'
import { personOf } from '../../src/sessions/record.js'
import { createRedisStore } from '../../src/stores/redis/store.js'
import { Jar } from './browser.js'
import { Facts } from './facts.js'
import { History } from './history.js'
import { Instance } from './instance.js'
import { post } from './mailbox.js'
import { Network, type Place, place } from './network.js'
import type { StorePlan, WorldPlan } from './plan.js'
import { protocolApplication } from './protocols.js'
import { type Login, Provider } from './provider.js'
import { createSimulatedClient } from './redis/client.js'
import { RedisGroup } from './redis/group.js'
import { Lua } from './redis/lua.js'
import { remoteStore } from './remote-store.js'
import type { Owner, Scheduler } from './scheduler.js'

/** When every world begins. Milliseconds since the epoch. */
export const start = Date.UTC(2026, 0, 15, 12)

/** A browser, and who uses it. */
export interface Person {
  readonly name: string
  readonly person: string
  readonly jar: Jar
  readonly owner: Owner
  /** The identity session that the provider's own cookie names. */
  identity: string | undefined
  /** Everybody who has signed in here. */
  readonly logins: Login[]
  readonly sockets: { close: () => void }[]
}

/** Cookies that somebody kept. */
export interface Copy {
  readonly name: string
  readonly header: string
}

export class World {
  readonly plan: WorldPlan
  readonly scheduler: Scheduler
  readonly network: Network
  readonly provider: Provider
  readonly history: History
  readonly facts = new Facts()
  /** What happens by itself. */
  readonly fate: Owner = { name: 'fate', isAlive: true }
  readonly redis: RedisGroup | undefined
  readonly #memory: Store
  readonly #memoryPlace: Place = place('store')
  /** The store of the second application, and that of revocations, where it has one of its own. */
  readonly #own: Apart | undefined
  readonly #revocations: Apart | undefined
  readonly applications: readonly (readonly Instance[])[]
  readonly people: readonly Person[]
  readonly copies: Copy[] = []
  /** Sessions by a protocol, by the value of their cookie. */
  readonly protocolSessions = new Map<string, Login>()

  private constructor(
    plan: WorldPlan,
    scheduler: Scheduler,
    { network, provider, lua }: { network: Network; provider: Provider; lua: Lua | undefined },
  ) {
    this.plan = plan
    this.scheduler = scheduler
    this.network = network
    this.provider = provider
    provider.onPost = (request) => post(this, request)
    this.history = new History(() => scheduler.now)
    this.#memory = memoryStore({ clock: this.clock })
    if (plan.store.isApart) {
      this.#own = { store: memoryStore({ clock: this.clock }), place: place('own store') }
      this.#revocations = { store: memoryStore({ clock: this.clock }), place: place('revocations') }
    }
    this.redis = lua === undefined ? undefined : createGroup(plan.store, scheduler, lua, this.clock)
    this.applications = plan.applications.map((application) =>
      Array.from({ length: application.instances }, (_, number) => {
        return new Instance({
          application,
          number,
          seed: plan.seed,
          protocol: application.name === protocolApplication ? plan.protocol : undefined,
          clock: this.clock,
          fetch: provider.fetchOf(application.name),
          openStore: (time, process) => this.#openStore(application.name, time, process),
          openRevocations: () => remoteOf(this.#revocations, network),
          onEvent: (at, event) => this.#note(at, event),
          enter: (process) => {
            scheduler.owner = process
          },
        })
      }),
    )
    this.people = plan.browsers.map(({ name, person }) => ({
      name,
      person,
      jar: new Jar(),
      owner: { name, isAlive: true },
      identity: undefined,
      logins: [],
      sockets: [],
    }))
  }

  static async create(plan: WorldPlan, scheduler: Scheduler): Promise<World> {
    const network = new Network(scheduler, plan.pace)
    const clock = () => start + Math.floor(scheduler.now)
    const { tokenSeconds, identityIdleSeconds: idleSeconds } = plan
    const provider = await Provider.create({ network, clock, tokenSeconds, idleSeconds })
    const lua = plan.store.kind === 'redis' ? await Lua.load() : undefined
    return new World(plan, scheduler, { network, provider, lua })
  }

  readonly clock = (): number => start + Math.floor(this.scheduler.now)

  instance(application: number, number: number): Instance {
    const all = this.applications[application % this.applications.length] ?? []
    const found = all[number % all.length]
    if (found === undefined) throw new Error('no such process')
    return found
  }

  browser(number: number): Person {
    const found = this.people[number % this.people.length]
    if (found === undefined) throw new Error('no such browser')
    return found
  }

  /** Where the store is now. */
  get storePlace(): Place {
    return this.redis?.master.place ?? this.#memoryPlace
  }

  /** Every store that there is, the first that of most. */
  get storePlaces(): readonly Place[] {
    return [this.storePlace, this.#own?.place, this.#revocations?.place].filter((each) => each !== undefined)
  }

  #openStore(application: string, clock: () => number, process: Place): Store {
    const { network, redis, plan } = this
    const own = application === plan.applications[0]?.name ? undefined : remoteOf(this.#own, network)
    if (own !== undefined) return own
    if (redis === undefined) return remoteStore(this.#memory, this.#memoryPlace, network)
    const { hasReplica, nearMilliseconds } = plan.store
    const topology = hasReplica && plan.seed % 2 === 0 ? 'sentinel' : 'single'
    const client = createSimulatedClient({ group: redis, network, owner: process, topology })
    const near = nearMilliseconds > 0 ? { staleMilliseconds: nearMilliseconds } : false
    return createRedisStore(client, { clock, near, closeClient: true })
  }

  /** Whose digest it is that a status document names. */
  subOfDigest(person: string): string | undefined {
    const { emulator } = this.provider
    return emulator.people.find(({ sub }) => personOf(emulator.issuer, sub) === person)?.sub
  }

  get instances(): readonly Instance[] {
    return this.applications.flat()
  }

  #note(at: Instance, event: CitizenEvent): void {
    const { facts, history } = this
    if (event.type === 'session.ended') {
      facts.endedEvents.set(event.publicId, (facts.endedEvents.get(event.publicId) ?? 0) + 1)
      history.tell(at.name, `ends a session of ${event.sessionApplication}: ${event.reason}`)
    } else if (event.type === 'logout.leg') {
      history.tell(
        at.name,
        `leg ${event.leg} (${event.target}): ${event.state}${event.reason ? `, ${event.reason}` : ''}`,
      )
    } else if (event.type !== 'warning') {
      history.tell(at.name, `notes ${event.type}`)
    }
  }
}

/** A store that only some use. */
interface Apart {
  readonly store: Store
  readonly place: Place
}

function remoteOf(apart: Apart | undefined, network: Network): Store | undefined {
  return apart === undefined ? undefined : remoteStore(apart.store, apart.place, network)
}

function createGroup(
  { hasReplica, lag }: StorePlan,
  scheduler: Scheduler,
  lua: Lua,
  clock: () => number,
): RedisGroup {
  const cause = { id: -1, count: 0 }
  return new RedisGroup({ lua, scheduler, clock, hasReplica, lag: () => scheduler.draw(cause) * lag })
}
