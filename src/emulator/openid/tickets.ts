/** @module Values that wait a while under a random name: pushed requests, logins and logouts in flight. */
import type { Random } from '../random.js'

/** Values by random name. */
export interface Tickets<Value> {
  keep(value: Value): string
  find(name: string | null): Value | undefined
  /** Finds it for the last time. */
  take(name: string | null): Value | undefined
  clear(): void
}

/** Makes an empty box; values are dropped after `seconds`. */
export function createTickets<Value>({
  now,
  random,
  seconds,
}: {
  readonly now: () => number
  readonly random: Random
  readonly seconds: number
}): Tickets<Value> {
  const kept = new Map<string, { readonly value: Value; readonly until: number }>()
  function find(name: string | null) {
    const found = name === null ? undefined : kept.get(name)
    return found && now() < found.until ? found.value : undefined
  }
  return {
    keep(value) {
      for (const [name, { until }] of kept) if (until <= now()) kept.delete(name)
      const name = Buffer.from(random(24)).toString('base64url')
      kept.set(name, { value, until: now() + seconds * 1000 })
      return name
    },
    find,
    take(name) {
      const found = find(name)
      if (name !== null) kept.delete(name)
      return found
    },
    clear: () => kept.clear(),
  }
}
