/** @module The index keys of the memory store: whose sessions a name given by an identity provider is about. */
import type { Clock } from '../../clock.js'
import { createForgetting } from '../forgetting.js'
import type { Revocation } from '../store.js'
import { laterOf } from './revocations.js'

/** How many other index keys one new one looks at, so that no sweep is ever long. */
const sweepStep = 4

/** What one index key names. */
interface IndexKeyEntry {
  /** Digest of each person, and until when it is kept. */
  readonly persons: Map<string, number>
  revocation: Revocation | undefined
}

/** Everything that index keys name, and what of it was revoked. */
export function createIndexKeys(clock: Clock) {
  const forgetUntil = createForgetting()
  const entries = new Map<string, IndexKeyEntry>()
  let swept = entries.keys()

  /** Drops what may be forgotten; `undefined`: nothing is left. */
  function prune(indexKey: string, forgotten: number): IndexKeyEntry | undefined {
    const entry = entries.get(indexKey)
    if (entry === undefined) return undefined
    for (const [person, retainUntil] of entry.persons) {
      if (retainUntil <= forgotten) entry.persons.delete(person)
    }
    if (entry.revocation !== undefined && entry.revocation.retainUntil <= forgotten) {
      entry.revocation = undefined
    }
    if (entry.persons.size > 0 || entry.revocation !== undefined) return entry
    entries.delete(indexKey)
    return undefined
  }

  function sweep(forgotten: number): void {
    for (let step = 0; step < sweepStep; step++) {
      const next = swept.next()
      if (next.done) swept = entries.keys()
      else prune(next.value, forgotten)
    }
  }

  function open(indexKey: string): IndexKeyEntry {
    const forgotten = forgetUntil(clock())
    sweep(forgotten)
    const known = prune(indexKey, forgotten)
    if (known !== undefined) return known
    const entry: IndexKeyEntry = { persons: new Map(), revocation: undefined }
    entries.set(indexKey, entry)
    return entry
  }

  /** A revocation while it is retained. */
  function retained(revocation: Revocation | undefined): Revocation | undefined {
    return revocation !== undefined && revocation.retainUntil > clock() ? revocation : undefined
  }

  /** Whom an index key names now. */
  function retainedPersons(entry: IndexKeyEntry | undefined): string[] {
    const now = clock()
    return Array.from(entry?.persons ?? []).flatMap(([person, retainUntil]) =>
      retainUntil > now ? [person] : [],
    )
  }

  return {
    /** How many are held. */
    count: (): number => entries.size,
    noteIndexKey(indexKey: string, person: string, retainUntil: number): Revocation | undefined {
      const { persons, revocation } = open(indexKey)
      persons.set(person, Math.max(persons.get(person) ?? 0, retainUntil))
      return retained(revocation)
    },
    indexKeyRevocation: (indexKey: string): Revocation | undefined =>
      retained(entries.get(indexKey)?.revocation),
    indexKeyPersons: (indexKey: string): string[] => retainedPersons(entries.get(indexKey)),
    revokeIndexKey(indexKey: string, revocation: Revocation) {
      const entry = open(indexKey)
      entry.revocation = laterOf(entry.revocation, revocation)
      return { persons: retainedPersons(entry), acknowledged: true }
    },
  }
}
