/** @module Single logout: tells every other participant, by server call or through the browser, and keeps account. */
import { redirect } from '../page.js'
import { readBody } from '../visit.js'
import { fromEnvelope, type IncomingMessage } from './bindings.js'
import type { Expected, JudgedMessage } from './incoming.js'
import { readStatus } from './incoming.js'
import { type SamlBinding, statusWord } from './names.js'
import type { ResolvedServiceProvider } from './options.js'
import type { SamlMessage } from './outgoing.js'
import { framedEnd, framesPage, postPage } from './pages.js'
import type { Participation } from './participations.js'
import { type SamlProblem, SamlRefusal } from './refusal.js'
import type { Sender } from './sender.js'

/** How telling a service provider went. */
export interface SamlDelivery {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** entityID. */
  readonly serviceProvider: string
  /** `undefined`: the provider has no address that could be used. */
  readonly binding: SamlBinding | undefined
  /** ID of the LogoutRequest. */
  readonly id: string | undefined
  readonly nameId: string
  readonly sessionIndex: string
  /** `pending`: no answer yet. `done`: Success. `partial`: with PartialLogout. `failed`: another status, or a refused answer. */
  state: 'pending' | 'done' | 'partial' | 'failed' | 'unreachable'
  /** Status codes of the answer from the top, by their last word. */
  status: readonly string[]
  /** What was wrong with the answer. */
  problem: SamlProblem | undefined
}

/** Whom a LogoutRequest concerns. */
export type Told = Pick<Participation, 'provider' | 'nameId' | 'sessionIndex'>

interface Run {
  readonly id: string
  readonly deliveries: SamlDelivery[]
  readonly queue: Participation[]
  /** What the browser is led to at the end. */
  readonly finish: (deliveries: readonly SamlDelivery[], isLater: boolean) => Response | Promise<Response>
}

interface Visit {
  readonly run: Run
  readonly delivery: SamlDelivery
  readonly message: SamlMessage
}

/** Tells participants. */
export interface SingleLogout {
  /** Deliveries since the start or the last reset, oldest first, at most 500. */
  readonly deliveries: readonly SamlDelivery[]
  /** By server calls only: resolves with the answers. */
  call(participations: readonly Participation[]): Promise<readonly SamlDelivery[]>
  /** With a browser at hand: the first answer to it. `finish` makes the last one, at once or in a later request. */
  lead(participations: readonly Participation[], finish: Run['finish']): Promise<Response>
  /** Lets a LogoutRequest that somebody else delivers wait for its answer. */
  announce(message: SamlMessage, one: Told): void
  /** A LogoutResponse that the browser brings: the next answer to it. @throws `emulator`, a `SamlRefusal`. */
  answered(message: IncomingMessage, destinations: readonly string[]): Promise<Response>
  /** `leave`: what a frame loads first. `finish`: where the page of the frames goes on. */
  proceed(query: URLSearchParams): Promise<Response>
  clear(): void
}

/** What {@link createSingleLogout} needs. */
export interface SingleLogoutOptions {
  readonly sender: Sender
  readonly find: (entityId: string) => Promise<ResolvedServiceProvider>
  readonly judge: (message: IncomingMessage, expected: Expected) => Promise<JudgedMessage>
  readonly fetch: typeof globalThis.fetch
  readonly now: () => number
  readonly newId: () => string
  readonly frontChannel: 'redirects' | 'frames'
  /** Path with a query that leads to {@link SingleLogout.proceed}. */
  readonly proceedPath: string
  /** Where answers by server call are meant for, if they say. */
  readonly soapDestinations: () => readonly string[]
}

const longestWait = 5000
/** Of deliveries, and of logouts that wait for a browser: the oldest are forgotten. */
const mostKept = 500

function keep<T>(map: Map<string, T>, key: string, value: T) {
  map.set(key, value)
  for (const oldest of map.keys()) if (map.size > mostKept) map.delete(oldest)
}

