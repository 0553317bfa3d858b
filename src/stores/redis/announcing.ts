/**
 * @module Every change of a record but a touch is announced in the step that makes it, for whoever answers from memory.
 * A user who may not publish changes records all the same: it is registered before the first of them, and as long as that
 * stands, nobody answers from memory.
 */
import type { Connection, Reply } from './connection.js'
import type { Script } from './script-parts.js'

/** How long a registration stands, and how old it may be when a change is made under it. Milliseconds. */
const silenceMilliseconds = 60_000
const renewalMilliseconds = 20_000

/** The channel of announcements below a prefix. */
export function channelOf(prefix: string): string {
  return `${prefix}near`
}

/** The key that is there while somebody changes records without a word. */
export function silenceKeyOf(prefix: string): string {
  return `${prefix}near:silent`
}

/** Runs scripts that change records. */
export interface Announcing {
  /** A script that announces, and then does its work. */
  run(script: Script, key: string, ...given: string[]): Promise<Reply>
  /** One whose change nobody has to hear of. */
  runUnheard(script: Script, key: string, ...given: string[]): Promise<Reply>
  stop(): void
}

/** What is known of this process's right to publish. */
interface AnnouncingContext {
  readonly connection: Connection
  readonly prefix: string
  /** When the last registration was begun that stands; `undefined`: this user may publish, as far as is known. */
  silentSince: number | undefined
  timer: NodeJS.Timeout | undefined
  isStopped: boolean
}

/** Makes it for one store. */
export function createAnnouncing(connection: Connection, prefix: string): Announcing {
  const context: AnnouncingContext = {
    connection,
    prefix,
    silentSince: undefined,
    timer: undefined,
    isStopped: false,
  }
  return {
    run: (script, key, ...given) => runAnnounced(context, script, key, given),
    runUnheard: (script, key, ...given) => connection.run(script, key, ...given, ''),
    stop() {
      context.isStopped = true
      clearInterval(context.timer)
    },
  }
}

async function runAnnounced(
  context: AnnouncingContext,
  script: Script,
  key: string,
  given: readonly string[],
): Promise<Reply> {
  const { connection, prefix, silentSince } = context
  const isRegistered = silentSince !== undefined && performance.now() - silentSince < 2 * renewalMilliseconds
  if (isRegistered) return connection.run(script, key, ...given, '')
  const reply = await connection.run(script, key, ...given, channelOf(prefix))
  if (reply[0] !== 'unannounced') return reply
  // What cannot be registered is done all the same: an end counts for more than the speed of others.
  await register(context).catch(() => undefined)
  return connection.run(script, key, ...given, '')
}

/** Tells everybody on the store that changes come without a word, and goes on telling it. */
async function register(context: AnnouncingContext): Promise<void> {
  const begunAt = performance.now()
  const key = silenceKeyOf(context.prefix)
  await context.connection.command(key, ['SET', key, '1', 'PX', String(silenceMilliseconds)])
  context.silentSince = begunAt
  if (context.isStopped) return
  context.timer ??= setInterval(() => void askAgain(context), renewalMilliseconds).unref()
}

/** Whether the right is there by now; else the registration is renewed. */
async function askAgain(context: AnnouncingContext): Promise<void> {
  try {
    await context.connection.masters(['PUBLISH', channelOf(context.prefix), ''])
    clearInterval(context.timer)
    context.timer = undefined
    context.silentSince = undefined
  } catch {
    await register(context).catch(() => undefined)
  }
}
