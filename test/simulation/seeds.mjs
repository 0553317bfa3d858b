/**
 * @module Which seeds have been run, of which plans: runs are resumed, and added up, in `seeds.json`. A seed is a world only together with
 * what plans it: where that changes, counting begins anew, and the sum goes on.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const file = new URL('./seeds.json', import.meta.url)

/** What makes a world of a seed. */
const planners = ['plan.ts', 'scenes.ts', 'random.ts']

/** @returns {Record<string, [from: number, to: number][]>} ranges by what was run, both ends included */
function read() {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** What is run now: the version of the package, and the revision of the plans, which is a digest of their sources. */
export function runName() {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const digest = createHash('sha256')
  for (const name of planners) digest.update(readFileSync(new URL(`./${name}`, import.meta.url)))
  return `${version}, plans ${digest.digest('hex').slice(0, 8)}`
}

/**
 * The first seed after those that were run.
 * @param {string} name
 */
export function nextSeed(name) {
  return Math.max(0, ...(read()[name] ?? []).map(([, to]) => to)) + 1
}

/**
 * Notes a range without a broken rule. Returns what that makes.
 * @param {string} name
 * @param {number} from
 * @param {number} to
 */
export function noteSeeds(name, from, to) {
  const all = read()
  all[name] = addRange(all[name] ?? [], from, to)
  // A line for each, as the formatter has it.
  const lines = Object.entries(all).map(([key, ranges]) => {
    const pairs = ranges.map(([first, last]) => `[${first}, ${last}]`)
    return `  ${JSON.stringify(key)}: [${pairs.join(', ')}]`
  })
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`)
  const sum = Object.values(all).reduce((total, ranges) => total + countOf(ranges), 0)
  return `${countOf(all[name])} seeds have been run with ${name}, ${sum} in all`
}

const countOf = (ranges) => ranges.reduce((total, [first, last]) => total + last - first + 1, 0)

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
