/** @module Processes of one application, started from the built package. */
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { CitizenEvent } from '../../src/index.js'
import type { Site } from '../support/browser.js'
import { siteOn } from '../support/wire.js'

/** One running process. */
export interface ApplicationProcess {
  readonly port: number
  readonly events: readonly CitizenEvent[]
  /** What it has written to its error output: warnings, and what nobody handled. */
  readonly complaints: () => string
  readonly isRunning: () => boolean
  readonly send: Site
  /** Moves its clock, and answers when that is done. */
  travel(seconds: number): Promise<void>
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../../', import.meta.url))
let building: Promise<unknown> | undefined

/** Brings `dist` up to date with the source. The compiler sees by itself whether there is anything to do. */
export function build(): Promise<unknown> {
  building ??= promisify(execFile)(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.json'],
    {
      cwd: root,
    },
  )
  return building
}

/** Starts one process of the application with these variables besides the path of programs. */
export async function startProcess(variables: Readonly<Record<string, string>>): Promise<ApplicationProcess> {
  await build()
  const child = fork(fileURLToPath(new URL('application.mjs', import.meta.url)), [], {
    cwd: root,
    env: { PATH: process.env.PATH, ...variables },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const events: CitizenEvent[] = []
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints += chunk.toString()
  })
  const exited = once(child, 'exit')
  const waiting = new Map<string, (value: number) => void>()
  child.on('message', (message: { event?: CitizenEvent } & Record<string, number>) => {
    if (message.event !== undefined) events.push(message.event)
    for (const [name, answered] of waiting) {
      const value = message[name]
      if (value === undefined) continue
      waiting.delete(name)
      answered(value)
    }
  })
  const answer = (name: 'port' | 'travelled'): Promise<number> =>
    new Promise((resolve, reject) => {
      waiting.set(name, resolve)
      void exited.then(() => reject(new Error(`the application ended: ${complaints}`)))
    })
  const port = await answer('port')
  return {
    port,
    events,
    complaints: () => complaints,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    send: siteOn({ port }),
    async travel(seconds) {
      const done = answer('travelled')
      child.send({ travel: seconds })
      await done
    },
    async stop() {
      // It ends with its channel, as it does when the tests are killed.
      if (child.connected) child.disconnect()
      await exited
    },
  }
}

/** Starts several at once. Where one fails, none is left. */
export async function startProcesses(
  count: number,
  variables: Readonly<Record<string, string>>,
): Promise<readonly ApplicationProcess[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => startProcess(variables)))
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return started
  for (const each of started) await each.stop()
  throw failed.reason
}
