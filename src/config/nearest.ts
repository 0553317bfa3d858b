/** @module Finds the name that somebody meant. */

/** Number of letters to insert, delete or replace that make `left` into `right`. */
export function distance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}

/** The candidate nearest to `name` (letter case aside), with its distance; the first of several. */
export function nearest(
  name: string,
  candidates: readonly string[],
): { readonly name: string; readonly distance: number } | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const candidate of candidates) {
    const found = distance(name.slice(0, 128).toLowerCase(), candidate.toLowerCase())
    if (best === undefined || found < best.distance) best = { name: candidate, distance: found }
  }
  return best
}
