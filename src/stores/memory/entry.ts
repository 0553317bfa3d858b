/** @module How the memory store keeps one record: about 300 bytes of heap, in a list per person. */

import type { EndedRecord, LiveRecord, NewestToken, SessionRecord } from '../../session-record.js'
import type { KeptRefresh } from '../store.js'

/** Stands for "unknown" among differences of milliseconds; as a small integer it costs no allocation. */
const unknown = -0x8000_0000

/**
 * One record of a person. Times are differences to `startedAt`: within 24 days of it they are small integers
 * in V8, where a time since the epoch is an object of 16 bytes.
 */
export class Entry {
  readonly application: string
  readonly session: string
  next: Entry | undefined
  ended: EndedRecord | undefined = undefined
  kept: KeptRefresh | undefined = undefined
  private generation = ''
  private startedAt = 0
  private lastSeen = 0
  private ends = 0
  private idle = 0
  private tokenExpires = 0
  private level = 0
  private authenticated = 0
  private retain = 0
  private sealed = ''
  private isSignInDue = false
  private isOfProtocol = false
  private method: NewestToken['method'] | undefined = undefined
  private olderUntil = 0

  constructor(application: string, session: string, record: SessionRecord, next: Entry | undefined) {
    this.application = application
    this.session = session
    this.next = next
    if (record.state === 'live') this.write(record)
    else this.end(record)
  }

  get retainUntil(): number {
    return this.ended === undefined ? this.startedAt + this.retain : this.ended.retainUntil
  }

  /** The record as a value that no later write changes. */
  read(): SessionRecord {
    return this.ended ?? this.live()
  }

  /** The live record. Only for an entry without `ended`. */
  live(): LiveRecord {
    return {
      state: 'live',
      generation: this.generation,
      startedAt: this.startedAt,
      lastSeenAt: this.startedAt + this.lastSeen,
      endsAt: this.startedAt + this.ends,
      idleMilliseconds: this.idle,
      tokenExpiresAt: this.startedAt + this.tokenExpires,
      level: this.level,
      authenticatedAt: this.authenticated === unknown ? 0 : this.startedAt + this.authenticated,
      retainUntil: this.startedAt + this.retain,
      sealed: this.sealed,
      signIn: this.isSignInDue ? 'due' : undefined,
      begunBy: this.isOfProtocol ? 'protocol' : undefined,
      newestToken: this.newestToken,
    }
  }

  private get newestToken(): NewestToken | undefined {
    return this.method && { method: this.method, olderUntil: this.startedAt + this.olderUntil }
  }

  /** Replaces whatever is here by a live record. */
  write(record: LiveRecord): void {
    const { startedAt } = record
    this.ended = undefined
    this.generation = record.generation
    this.startedAt = startedAt
    this.lastSeen = record.lastSeenAt - startedAt
    this.ends = record.endsAt - startedAt
    this.idle = record.idleMilliseconds
    this.tokenExpires = record.tokenExpiresAt - startedAt
    this.level = record.level
    this.authenticated = record.authenticatedAt === 0 ? unknown : record.authenticatedAt - startedAt
    this.retain = record.retainUntil - startedAt
    this.sealed = record.sealed
    this.isSignInDue = record.signIn === 'due'
    this.isOfProtocol = record.begunBy === 'protocol'
    this.method = record.newestToken?.method
    this.olderUntil = (record.newestToken?.olderUntil ?? startedAt) - startedAt
  }

  /**
   * Replaces whatever is here by an end; a kept refresh goes with it. What the newest token has shown is that of this moment,
   * whatever the caller had read.
   */
  end(record: EndedRecord): EndedRecord {
    const { newestToken, level } = this
    const shown = this.ended === undefined ? newestToken && { level, newestToken } : this.ended.shown
    const ended = shown === undefined ? record : { ...record, shown }
    this.ended = ended
    this.kept = undefined
    this.generation = ''
    this.sealed = ''
    return ended
  }

  isLive(generation: string): boolean {
    return this.ended === undefined && this.generation === generation
  }
}
