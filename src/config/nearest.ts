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

/**
 * What somebody meant by a name: within a third of its letters, three at most, or the beginning of one another. Beyond
 * that a guess would be noise.
 */
export function meantBy(name: string, candidates: readonly string[]): string | undefined {
  const found = nearest(name, candidates)
  if (found !== undefined && found.distance <= Math.min(3, Math.floor(name.length / 3))) return found.name
  const lower = name.toLowerCase()
  if (lower.length < 4) return undefined
  return candidates.find((candidate) => {
    const other = candidate.toLowerCase()
    return other.startsWith(lower) || (other.length >= 4 && lower.startsWith(other))
  })
}

/** What is said of an option that is not known; `elsewhere`: the whole path of one with that very name. */
export function unknownName({
  name,
  parent,
  names,
  elsewhere,
}: {
  readonly name: string
  readonly parent: string
  readonly names: readonly string[]
  readonly elsewhere?: string | undefined
}): string {
  const meant = meantBy(name, names)
  const path = meant === undefined ? elsewhere : `${parent === '' ? '' : `${parent}.`}${meant}`
  return path === undefined
    ? `is not known: there is ${names.join(', ')}`
    : `is not known: did you mean ${path}?`
}
