/**
 * @module Every change of a record but a touch is announced in the step that makes it, for whoever answers from memory.
 * A user who may not publish changes records all the same: it is registered before the first of them, and as long as that
 * stands, nobody answers from memory.
 */
import { type Timer, timers } from '../../timers.js'
import type { Connection, Reply } from './connection.js'
import type { Script } from './script-parts.js'

/** How long a registration stands, and how often it is renewed while there is nothing to change. Milliseconds. */
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
  /** Whether this user may not publish, as far as is known. */
  isSilent: boolean
  timer: Timer | undefined
  isStopped: boolean
}

/** Makes it for one store. */
export function createAnnouncing(connection: Connection, prefix: string): Announcing {
  const context: AnnouncingContext = {
    connection,
    prefix,
    isSilent: false,
    timer: undefined,
    isStopped: false,
  }
  return {
    run: (script, key, ...given) => runAnnounced(context, script, key, given),
    runUnheard: (script, key, ...given) => connection.run(script, key, ...given, ''),
    stop() {
      context.isStopped = true
      timers.clearInterval(context.timer)
    },
  }
}

async function runAnnounced(
  context: AnnouncingContext,
  script: Script,
  key: string,
  given: readonly string[],
): Promise<Reply> {
  const { connection, prefix } = context
  if (!context.isSilent) {
    const reply = await connection.run(script, key, ...given, channelOf(prefix))
    if (reply[0] !== 'unannounced') return reply
    fallSilent(context)
  }
  // Before each of them: a registration may be lost with a master that fails. What cannot be registered is done all the
  // same: an end counts for more than the speed of others.
  await register(context).catch(() => undefined)
  return connection.run(script, key, ...given, '')
}

function fallSilent(context: AnnouncingContext): void {
  context.isSilent = true
  if (context.isStopped) return
  context.timer ??= timers.setInterval(() => void askAgain(context), renewalMilliseconds).unref()
}

/** Tells everybody on the store that changes come without a word. */
async function register({ connection, prefix }: AnnouncingContext): Promise<void> {
  const key = silenceKeyOf(prefix)
  await connection.command(key, ['SET', key, '1', 'PX', String(silenceMilliseconds)])
}

/** Whether the right is there by now; else the registration is renewed. */
async function askAgain(context: AnnouncingContext): Promise<void> {
  try {
    await context.connection.masters(['PUBLISH', channelOf(context.prefix), ''])
    timers.clearInterval(context.timer)
    context.timer = undefined
    context.isSilent = false
  } catch {
    await register(context).catch(() => undefined)
  }
}
