/** @module Processes of a near world as its rounds see them. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { build } from '../../processes/processes.js'
import { endWithUs } from '../../support/orphans.js'
import type { End, Served } from './checker.js'

/** Somebody who is signed in. */
export interface Person {
  readonly name: string
  readonly cookie: string
}

/** What a reader has logged since it was asked last. */
export interface ReaderLog {
  readonly served: readonly Served[]
  /** When near reads became proven, or ceased to be. */
  readonly proofs: readonly (readonly [at: number, isProven: boolean])[]
  readonly losses: readonly (readonly [at: number, reason: string])[]
}

/** What an instance says. */
export interface Said {
  readonly isReady?: true
  readonly problem?: string
  readonly isProven?: boolean
  readonly log?: ReaderLog
  readonly began?: Person
  readonly ended?: End
  readonly unacknowledged?: string
  readonly endedAny?: boolean
  readonly given?: Person
}

/** One process. */
export interface Instance {
  /** Whether it said last that near reads are proven. */
  readonly isProven: boolean
  send(order: Readonly<Record<string, unknown>>): void
  /** Sends an order, and waits for what is said of that name. */
  ask<Name extends keyof Said>(order: Readonly<Record<string, unknown>>, name: Name): Promise<Said[Name]>
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  close(): Promise<void>
}

/** Starts an instance with these settings, and waits until it is ready. */
export async function startInstance(
  settings: Readonly<Record<string, unknown>>,
  hear: (said: Said) => void,
): Promise<Instance> {
  await build()
  const child: ChildProcess = fork(fileURLToPath(new URL('instance.mjs', import.meta.url)), [], {
    env: { PATH: process.env.PATH, CITIZEN_FAULT_INSTANCE: JSON.stringify(settings) },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  endWithUs(child)
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints += chunk.toString()
  })
  const exited = once(child, 'exit')
  const waiting = new Map<keyof Said, (said: Said) => void>()
  let isProven = false
  child.on('message', (said: Said) => {
    if (said.isProven !== undefined) isProven = said.isProven
    for (const name of Object.keys(said) as (keyof Said)[]) {
      waiting.get(name)?.(said)
      waiting.delete(name)
    }
    hear(said)
  })
  const told = <Name extends keyof Said>(name: Name): Promise<Said[Name]> =>
    new Promise((resolve, reject) => {
      waiting.set(name, (said) => resolve(said[name]))
      void exited.then(() => reject(new Error(`an instance has ended: ${complaints}`)))
    })
  const close = async (): Promise<void> => {
    child.kill('SIGCONT')
    if (child.connected) child.disconnect()
    await exited
  }
  await Promise.race([told('isReady'), late(30_000)]).catch(async (error: unknown) => {
    child.kill('SIGKILL')
    await exited
    throw error
  })
  return {
    get isProven() {
      return isProven
    },
    send: (order) => void (child.connected && child.send(order)),
    ask(order, name) {
      const answer = told(name)
      child.send(order)
      return answer
    },
    signal: (signal) => void child.kill(signal),
    close,
  }
}

function late(milliseconds: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error('an instance did not become ready')), milliseconds).unref()
  })
}
