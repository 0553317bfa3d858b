/** @module The demo as a process of its own, as `npm run demo` starts it. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../examples/set-up.mjs'
import { endWithUs } from '../support/orphans.js'

/** The environment of a user: nothing of the test runner's, no store unless it is given. */
export function demoEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CITIZEN_|NODE_ENV$|NODE_OPTIONS$|VITEST)/.test(name),
  )
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])), ...more }
}

/** A demo that runs, and where it is. */
export interface RunningDemo {
  readonly benefits: string
  readonly library: string
  /** Empty where the demo runs without Next.js. */
  readonly permits: string
  readonly museum: string
  /** Empty where the demo runs without xml-crypto. */
  readonly registry: string
  readonly provider: string
  readonly overview: string
  readonly greeting: string
  /** Interrupts it as Ctrl-C does. Resolves to its exit code, once it has ended. */
  interrupt(): Promise<number | null>
}

/** Starts the demo and waits until it says where it is. @throws Error with all that it said, if it ends before. */
export async function launchDemo(
  args: readonly string[],
  environment = demoEnvironment(),
): Promise<RunningDemo> {
  const child = spawn(process.execPath, [join(root, 'examples/demo/start.mjs'), ...args], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let said = ''
  const greeting = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk
        if (said.includes('Ctrl-C stops.')) resolve(said)
      })
    }
    void ended.then((code) => reject(new Error(`the demo ended with ${code}:\n${said}`)))
  })
  const addressAfter = (label: string) => new RegExp(`${label} +(http://\\S+)`).exec(greeting)?.[1] ?? ''
  return {
    benefits: addressAfter('Benefits'),
    library: addressAfter('Library'),
    permits: addressAfter('Permits'),
    museum: addressAfter('Museum'),
    registry: addressAfter('Registry'),
    provider: addressAfter('Identity provider'),
    overview: addressAfter('Overview'),
    greeting,
    interrupt() {
      child.kill('SIGINT')
      return ended
    },
  }
}
