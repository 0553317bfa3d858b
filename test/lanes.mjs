/** @module What runs side by side in a run of all tests: which real tests share a process, and which processes a machine. */
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

/**
 * The real tests that share a process, and so their modules and browsers: a file belongs to the first that has it.
 * `seconds`: about how long they take; `cores`: how many of the machine's they keep busy in that time, on average: the
 * rest of it they wait for clocks and servers. `folder`: where they build Next.js, which bears no second build.
 */
const groups = [
  {
    name: 'Next.js',
    seconds: 70,
    cores: 1,
    folder: '.cache/next',
    has: /^test\/adapters\/(next|path-prefix\.next)/,
  },
  {
    name: 'demo',
    seconds: 235,
    cores: 1,
    folder: 'examples/next',
    has: /^test\/examples\/(demo|next)[\w-]*\.(browser|next|redis)\.test\.ts$/,
  },
  { name: 'hidden tabs', seconds: 46, cores: 0.1, has: /\/hidden\.browser\.test\.ts$/ },
  { name: 'client', seconds: 150, cores: 0.7, has: /^test\/(browser|sessions)\/.*\.browser\.test\.ts$/ },
  { name: 'WebKit', seconds: 63, cores: 0.8, has: /\.webkit\.test\.ts$/ },
  { name: 'Firefox', seconds: 50, cores: 0.7, has: /\.firefox\.test\.ts$/ },
  { name: 'Chromium', seconds: 45, cores: 0.7, has: /^test\/engines\/.*\.browser\.test\.ts$/ },
  { name: 'pages', seconds: 190, cores: 0.9, has: /\.browser\.test\.ts$/ },
  { name: 'SAML peers', seconds: 60, cores: 0.6, has: /^test\/saml\/peers\// },
  { name: 'stores', seconds: 320, cores: 0.3, has: /^test\/stores\// },
  { name: 'servers', seconds: 205, cores: 0.5, has: /./ },
]

/**
 * The real tests by group.
 * @param {readonly string[]} kinds of program that are here
 * @param {readonly string[]} leftOut kinds that are not
 */
export function realGroups(kinds, leftOut) {
  const missing = new Set(leftOut.flatMap(filesOfKind))
  const files = [...new Set(kinds.flatMap(filesOfKind))].filter((file) => !missing.has(file)).sort()
  const groupOf = (file) => groups.find(({ has }) => has.test(file.replaceAll('\\', '/')))
  return groups
    .map(({ has: _, ...group }) => ({
      ...group,
      files: files.filter((file) => groupOf(file)?.name === group.name),
    }))
    .filter(({ files }) => files.length > 0)
}

/** The shares are averages: with a fifth more than there is, a core has work while others wait. */
const room = 1.2

/**
 * Runs jobs side by side, as many as keep the cores busy and no two in one folder: whenever one has ended, the longest
 * of those that fit is next. `isFirst`: before all others, however long they take.
 * @param {readonly { seconds: number, cores: number, folder?: string, isFirst?: boolean, work: () => Promise<unknown> }[]} jobs
 * @param {number} cores of the machine
 */
export async function runJobs(jobs, cores) {
  const rank = ({ isFirst, seconds }) => (isFirst ? Number.MAX_VALUE : seconds)
  const waiting = [...jobs].sort((one, other) => rank(other) - rank(one))
  const running = new Map()
  const fits = (job) => {
    const others = [...running.keys()]
    const isFolderFree = job.folder === undefined || others.every(({ folder }) => folder !== job.folder)
    const busy = others.reduce((sum, other) => sum + other.cores, job.cores)
    return others.length === 0 || (isFolderFree && busy <= cores * room)
  }
  while (waiting.length + running.size > 0) {
    for (let at = waiting.findIndex(fits); at !== -1; at = waiting.findIndex(fits)) {
      const [job] = waiting.splice(at, 1)
      running.set(
        job,
        job.work().finally(() => running.delete(job)),
      )
    }
    await Promise.race(running.values())
  }
}
