/** @module What is kept for the tests of one file: the quick test files of a worker share their modules. */

let current = 0

/** The next test file has begun: what is kept {@link perFile} is made anew. */
export function beginTestFile(): void {
  current++
}

/** Makes a value where it is first asked for in a test file. */
export function perFile<Value>(make: () => Value): () => Value {
  let madeIn: number | undefined
  let value: Value
  return () => {
    if (madeIn !== current) value = make()
    madeIn = current
    return value
  }
}
