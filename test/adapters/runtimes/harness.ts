/** @module Starts the application of the adapter contract on another runtime than this one. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { cache } from '../../../examples/set-up.mjs'
import { createEmulator } from '../../../src/emulator/index.js'
import type { RunningApplication } from '../../contracts/adapter-harness.js'
import { gateSecret } from '../../gate/gate-world.js'
import { findProgram, howToGet } from '../../programs.mjs'
import { endWithUs } from '../../support/orphans.js'
import type { Settings } from './application.js'

export type Runtime = 'bun' | 'deno' | 'workerd'

const folder = join(cache, 'runtimes')
const now = Date.UTC(2026, 0, 15, 12)

const argumentsOf: Readonly<Record<Runtime, readonly string[]>> = {
  bun: ['run', join(folder, 'bun.mjs')],
  deno: ['run', '--no-config', '--allow-net=127.0.0.1', '--allow-env', join(folder, 'deno.mjs')],
  workerd: ['serve', '--control-fd=1', join(folder, 'workerd.capnp')],
}

/** Starts it, with an emulated provider on a port. */
export async function startOn(runtime: Runtime): Promise<RunningApplication> {
  const program = findProgram(runtime)
  if (program === undefined) throw new Error(`${runtime} is missing: ${howToGet(runtime)}`)
  await bundle(runtime)
  const emulator = await createEmulator({ clock: () => now })
  await emulator.listen()
  const settings: Settings = {
    url: 'http://benefits.citizen.localhost',
    providerUrl: emulator.url,
    providerInternalUrl: emulator.internalUrl,
    gateSecret,
    now,
  }
  if (runtime === 'workerd') writeFileSync(join(folder, 'workerd.capnp'), configurationOf(settings))
  const child = spawn(program, argumentsOf[runtime], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', SETTINGS: JSON.stringify(settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child)
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  const port = await new Promise<number>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk
        const found = /"port":\s*(\d+)/.exec(said)?.[1]
        if (found !== undefined) resolve(Number(found))
      })
    }
    void exited.then(() => reject(new Error(`${runtime} ended:\n${said}`)))
  })
  const steer = async (path: string) => {
    const { status } = await fetch(`http://127.0.0.1:${port}/-/${path}`)
    if (status !== 204) throw new Error(`${path}: ${status}`)
  }
  return {
    port,
    url: settings.url,
    emulator,
    async travel(seconds) {
      emulator.travel(seconds)
      await steer(`travel?seconds=${seconds}`)
    },
    failStore: (isFailing) => steer(`store?failing=${isFailing}`),
    async stop() {
      child.kill('SIGKILL')
      await exited
      await emulator.close()
    },
  }
}

/** One file for a runtime that knows neither TypeScript nor our folders. */
async function bundle(runtime: Runtime): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const bundled = await rolldown({
    input: join(import.meta.dirname, `${runtime}.ts`),
    platform: 'node',
    external: [/^node:/, 'ioredis', 'redis'],
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  })
  await bundled.write({ file: join(folder, `${runtime}.mjs`), format: 'esm', codeSplitting: false })
  await bundled.close()
}

function configurationOf(settings: Settings): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "application", worker = .application),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "application")],
);
const application :Workerd.Worker = (
  modules = [(name = "application", esModule = embed "workerd.mjs")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "SETTINGS", text = ${JSON.stringify(JSON.stringify(settings))})],
);
`
}
