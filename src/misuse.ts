/** @module Mistakes in how the API is called, told at once: forgotten parentheses, unknown options. */

/** A mistake of the developer: a `TypeError` with the code `usage`. */
export function misuse(message: string): TypeError & { readonly code: 'usage' } {
  return Object.assign(new TypeError(message), { code: 'usage' as const })
}

/** Whether a value is a request, or what a framework hands to its handlers around one. */
function isRequest(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return 'req' in value || ('headers' in value && 'method' in value)
}

/**
 * Refuses a request in the place of options: the framework was given the function that makes a handler.
 * @throws TypeError `usage`
 */
export function refuseRequest(name: string, given: unknown): void {
  if (isRequest(given)) {
    throw misuse(
      `${name} was given a request, so it stands there as a handler: write ${name}(), with parentheses`,
    )
  }
}

/**
 * Refuses what is no object in the place of options.
 * @throws TypeError `usage`
 */
export function refuseNoObject(name: string, given: unknown): void {
  refuseRequest(name, given)
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw misuse(`${name} takes an object with options, or a suite: docs/options.md lists them`)
  }
}

/** A middleware that another framework than its own has called. @returns TypeError `usage` */
export function wrongFramework(own: string, other: string): TypeError {
  return misuse(
    `this middleware is of citizen-session/${own}, and something else has called it: in ${other} import from citizen-session/${other.toLowerCase()}`,
  )
}

/**
 * Refuses whatever is given to a function that takes nothing.
 * @throws TypeError `usage`
 */
export function refuseArguments(name: string, given: readonly unknown[]): void {
  refuseRequest(name, given[0])
  if (given.length > 0 && given[0] !== undefined) throw misuse(`${name}() takes no options`)
}

/**
 * Refuses what is no object, and names that are not known.
 * @throws TypeError `usage`
 */
export function refuseUnknown(name: string, given: unknown, known: readonly string[]): void {
  refuseRequest(name, given)
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw misuse(`${name} takes an object with ${known.join(', ')}`)
  }
  for (const option of Object.keys(given)) {
    if (!known.includes(option)) throw misuse(`${name} does not know ${option}: there is ${known.join(', ')}`)
  }
}

/**
 * Refuses what is no function.
 * @throws TypeError `usage`
 */
export function refuseNoFunction(name: string, given: unknown, what: string): void {
  refuseRequest(name, given)
  if (typeof given !== 'function') throw misuse(`${name} takes ${what}, a function`)
}

/**
 * Takes no notice of what an answer rejects with that should have been none to wait for: an async function of the
 * application must not leave a rejection that nobody handles, which ends the process.
 */
export function dropRejection(answer: unknown): void {
  Promise.resolve(answer).catch(() => undefined)
}
