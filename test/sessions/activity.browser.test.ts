/** @module What counts as the person's activity, by the requests that Chromium itself sends. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { citizenSession } from '../../adapters/express.js'
import { createEmulator } from '../../src/emulator/index.js'
import { memoryStore } from '../../src/index.js'
import { findProgram } from '../programs.mjs'
import { launchChromium } from '../support/chromium.js'
import { endWithUs } from '../support/orphans.js'

/** Milliseconds between two rows: more than the time in which a touch is not written again. */
const stepMilliseconds = 15_000
let now = Date.UTC(2026, 0, 15, 12)
const clock = () => now
let browser: Browser
let context: BrowserContext
let page: Page
let origin: string
let cookie: string
let close: () => void
/** Lets the page that has another one prerendered go there. */
let show = (): void => undefined
/** Keeps back the script of a prerendered page. */
let scriptMayCome = Promise.resolve()
const seen: IncomingMessage[] = []
const waiting: (() => void)[] = []

const html = (body: string) => `<!doctype html><title>page</title>${body}`
const worker = `onmessage = ({ data }) => fetch(data)`
const serviceWorker = `
  addEventListener('install', () => skipWaiting())
  addEventListener('activate', (event) => event.waitUntil(clients.claim()))
  addEventListener('message', ({ data }) => fetch(data.path, { headers: data.headers }))`

