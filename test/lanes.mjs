/** @module What runs side by side in a run of all tests: which real tests share a process, and which processes a machine. */
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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
    seconds: 80,
    cores: 1,
    folder: '.cache/next',
    has: /^test\/adapters\/(next|path-prefix\.next)/,
  },
  {
    name: 'demo',
    seconds: 300,
    cores: 1,
    folder: 'examples/next',
    has: /^test\/examples\/(demo|next)[\w-]*\.(browser|next|redis)\.test\.ts$/,
  },
  { name: 'hidden tabs', seconds: 46, cores: 0.1, has: /\/hidden\.browser\.test\.ts$/ },
  { name: 'client', seconds: 180, cores: 0.5, has: /^test\/(browser|sessions)\/.*\.browser\.test\.ts$/ },
  { name: 'WebKit', seconds: 90, cores: 0.8, has: /\.webkit\.test\.ts$/ },
  { name: 'Firefox', seconds: 65, cores: 0.7, has: /\.firefox\.test\.ts$/ },
  { name: 'Chromium', seconds: 50, cores: 0.7, has: /^test\/engines\/.*\.browser\.test\.ts$/ },
  { name: 'pages', seconds: 230, cores: 0.7, has: /\.browser\.test\.ts$/ },
  { name: 'SAML peers', seconds: 55, cores: 0.7, has: /^test\/saml\/peers\// },
  { name: 'stores', seconds: 260, cores: 0.5, has: /^test\/stores\// },
  { name: 'servers', seconds: 200, cores: 0.5, has: /./ },
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

/** What users' projects take; one that is not here is run all the same. */
const consumers = {
  applications: { seconds: 210, cores: 0.7 },
  next: { seconds: 160, cores: 1 },
  runners: { seconds: 115, cores: 0.9 },
  react: { seconds: 30, cores: 0.9 },
  bundlers: { seconds: 25, cores: 1 },
}

/** The files of users' projects, each for itself because it installs and builds on its own. */
export function consumerGroups() {
  const end = '.test.ts'
  return readdirSync(join(root, 'test/consumers'))
    .filter((file) => file.endsWith(end))
    .sort()
    .map((file) => ({
      seconds: 60,
      cores: 1,
      ...consumers[file.slice(0, -end.length)],
      name: file.slice(0, -end.length),
      file: `test/consumers/${file}`,
    }))
}

/** The shares are averages: with a fifth more than there is, a core has work while others wait. */
const room = 1.2

/** Where so much of the cores was idle, what runs waits more than its estimate says: one more begins. */
const idleShare = 0.3
const secondsBetweenLooks = 10
/** Each holds a browser, servers or a build in memory. */
const mostPerCore = 2

/** Returns how much of the cores has been idle since it was last asked, from 0 to 1. */
export function createIdleMeter(read = () => cpus().map(({ times }) => times)) {
  const sums = () => {
    const times = read()
    const total = times.reduce((sum, each) => sum + Object.values(each).reduce((a, b) => a + b, 0), 0)
    return { total, idle: times.reduce((sum, each) => sum + each.idle, 0) }
  }
  let last = sums()
  return () => {
    const before = last
    last = sums()
    return last.total === before.total ? 0 : (last.idle - before.idle) / (last.total - before.total)
  }
}

/**
 * Runs jobs side by side, as many as keep the cores busy and no two in one folder: whenever one has ended, the longest
 * of those that fit is next, and where cores are idle all the same, the longest of all. `isFirst`: before all others,
 * however long they take.
 * @param {readonly { seconds: number, cores: number, folder?: string, isFirst?: boolean, work: () => Promise<unknown> }[]} jobs
 * @param {number} cores of the machine
 * @param {{ idle?: () => number, pause?: () => Promise<unknown> }} [looks] how idle it was since the last look; the time between two
 */
export async function runJobs(
  jobs,
  cores,
  {
    idle = createIdleMeter(),
    pause = () => sleep(secondsBetweenLooks * 1000, undefined, { ref: false }),
  } = {},
) {
  const rank = ({ isFirst, seconds }) => (isFirst ? Number.MAX_VALUE : seconds)
  const waiting = [...jobs].sort((one, other) => rank(other) - rank(one))
  const running = new Map()
  const isFolderFree = ({ folder }) =>
    folder === undefined || [...running.keys()].every((other) => folder !== other.folder)
  const fits = (job) => {
    const busy = [...running.keys()].reduce((sum, other) => sum + other.cores, job.cores)
    return running.size === 0 || (isFolderFree(job) && busy <= cores * room)
  }
  const start = (at) => {
    const [job] = waiting.splice(at, 1)
    running.set(
      job,
      job.work().finally(() => running.delete(job)),
    )
  }
  let isTimeToLook = false
  const rest = () =>
    pause().then(() => {
      isTimeToLook = true
    })
  let resting = rest()
  while (waiting.length + running.size > 0) {
    for (let at = waiting.findIndex(fits); at !== -1; at = waiting.findIndex(fits)) start(at)
    await Promise.race([...running.values(), resting])
    if (!isTimeToLook) continue
    isTimeToLook = false
    resting = rest()
    const next = waiting.findIndex(isFolderFree)
    if (idle() > idleShare && running.size < cores * mostPerCore && next !== -1) start(next)
  }
}
