/** @module Tells a package that is not installed from one that is broken, by what importing it says. */

/**
 * Whether an import failed because there is no such package, in Node and in what bundlers make of one that is not there.
 * Imports of optional packages stand inside `try`, with `turbopackOptional`: bundlers then leave out what is missing.
 */
export function isMissingPackage(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
}
