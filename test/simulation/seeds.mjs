/** @module Which seeds have been run, by version: runs are resumed, and added up, in `seeds.json`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const file = new URL('./seeds.json', import.meta.url)

/** @returns {Record<string, [from: number, to: number][]>} ranges by version, both ends included */
function read() {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/**
 * The first seed after those that were run with a version.
 * @param {string} version
 */
export function nextSeed(version) {
  return Math.max(0, ...(read()[version] ?? []).map(([, to]) => to)) + 1
}

/**
 * Notes a range without a broken rule. Returns what that makes.
 * @param {string} version
 * @param {number} from
 * @param {number} to
 */
export function noteSeeds(version, from, to) {
  const all = read()
  const ranges = addRange(all[version] ?? [], from, to)
  all[version] = ranges
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`)
  const sum = ranges.reduce((total, [first, last]) => total + last - first + 1, 0)
  return `${sum} seeds have been run with ${version}`
}

/**
 * Ranges with one more, those that meet as one.
 * @param {readonly [number, number][]} ranges
 * @param {number} from
 * @param {number} to
 * @returns {[number, number][]}
 */
export function addRange(ranges, from, to) {
  if (to < from) return [...ranges]
  const all = [...ranges, [from, to]].sort(([one], [other]) => one - other)
  const joined = []
  for (const [first, last] of all) {
    const before = joined.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else joined.push([first, last])
  }
  return joined
}
