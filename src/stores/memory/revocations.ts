/** @module What the memory store knows of a person besides records: revocations, and names of session values. */
import type { Revocation } from '../store.js'

/** Revocations and aliases of one person. */
export interface Marks {
  revocation: Revocation | undefined
  readonly revocations: Map<string, Revocation>
  /** Session value to the older one that it is another name of. */
  readonly aliases: Map<string, string>
}

/** Marks with nothing in them. */
export function createMarks(): Marks {
  return { revocation: undefined, revocations: new Map(), aliases: new Map() }
}

/** Whether nothing is left to remember. */
export function isBlank(marks: Marks): boolean {
  return marks.revocation === undefined && marks.revocations.size === 0 && marks.aliases.size === 0
}

/** A session value and the older ones that it is another name of, the oldest last. Never runs in a circle. */
export function* namesOf(marks: Marks | undefined, session: string): Generator<string> {
  for (let name: string | undefined = session; name !== undefined; name = marks?.aliases.get(name)) yield name
}

/** The oldest name of a session value: the same for all names of one session. */
export function rootOf(marks: Marks | undefined, session: string): string {
  let root = session
  for (const name of namesOf(marks, session)) root = name
  return root
}

/** The revocation of this session value: its own, else that of an older name. */
export function revocationOf(marks: Marks | undefined, session: string): Revocation | undefined {
  for (const name of namesOf(marks, session)) {
    const revocation = marks?.revocations.get(name)
    if (revocation !== undefined) return revocation
  }
  return undefined
}

/**
 * The revocation that refuses a start under this session value: of its names the first that was revoked at `provenAt`
 * or later. A name that has a live record ends the search: that record is newer than every revocation of its names.
 */
export function refusalOf(
  marks: Marks | undefined,
  session: string,
  { provenAt, isLive }: { readonly provenAt: number; isLive(session: string): boolean },
): Revocation | undefined {
  for (const name of namesOf(marks, session)) {
    if (isLive(name)) return undefined
    const revocation = marks?.revocations.get(name)
    if (revocation !== undefined && provenAt <= revocation.at) return revocation
  }
  return undefined
}

/**
 * Of two revocations the later one, kept as long as the longer of them; what it ends began until its time. That an
 * administrator was among those who revoked is never forgotten over a sign-out, or over a clock that was put back.
 */
export function laterOf(known: Revocation | undefined, added: Revocation): Revocation {
  if (known === undefined) return added
  const later = added.at > known.at ? added : known
  const reason = [known, added].some((each) => each.reason === 'revoked') ? 'revoked' : later.reason
  const { at } = later
  return { reason, at, retainUntil: Math.max(known.retainUntil, added.retainUntil) }
}

/** Drops revocations that are no longer retained, and aliases of what is neither recorded nor revoked. */
export function pruneMarks(marks: Marks, isRecorded: (session: string) => boolean, now: number): void {
  if (marks.revocation !== undefined && marks.revocation.retainUntil <= now) marks.revocation = undefined
  for (const [session, { retainUntil }] of marks.revocations) {
    if (retainUntil <= now) marks.revocations.delete(session)
  }
  for (const [session, older] of marks.aliases) {
    const isNeeded = Array.from(namesOf(marks, older)).some(
      (name) => marks.revocations.has(name) || isRecorded(name),
    )
    if (!isNeeded) marks.aliases.delete(session)
  }
}
