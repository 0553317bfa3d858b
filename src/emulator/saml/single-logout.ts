/** @module Single logout: tells every other participant, by server call or through the browser. */
import { redirect } from '../page.js'
import { readBody } from '../visit.js'
import { fromEnvelope, type IncomingMessage } from './bindings.js'
import {
  createDeliveries,
  type Deliveries,
  fail,
  mostKept,
  type SamlDelivery,
  settle,
  type Told,
} from './deliveries.js'
import type { Expected, JudgedMessage } from './incoming.js'
import type { SamlBinding } from './names.js'
import type { ResolvedServiceProvider } from './options.js'
import type { SamlMessage } from './outgoing.js'
import { framedEnd, framesPage, postPage } from './pages.js'
import type { Participation } from './participations.js'
import { SamlRefusal } from './refusal.js'
import type { Sender } from './sender.js'

/** A logout that leads a browser from one participant to the next. */
interface Run {
  readonly id: string
  readonly deliveries: SamlDelivery[]
  readonly queue: Participation[]
  /** What the browser is led to at the end. */
  readonly finish: (deliveries: readonly SamlDelivery[], isLater: boolean) => Response | Promise<Response>
}

/** A LogoutRequest that waits for its answer. */
interface PendingRequest {
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

interface State {
  readonly options: SingleLogoutOptions
  readonly account: Deliveries
  /** By the ID of the LogoutRequest. */
  readonly pending: Map<string, PendingRequest>
  readonly runs: Map<string, Run>
}

function keep<T>(map: Map<string, T>, key: string, value: T) {
  map.set(key, value)
  for (const oldest of map.keys()) if (map.size > mostKept) map.delete(oldest)
}

/** Makes the single logout. */
export function createSingleLogout(options: SingleLogoutOptions): SingleLogout {
  const state: State = {
    options,
    account: createDeliveries(options.now),
    pending: new Map(),
    runs: new Map(),
  }
  return {
    get deliveries() {
      return state.account.list()
    },
    call: (participations) => Promise.all(participations.map((one) => callOne(state, one))),
    lead: (participations, finish) => lead(state, participations, finish),
    announce: (message, one) => announce(state, message, one),
    answered: (message, destinations) => answered(state, message, destinations),
    proceed: (query) => proceed(state, query),
    clear() {
      for (const part of [state.account, state.pending, state.runs]) part.clear()
    },
  }
}

const answerOf = (destinations: readonly string[]): Expected => ({
  name: 'LogoutResponse',
  destinations,
  mustBeSigned: () => true,
})

async function requestFor({ options }: State, one: Participation, accepts: readonly SamlBinding[]) {
  const provider = await options.find(one.provider).catch(() => undefined)
  const service = provider?.logout.find(({ binding }) => accepts.includes(binding))
  if (!provider || !service) return undefined
  const relayState = service.binding === 'soap' ? undefined : options.newId()
  return options.sender.logoutRequest(
    { provider, binding: service.binding, url: service.url, relayState },
    { nameId: one.nameId, sessionIndexes: [one.sessionIndex] },
  )
}

async function callOne(state: State, one: Participation): Promise<SamlDelivery> {
  const { options } = state
  const message = await requestFor(state, one, ['soap'])
  const delivery = state.account.enter(one, message)
  if (!message) return delivery
  try {
    const response = await options.fetch(
      new Request(message.toRequest(), { signal: AbortSignal.timeout(longestWait) }),
    )
    const incoming = fromEnvelope(await readBody(response, 131_072))
    const judged = await options.judge(incoming, answerOf(options.soapDestinations()))
    settle(delivery, { judged, sentRelayState: message.relayState, relayState: undefined })
  } catch (error) {
    fail(delivery, error)
  }
  return delivery
}

async function lead(
  state: State,
  participations: readonly Participation[],
  finish: Run['finish'],
): Promise<Response> {
  const { options } = state
  const run: Run = { id: options.newId(), deliveries: [], queue: [], finish }
  const called = participations.map(async (one) => {
    const provider = await options.find(one.provider).catch(() => undefined)
    if (provider?.logout[0] && provider.logout[0].binding !== 'soap') run.queue.push(one)
    else run.deliveries.push(await callOne(state, one))
  })
  await Promise.all(called)
  if (run.queue.length === 0) return finish(run.deliveries, false)
  keep(state.runs, run.id, run)
  return options.frontChannel === 'frames' ? openFrames(state, run) : step(state, run, false)
}

async function step(state: State, run: Run, isLater: boolean): Promise<Response> {
  const next = run.queue.shift()
  if (!next) {
    state.runs.delete(run.id)
    return run.finish(run.deliveries, isLater)
  }
  const request = await prepare(state, run, next)
  return request ? send(request.message) : step(state, run, isLater)
}

async function prepare(state: State, run: Run, one: Participation): Promise<PendingRequest | undefined> {
  const message = await requestFor(state, one, ['redirect', 'post'])
  const delivery = state.account.enter(one, message)
  run.deliveries.push(delivery)
  if (!message) return undefined
  const request = { run, delivery, message }
  keep(state.pending, message.id, request)
  return request
}

const send = (message: SamlMessage) => (message.fields ? postPage(message) : redirect(message.url))

async function openFrames(state: State, run: Run): Promise<Response> {
  const { proceedPath } = state.options
  const prepared = await Promise.all(run.queue.splice(0).map((one) => prepare(state, run, one)))
  const frames = prepared.flatMap((request) =>
    request ? [{ id: request.message.id, url: `${proceedPath}?leave=${request.message.id}` }] : [],
  )
  return frames.length === 0 ? step(state, run, false) : framesPage(frames, `${proceedPath}?finish=${run.id}`)
}

function announce({ options, account, pending }: State, message: SamlMessage, one: Told): void {
  const end = () => new Response('Signed out.', { headers: { 'cache-control': 'no-cache, no-store' } })
  const delivery = account.enter(one, message)
  const run: Run = { id: options.newId(), deliveries: [delivery], queue: [], finish: end }
  keep(pending, message.id, { run, delivery, message })
}

async function answered(
  state: State,
  message: IncomingMessage,
  destinations: readonly string[],
): Promise<Response> {
  const { options, pending } = state
  const request = pending.get(message.element.attributes.get('InResponseTo') ?? '')
  if (!request) {
    await options.judge(message, answerOf(destinations))
    throw new SamlRefusal('in-response-to', 'no request of this ID waits for an answer')
  }
  pending.delete(request.message.id)
  try {
    const judged = await options.judge(message, answerOf(destinations))
    const sentRelayState = request.message.relayState
    settle(request.delivery, { judged, sentRelayState, relayState: message.relayState })
  } catch (error) {
    fail(request.delivery, error)
  }
  return options.frontChannel === 'frames' ? framedEnd(request.message.id) : step(state, request.run, true)
}

async function proceed(state: State, query: URLSearchParams): Promise<Response> {
  const request = state.pending.get(query.get('leave') ?? '')
  if (request) return send(request.message)
  const run = state.runs.get(query.get('finish') ?? '')
  if (!run) throw new SamlRefusal('in-response-to', 'this logout is over')
  return step(state, run, true)
}
