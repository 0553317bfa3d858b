/**
 * @module The proof that every change has been heard of: what this process publishes comes back over each connection that
 * listens, behind all that was published before it.
 */
import { randomBytes } from 'node:crypto'
import { type Timer, timers } from '../../../timers.js'
import type { NearLoss } from '../../near-reads.js'
import { channelOf, silenceKeyOf } from '../announcing.js'
import type { Ear, Master, RedisClient } from '../client.js'
import { codeOf } from '../problem.js'
import {
  type BeatAnswers,
  ForbiddenError,
  isRefusal,
  judgeAnswers,
  lossOf,
  olderScripts,
  runIdIn,
  UnheardError,
} from './judge.js'

/** What the beats of one store are made with. */
export interface HeartbeatOptions {
  readonly client: RedisClient
  readonly prefix: string
  readonly staleMilliseconds: number
  /** Milliseconds that pass whatever is done to the clock. */
  readonly elapsed: () => number
  /** Something was said of a key: its hash has changed. */
  readonly onChange: (key: string) => void
  /** What was heard before is worth nothing any more. */
  readonly onGap: () => void
  readonly onLoss: (loss: NearLoss) => void
  readonly onProof: () => void
}

/** The proof, and how it is kept up. */
export interface Heartbeat {
  /** When the last beat that came back was sent; `-Infinity`: nothing is proven. */
  readonly provenAt: number
  /** Begins it; a second call does nothing. */
  start(): void
  /** One beat, now; the one that is under way, if there is one. */
  beat(): Promise<void>
  stop(): void
}

/** An ear that is open, and what is known of its server. */
interface Listening {
  readonly ear: Ear
  readonly runId: string | undefined
  /** The beat that is waited for. */
  awaited: { readonly message: string; readonly isHeard: () => void } | undefined
}

interface HeartbeatContext extends HeartbeatOptions {
  readonly listening: Map<string, Listening>
  provenAt: number
  timer: Timer | undefined
  isStarted: boolean
  isStopped: boolean
  /** The beat that is under way. */
  beating: Promise<void> | undefined
}

/** What every message of a beat begins with; announcements are keys, which begin with the prefix. */
const beatMark = '!'
/** How many beats fall into the bound. */
const beatsInBound = 3
/** After a loss, how long until the next try, in milliseconds; at least a beat, at most the bound. */
const longestRetry = 1000

/** Makes the heartbeat of one store. */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const context: HeartbeatContext = {
    ...options,
    listening: new Map(),
    provenAt: Number.NEGATIVE_INFINITY,
    timer: undefined,
    isStarted: false,
    isStopped: false,
    beating: undefined,
  }
  return {
    get provenAt() {
      return context.provenAt
    },
    start() {
      if (context.isStarted || context.isStopped) return
      context.isStarted = true
      void beatOnAndOn(context)
    },
    beat: () => beat(context),
    stop() {
      context.isStopped = true
      context.provenAt = Number.NEGATIVE_INFINITY
      timers.clearTimeout(context.timer)
      closeAll(context)
    },
  }
}

async function beatOnAndOn(context: HeartbeatContext): Promise<void> {
  await beat(context)
  if (context.isStopped) return
  const { staleMilliseconds, provenAt } = context
  const isProven = provenAt !== Number.NEGATIVE_INFINITY
  const pause = isProven ? staleMilliseconds / beatsInBound : Math.min(longestRetry, staleMilliseconds)
  context.timer = timers.setTimeout(() => void beatOnAndOn(context), pause).unref()
}

/** One at a time: whoever comes meanwhile waits for the same. */
function beat(context: HeartbeatContext): Promise<void> {
  context.beating ??= beatOnce(context).finally(() => {
    context.beating = undefined
  })
  return context.beating
}

async function beatOnce(context: HeartbeatContext): Promise<void> {
  // Nothing is lost before there was anything: that the store cannot be reached is told by its operations.
  if (!context.client.wasConnected()) return
  const sentAt = context.elapsed()
  const loss = await within(context.staleMilliseconds, attempt(context)).catch(lossOf)
  if (context.isStopped) return
  if (loss !== undefined) return lose(context, loss)
  const wasProven = context.provenAt !== Number.NEGATIVE_INFINITY
  // What was read before the proof began has been heard of by nobody. Where it had lapsed, what was said meanwhile may be
  // lost on a connection that is there all the same.
  if (sentAt - context.provenAt > context.staleMilliseconds) context.onGap()
  context.provenAt = sentAt
  if (!wasProven) context.onProof()
}

