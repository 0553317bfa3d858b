/** @module The pointers of the memory store: whose sessions a name given by an identity provider is about. */
import type { Clock } from '../../clock.js'
import { createForgetting } from '../forgetting.js'
import type { Revocation } from '../store.js'
import { laterOf } from './revocations.js'

/** How many other pointers one new one looks at, so that no sweep is ever long. */
const sweepStep = 4

interface Pointer {
  /** Digest of each person, and until when it is kept. */
  readonly persons: Map<string, number>
  revocation: Revocation | undefined
}

/** Everything that pointers name, and what of it was revoked. */
export function createPointers(clock: Clock) {
  const forgetUntil = createForgetting()
  const pointers = new Map<string, Pointer>()
  let swept = pointers.keys()

  /** Drops what may be forgotten; `undefined`: nothing is left. */
  function prune(name: string, forgotten: number): Pointer | undefined {
    const pointer = pointers.get(name)
    if (pointer === undefined) return undefined
    for (const [person, retainUntil] of pointer.persons) {
      if (retainUntil <= forgotten) pointer.persons.delete(person)
    }
    if (pointer.revocation !== undefined && pointer.revocation.retainUntil <= forgotten) {
      pointer.revocation = undefined
    }
    if (pointer.persons.size > 0 || pointer.revocation !== undefined) return pointer
    pointers.delete(name)
    return undefined
  }

  function sweep(forgotten: number): void {
    for (let step = 0; step < sweepStep; step++) {
      const next = swept.next()
      if (next.done) swept = pointers.keys()
      else prune(next.value, forgotten)
    }
  }

  function open(name: string): Pointer {
    const forgotten = forgetUntil(clock())
    sweep(forgotten)
    const known = prune(name, forgotten)
    if (known !== undefined) return known
    const pointer: Pointer = { persons: new Map(), revocation: undefined }
    pointers.set(name, pointer)
    return pointer
  }

  /** A revocation while it is retained. */
  function retained(revocation: Revocation | undefined): Revocation | undefined {
    return revocation !== undefined && revocation.retainUntil > clock() ? revocation : undefined
  }

  /** Whom a pointer names now. */
  function retainedPersons(pointer: Pointer | undefined): string[] {
    const now = clock()
    return Array.from(pointer?.persons ?? []).flatMap(([person, retainUntil]) =>
      retainUntil > now ? [person] : [],
    )
  }

  return {
    /** How many are held. */
    get size(): number {
      return pointers.size
    },
    point(name: string, person: string, retainUntil: number): Revocation | undefined {
      const { persons, revocation } = open(name)
      persons.set(person, Math.max(persons.get(person) ?? 0, retainUntil))
      return retained(revocation)
    },
    revocation(name: string): Revocation | undefined {
      return retained(pointers.get(name)?.revocation)
    },
    persons: (name: string): string[] => retainedPersons(pointers.get(name)),
    /** Returns the persons that the pointer names. */
    revoke(name: string, revocation: Revocation): string[] {
      const pointer = open(name)
      pointer.revocation = laterOf(pointer.revocation, revocation)
      return retainedPersons(pointer)
    },
  }
}
