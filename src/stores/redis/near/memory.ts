/** @module What strict reads have answered, by person, within a bound of entries. */
import type { LiveRecord, RecordAddress, SessionRecord } from '../../../session-record.js'
import type { RecordChange } from '../../store.js'

/** What is remembered of one person. */
interface PersonEntries {
  readonly records: { readonly application: string; readonly session: string; record: LiveRecord }[]
  /** Session values, with their other names, that no revocation concerned. */
  readonly unrevoked: string[]
}

/** A strict read that is under way: what changes meanwhile spoils it. */
export interface ReadTicket {
  readonly person: string
  isSpoilt: boolean
  readers: number
}

/** Session values and names are digests: no blank is in them. */
function nameOf(session: string, names: readonly string[] | undefined): string {
  return names === undefined ? session : `${session} ${names.join(' ')}`
}

/** How many sessions of one person are remembered at most: they are searched one by one. */
const mostOfPerson = 256

/** Remembers in two generations: a full one becomes the second, and the second is dropped with all that nobody asked for. */
export class NearMemory {
  readonly #generationSize: number
  readonly #mostOfPerson: number
  #young = new Map<string, PersonEntries>()
  #old = new Map<string, PersonEntries>()
  /** Entries of the young generation. */
  #count = 0
  readonly #reads = new Map<string, ReadTicket>()

  constructor(maximumEntries: number) {
    this.#generationSize = Math.max(1, Math.floor(maximumEntries / 2))
    this.#mostOfPerson = Math.max(1, Math.min(mostOfPerson, Math.floor(this.#generationSize / 4)))
  }

  record({ person, application, session }: RecordAddress): LiveRecord | undefined {
    return this.#find(person)?.records.find(
      (entry) => entry.session === session && entry.application === application,
    )?.record
  }

  isUnrevoked(person: string, session: string, names: readonly string[] | undefined): boolean {
    return this.#find(person)?.unrevoked.includes(nameOf(session, names)) ?? false
  }

  /** Before a strict read. */
  begin(person: string): ReadTicket {
    const known = this.#reads.get(person)
    if (known !== undefined) {
      known.readers += 1
      return known
    }
    const ticket: ReadTicket = { person, isSpoilt: false, readers: 1 }
    this.#reads.set(person, ticket)
    return ticket
  }

  /** After it, whatever came of it. */
  settle(ticket: ReadTicket): void {
    ticket.readers -= 1
    if (ticket.readers === 0 && this.#reads.get(ticket.person) === ticket) this.#reads.delete(ticket.person)
  }

  /** Keeps what a read has answered, if it is live and nothing changed while it was under way. */
  keep(ticket: ReadTicket, { application, session }: RecordAddress, record: SessionRecord): void {
    if (ticket.isSpoilt || record.state !== 'live') return
    const known = this.#find(ticket.person)?.records.find(
      (entry) => entry.session === session && entry.application === application,
    )
    // Of two reads at the same time the one that knows of the later touch.
    if (known !== undefined) {
      if (record.lastSeenAt >= known.record.lastSeenAt) known.record = record
      return
    }
    this.#add(this.#entriesWithRoom(ticket.person).records, { application, session, record })
  }

  /** Keeps that no revocation was found. */
  keepUnrevoked(ticket: ReadTicket, session: string, names: readonly string[] | undefined): void {
    if (ticket.isSpoilt) return
    const name = nameOf(session, names)
    if (this.#find(ticket.person)?.unrevoked.includes(name) === true) return
    this.#add(this.#entriesWithRoom(ticket.person).unrevoked, name)
  }

  /** Takes over a touch that was written. */
  touch({ person, application, session }: RecordAddress, generation: string, change: RecordChange): void {
    const entry = this.#find(person)?.records.find(
      (each) => each.session === session && each.application === application,
    )
    if (entry?.record.generation !== generation) return
    const { record } = entry
    entry.record = {
      ...record,
      lastSeenAt: Math.max(record.lastSeenAt, change.lastSeenAt ?? 0),
      retainUntil: Math.max(record.retainUntil, change.retainUntil ?? 0),
    }
  }

  /** Something of the person has changed. */
  forget(person: string): void {
    const ticket = this.#reads.get(person)
    if (ticket !== undefined) {
      ticket.isSpoilt = true
      this.#reads.delete(person)
    }
    const young = this.#young.get(person)
    if (young !== undefined) {
      this.#young.delete(person)
      this.#count -= sizeOf(young)
    }
    this.#old.delete(person)
  }

  clear(): void {
    for (const ticket of this.#reads.values()) ticket.isSpoilt = true
    this.#reads.clear()
    this.#young = new Map()
    this.#old = new Map()
    this.#count = 0
  }

  #find(person: string): PersonEntries | undefined {
    const young = this.#young.get(person)
    if (young !== undefined) return young
    const old = this.#old.get(person)
    if (old === undefined) return undefined
    this.#old.delete(person)
    this.#insert(person, old)
    return old
  }

  /** Where one more is added of a person, whose oldest makes room for it. */
  #add<T>(list: T[], entry: T): void {
    if (list.length < this.#mostOfPerson) this.#count += 1
    else list.shift()
    list.push(entry)
  }

  /** The young entries of a person, in a generation that takes one more. */
  #entriesWithRoom(person: string): PersonEntries {
    this.#makeRoomFor(1)
    const known = this.#find(person)
    if (known !== undefined) return known
    const entries: PersonEntries = { records: [], unrevoked: [] }
    this.#insert(person, entries)
    return entries
  }

  #insert(person: string, entries: PersonEntries): void {
    this.#makeRoomFor(sizeOf(entries))
    this.#young.set(person, entries)
    this.#count += sizeOf(entries)
  }

  #makeRoomFor(size: number): void {
    if (this.#count + size <= this.#generationSize) return
    this.#old = this.#young
    this.#young = new Map()
    this.#count = 0
  }
}

function sizeOf({ records, unrevoked }: PersonEntries): number {
  return records.length + unrevoked.length
}
