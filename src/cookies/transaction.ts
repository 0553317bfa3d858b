/** @module Transactions: sealed one-time cookies that remember, in this browser, what a visit to the provider is for. */

import { equalsInConstantTime, randomText } from '../digest.js'
import type { Exchange, SetCookie } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type { Store } from '../stores/store.js'
import { ownCookieName } from './name.js'
import { listCookies, type ReceivedCookie } from './parse.js'
import { hasRoomFor } from './serialize.js'

/** A transaction that came back with its `state`. */
export interface FoundTransaction<T> {
  readonly content: T
  /** When it was set. */
  readonly since: number
  /** What comes back with it. */
  readonly state: string
  /** Removes it from the browser. */
  remove(): void
}

/** The transactions of one purpose of one application. */
export interface TransactionCookies<T> {
  /** Sets a transaction and returns the `state` that must come back with it. Drops the oldest beyond the cap. */
  set(exchange: Exchange, content: T, now: number, state?: string): string
  /**
   * Sets a transaction of the first of several contents, each shorter than the one before, that a cookie has room for.
   * `false`: for none, and none is set.
   */
  setFirst(exchange: Exchange, contents: readonly T[], now: number, state: string): boolean
  /** A new `state`, for whoever must know it before the transaction is set. 192 random bits. */
  createState(): string
  /**
   * Takes the transaction of a `state`: removed from the browser, and true for one caller only, on whichever instance.
   * @throws StoreUnavailableError
   */
  take(exchange: Exchange, state: string | undefined, now: number): Promise<FoundTransaction<T> | undefined>
  /** The transaction of a `state`, left where it is. */
  find(exchange: Exchange, state: string | undefined, now: number): FoundTransaction<T> | undefined
  /** Whether a `state` is that of a transaction of this purpose which belongs to another owner: it is found there alone. */
  isOfAnother(exchange: Exchange, state: string | undefined, now: number): boolean
  /**
   * Every transaction of this browser that nobody has taken yet. A clock that was put back keeps it: what is not finished
   * is none the more so.
   */
  pending(exchange: Exchange, now: number): readonly FoundTransaction<T>[]
  /** Removes every transaction of this purpose from the browser. */
  clear(exchange: Exchange): void
}

interface Sealed<T> {
  /** Absent: of those without a name, as 0.1.0 writes them. */
  readonly owner?: string | undefined
  readonly secret: string
  readonly since: number
  readonly content: T
}

/** Life of a transaction: 15 minutes. */
export const transactionSeconds = 900
/** Transactions in one browser at a time, for one purpose: as many logins may be in flight. */
const mostTransactions = 5
/** Characters of all transactions of one purpose: several long ones must not make a header that servers refuse. */
const mostCharacters = 4096
/** How far the clock of the instance that set a transaction may be ahead of the one that takes it, in seconds. */
const clockToleranceSeconds = 60
const keyLength = 8
/** Names that differ in the cookie: 0.1.0 wrote them, and beside us reads them. Source: `FLD-12`. */
const toWire: ReadonlyMap<string, string> = new Map([
  ['mayResume', 'mayLift'],
  ['loginRequest', 'wish'],
])
const fromWire: ReadonlyMap<string, string> = new Map([...toWire].map(([name, wire]) => [wire, name]))
/** Transactions deleted in one answer, whose header must fit a proxy: whatever is planted beyond goes with the next. */
const mostRemoved = 10

/** What the transactions of one purpose are made of. */
export interface TransactionOptions {
  /** Part of the cookie's name: lower-case letters. */
  readonly purpose: string
  /**
   * Whose transactions they are, where several share a purpose: each finds its own alone, the bounds are for all
   * together. Absent: the one without a name.
   */
  readonly owner?: string | undefined
  readonly application: string
  readonly isSecure: boolean
  readonly sealer: Sealer
  readonly store: Store
  readonly random: (bytes: number) => Uint8Array
  /** Whether what was set at that time is over, whatever its own life: its owner has changed since. Default: none is. */
  readonly isOver?: ((since: number) => boolean) | undefined
  /** Hears of every transaction that is set, with its `state`. */
  readonly onSet?: ((exchange: Exchange, state: string) => void) | undefined
}

