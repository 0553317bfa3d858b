/** @module The Next.js example built and started for real, with more routes for the tests laid over it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { build, cache, nextExample as example, installNext, root, run } from '../../examples/set-up.mjs'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { gateSecret } from '../gate/gate-world.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { endWithUs } from '../support/orphans.js'
import { siteOn } from '../support/wire.js'

const nextCommand = join(example, 'node_modules/next/dist/bin/next')
const secret = 'a secret of thirty-two bytes or more'

/** An environment that asks for nothing of the test runner's. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CITIZEN_|NODE_ENV$|VITEST)/.test(name)),
  ),
  NEXT_TELEMETRY_DISABLED: '1',
}

/** What of the application a build leaves out or switches on. */
export interface NextBuild {
  readonly name: string
  readonly hasProxy: boolean
  readonly cacheComponents: boolean
}

/** A running application. */
export interface NextSite {
  readonly url: string
  readonly port: number
  readonly emulator: Emulator
  browser(): Browser
  /** A browser in which a person has signed in by the login page. */
  signedIn(username?: string): Promise<Browser>
  /** Moves the clocks of the application and the provider. */
  travel(seconds: number): Promise<void>
  /** Lets the store fail, or answer again. */
  setStore(state: 'down' | 'up'): Promise<void>
  /** What the process has written. */
  output(): string
  close(): Promise<void>
}

/** Brings the example, and the package that it uses, to where it can be built or started. */
export async function installExample(): Promise<void> {
  await installNext(() => undefined)
  await build(() => undefined)
}

const overlay = join(root, 'test/adapters/next-application')
const isSource = (path: string) =>
  !/\/(node_modules|\.next|\.env\.local|next-env\.d\.ts)(\/|$)/.test(path.slice(root.length))

/** A digest of everything that a build is made of: what is the same is not built again. */
function fingerprint(build: NextBuild): string {
  const hash = createHash('sha256').update(JSON.stringify([build, process.versions.node]))
  hash.update(readFileSync(join(example, 'node_modules/next/package.json')))
  for (const folder of [example, overlay, join(root, 'dist/src'), join(root, 'dist/adapters')]) {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    for (const file of files.filter(isSource).sort()) hash.update(file).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/** Builds the application in a folder of its own. @throws Error with all that the build said. */
export async function buildNext(wanted: NextBuild): Promise<string> {
  const { name, hasProxy, cacheComponents } = wanted
  const folder = join(cache, 'next', name)
  const mark = join(folder, '.next', 'fingerprint')
  const print = fingerprint(wanted)
  if (existsSync(mark) && readFileSync(mark, 'utf8') === print) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(example, folder, { recursive: true, filter: isSource })
  cpSync(overlay, folder, { recursive: true })
  // The contract has a route at that address; pages under a nonce cannot be made at build.
  for (const page of ['private', 'strong']) rmSync(join(folder, 'app', page), { recursive: true })
  cpSync(join(overlay, 'app/private'), join(folder, 'app/private'), { recursive: true })
  if (!hasProxy) rmSync(join(folder, 'proxy.ts'))
  symlinkSync(join(example, 'node_modules'), join(folder, 'node_modules'))
  const { code, output } = await run(process.execPath, [nextCommand, 'build'], {
    cwd: folder,
    env: {
      ...environment,
      NODE_ENV: undefined,
      VITEST: undefined,
      TEST_CACHE_COMPONENTS: cacheComponents ? 'yes' : 'no',
    },
    log: `next-build-${name}`,
    timeoutSeconds: 240,
  })
  if (code !== 0) throw new Error(`next build failed:\n${output}`)
  writeFileSync(mark, print)
  return folder
}

/** Starts a built application and an identity provider for it. `variables`: what it is told besides. */
export async function startNext(
  folder: string,
  options: { cacheComponents: boolean },
  variables: Readonly<Record<string, string>> = {},
): Promise<NextSite> {
  let offset = 0
  const domain = 'citizen.localhost'
  const emulator = await createEmulator({
    url: `https://id.${domain}`,
    domain,
    port: 0,
    clock: () => Date.now() + offset,
  })
  const port = await freePort()
  const url = `https://benefits.${domain}`
  const child = spawn(
    process.execPath,
    [nextCommand, 'start', '--hostname', 'localhost', '--port', String(port)],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environment,
        TEST_CACHE_COMPONENTS: options.cacheComponents ? 'yes' : 'no',
        // Next.js takes rewrites to 127.0.0.1 for another site's, but those to `localhost` for its own.
        NODE_OPTIONS: '--dns-result-order=ipv4first',
        TEST_PROVIDER: emulator.internalUrl,
        CITIZEN_APPLICATION_ID: 'benefits',
        CITIZEN_APPLICATION_URL: url,
        CITIZEN_APPLICATION_SECRETS: secret,
        CITIZEN_IDENTITY_PROVIDER_URL: emulator.url,
        CITIZEN_SHARED_COOKIE_DOMAIN: domain,
        CITIZEN_ROUTES_GATE_SECRET: gateSecret,
        CITIZEN_ROUTES_GATE_COOKIES: 'numbered',
        ...variables,
      },
    },
  )
  endWithUs(child)
  const said = await untilReady(child)
  const local = (path: string, body: string) =>
    fetch(`http://127.0.0.1:${port}/test/${path}`, { method: 'POST', body })
  const browser = () =>
    createBrowser(
      new Map([
        [url, siteOn({ port })],
        [emulator.url, (request: Request) => emulator.handle(request)],
      ]),
    )
  return {
    url,
    port,
    emulator,
    browser,
    async signedIn(username = 'ana') {
      const signing = browser()
      const page = await signing.open(`${url}/session/login?returnTo=/who`)
      const done = await signing.press(page, /^Sign in$/, { username, password: `${username}-password` })
      if (done.url !== `${url}/who`) throw new Error(`sign-in ended at ${done.url}:\n${done.body}`)
      return signing
    },
    async travel(seconds) {
      offset += seconds * 1000
      await local('clock', String(seconds))
    },
    async setStore(state) {
      await local('store', state)
    },
    output: () => said.join(''),
    async close() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      await emulator.close()
    },
  }
}

async function untilReady(child: ChildProcess): Promise<string[]> {
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said.push(text)
        if (said.join('').includes('Ready in')) resolve()
      })
    }
    child.once('exit', (code) => reject(new Error(`next ended with ${code}:\n${said.join('')}`)))
  })
  return said
}

/** A loopback port that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
