/**
 * @module Set-up shared by the demo and the tests: the version of Node, the npm packages, the build.
 * Plain JavaScript that imports nothing but Node, because it runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** Where everything is kept that a command may throw away: logs, other Nodes, unpacked programs. */
export const cache = join(root, '.cache')

/** The Next.js example, whose packages are its own. */
export const nextExample = join(root, 'examples/next')

/** Set-up cannot go on; the message says what to do. */
export class SetUpError extends Error {
  name = 'SetUpError'
}

/**
 * Runs a program to its end, its output in a file and in the result.
 * The program gets a process group of its own, so that a time-out ends what it has started too.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ log?: string, env?: Record<string, string | undefined>, cwd?: string, timeoutSeconds?: number }} [options]
 *   `log`: a name for `.cache/logs/<name>.log`; `timeoutSeconds`: default 900.
 * @returns {Promise<{ code: number, output: string }>} `code` is 127 where the program is not there, 124 after a time-out.
 */
export function run(command, args, options = {}) {
  const { log, env, cwd = root, timeoutSeconds = 900 } = options
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    const file = log === undefined ? undefined : createWriteStream(logFile(log))
    const chunks = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        chunks.push(chunk)
        file?.write(chunk)
      })
    }
    let timedOut = false
    const stop = (signal) => {
      if (child.pid === undefined) return
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal)
      } catch {
        // It has ended by itself.
      }
    }
    const timer = setTimeout(() => {
      timedOut = true
      stop('SIGKILL')
    }, timeoutSeconds * 1000)
    const interrupted = (signal) => {
      stop(signal)
      // What else runs side by side is stopped before.
      setImmediate(() => process.exit(130))
    }
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)
    const finish = (code, more = '') => {
      clearTimeout(timer)
      clearTimeout(orphans)
      stop('SIGKILL')
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
      const output = Buffer.concat(chunks).toString() + more
      if (file === undefined) resolve({ code, output })
      else file.end(more, () => resolve({ code, output }))
    }
    // What the program has left running may hold its output open: it ends with the program.
    let orphans
    child.on('exit', () => {
      orphans = setTimeout(() => stop('SIGKILL'), 1000)
    })
    child.on('error', (error) => finish(127, `${command}: ${error.message}\n`))
    child.on('close', (code) => {
      if (timedOut) finish(124, `\nended after ${timeoutSeconds} s without a result\n`)
      else finish(code ?? 1)
    })
  })
}

/**
 * The file that {@link run} writes to for a name.
 * @param {string} name
 */
export function logFile(name) {
  mkdirSync(join(cache, 'logs'), { recursive: true })
  return join(cache, 'logs', `${name}.log`)
}

/**
 * Runs npm: the one that started this process, else the one on the path.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function npm(args, given = {}) {
  const cli = process.env.npm_execpath
  // `npm run --silent` hands its silence down, and then a failure says nothing.
  const options = { ...given, env: { npm_config_loglevel: 'notice', ...given.env } }
  if (cli !== undefined && basename(cli) === 'npm-cli.js')
    return run(process.execPath, [cli, ...args], options)
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, options)
}

/**
 * Runs the command of an installed package by its own file, without npx.
 * @param {string} script path below node_modules
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function tool(script, args, options) {
  return run(process.execPath, [join(root, 'node_modules', script), ...args], options)
}

/**
 * Refuses a Node that the package does not run on, by `engines` of package.json.
 * @throws {SetUpError}
 */
export function checkNode(version = process.versions.node) {
  const wanted = readJson(join(root, 'package.json')).engines.node.replace('>=', '')
  const [have, need] = [version, wanted].map((text) => text.split('.').map(Number))
  const index = need.findIndex((part, position) => part !== have[position])
  if (index !== -1 && have[index] < need[index]) {
    throw new SetUpError(
      `this needs Node ${wanted} or newer; here it is ${version}. Install a newer one and run the same again.`,
    )
  }
}

/**
 * Runs `npm ci` where node_modules is missing or is not what package-lock.json says.
 * @param {(line: string) => void} say
 * @throws {SetUpError}
 */
export async function installPackages(say) {
  if (packagesAreInstalled()) return
  say('installing the npm packages (npm ci)')
  const { code, output } = await npm(['ci', '--include=dev'], { log: 'npm-ci' })
  if (code !== 0) throw installFailure('npm ci', 'npm-ci', { code, output })
}

/**
 * Installs the packages of the Next.js example where they are missing.
 * @param {(line: string) => void} say
 * @returns {Promise<string>} their folder
 * @throws {SetUpError}
 */
export async function installNext(say) {
  const folder = join(nextExample, 'node_modules')
  if (existsSync(join(folder, 'next/dist/bin/next'))) return folder
  say('installing Next.js (npm install in examples/next)')
  // Not `npm ci`: the example depends on this very package, whose own list of packages moves on.
  const result = await npm(['install', '--no-save'], { cwd: nextExample, log: 'next-install' })
  if (result.code !== 0) throw installFailure('npm install', 'next-install', result)
  return folder
}

function installFailure(command, log, { code, output }) {
  if (code === 127)
    return new SetUpError('npm is not on the path; it comes with Node. Install it and run the same again.')
  const offline = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET)\b/.exec(output)
  return new SetUpError(
    offline === null
      ? `${command} failed; all it said is in ${logFile(log)}\n${firstErrors(output)}`
      : `${command} could not reach the package registry (${offline[0]}). Connect, or set npm's proxy, and run the same again.`,
  )
}

/** What npm says first; its usage follows. */
function firstErrors(output) {
  const errors = output
    .split('\n')
    .filter((line) => line.startsWith('npm error') && line.trim() !== 'npm error')
  return errors.slice(0, 8).join('\n') || lastLines(output, 8)
}

/** By content, not by time: a checkout gives every file a new time. */
function packagesAreInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedFile)) return false
  const wanted = readJson(join(root, 'package-lock.json')).packages
  const installed = readJson(installedFile).packages
  const same = Object.entries(installed).every(([path, entry]) => wanted[path]?.version === entry.version)
  return (
    same &&
    Object.entries(wanted).every(
      ([path, entry]) =>
        path === '' || path in installed || entry.optional || entry.devOptional || entry.peer,
    )
  )
}

/**
 * Compiles src and adapters into dist, as far as they are newer, and removes outputs whose source is gone.
 * @param {(line: string) => void} say
 * @throws {SetUpError}
 */
export async function build(say) {
  say('building (tsc -b)')
  const { code, output } = await tool('typescript/bin/tsc', ['-b', 'tsconfig.json'], { log: 'build' })
  if (code !== 0) throw new SetUpError(`the build failed:\n${output.trim()}`)
  for (const file of staleOutputs()) rmSync(file)
}

function staleOutputs() {
  return ['src', 'adapters'].flatMap((folder) => {
    const output = join(root, 'dist', folder)
    if (!existsSync(output)) return []
    return readdirSync(output, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .filter((file) => {
        const stem = file.replace(/(\.d\.ts|\.js)(\.map)?$/, '')
        const source = join(root, folder, stem.slice(output.length))
        return !existsSync(`${source}.ts`) && !existsSync(`${source}.tsx`)
      })
  })
}

/**
 * Everything between a fresh clone and a program that runs.
 * @param {(line: string) => void} say
 * @throws {SetUpError}
 */
export async function prepare(say) {
  checkNode()
  await installPackages(say)
  await build(say)
}

/** @param {string} file */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/**
 * @param {string} text
 * @param {number} count
 */
export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
