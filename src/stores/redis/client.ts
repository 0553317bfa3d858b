/** @module The few things that the Redis store asks of a client, whichever package it is of. */
import type { StoreCaution } from '../store.js'

/** One command: its name, then its arguments. */
export type Command = readonly [string, ...string[]]

/** What the store needs of a client. Keys travel beside the command: a Cluster routes by them. */
export interface RedisClient {
  /** One command on `key`, answered by the master that holds it. */
  call(key: string, command: Command): Promise<unknown>
  /** A script on `key`: as `call`, kept apart where a client routes scripts in another way. */
  callScript(key: string, command: Command): Promise<unknown>
  /** Two commands on one connection, to the master that holds `key`. */
  callBoth(key: string, first: Command, second: Command): Promise<readonly [unknown, unknown]>
  /** One command without a key, on every master. */
  callMasters(command: Command): Promise<readonly unknown[]>
  /** `true` only if a command would certainly wait for a connection that was lost. */
  isDown(): boolean
  /** Whether the client was connected before now. */
  wasConnected(): boolean
  /** The last error of its connection, until it is connected again. */
  trouble(): unknown
  /** After a deadline: looks for another master of `key`, where the client does not do that by itself. */
  lookAgain?(key: string): void
  /** The masters that it knows now, each to be listened to; `undefined`, or absent: this client cannot listen to them. */
  masters?(): readonly Master[] | undefined
  /** What its settings do not promise. */
  readonly cautions: readonly StoreCaution[]
  /** Connections that are said to be up now, each to be asked and, if it does not answer, replaced. */
  links(): readonly Link[]
  /** How the servers stand to each other: where there is a `sentinel`, there are replicas. */
  readonly topology: 'single' | 'sentinel' | 'cluster'
  /** Whether reads may be answered by a replica, unless they come as a script. */
  readonly readsReplicas: boolean
  /** The database that its settings name; 0 is where every connection begins. */
  readonly database: number
  close(): Promise<void>
}

/** One connection of a client. */
export interface Link {
  /** Whether it answers for any server behind its name, so that another connection may lead to another server. */
  readonly isNamed: boolean
  /** A command that changes nothing. */
  ask(): Promise<unknown>
  /** Gives the connection up for a new one. Commands that are under way on it fail. */
  replace(): void
}

/** One master, as the client knows it now. */
export interface Master {
  /** Tells the masters of one client apart. */
  readonly name: string
  /** A command on the connection that reads of its keys take. In the order of the calls. */
  ask(command: Command): Promise<unknown>
  /** Opens a connection of its own that hears what is published on a channel. It never comes back by itself. */
  listen(channel: string, hear: (message: string) => void): Ear
}

/** A connection that hears. */
export interface Ear {
  /** What the server said to `INFO server` over this connection; resolves when the channel is subscribed to. */
  readonly opened: Promise<unknown>
  /** Resolves when it hears nothing any more. */
  readonly lost: Promise<void>
  close(): void
}

/** Of every client that is listened to, however many stores it has. */
const keptErrors = new WeakMap<object, { last: unknown }>()

/** Keeps the last error that a client tells by one of these events. It listens once, as long as the client lives. */
export function keepErrors(
  client: object,
  events: readonly string[] = ['error'],
): { readonly last: unknown } {
  const known = keptErrors.get(client)
  if (known !== undefined) return known
  const kept: { last: unknown } = { last: undefined }
  keptErrors.set(client, kept)
  const keep = (error: unknown): void => {
    kept.last = error
  }
  if (has(client, 'on')) for (const event of events) Reflect.apply(client.on, client, [event, keep])
  return kept
}

type Member = (...given: never[]) => unknown

/** Whether a value has a method of this name. */
export function has<Name extends string>(value: object, name: Name): value is object & Record<Name, Member> {
  return name in value && typeof Reflect.get(value, name) === 'function'
}

/** A method that is put in the place of another. */
export type Method = (...given: unknown[]) => unknown

/** Puts a method of one object in the place of its class's. */
export function replaceMethod(object: object, name: string, make: (old: Method) => Method): void {
  const old: unknown = Reflect.get(object, name)
  if (typeof old !== 'function') return
  const value = make((...given) => Reflect.apply(old, object, given) as unknown)
  Reflect.defineProperty(object, name, { value, configurable: true, writable: true })
}
