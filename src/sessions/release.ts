/** @module What the application says of a person to somebody else, as JSON: asked within a time, and within a size. */
import type { ProfileProblem } from '../events.js'
import { settledWithin } from '../outbound.js'

/** What came of asking the application: an object and its JSON, or why there is none. */
export type Released =
  | { readonly json: string; readonly value: object }
  | {
      readonly problem: ProfileProblem
      /** The class of what was thrown: its message may hold data of the person. */
      readonly error?: string
    }

/** Bytes of JSON: it goes over the line with each page. */
const longestRelease = 4096
/** Milliseconds that the application may take: whoever asked waits five seconds. */
const patience = 4000

/** Asks the application. What it says is looked at as a copy: what is looked at is what is sent. */
export async function release(ask: () => unknown): Promise<Released> {
  try {
    const released = await settledWithin((async () => [await ask()] as const)(), patience)
    if (released === undefined) return { problem: 'timeout' }
    const value: unknown = JSON.parse(JSON.stringify(released[0] ?? {}) ?? 'null')
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { problem: 'not-an-object' }
    const json = JSON.stringify(value)
    return Buffer.byteLength(json) > longestRelease ? { problem: 'too-large' } : { json, value }
  } catch (thrown) {
    return { problem: 'thrown', error: classOf(thrown) }
  }
}

function classOf(thrown: unknown): string {
  try {
    const { name } = thrown as { readonly name?: unknown }
    return typeof name === 'string' && /^[A-Za-z]\w{0,63}$/.test(name) ? name : 'unknown'
  } catch {
    return 'unknown'
  }
}
