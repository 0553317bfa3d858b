/** @module The store contract where every answer is there at once. */
import type { Store } from '../store.js'

/** A store whose methods answer without a promise. */
export type MemoryStore = {
  readonly [Name in keyof Store]: Name extends 'ready' | 'close'
    ? Store[Name]
    : Store[Name] extends (...given: infer Given) => infer Answer
      ? (...given: Given) => Exclude<Answer, Promise<unknown>>
      : Store[Name]
}
