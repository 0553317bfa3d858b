/** @module What only a real browser can show of the OpenID provider: frames, cookies in frames, policies. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { findProgram } from '../programs.mjs'
import { chromiumArguments, launchChromium } from '../support/chromium.js'

let browser: Browser
let emulator: Emulator
let application: Server
let context: BrowserContext
let page: Page
/** Requests that reached the clients. */
let seen: { host: string; url: string; method: string; body: string; from: string }[] = []
const complaints: string[] = []
let addressOf: (clientId: string) => string

/** A client's page: frames the provider's status page and asks it, as the address says. */
const clientPage = `<!doctype html><title>client</title><iframe id="op"></iframe><script>
const op=new URLSearchParams(location.search).get('op');
const frame=document.getElementById('op');
window.loaded=new Promise((resolve)=>{frame.onload=resolve});
if(op)frame.src=op;
window.ask=async(message)=>{await window.loaded;return new Promise((resolve)=>{
addEventListener('message',(event)=>resolve([event.data,event.origin]),{once:true});
frame.contentWindow.postMessage(message,new URL(op).origin)})}
</script>`

beforeAll(async () => {
  browser = await launchChromium()
  application = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { host = '', 'sec-fetch-dest': from = '' } = request.headers
      seen.push({
        host,
        url: request.url ?? '',
        method: request.method ?? '',
        body: Buffer.concat(chunks).toString(),
        from: String(from),
      })
      response.setHeader('content-type', 'text/html')
      response.end(clientPage)
    })
  })
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  const { port } = application.address() as AddressInfo
  // The last one is another site to the provider.
  addressOf = (clientId) =>
    `http://${clientId}.${clientId === 'sp3' ? 'elsewhere' : 'citizen'}.localhost:${port}`
  const client = (clientId: string) => ({
    client_id: clientId,
    redirect_uris: [`${addressOf(clientId)}/callback`],
    post_logout_redirect_uris: [`${addressOf(clientId)}/bye`],
    response_types: ['code', 'id_token'] as const,
    backchannel_logout_uri: `${addressOf(clientId)}/backchannel`,
    frontchannel_logout_uri: `${addressOf(clientId)}/frontchannel`,
    frontchannel_logout_session_required: true,
    performSessionStatusNotification: true,
  })
  emulator = await createEmulator({ port: 0, openid: { clients: ['sp1', 'sp2', 'sp3'].map(client) } })
})
afterAll(async () => {
  await browser?.close()
  await emulator?.close()
  application?.close()
  application?.closeAllConnections()
})
beforeEach(async () => {
  emulator.reset()
  seen = []
  complaints.length = 0
  context = await browser.newContext()
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => {
    if (/Content Security Policy|violates|Refused/i.test(message.text())) complaints.push(message.text())
  })
})
afterEach(async () => {
  await context.close()
  expect(complaints).toEqual([])
})

const authorize = (clientId: string, more: Record<string, string> = {}) =>
  `${emulator.url}/runtime/openidconnect/authorize.idp?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: `${addressOf(clientId)}/callback`,
    response_type: 'id_token',
    scope: 'openid',
    nonce: 'n',
    state: 's',
    ...more,
  })}`

async function signIn(clientId: string, more: Record<string, string> = {}) {
  await page.goto(authorize(clientId, more))
  if (page.url().includes('/login')) {
    await page.fill('#username', 'ana')
    await page.fill('#password', 'ana-password')
    await page.press('#password', 'Enter')
  }
  await page.waitForURL(`${addressOf(clientId)}/callback**`)
  return new URLSearchParams(new URL(page.url()).hash.slice(1))
}

const askFrame = (message: string) =>
  page.evaluate(
    (text) => (globalThis as unknown as { ask(text: string): Promise<unknown> }).ask(text),
    message,
  )

