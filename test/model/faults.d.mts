/** @module Types of `faults.mjs`, for the tests. */
export const rules: Readonly<Record<string, string>>
export const modelFaults: readonly {
  readonly word: string
  readonly name: string
  readonly isOfModel?: boolean
  readonly rule: string
  readonly parts: readonly string[]
}[]
