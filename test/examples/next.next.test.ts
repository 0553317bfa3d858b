/** @module The Next.js example as a person without scripts meets it: signs in, keeps a note, and signs out. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Browser, createBrowser } from '../support/browser.js'
import { siteOn } from '../support/wire.js'
import { launchNextExample, type NextExample } from './next-example.js'

/** Milliseconds: a limit for what hangs, not for what a busy machine compiles slowly. */
const patience = 180_000

let example: NextExample
let application: string
let browser: Browser

beforeAll(async () => {
  example = await launchNextExample()
  application = example.application
  const sites = [application, example.provider].map(
    (url) => [url, siteOn({ port: Number(new URL(url).port) })] as const,
  )
  browser = createBrowser(new Map(sites))
}, patience)
afterAll(() => example?.stop())

it('greets, signs in, keeps a note by a server action, answers its API, and signs out', {
  timeout: patience,
}, async () => {
  const home = await browser.open(`${application}/`)
  expect(home.body).toMatch(/Code: <code>not-signed-in/)
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