it('the status page reads OPBS in a frame: unchanged, then changed after a sign-out elsewhere', async () => {
  const answer = await signIn('sp1')
  const status = String(emulator.openid.metadata.check_session_iframe)
  await page.goto(`${addressOf('sp1')}/?${new URLSearchParams({ op: status })}`)
  const message = `sp1 ${answer.get('session_state')}`
  expect(await askFrame(message)).toEqual(['unchanged', emulator.url])
  expect(await askFrame('nonsense')).toEqual(['error', emulator.url])

  const other = await context.newPage()
  await other.goto(emulator.url)
  await other.click('text=Sign out everywhere')
  await other.waitForSelector('text=You are signed out')
  expect(await askFrame(message)).toEqual(['changed', emulator.url])
  expect(emulator.openid.deliveries).toMatchObject([{ clientId: 'sp1', outcome: 'delivered' }])
  expect(seen.find(({ url }) => url === '/backchannel')).toMatchObject({
    method: 'POST',
    host: new URL(addressOf('sp1')).host,
    body: expect.stringContaining('logout_token='),
  })
})

it('a silent check works in a frame', async () => {
  const answer = await signIn('sp1')
  const silent = authorize('sp1', { prompt: 'none', id_token_hint: answer.get('id_token') ?? '' })
  await page.goto(`${addressOf('sp1')}/?${new URLSearchParams({ op: silent })}`)
  const frame = page.frames().find((one) => one !== page.mainFrame())
  await frame?.waitForURL(`${addressOf('sp1')}/callback**`)
  const fragment = new URLSearchParams(new URL(frame?.url() ?? '').hash.slice(1))
  expect(fragment.get('id_token')).toBeTruthy()
  expect(fragment.get('session_state')).toBeTruthy()
})

it('a form_post answer goes on by itself', async () => {
  await signIn('sp1', { response_mode: 'form_post' })
  const post = seen.find(({ url, method }) => url === '/callback' && method === 'POST')
  expect(new URLSearchParams(post?.body).get('id_token')).toBeTruthy()
})

it('a logout frames every client, then returns', async () => {
  const answer = await signIn('sp1')
  await signIn('sp2')
  await page.goto(
    `${emulator.openid.metadata.end_session_endpoint}?${new URLSearchParams({
      id_token_hint: answer.get('id_token') ?? '',
      post_logout_redirect_uri: `${addressOf('sp1')}/bye`,
      state: 'out',
    })}`,
  )
  await page.waitForURL(`${addressOf('sp1')}/bye?state=out`)
  const frames = seen.filter(({ url }) => url.startsWith('/frontchannel'))
  expect(frames.map(({ host, from }) => [host.split('.')[0], from]).sort()).toEqual([
    ['sp1', 'iframe'],
    ['sp2', 'iframe'],
  ])
  expect(new URL(frames[0]?.url ?? '', emulator.url).searchParams.get('iss')).toBe(emulator.url)
})

async function statusAtAnotherSite() {
  const answer = await signIn('sp3')
  const status = String(emulator.openid.metadata.check_session_iframe)
  await page.goto(`${addressOf('sp3')}/?${new URLSearchParams({ op: status })}`)
  return askFrame(`sp3 ${answer.get('session_state')}`)
}

it('a client of another site is told changed where the browser blocks third-party cookies', async () => {
  expect(await statusAtAnotherSite()).toEqual(['changed', emulator.url])
})

it('a client of another site is told unchanged where the browser lets third-party cookies through', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'citizen-session-profile-'))
  await mkdir(join(profile, 'Default'))
  await writeFile(join(profile, 'Default', 'Preferences'), '{"profile":{"cookie_controls_mode":0}}')
  const lenient = await chromium.launchPersistentContext(profile, {
    executablePath: findProgram('browser') ?? '',
    args: chromiumArguments(),
  })
  try {
    page = await lenient.newPage()
    expect(await statusAtAnotherSite()).toEqual(['unchanged', emulator.url])
  } finally {
    await lenient.close()
    await rm(profile, { recursive: true, force: true })
  }
})
