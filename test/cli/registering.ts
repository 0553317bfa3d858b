/** @module The command `registration` as somebody runs it against a provider, and a provider that answers as a test wants. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/run.js'

/** What one run said. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command; `input` is its standard input. */
export async function registration(
  args: readonly string[],
  {
    input,
    stop = new AbortController().signal,
  }: { readonly input?: string; readonly stop?: AbortSignal } = {},
): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runCommandLine(['registration', ...args], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stop,
    input:
      input === undefined
        ? undefined
        : (async function* () {
            yield Buffer.from(input)
          })(),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** A folder for the files of a test. */
export interface Folder {
  readonly path: string
  readonly file: string
  readonly secretFile: string
  names(): readonly string[]
  text(path: string): string
  kept(): Record<string, unknown>
  /** The mode of a file, as in `600`. */
  mode(path: string): string
  remove(): void
}

export function createFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'citizen-registration-'))
  const file = join(path, 'openid-client.json')
  return {
    path,
    file,
    secretFile: join(path, 'openid-client.secret'),
    names: () => readdirSync(path).sort(),
    text: (each) => readFileSync(each, 'utf8'),
    kept: () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>,
    mode: (each) => (statSync(each).mode & 0o777).toString(8),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** One request to the scripted provider. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What it answers; `undefined`: nothing, it hangs up. */
export type Answer = {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** A provider on a free port of 127.0.0.1 that answers registrations as it is told. */
export interface ScriptedProvider {
  readonly issuer: string
  readonly asked: Asked[]
  /** Members of the discovery document; `undefined` takes one away. */
  document: Record<string, unknown>
  answer: (asked: Asked) => Answer | undefined
  close(): Promise<void>
}

const documentOf = (issuer: string) => ({ issuer, registration_endpoint: `${issuer}/register` })

export async function startProvider(): Promise<ScriptedProvider> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const isDiscovery = url === '/.well-known/openid-configuration'
    const asked = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') }
    if (!isDiscovery) provider.asked.push(asked)
    const answer = isDiscovery ? { status: 200, body: provider.document } : provider.answer(asked)
    if (answer === undefined) {
      response.destroy()
      return
    }
    const { status = 201, body, headers: more } = answer
    response.writeHead(status, { 'content-type': 'application/json', ...more })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: ScriptedProvider = {
    issuer,
    asked: [],
    document: documentOf(issuer),
    answer: () => ({ status: 500 }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return provider
}

/** What the tests of a file register at and keep their files in. */
export interface RegistrationWorld {
  /** One for all tests; what it was asked, and its discovery document, begin anew with each. */
  readonly provider: ScriptedProvider
  /** Another one for each test. */
  readonly folder: Folder
}

/** Sets up a provider and folders, and names the provider and the application in the environment. */
export function setUpRegistration(): RegistrationWorld {
  let provider: ScriptedProvider
  let folder: Folder
  beforeAll(async () => {
    provider = await startProvider()
  })
  afterAll(() => provider.close())
  beforeEach(() => {
    folder = createFolder()
    vi.stubEnv('CITIZEN_APPLICATION_URL', 'https://benefits.example')
    vi.stubEnv('CITIZEN_OIDC_ISSUER', provider.issuer)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    folder.remove()
    provider.asked.length = 0
    provider.document = documentOf(provider.issuer)
  })
  return {
    get provider() {
      return provider
    },
    get folder() {
      return folder
    },
  }
}
