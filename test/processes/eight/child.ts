/** @module A process of the eight applications' world, and what is asked of it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endWithUs } from '../../support/orphans.js'
import { build } from '../processes.js'

/** A running process. */
export interface Child {
  /** Whatever it has said, oldest first. */
  readonly said: readonly Readonly<Record<string, unknown>>[]
  /** Sends a message, and waits for what it says under this name. */
  ask(message: Readonly<Record<string, unknown>>, name: string): Promise<unknown>
  /** What it has written to its error output. */
  complaints(): string
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Starts a script of this folder with these settings, and waits until it is ready. */
export async function startChild(script: string, settings: object): Promise<Child> {
  await build()
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [], {
    cwd: root,
    env: { PATH: process.env.PATH, CITIZEN_EIGHT_SETTINGS: JSON.stringify(settings) },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  endWithUs(child)
  const made = childOf(child)
  await made.ask({}, 'isReady')
  return made
}

function childOf(child: ChildProcess): Child {
  const said: Record<string, unknown>[] = []
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints += chunk.toString()
  })
  const exited = once(child, 'exit')
  const waiting = new Map<string, (value: unknown) => void>()
  child.on('message', (message: Record<string, unknown>) => {
    said.push(message)
    for (const [name, value] of Object.entries(message)) {
      waiting.get(name)?.(value)
      waiting.delete(name)
    }
  })
  return {
    said,
    complaints: () => complaints,
    ask: (message, name) =>
      new Promise((resolve, reject) => {
        waiting.set(name, resolve)
        void exited.then(() => reject(new Error(`a process ended: ${complaints}`)))
        if (Object.keys(message).length > 0) child.send(message)
      }),
    async stop() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
