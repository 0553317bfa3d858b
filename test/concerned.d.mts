/** @module Types of `concerned.mjs`, for its test. */

/** The files from which tests are found by import; `undefined`: every test is concerned. */
export function concernedFiles(
  changed: readonly string[],
  texts: ReadonlyMap<string, string>,
): readonly string[] | undefined