interface TransactionContext extends TransactionOptions {
  /** What the names of all cookies of this purpose begin with. */
  readonly prefix: string
}

/**
 * Makes the transactions of one purpose. Each is a cookie of its own, named by application and by the beginning of its
 * `state`, so that tabs and sibling applications never take each other's.
 * Source: RFC 6749 10.12; `RPI-06`, `CK-10`.
 */
export function createTransactionCookies<T>(options: TransactionOptions): TransactionCookies<T> {
  const { application, purpose, isSecure } = options
  const context = { ...options, prefix: `${ownCookieName(application, purpose, isSecure)}.` }
  const createState = (): string => randomText(options.random, 24)

  return {
    createState,

    set(exchange, content, now, state = createState()) {
      setCookie(context, exchange, sealContent(context, { content, since: now, secret: state }), now)
      options.onSet?.(exchange, state)
      return state
    },

    setFirst(exchange, contents, now, state) {
      for (const content of contents) {
        const transaction = sealContent(context, { content, since: now, secret: state })
        if (!hasRoomFor(transaction.name, transaction.value)) continue
        setCookie(context, exchange, transaction, now)
        return true
      }
      return false
    },

    take: (exchange, state, now) => takeTransaction<T>(context, exchange, state, now),
    find: (exchange, state, now) => findTransaction<T>(context, exchange, state, now),
    isOfAnother(exchange, state, now) {
      const sealed = findSealed<T>(context, exchange, state, now)?.sealed
      return sealed !== undefined && sealed.owner !== options.owner
    },

    pending: (exchange, now) =>
      receivedCookies(context, exchange).flatMap(({ name, value }) => {
        const sealed = openLasting<T>(context, name, value, now)
        if (sealed === undefined || !isOwn(context, sealed)) return []
        return [foundTransaction(context, exchange, name, sealed)]
      }),

    clear: (exchange) => removeCookies(context, exchange, receivedCookies(context, exchange)),
  }
}

function cookieOf(
  { isSecure }: TransactionContext,
  { name, value }: ReceivedCookie,
  maxAgeSeconds: number,
): SetCookie {
  return { name, value, path: '/', maxAgeSeconds, httpOnly: true, secure: isSecure, sameSite: 'lax' }
}

/** Only names that we could have given: another one cannot be deleted by us either, and is nobody's transaction. */
function receivedCookies({ prefix }: TransactionContext, exchange: Exchange): readonly ReceivedCookie[] {
  return listCookies(exchange.header('cookie') ?? '', prefix).filter(({ name }) =>
    /^[\w-]{8}$/.test(name.slice(prefix.length)),
  )
}

function sealContent<T>(
  { prefix, purpose, owner, sealer }: TransactionContext,
  { secret, since, content }: Sealed<T>,
): ReceivedCookie {
  const name = prefix + secret.slice(0, keyLength)
  const sealed = { owner, secret, since, content: renamed(content as Record<string, unknown>, toWire) }
  return {
    name,
    value: sealer.seal(owner === undefined ? purpose : owned(purpose), name, JSON.stringify(sealed)),
  }
}

/** What an owner's are sealed for: 0.1.0, which knows no owners, opens none of them as its own. */
function owned(purpose: string): string {
  return `${purpose}.owned`
}

/** What a cookie says whose time is not over, also where its clock was ahead of ours. */
function openLasting<T>(
  { purpose, sealer }: TransactionContext,
  name: string,
  value: string,
  now: number,
): Sealed<T> | undefined {
  const text = sealer.open(purpose, name, value) ?? sealer.open(owned(purpose), name, value)
  if (text === undefined) return undefined
  const { content, ...rest } = JSON.parse(text) as Sealed<Record<string, unknown>>
  const sealed: Sealed<T> = { ...rest, content: renamed(content, fromWire) as T }
  return now - sealed.since < transactionSeconds * 1000 ? sealed : undefined
}

