/** @module The Next.js example as its one command starts it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from '../../examples/set-up.mjs'
import { freePort, installExample } from '../adapters/next-site.js'
import { endWithUs } from '../support/orphans.js'
import { demoEnvironment } from './demo-process.js'

/** A running example, and where it is. */
export interface NextExample {
  readonly application: string
  readonly provider: string
  stop(): Promise<void>
}

/** Starts it and waits until it serves. @throws Error with all that it said, if it ends before. */
export async function launchNextExample(): Promise<NextExample> {
  await installExample()
  const [port, providerPort] = [await freePort(), await freePort()]
  const application = `http://permits.citizen.localhost:${port}`
  const provider = `http://id.citizen.localhost:${providerPort}`
  const child = spawn(process.execPath, ['start.mjs'], {
    cwd: join(root, 'examples/next'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: demoEnvironment({
      CITIZEN_APPLICATION_URL: application,
      CITIZEN_IDENTITY_PROVIDER_URL: provider,
      CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: `http://127.0.0.1:${providerPort}`,
      NEXT_TELEMETRY_DISABLED: '1',
      NODE_OPTIONS: '--dns-result-order=ipv4first',
    }),
  })
  endWithUs(child)
  await new Promise<void>((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('Ready in')) resolve()
      })
    }
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${said}`)))
  })
  return {
    application,
    provider,
    async stop() {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}
