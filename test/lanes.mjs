/** @module Which steps and tests run side by side: real ones wait for servers and browsers, and leave a core idle. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../examples/set-up.mjs'

/**
 * The test files of a kind of program.
 * @param {string} kind
 */
export function filesOfKind(kind) {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.test.ts') && name.split('.').includes(kind))
    .map((name) => join('test', name))
}

const window = ['browser', 'firefox', 'webkit', 'next']

/**
 * The real tests of one lane, which run one after another. `windows`: those with a browser, whose clocks and focus bear
 * no second one, and those that build Next.js, in one folder for all. `servers`: the others.
 * @param {readonly string[]} kinds of program that are here
 * @param {readonly string[]} leftOut kinds that are not
 */
export function realLanes(kinds, leftOut) {
  const missing = new Set(leftOut.flatMap(filesOfKind))
  const files = [...new Set(kinds.flatMap(filesOfKind))].filter((file) => !missing.has(file)).sort()
  return {
    windows: files.filter(needsWindowLane),
    servers: files.filter((file) => !needsWindowLane(file)),
  }
}

function needsWindowLane(file) {
  const [first, ...kinds] = (file.split(/[\\/]/).at(-1) ?? '').split('.')
  return kinds.some((kind) => window.includes(kind)) || first.startsWith('next')
}

/**
 * Runs work in two lanes. The first lane begins with what bears nothing of its kind beside it; then both take from
 * what is shared until nothing is left.
 * @param {readonly (() => Promise<unknown>)[]} alone one after another
 * @param {readonly (() => Promise<unknown>)[]} shared the longest first
 */
export async function inTwoLanes(alone, shared) {
  const waiting = [...shared]
  const lane = async (own) => {
    for (const work of own) await work()
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) await work()
  }
  await Promise.all([lane(alone), lane([])])
}
