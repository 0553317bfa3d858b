/** @module A user's project: an empty folder outside the repository, what a page says to install, and programs in it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import type { Outcome } from '../package/consumer.js'

/** A program that goes on until it is stopped. */
export interface Running {
  /** All that it has said. */
  readonly output: () => string
  stop(): Promise<void>
}

/** A project. */
export interface Consumer {
  readonly folder: string
  write(files: Readonly<Record<string, string>>): Promise<void>
  /** `npm install` with these arguments; `citizen-session` is the packed package. */
  install(...args: readonly string[]): Promise<void>
  /** Runs a program of the project to its end. */
  run(command: string, args: readonly string[], env?: Environment): Promise<Outcome>
  /** Starts a program of the project, and waits until it answers on that port. It ends with the test. */
  start(command: string, args: readonly string[], settings: StartSettings): Promise<Running>
}

export type Environment = Readonly<Record<string, string>>

export interface StartSettings {
  readonly port: number
  readonly env?: Environment
}

/** What the machine of a user has set, without what the tests were started with. */
function cleanEnvironment(env: Environment): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_|VITEST|TEST$|CITIZEN_|PORT$|DEV$|PROD$|MODE$|SSR$|BASE_URL$)/.test(name),
  )
  return { ...Object.fromEntries(kept), NEXT_TELEMETRY_DISABLED: '1', CI: '1', ...env }
}

/** Makes a project in an empty folder. */
export async function createConsumer(packageJson: object = {}): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'citizen-consumer-'))
  const tarball = inject('tarball')

  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
  }
  await write({ 'package.json': JSON.stringify({ name: 'consumer', private: true, ...packageJson }) })

  const launch = (command: string, args: readonly string[], env: Environment): ChildProcess => {
    const path = `${join(folder, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`
    // A group of its own, so that what it starts ends with it.
    return spawn(command, args, {
      cwd: folder,
      env: { ...cleanEnvironment(env), PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  }

  const run: Consumer['run'] = (command, args, env = {}) =>
    new Promise((resolve, reject) => {
      const child = launch(command, args, env)
      const [stdout, stderr] = [child.stdout, child.stderr].map(collect)
      child.on('error', reject)
      child.on('close', (code) =>
        resolve({ code: code ?? 1, stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' }),
      )
    })

  return {
    folder,
    write,
    run,
    async install(...args) {
      const named = args.map((name) => (name === 'citizen-session' ? tarball : name))
      const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
      const { code, stderr } = await run('npm', ['install', ...quiet, ...named])
      if (code !== 0) throw new Error(`npm install ${args.join(' ')} ended with ${code}:\n${stderr}`)
    },
    async start(command, args, { port, env = {} }) {
      const child = launch(command, args, env)
      const [stdout, stderr] = [child.stdout, child.stderr].map(collect)
      const output = (): string => `${stdout?.() ?? ''}${stderr?.() ?? ''}`
      const ended = new Promise<void>((resolve) => {
        child.once('close', () => resolve())
        child.once('error', () => resolve())
      })
      const stop = async (): Promise<void> => {
        if (child.exitCode === null && child.pid !== undefined) {
          try {
            process.kill(-child.pid, 'SIGTERM')
          } catch {
            // It has ended by itself.
          }
        }
        await ended
      }
      onTestFinished(stop)
      const gone = ended.then(() => {
        throw new Error(`${command} ${args.join(' ')} ended:\n${output()}`)
      })
      await Promise.race([answersOn(port), gone])
      return { output, stop }
    },
  }
}

/** Makes a project that is removed at the end of this test file's hook or test. */
export async function removeConsumer({ folder }: Consumer): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: string[] = []
  stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  return () => chunks.join('')
}

/** A port that nobody uses. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()))
    })
  })
}

/** Waits for a program that has just been started. */
async function answersOn(port: number): Promise<void> {
  for (;;) {
    try {
      await fetch(`http://localhost:${port}/session/client.js`, { signal: AbortSignal.timeout(60_000) })
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
