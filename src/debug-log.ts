/** @module What is decided about each request, a line each, where `NODE_DEBUG` asks for it. Nothing secret is in it. */
import type { Citizen, Claims } from './citizen.js'
import { type EventDescription, printSafely } from './events.js'
import type { Exchange, MaybePromise } from './exchange.js'
import { excerpt, printable } from './printable.js'
import type { Suite } from './suite.js'

/** Prints one line. */
export type DebugLog = (line: string) => void

/** The section of `NODE_DEBUG`, as in `NODE_DEBUG=citizen-session,http`. */
const section = 'citizen-session'

/** The log, or `undefined` where nobody has asked for it: then nothing is paid for it. */
export function createDebugLog(
  environment: Readonly<Record<string, string | undefined>>,
): DebugLog | undefined {
  const asked = (environment.NODE_DEBUG ?? '').split(',').map((name) => name.trim().toLowerCase())
  if (!asked.includes(section) && !asked.includes('*')) return undefined
  return (line) => printSafely(() => console.error(`CITIZEN-SESSION ${line}`))
}

/** An event in a line. */
export function lineOf({ type, ...members }: EventDescription): string {
  return printable(`event ${type} ${JSON.stringify(members)}`)
}

/** The same suite, which tells what it decides. Queries are left out: codes, states and addresses stand in them. */
export function withDebugLog<C extends Claims>(suite: Suite<C>, say: DebugLog): Suite<C> {
  const tell = <T>(
    exchange: Exchange,
    outcome: MaybePromise<T>,
    words: (value: T) => string,
  ): MaybePromise<T> => {
    const told = (value: T): T => {
      say(`${nameOf(exchange)}: ${words(value)}`)
      return value
    }
    if (!(outcome instanceof Promise)) return told(outcome)
    return outcome.then(told, (error: unknown) => {
      say(`${nameOf(exchange)}: failed, ${codeOf(error)}`)
      throw error
    })
  }
  return {
    ...suite,
    endpoint(exchange) {
      const handler = suite.endpoint(exchange)
      return handler && ((given) => tell(given, handler(given), (reply) => `ours, ${wordsOf(reply)}`))
    },
    skips: (exchange) => {
      const isSkipped = suite.skips(exchange)
      if (isSkipped) say(`${nameOf(exchange)}: left alone, for routes.skip says so`)
      return isSkipped
    },
    authenticate: (exchange) => tell(exchange, suite.authenticate(exchange), stateOf),
    peek: async (exchange) =>
      tell(exchange, suite.peek(exchange), (citizen) => `read only, ${stateOf(citizen)}`),
    guard(exchange, citizen, demand) {
      const refusal = suite.guard(exchange, citizen, demand)
      const asked = JSON.stringify(demand ?? {})
      say(
        `${nameOf(exchange)}: guard ${asked} ${refusal === undefined ? 'lets through' : `keeps out, ${wordsOf(refusal)}`}`,
      )
      return refusal
    },
    logout: async (exchange, request) =>
      tell(exchange, suite.logout(exchange, request), (reply) => `logout, ${wordsOf(reply)}`),
  }
}

function nameOf({ method, target }: Exchange): string {
  return `${excerpt(method)} ${excerpt(target.split('?', 1)[0] ?? '')}`
}

function stateOf(citizen: Citizen): string {
  if (citizen.state === 'active') return `active, session ${citizen.session.publicId}`
  return citizen.reason === undefined ? citizen.state : `${citizen.state}, ${citizen.reason}`
}

function wordsOf(reply: Awaited<ReturnType<NonNullable<ReturnType<Suite['endpoint']>>>>): string {
  if (reply === undefined) return 'but not answered'
  const location = reply.headers.location
  return location === undefined
    ? String(reply.status)
    : `${reply.status} to ${excerpt(location.split(/[?#]/, 1)[0] ?? '')}`
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? excerpt(code) : 'with an error without a code'
}