/** Makes the single logout. */
export function createSingleLogout(options: SingleLogoutOptions): SingleLogout {
  const { sender, find, judge, fetch, now, newId } = options
  let deliveries: SamlDelivery[] = []
  const visits = new Map<string, Visit>()
  const runs = new Map<string, Run>()

  function record(one: Told, message?: SamlMessage): SamlDelivery {
    const delivery: SamlDelivery = {
      at: now(),
      serviceProvider: one.provider,
      binding: message?.binding,
      id: message?.id,
      nameId: one.nameId.value,
      sessionIndex: one.sessionIndex,
      state: message ? 'pending' : 'unreachable',
      status: [],
      problem: message ? undefined : 'unreachable',
    }
    deliveries = [...deliveries, delivery].slice(-mostKept)
    return delivery
  }

  async function requestFor(one: Participation, accepts: readonly SamlBinding[]) {
    const provider = await find(one.provider).catch(() => undefined)
    const service = provider?.logout.find(({ binding }) => accepts.includes(binding))
    if (!provider || !service) return undefined
    const relayState = service.binding === 'soap' ? undefined : newId()
    return sender.logoutRequest(
      { provider, binding: service.binding, url: service.url, relayState },
      { nameId: one.nameId, sessionIndexes: [one.sessionIndex] },
    )
  }

  /** Enters an answer in the account; the status counts only where the answer itself is good. */
  function settle(delivery: SamlDelivery, answer: JudgedMessage, message: SamlMessage, relayState?: string) {
    const { provider, element } = answer
    if (provider.entityId !== delivery.serviceProvider) {
      throw new SamlRefusal('in-response-to', 'the answer is of another service provider')
    }
    if (element.attributes.get('InResponseTo') !== delivery.id) {
      throw new SamlRefusal('in-response-to', 'InResponseTo must be the ID of our request')
    }
    if (message.relayState !== relayState) {
      throw new SamlRefusal('relay-state', 'RelayState must come back as it was sent')
    }
    delivery.status = readStatus(element).map(statusWord)
    const isSuccess = delivery.status[0] === 'Success'
    delivery.state = !isSuccess ? 'failed' : delivery.status.includes('PartialLogout') ? 'partial' : 'done'
  }

  function fail(delivery: SamlDelivery, error: unknown) {
    delivery.state = error instanceof SamlRefusal ? 'failed' : 'unreachable'
    delivery.problem = error instanceof SamlRefusal ? error.problem : 'unreachable'
  }

  async function callOne(one: Participation, message: SamlMessage | undefined): Promise<SamlDelivery> {
    const delivery = record(one, message)
    if (!message) return delivery
    try {
      const response = await fetch(
        new Request(message.toRequest(), { signal: AbortSignal.timeout(longestWait) }),
      )
      const incoming = fromEnvelope(await readBody(response, 131_072))
      const destinations = options.soapDestinations()
      const expected = { name: 'LogoutResponse', destinations, mustBeSigned: () => true } as const
      settle(delivery, await judge(incoming, expected), message)
    } catch (error) {
      fail(delivery, error)
    }
    return delivery
  }

  async function step(run: Run, isLater: boolean): Promise<Response> {
    const next = run.queue.shift()
    if (!next) {
      runs.delete(run.id)
      return run.finish(run.deliveries, isLater)
    }
    const visit = await prepare(run, next)
    return visit ? send(visit.message) : step(run, isLater)
  }

  async function prepare(run: Run, one: Participation): Promise<Visit | undefined> {
    const message = await requestFor(one, ['redirect', 'post'])
    const delivery = record(one, message)
    run.deliveries.push(delivery)
    if (!message) return undefined
    const visit = { run, delivery, message }
    keep(visits, message.id, visit)
    return visit
  }

  const send = (message: SamlMessage) => (message.fields ? postPage(message) : redirect(message.url))

  async function openFrames(run: Run): Promise<Response> {
    const prepared = await Promise.all(run.queue.splice(0).map((one) => prepare(run, one)))
    const frames = prepared.flatMap((visit) =>
      visit ? [{ id: visit.message.id, url: `${options.proceedPath}?leave=${visit.message.id}` }] : [],
    )
    return frames.length === 0
      ? step(run, false)
      : framesPage(frames, `${options.proceedPath}?finish=${run.id}`)
  }

  return {
    get deliveries() {
      return deliveries.map((one) => ({ ...one }))
    },
    async call(participations) {
      const work = participations.map(async (one) => callOne(one, await requestFor(one, ['soap'])))
      return Promise.all(work)
    },
    async lead(participations, finish) {
      const run: Run = { id: newId(), deliveries: [], queue: [], finish }
      const called = participations.map(async (one) => {
        const provider = await find(one.provider).catch(() => undefined)
        if (provider?.logout[0] && provider.logout[0].binding !== 'soap') run.queue.push(one)
        else run.deliveries.push(await callOne(one, await requestFor(one, ['soap'])))
      })
      await Promise.all(called)
      if (run.queue.length === 0) return finish(run.deliveries, false)
      keep(runs, run.id, run)
      return options.frontChannel === 'frames' ? openFrames(run) : step(run, false)
    },
    announce(message, one) {
      const end = () => new Response('Signed out.', { headers: { 'cache-control': 'no-cache, no-store' } })
      const delivery = record(one, message)
      const run: Run = { id: newId(), deliveries: [delivery], queue: [], finish: end }
      keep(visits, message.id, { run, delivery, message })
    },
    async answered(message, destinations) {
      const expected = { name: 'LogoutResponse', destinations, mustBeSigned: () => true } as const
      const visit = visits.get(message.element.attributes.get('InResponseTo') ?? '')
      if (!visit) {
        await judge(message, expected)
        throw new SamlRefusal('in-response-to', 'no request of this ID waits for an answer')
      }
      visits.delete(visit.message.id)
      try {
        settle(visit.delivery, await judge(message, expected), visit.message, message.relayState)
      } catch (error) {
        fail(visit.delivery, error)
      }
      return options.frontChannel === 'frames' ? framedEnd(visit.message.id) : step(visit.run, true)
    },
    async proceed(query) {
      const visit = visits.get(query.get('leave') ?? '')
      if (visit) return send(visit.message)
      const run = runs.get(query.get('finish') ?? '')
      if (!run) throw new SamlRefusal('in-response-to', 'this logout is over')
      return step(run, true)
    },
    clear() {
      deliveries = []
      visits.clear()
      runs.clear()
    },
  }
}
