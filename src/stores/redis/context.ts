/** @module What every part of the Redis store works with, and where it keeps a person. */
import type { Clock } from '../../clock.js'
import type { RecordAddress } from '../../session-record.js'
import type { Acknowledgement } from './acknowledge.js'
import type { Announcing } from './announcing.js'
import type { Connection } from './connection.js'

/** A Redis store: its connection, and how it was set up. */
export interface RedisContext {
  readonly connection: Connection
  readonly acknowledgement: Acknowledgement
  /** For scripts that change records. */
  readonly announcing: Announcing
  /** Before every key. */
  readonly prefix: string
  readonly deadlineMilliseconds: number
  readonly clock: Clock
  /** Until when what is no longer retained may be forgotten. */
  readonly forgetUntil: (now: number) => number
}

/** The hash of a person. The digest is the hash tag. */
export function keyOf({ prefix }: RedisContext, person: string): string {
  return `${prefix}{${person}}`
}

/** The field of a record. */
export function fieldOf({ application, session }: RecordAddress): string {
  return `r:${application}:${session}`
}

/** The field of the refresh that is kept with a record. */
export function keptFieldOf({ application, session }: RecordAddress): string {
  return `k:${application}:${session}`
}

/** How long something lives that is retained until then, as an argument of a script. */
export function lifeUntil({ clock }: RedisContext, retainUntil: number): string {
  return String(retainUntil - clock())
}