function openCurrent<T>(
  context: TransactionContext,
  name: string,
  value: string,
  now: number,
): Sealed<T> | undefined {
  const sealed = openLasting<T>(context, name, value, now)
  return sealed !== undefined && sealed.since - now <= clockToleranceSeconds * 1000 ? sealed : undefined
}

function foundTransaction<T>(
  context: TransactionContext,
  exchange: Exchange,
  name: string,
  { content, since, secret }: Sealed<T>,
): FoundTransaction<T> {
  return { content, since, state: secret, remove: () => removeCookies(context, exchange, [{ name }]) }
}

function findTransaction<T>(
  context: TransactionContext,
  exchange: Exchange,
  state: string | undefined,
  now: number,
): FoundTransaction<T> | undefined {
  const found = findSealed<T>(context, exchange, state, now)
  if (found === undefined || !isOwn(context, found.sealed)) return undefined
  return foundTransaction(context, exchange, found.name, found.sealed)
}

function isOwn({ owner, isOver }: TransactionContext, sealed: Sealed<unknown>): boolean {
  return sealed.owner === owner && isOver?.(sealed.since) !== true
}

/** The transaction of a `state`, whoever owns it. */
function findSealed<T>(
  context: TransactionContext,
  exchange: Exchange,
  state: string | undefined,
  now: number,
): { readonly name: string; readonly sealed: Sealed<T> } | undefined {
  if (state === undefined || !/^[\w-]{32}$/.test(state)) return undefined
  const name = context.prefix + state.slice(0, keyLength)
  const [only, ...others] = receivedCookies(context, exchange).filter((received) => received.name === name)
  if (only === undefined || others.length > 0) return undefined
  const sealed = openCurrent<T>(context, name, only.value, now)
  return sealed !== undefined && equalsInConstantTime(sealed.secret, state) ? { name, sealed } : undefined
}

async function takeTransaction<T>(
  context: TransactionContext,
  exchange: Exchange,
  state: string | undefined,
  now: number,
): Promise<FoundTransaction<T> | undefined> {
  const found = findTransaction<T>(context, exchange, state, now)
  if (found === undefined) return undefined
  const { purpose, application, store } = context
  const claim = `${purpose}:${application}:${state}`
  if (!(await store.claimOnce(claim))) return undefined
  await store.confirmClaim(claim, transactionSeconds + clockToleranceSeconds)
  found.remove()
  return found
}

function removeCookies(
  context: TransactionContext,
  exchange: Exchange,
  cookies: readonly { readonly name: string }[],
): void {
  for (const { name } of cookies.slice(0, mostRemoved)) {
    exchange.setCookie(cookieOf(context, { name, value: '' }, 0))
  }
}

function setCookie(
  context: TransactionContext,
  exchange: Exchange,
  cookie: ReceivedCookie,
  now: number,
): void {
  dropOldest(context, exchange, lengthOf(cookie), now)
  exchange.setCookie(cookieOf(context, cookie, transactionSeconds))
}

/** Makes room for one more transaction of that length. */
function dropOldest(context: TransactionContext, exchange: Exchange, length: number, now: number): void {
  const known = receivedCookies(context, exchange).map((cookie) => ({
    name: cookie.name,
    length: lengthOf(cookie),
    since: openCurrent(context, cookie.name, cookie.value, now)?.since ?? 0,
  }))
  known.sort((left, right) => right.since - left.since)
  let total = length
  const kept = known.findIndex((transaction, index) => {
    total += transaction.length
    return index >= mostTransactions - 1 || total > mostCharacters
  })
  if (kept !== -1) removeCookies(context, exchange, known.slice(kept))
}

function lengthOf({ name, value }: ReceivedCookie): number {
  return name.length + value.length
}

/** The same content under other names. */
function renamed(
  content: Record<string, unknown>,
  names: ReadonlyMap<string, string>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(content).map(([name, value]) => [names.get(name) ?? name, value]))
}