/** Forgets the proof first: whoever reads from now on reads strictly. */
function lose(context: HeartbeatContext, loss: NearLoss): void {
  context.provenAt = Number.NEGATIVE_INFINITY
  context.onGap()
  // A connection that does not bring back what is published is replaced; another server has others.
  if (loss.reason === 'unheard' || loss.reason === 'moved' || loss.reason === 'connection') closeAll(context)
  context.onLoss(loss)
}

function closeAll(context: HeartbeatContext): void {
  for (const { ear } of context.listening.values()) ear.close()
  context.listening.clear()
}

/** A beat through every master; what is in the way of its proof, or `undefined`. */
async function attempt(context: HeartbeatContext): Promise<NearLoss | undefined> {
  const { client } = context
  if (client.isDown()) return lossOf('connection')
  const masters = client.masters?.()
  if (masters === undefined) return lossOf('client')
  if (masters.length === 0) return lossOf('connection')
  try {
    await listenToAll(context, masters)
    const listening = new Map(context.listening)
    const silenceKey = silenceKeyOf(context.prefix)
    const [silence, ...answers] = await Promise.all([
      allowed('EXISTS', client.call(silenceKey, ['EXISTS', silenceKey])),
      ...masters.map((master) => askAndHear(context, master)),
    ])
    const loss = judgeAnswers(answers, client.topology, silence)
    // A connection that was lost meanwhile, or another one in its place, may have missed something.
    const isSame = masters.every(({ name }) => context.listening.get(name) === listening.get(name))
    return loss ?? (isSame ? undefined : lossOf('connection'))
  } catch (error) {
    return lossOf(error)
  }
}

/** Opens what is missing, and lets go of masters that are none any more. */
async function listenToAll(context: HeartbeatContext, masters: readonly Master[]): Promise<void> {
  const names = new Set(masters.map(({ name }) => name))
  for (const [name, { ear }] of context.listening) {
    if (names.has(name)) continue
    ear.close()
    context.listening.delete(name)
    context.onGap()
  }
  const missing = masters.filter(({ name }) => !context.listening.has(name))
  if (missing.length === 0) return
  await Promise.all(missing.map((master) => listenTo(context, master)))
  context.onGap()
}

async function listenTo(context: HeartbeatContext, master: Master): Promise<void> {
  let listening: Listening | undefined
  const ear = master.listen(channelOf(context.prefix), (message) => {
    if (!message.startsWith(beatMark)) return context.onChange(message)
    const awaited = listening?.awaited
    if (awaited?.message === message) awaited.isHeard()
  })
  try {
    const info = await within(context.staleMilliseconds, ear.opened)
    if (context.isStopped) throw new Error('CLOSED')
    listening = { ear, runId: runIdIn(info), awaited: undefined }
  } catch (error) {
    ear.close()
    // Any other error may be of the connection alone: that there are too many, for one.
    throw codeOf(error) === 'NOPERM' ? new ForbiddenError('SUBSCRIBE') : error
  }
  const own = listening
  context.listening.set(master.name, own)
  void ear.lost.then(() => {
    if (context.listening.get(master.name) !== own) return
    context.listening.delete(master.name)
    lose(context, lossOf('connection'))
  })
}

/** Publishes a beat at a master, asks what it proves, and waits until it has come back. */
async function askAndHear(context: HeartbeatContext, master: Master): Promise<BeatAnswers> {
  const listening = context.listening.get(master.name)
  if (listening === undefined) throw new Error('CLOSED')
  // Nobody can publish it before us, and so bring it back ahead of what was announced.
  const message = `${beatMark}${randomBytes(12).toString('base64url')}`
  const heard = new Promise<void>((isHeard) => {
    listening.awaited = { message, isHeard }
  })
  const ask = (right: string, ...words: readonly [string, ...string[]]): Promise<unknown> =>
    allowed(right, master.ask(words))
  // In this order on one connection: what is asked is asked after the beat was published.
  const [, info, replication, scripts, nodes] = await Promise.all([
    ask('PUBLISH', 'PUBLISH', channelOf(context.prefix), message),
    ask('INFO', 'INFO', 'server'),
    ask('INFO', 'INFO', 'replication'),
    ask('SCRIPT EXISTS', 'SCRIPT', 'EXISTS', ...olderScripts),
    context.client.topology === 'cluster' ? ask('CLUSTER NODES', 'CLUSTER', 'NODES') : undefined,
  ])
  await heard
  return { listenedTo: listening.runId, info, replication, scripts, nodes }
}

/** An answer. @throws ForbiddenError where its command is refused. */
async function allowed(right: string, answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    throw isRefusal(error) ? new ForbiddenError(right) : error
  }
}

/** What a promise comes to, unless it takes longer. @throws UnheardError */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = timers.setTimeout(() => reject(new UnheardError()), milliseconds).unref()
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    timers.clearTimeout(timer)
  }
}