beforeAll(async () => {
  const emulator = await createEmulator({ clock })
  const app = express()
  const server = createServer((request, response) => {
    seen.push(request)
    app(request, response)
    response.on('finish', () => {
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://benefits.citizen.localhost:${(server.address() as AddressInfo).port}`
  const auth = citizenSession({
    identityProvider: { url: emulator.url },
    sharedCookie: { domain: emulator.domain },
    application: { id: 'benefits', url: origin, idleSeconds: 86_000, absoluteSeconds: 86_400 },
    store: memoryStore({ clock }),
    fetch: emulator.fetch,
    clock,
    onEvent: () => undefined,
  })
  app.get('/session/client.js', (_request, _response, next) => void scriptMayCome.then(() => next()))
  app.use(auth)
  app.get('/page', (request, response) => {
    const { policy } = request.query
    if (policy) response.set('content-security-policy', `img-src 'none'; report-uri /report`)
    response.type('html').send(html('<main>here</main>'))
  })
  app.get('/client', (_request, response) => {
    response.type('html').send(
      html(`<script>
          fetch('/by-prerendered')
          addEventListener('DOMContentLoaded', () => fetch('/scripts-have-run'))
          document.addEventListener('prerenderingchange', () => fetch('/shown', { headers: { 'citizen-activity': 'none' } }))
        </script><script src="/session/client.js" defer></script>`),
    )
  })
  app.get('/start', (_request, response) => {
    for (const pair of cookie.split('; ')) response.append('set-cookie', `${pair}; Path=/`)
    response.type('html').send(
      html(`<script type="speculationrules">
        {"prerender":[{"source":"list","urls":["/client"],"eagerness":"immediate"}]}
      </script><script>fetch('/held', { headers: { 'citizen-activity': 'none' } }).then(() => location.assign('/client'))</script>`),
    )
  })
  app.get('/held', (_request, response) => {
    show = () => void response.end()
  })
  app.get('/worker.js', (_request, response) => void response.type('js').send(worker))
  app.get('/sw.js', (_request, response) => void response.type('js').send(serviceWorker))
  app.get('/refreshing', (_request, response) => {
    response.type('html').send(html('<meta http-equiv="refresh" content="0;url=/refreshed">'))
  })
  app.get('/events', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('retry: 50\n\n')
  })
  app.use((_request, response) => void response.status(200).type('html').send(html('')))
  browser = await launchChromium()
  context = await browser.newContext()
  context.setDefaultTimeout(10_000)
  cookie = await emulator.cookiesFor('ana')
  await context.addCookies(
    cookie.split('; ').map((pair) => {
      const [name = '', value = ''] = pair.split('=')
      return { name, value, domain: 'benefits.citizen.localhost', path: '/' }
    }),
  )
  page = await context.newPage()
  await page.goto(`${origin}/page`)
  close = () => {
    server.closeAllConnections()
    server.close()
  }
})
afterAll(async () => {
  await browser?.close()
  close?.()
})

/** Waits until the server has answered a request for a path. */
async function requestFor(path: string, count = 1): Promise<IncomingMessage> {
  for (;;) {
    const found = seen.filter(({ url }) => url?.startsWith(path))[count - 1]
    if (found !== undefined) return found
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
}

const lastSeen = async (): Promise<number> => {
  const answer = await fetch(`${origin.replace('benefits.citizen.localhost', '127.0.0.1')}/session/status`, {
    headers: { cookie },
  })
  const { session } = (await answer.json()) as { session: { lastSeenAt: number } }
  return session.lastSeenAt
}

interface Row {
  readonly name: string
  /** Begins of the path that the request is told by. */
  readonly path: string
  readonly act: (path: string) => Promise<unknown>
  readonly touches: boolean
  /** What the page does before, which may touch. */
  readonly prepare?: () => Promise<unknown>
  /** Which request for that path is meant; then the page of the row before goes on. */
  readonly count?: number
}

const evaluate = (script: (path: string) => unknown) => (path: string) => page.evaluate(script, path)

const rows: readonly Row[] = [
  { name: 'a page that is opened', path: '/opened', touches: true, act: (path) => page.goto(origin + path) },
  {
    name: 'a link',
    path: '/link',
    touches: true,
    act: evaluate((path) => {
      const link = document.body.appendChild(Object.assign(document.createElement('a'), { href: path }))
      link.click()
    }),
  },
  {
    name: 'a form',
    path: '/form',
    touches: true,
    act: evaluate((path) => {
      const form = Object.assign(document.createElement('form'), { action: path, method: 'post' })
      document.body.appendChild(form)
      form.submit()
    }),
  },
  {
    name: 'a page that reloads itself',
    path: '/refreshed',
    touches: true,
    act: async () => {
      // Not until it is loaded: it may have gone on before.
      await page.goto(`${origin}/refreshing`, { waitUntil: 'commit' })
      await page.waitForURL(`${origin}/refreshed`)
    },
  },
  {
    name: 'fetch',
    prepare: () => page.goto(`${origin}/page`),
    path: '/fetch',
    touches: true,
    act: evaluate((path) => fetch(path).then(() => 0)),
  },
  {
    name: 'fetch, marked',
    path: '/marked',
    touches: false,
    act: evaluate((path) => fetch(path, { headers: { 'citizen-activity': 'none' } }).then(() => 0)),
  },
  {
    name: 'fetch with keepalive',
    path: '/keepalive',
    touches: true,
    act: evaluate((path) => fetch(path, { method: 'POST', keepalive: true, body: 'x' }).then(() => 0)),
  },
  {
    name: 'fetch with no-cors',
    path: '/no-cors',
    touches: false,
    act: evaluate((path) => fetch(path, { mode: 'no-cors' }).then(() => 0)),
  },
  {
    name: 'fetch by a worker',
    path: '/by-worker',
    touches: true,
    act: evaluate((path) => new Worker('/worker.js').postMessage(path)),
  },
  {
    name: 'XMLHttpRequest',
    path: '/xhr',
    touches: true,
    act: evaluate((path) => {
      const request = new XMLHttpRequest()
      request.open('POST', path)
      request.send('x')
    }),
  },
  {
    name: 'an event stream',
    path: '/events?1',
    touches: false,
    act: evaluate((path) => void Object.assign(globalThis, { stream: new EventSource(path) })),
  },
  {
    name: 'an event stream that connects again',
    path: '/events?1',
    count: 2,
    touches: false,
    act: async (path) => {
      await requestFor(path, 2)
      await page.evaluate(() => (globalThis as unknown as { stream: EventSource }).stream.close())
    },
  },
  {
    name: 'a beacon',
    path: '/beacon',
    touches: false,
    act: evaluate((path) => navigator.sendBeacon(path, 'x')),
  },
  {
    name: 'a beacon of form data',
    path: '/form-beacon',
    touches: false,
    act: evaluate((path) => navigator.sendBeacon(path, new URLSearchParams({ a: 'b' }))),
  },
  {
    name: 'a beacon of JSON',
    path: '/json-beacon',
    touches: true,
    act: evaluate((path) => navigator.sendBeacon(path, new Blob(['{}'], { type: 'application/json' }))),
  },
  {
    name: 'a ping',
    path: '/ping',
    touches: false,
    act: evaluate((path) => {
      const link = Object.assign(document.createElement('a'), { href: '#here', ping: path })
      document.body.appendChild(link)
      link.click()
    }),
  },
  {
    name: 'a report of the policy',
    path: '/report',
    touches: false,
    prepare: () => page.goto(`${origin}/page?policy=1`),
    act: evaluate(() => void Object.assign(new Image(), { src: '/no.png' })),
  },
  { name: 'a socket', path: '/socket', touches: false, act: evaluate((path) => void new WebSocket(path)) },
  {
    name: 'an image',
    path: '/image',
    touches: false,
    prepare: () => page.goto(`${origin}/page`),
    act: evaluate((path) => void Object.assign(new Image(), { src: path })),
  },
  ...(['script', 'link', 'iframe', 'object', 'video', 'embed'] as const).map(
    (tag): Row => ({
      name: `a ${tag}`,
      path: `/tag-${tag}`,
      touches: false,
      act: (path) =>
        page.evaluate(
          ([name, address]) => {
            const element = document.createElement(name ?? '')
            Object.assign(element, { src: address, data: address, href: address, rel: 'stylesheet' })
            document.body.appendChild(element)
          },
          [tag, path],
        ),
    }),
  ),
  {
    name: 'a prefetch by link',
    path: '/prefetched',
    touches: false,
    act: evaluate((path) => {
      document.head.appendChild(
        Object.assign(document.createElement('link'), { rel: 'prefetch', href: path }),
      )
    }),
  },
  {
    name: 'a prefetch by speculation rules',
    path: '/rules',
    touches: false,
    act: evaluate((path) => {
      const text = JSON.stringify({ prefetch: [{ source: 'list', urls: [path], eagerness: 'immediate' }] })
      document.head.appendChild(
        Object.assign(document.createElement('script'), { type: 'speculationrules', textContent: text }),
      )
    }),
  },
  {
    name: 'a prerendered page',
    path: '/client',
    touches: false,
    act: evaluate((path) => {
      const text = JSON.stringify({ prerender: [{ source: 'list', urls: [path], eagerness: 'immediate' }] })
      document.head.appendChild(
        Object.assign(document.createElement('script'), { type: 'speculationrules', textContent: text }),
      )
    }),
  },
  {
    name: 'a service worker by itself',
    path: '/by-service-worker',
    touches: true,
    act: evaluate(async (path) => {
      await navigator.serviceWorker.register('/sw.js')
      const { active } = await navigator.serviceWorker.ready
      active?.postMessage({ path, headers: {} })
    }),
  },
  {
    name: 'a service worker, marked',
    path: '/marked-by-service-worker',
    touches: false,
    act: evaluate(async (path) => {
      const { active } = await navigator.serviceWorker.ready
      active?.postMessage({ path, headers: { 'citizen-activity': 'none' } })
    }),
  },
]

describe('HLD-04 in Chromium', () => {
  it.each(rows)('$name', async ({ path, prepare, act, touches, count }) => {
    // A page of its own: the navigation of the row before may still be under way in the browser. That one stays
    // open: Chromium sometimes never closes a page whose navigation it is just about to commit.
    if (count === undefined) {
      page = await context.newPage()
      await page.goto(`${origin}/page`)
    }
    await prepare?.()
    now += stepMilliseconds
    await act(path)
    await requestFor(path, count)
    expect((await lastSeen()) === now).toBe(touches)
  })
})

describe('HLD-04 a prerendered page', () => {
  it.each([
    { name: 'runs before', isHeld: false },
    { name: 'comes after', isHeld: true },
  ])('touches nothing before it is shown; then the client does, whose script $name', async ({ isHeld }) => {
    let sendScript = (): void => undefined
    scriptMayCome = isHeld ? new Promise((resolve) => (sendScript = resolve)) : Promise.resolve()
    const folder = mkdtempSync(join(tmpdir(), 'prerender-'))
    now += stepMilliseconds
    const before = await lastSeen()
    seen.length = 0
    // Whatever drives a browser keeps it from prerendering: this one is on its own.
    const program = spawn(
      findProgram('browser') ?? 'chromium',
      [
        '--headless=new',
        '--no-sandbox',
        '--no-first-run',
        '--disable-background-networking',
        '--remote-debugging-port=0',
        `--user-data-dir=${folder}`,
        `${origin}/start`,
      ],
      { stdio: 'ignore', detached: true },
    )
    endWithUs(program)
    const gone = new Promise((resolve) => program.once('exit', resolve))
    try {
      await requestFor('/held')
      expect((await requestFor('/client')).headers['sec-purpose']).toBe('prefetch;prerender')
      expect((await requestFor('/by-prerendered')).headers['sec-purpose']).toBe('prefetch;prerender')
      if (!isHeld) await requestFor('/scripts-have-run')
      expect(await lastSeen()).toBe(before)
      show()
      await requestFor('/shown')
      sendScript()
      await requestFor('/session/extend')
      expect(await lastSeen()).toBe(now)
    } finally {
      if (program.pid !== undefined) process.kill(-program.pid, 'SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  })
})
