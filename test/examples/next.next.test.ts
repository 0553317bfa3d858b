/** @module The Next.js example as its one command starts it: a person signs in, keeps a note, and signs out. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../examples/set-up.mjs'
import { freePort, installExample } from '../adapters/next-site.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { endWithUs } from '../support/orphans.js'
import { siteOn } from '../support/wire.js'
import { demoEnvironment } from './demo-process.js'

let child: ChildProcess
let application: string
let browser: Browser

beforeAll(async () => {
  await installExample()
  const [port, providerPort] = [await freePort(), await freePort()]
  child = spawn(process.execPath, ['start.mjs'], {
    cwd: join(root, 'examples/next'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: demoEnvironment({
      PORT: String(port),
      EMULATOR_PORT: String(providerPort),
      NEXT_TELEMETRY_DISABLED: '1',
      NODE_OPTIONS: '--dns-result-order=ipv4first',
    }),
  })
  endWithUs(child)
  application = `http://benefits.citizen.localhost:${port}`
  const provider = `http://id.citizen.localhost:${providerPort}`
  browser = createBrowser(
    new Map([
      [application, siteOn({ port })],
      [provider, siteOn({ port: providerPort })],
    ]),
  )
  await ready(child)
}, 180_000)

afterAll(async () => {
  if (child?.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
})

function ready(started: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('Ready in')) resolve()
      })
    }
    started.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${said}`)))
  })
}

it('greets, signs in, keeps a note by a server action, answers its API, and signs out', async () => {
  const home = await browser.open(`${application}/`)
  expect(home.body).toMatch(/Nobody is signed in: (<!-- -->)?not-signed-in/)
  expect((await browser.fetch(`${application}/api/me`)).status).toBe(401)
  const login = await browser.press(home, 'Sign in')
  const page = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
  expect([page.url, page.status]).toEqual([`${application}/private`, 200])
  const { sub } = (await (await browser.fetch(`${application}/api/me`)).json()) as { readonly sub: string }
  expect(page.body).toContain(sub)
  const form = new FormData()
  for (const [, name = '', value = ''] of page.body.matchAll(/name="(\$ACTION[^"]*)"(?: value="([^"]*)")?/g))
    form.set(name, value.replaceAll('&quot;', '"'))
  form.set('note', 'bring the form')
  const saved = await browser.fetch(`${application}/private`, {
    method: 'POST',
    body: form,
    headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  })
  expect([saved.status, await saved.text()]).toEqual([200, expect.stringContaining('bring the form')])
  const out = await browser.press(page, 'Sign out everywhere')
  expect(out.path.some((url) => url.includes('id.citizen.localhost'))).toBe(true)
  const after = await browser.open(`${application}/private`)
  expect(after.body).not.toContain('bring the form')
  expect((await browser.fetch(`${application}/api/me`)).status).toBe(401)
})
