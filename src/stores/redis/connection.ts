/** @module Commands with a deadline: every failure is a `StoreUnavailableError` that names no key and no value. */
import { type StoreProblem, StoreUnavailableError } from '../../errors.js'
import { timers } from '../../timers.js'
import type { Command, RedisClient } from './client.js'
import { createDeadline, type Guard } from './deadline.js'
import { codeOf, problemOf } from './problem.js'
import type { Script } from './script-parts.js'

/** How long a client that was never connected may take to connect, in milliseconds. */
const connectMilliseconds = 5000

/** How long a connection that kept somebody waiting may be silent before it is replaced, in milliseconds. */
const patienceMilliseconds = 750

/** How often a connection to the wrong server is left at most, in milliseconds. */
const leaveMilliseconds = 1000

/** Commands and scripts, each within the deadline. */
export interface Connection {
  readonly client: RedisClient
  command(key: string, command: Command): Promise<unknown>
  /** A script on one key; one of several keys is given the others first. Every script replies texts or numbers in a list, the outcome first. */
  run(script: Script, key: string, ...given: string[]): Promise<Reply>
  /** Both on one connection. */
  both(key: string, first: Command, second: Command): Promise<readonly [unknown, unknown]>
  /** On every master; waits longer while the client connects for the first time. */
  masters(command: Command): Promise<readonly unknown[]>
}

/** What a script answers. */
export type Reply = readonly (string | number)[]

/** `EVAL` of a script. */
export function evaluation(script: Script, key: string, ...given: string[]): Command {
  return ['EVAL', script.source, String(script.keyCount ?? 1), key, ...given]
}

/** Answers of a server that may not do what a master does: behind its name there may be another by now. */
const others: ReadonlySet<string> = new Set(['READONLY', 'MASTERDOWN'])

/** An answer, or the lack of a connection, that is no outcome of the operation. */
class RefusedError extends StoreUnavailableError {
  readonly reply: string

  constructor(reply: string, problem: StoreProblem | undefined) {
    super(sentence(`redis did not carry out an operation: ${reply}`, problem), { problem })
    this.reply = reply
  }
}

/** Whether the server does not let this user ask, or does not know the command. */
export function isForbidden(error: unknown): boolean {
  return error instanceof RefusedError && (error.reply === 'NOPERM' || error.reply === 'ERR')
}

/** What went wrong, or rather why, where the client says so. */
function sentence(otherwise: string, problem: StoreProblem | undefined): string {
  return problem === undefined
    ? otherwise
    : `redis cannot be used: ${problem.reason} (${problem.code}): ${problem.remedy}`
}

/** `trouble`: why the connection is not there, if it is not. */
function unavailable(error: unknown, trouble: unknown): StoreUnavailableError {
  if (error instanceof ExpiredError) {
    const problem = problemOf(trouble)
    return problem === undefined ? error : new StoreUnavailableError(sentence('', problem), { problem })
  }
  if (error instanceof StoreUnavailableError) return error
  // Errors of a client carry the command with its arguments: they are not passed on, not even as a cause.
  return new RefusedError(codeOf(error), problemOf(error) ?? problemOf(trouble))
}

/** No answer in time: what was asked may still happen. */
class ExpiredError extends StoreUnavailableError {}

/** A connection: its client, its deadlines, and what it does about a server that is silent or the wrong one. */
interface ConnectionContext {
  readonly client: RedisClient
  readonly guard: Guard
  /** For a client that connects for the first time. */
  readonly guardConnecting: Guard
  /** For a link that is asked whether it still lives. */
  readonly patience: Guard
  isAsking: boolean
  leftAt: number
  /** Whether the client is known to be in its database. */
  isPlaced: boolean
}

/** Commands through `client`, each within `milliseconds`. */
export function createConnection(client: RedisClient, milliseconds: number): Connection {
  const expired = (): Error => new ExpiredError(`redis did not answer within ${milliseconds} ms`)
  const context: ConnectionContext = {
    client,
    guard: createDeadline(milliseconds, expired),
    guardConnecting: createDeadline(Math.max(milliseconds, connectMilliseconds), expired),
    patience: createDeadline(patienceMilliseconds, expired),
    isAsking: false,
    leftAt: Number.NEGATIVE_INFINITY,
    isPlaced: client.database === 0,
  }
  return {
    client,
    command: (key, command) => carryOut(context, () => client.call(key, command), key),
    async run(script, key, ...given) {
      const reply = await carryOut(context, () => evaluate(client, script, key, given), key)
      if (!isReply(reply)) throw new StoreUnavailableError('redis answered what no script of ours answers')
      return reply
    },
    both: (key, first, second) => carryOut(context, () => client.callBoth(key, first, second), key),
    masters: (command) =>
      carryOut(
        context,
        () => client.callMasters(command),
        undefined,
        client.wasConnected() ? context.guard : context.guardConnecting,
      ),
  }
}

/** `key`: what the operation is about. By position, for each request does this. */
async function carryOut<Value>(
  context: ConnectionContext,
  work: () => Promise<Value>,
  key: string | undefined,
  guard = context.guard,
): Promise<Value> {
  const { client } = context
  if (client.isDown()) {
    const problem = problemOf(client.trouble())
    throw new StoreUnavailableError(sentence('redis is not connected', problem), { problem })
  }
  try {
    return await guard(context.isPlaced ? work() : place(context, work))
  } catch (error) {
    if (error instanceof ExpiredError) {
      if (key !== undefined) client.lookAgain?.(key)
      void askLinks(context)
    } else if (others.has(codeOf(error))) {
      leaveOther(context)
    }
    throw unavailable(error, client.trouble())
  }
}

/** Before the first operation: a client that was connected before anybody listened may be in another database. */
async function place<Value>(context: ConnectionContext, work: () => Promise<Value>): Promise<Value> {
  await context.client.callMasters(['SELECT', String(context.client.database)])
  context.isPlaced = true
  return work()
}

/** After a deadline: connections that say nothing at all are given up, whatever the kernel still hopes for. */
async function askLinks(context: ConnectionContext): Promise<void> {
  if (context.isAsking) return
  context.isAsking = true
  try {
    await Promise.all(
      context.client.links().map(async (link) => {
        try {
          await context.patience(link.ask())
        } catch (error) {
          if (error instanceof ExpiredError) link.replace()
        }
      }),
    )
  } catch {
    // What a client does not let us replace comes back by itself, or not: the operations tell.
  } finally {
    context.isAsking = false
  }
}

/** A replica answers, where a master did: the connection leads to the wrong server. */
function leaveOther(context: ConnectionContext): void {
  if (timers.elapsed() - context.leftAt < leaveMilliseconds) return
  context.leftAt = timers.elapsed()
  try {
    for (const link of context.client.links()) if (link.isNamed) link.replace()
  } catch {
    // As above.
  }
}

async function evaluate(
  client: RedisClient,
  script: Script,
  key: string,
  given: readonly string[],
): Promise<unknown> {
  try {
    const keyCount = String(script.keyCount ?? 1)
    return await client.callScript(key, ['EVALSHA', script.digest, keyCount, key, ...given])
  } catch (error) {
    if (codeOf(error) !== 'NOSCRIPT') throw error
    return client.callScript(key, evaluation(script, key, ...given))
  }
}

function isReply(value: unknown): value is Reply {
  return Array.isArray(value) && value.every((word) => typeof word === 'string' || typeof word === 'number')
}
