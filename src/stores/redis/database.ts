/**
 * @module The database of an address, and no other one. Where Redis refuses a `SELECT`, a connection stays in database 0,
 * which is another application's; and both clients send over it what they hold.
 */
import { setMaxListeners } from 'node:events'
import { has } from './client.js'

/** A number of a database in somebody's settings; 0, where every connection begins, for anything else. */
export function databaseIn(settings: unknown, name: 'db' | 'database'): number {
  if (typeof settings !== 'object' || settings === null) return 0
  const database = Number(Reflect.get(settings, name) ?? 0)
  return Number.isInteger(database) && database > 0 ? database : 0
}

/** Whether an error is the refusal of a `SELECT`, which ioredis tells with the command that was refused. */
export function isOfSelect(error: unknown): boolean {
  const command: unknown = error instanceof Error ? Reflect.get(error, 'command') : undefined
  if (typeof command !== 'object' || command === null) return false
  return String(Reflect.get(command, 'name')).toLowerCase() === 'select'
}

function listen(client: object, event: string, listener: (error: unknown) => void): void {
  if (has(client, 'on')) Reflect.apply(client.on, client, [event, listener])
}

interface Selection {
  isRefused: boolean
}

/** Of every client that is watched, however many stores it has. */
const selections = new WeakMap<object, Selection>()

/**
 * Watches an ioredis for a `SELECT` that is refused: it tells that once and goes on. `cut` ends the connection before
 * anything else is sent over it, and the next one selects again. In a Cluster nobody knows which connection it was: there
 * it stands for good.
 */
export function watchSelection(client: object, cut: (() => void) | undefined): Readonly<Selection> {
  const known = selections.get(client)
  if (known !== undefined) return known
  const state: Selection = { isRefused: false }
  selections.set(client, state)
  listen(client, cut === undefined ? 'node error' : 'error', (error) => {
    if (!isOfSelect(error)) return
    state.isRefused = true
    cut?.()
  })
  if (cut !== undefined) {
    listen(client, 'ready', () => {
      state.isRefused = false
    })
  }
  return state
}

/** What is sent through a client of node-redis, of which nothing may wait for its next connection. */
export interface Sending {
  /** Resolves once the client is connected for the first time; `undefined`: it is. */
  connected(isReady: boolean): Promise<void> | undefined
  /** For each command of this client: aborted where it has not been written when the connection is lost. */
  signalOf(client: object): AbortSignal | undefined
}

/** For what is sent through a client until it loses its connection. */
const controllers = new WeakMap<object, AbortController>()

function renew(client: object): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  controllers.set(client, controller)
  return controller
}

function watchConnection(client: object): AbortController {
  const lose = (): void => {
    const lost = controllers.get(client)
    renew(client)
    lost?.abort()
  }
  for (const event of ['error', 'client-error', 'reconnecting', 'end']) listen(client, event, lose)
  return renew(client)
}

/**
 * Makes the sending through `first` and its duplicates. node-redis writes what waits for a connection right behind its
 * `SELECT`, without waiting for the answer.
 */
export function createSending(first: object, database: number): Sending {
  let connecting: Promise<void> | undefined
  return {
    connected(isReady) {
      if (isReady || database === 0) return undefined
      connecting ??= new Promise((resolve) => {
        listen(first, 'ready', () => resolve())
      })
      return connecting
    },
    signalOf(client) {
      return database === 0 ? undefined : (controllers.get(client) ?? watchConnection(client)).signal
    },
  }
}
