/** @module Permits: the Next.js example as the third application of the demo, in a process of its own. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installNext, lastLines, logFile, nextExample, root, run, SetUpError } from '../set-up.mjs'

const command = join(nextExample, 'node_modules/next/dist/bin/next')
const companions = ['travelling-clock.mjs', 'event-forwarder.mjs'].flatMap((name) => [
  '--import',
  new URL(name, import.meta.url).href,
])
const lookEveryMilliseconds = 200

/**
 * Installs and builds the application where that is needed.
 * @param {(line: string) => void} say
 * @throws {SetUpError}
 */
export async function preparePermits(say) {
  await installNext(say)
  const mark = join(nextExample, '.next', 'demo-fingerprint')
  const print = fingerprint()
  if (existsSync(mark) && readFileSync(mark, 'utf8') === print) return
  say('building Permits (next build)')
  const { code, output } = await run(process.execPath, [command, 'build'], {
    cwd: nextExample,
    env: { NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: '1' },
    log: 'next-build',
    timeoutSeconds: 300,
  })
  if (code !== 0) {
    throw new SetUpError(
      `next build failed; all it said is in ${logFile('next-build')}\n${lastLines(output, 8)}`,
    )
  }
  writeFileSync(mark, print)
}

/** A digest of everything that a build is made of: what is the same is not built again. */
function fingerprint() {
  const hash = createHash('sha256').update(process.versions.node)
  hash.update(readFileSync(join(nextExample, 'node_modules/next/package.json')))
  for (const folder of [nextExample, join(root, 'dist/src'), join(root, 'dist/adapters')]) {
    for (const file of filesOf(folder)) hash.update(file).update(readFileSync(file))
  }
  return hash.digest('hex')
}

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !/^(node_modules|\.next|\.env\..*|next-env\.d\.ts|.*\.tsbuildinfo)$/.test(name))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesOf(path) : [path]
    })
}

/**
 * Starts the application that was built, and waits until it serves.
 * @param {{
 *   port: number,
 *   application: { id: string, url: string, name: string, sensitivity: string, idleSeconds: number, secrets?: readonly string[] },
 *   header: import('citizen-session').HeaderOptions,
 *   identityProvider: { url: string, internalUrl: string, clockSkewSeconds: number },
 *   redisUrl?: string,
 *   isShort: boolean,
 *   desk: ReturnType<typeof import('./desk.mjs').createDesk>,
 *   deskPort: number,
 *   clock: () => number,
 * }} options `clock` is the time that it keeps to; without `secrets` they are those of the environment. The desk is
 *   told of its events, and lends its look to it at that port.
 * @throws {Error} with what it said, if it ends before.
 */
export async function startPermits({ port, clock, desk, ...settings }) {
  const administrationSecret = randomBytes(32).toString('base64url')
  const given = Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS')
  const child = spawn(
    process.execPath,
    // Next.js takes rewrites to 127.0.0.1 for another site's, but those to `localhost` for its own.
    ['--dns-result-order=ipv4first']
      .concat(companions)
      .concat([command, 'start', '--hostname', 'localhost'])
      .concat(['--port', String(port)]),
    {
      cwd: nextExample,
      // In production everything is https: what is on loopback is none.
      env: {
        ...Object.fromEntries(given),
        ...variablesFor(settings),
        DEMO_ADMINISTRATION_SECRET: administrationSecret,
        NODE_ENV: 'test',
        NEXT_TELEMETRY_DISABLED: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C reaches the demo, which ends what it started.
      detached: process.platform !== 'win32',
    },
  )
  const exited = once(child, 'exit')
  await untilReady(child)

  let sent = 0
  const answers = []
  child.on('message', ({ event }) => {
    if (event === undefined) answers.shift()?.()
    else desk.report(event)
  })
  /** Brings its clock to where the demo's is. */
  async function keepTime() {
    const ahead = Math.round(clock() - Date.now())
    // The two clocks of this process are not read at the same moment.
    if (Math.abs(ahead - sent) < 100 || !child.connected) return
    sent = ahead
    const heard = new Promise((resolve) => answers.push(resolve))
    child.send({ ahead }, () => {})
    await Promise.race([heard, exited])
  }
  const timer = setInterval(keepTime, lookEveryMilliseconds)
  return {
    keepTime,
    /** What an administrator does from elsewhere: its sessions are in that process. */
    async endAllOf(subject) {
      await fetch(`http://127.0.0.1:${port}/api/administration`, {
        method: 'POST',
        headers: { authorization: `Bearer ${administrationSecret}`, 'content-type': 'application/json' },
        body: JSON.stringify({ subject }),
      })
    },
    async close() {
      clearInterval(timer)
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** The settings of the example's `.env.example`, for the demo. */
const variablesFor = ({ application, header, identityProvider, redisUrl, isShort, deskPort }) => ({
  DEMO_DESK_URL: `http://127.0.0.1:${deskPort}`,
  ...(isShort && { DEMO_SHORT: 'true' }),
  CITIZEN_APPLICATION_ID: application.id,
  CITIZEN_APPLICATION_URL: application.url,
  CITIZEN_APPLICATION_NAME: application.name,
  CITIZEN_APPLICATION_SENSITIVITY: application.sensitivity,
  CITIZEN_APPLICATION_IDLE_SECONDS: String(application.idleSeconds),
  ...(application.secrets && { CITIZEN_APPLICATION_SECRETS: application.secrets.join(',') }),
  CITIZEN_HEADER_APPLICATIONS: JSON.stringify(header.applications),
  CITIZEN_IDENTITY_PROVIDER_URL: identityProvider.url,
  CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: identityProvider.internalUrl,
  CITIZEN_IDENTITY_PROVIDER_CLOCK_SKEW_SECONDS: String(identityProvider.clockSkewSeconds),
  CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_SECOND_FACTOR: '/second-factor',
  CITIZEN_IDENTITY_PROVIDER_SESSION_CLAIM: 'sid',
  CITIZEN_SHARED_COOKIE_DOMAIN: 'citizen.localhost',
  ...(redisUrl && { CITIZEN_STORE_URL: redisUrl }),
})

async function untilReady(child) {
  let said = ''
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        // Only so much as tells why it did not start; what comes later is read and dropped.
        if (said.length < 10_000) said += text
        if (said.includes('Ready in')) resolve()
      })
    }
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Permits ended with ${code}:\n${lastLines(said, 8)}`)))
  })
}
