import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { citizenSession as expressSession, requireCitizen } from '../../adapters/express.js'
import { citizenSession as koaSession } from '../../adapters/koa.js'
import { createEmulator } from '../../src/emulator/index.js'
import { memoryStore, StoreUnavailableError, type SuiteOptions } from '../../src/index.js'

const origin = 'http://benefits.citizen.localhost'
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const frameworks = {
  Express(options: SuiteOptions) {
    const app = express()
    const auth = expressSession(options)
    app.use(auth)
    app.get('/events', requireCitizen(), (req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: hello\n\n')
      req.citizen.ended.addEventListener('abort', () => res.end())
    })
    app.get('/private', requireCitizen(), (_req, res) => res.end('yours'))
    return { auth, server: createServer(app) }
  },
  Koa(options: SuiteOptions) {
    const app = new Koa()
    const auth = koaSession(options)
    app.use(auth)
    app.use((context) => {
      const { citizen } = context.state
      if (citizen.state !== 'active') return context.throw(401)
      if (context.path !== '/events') {
        context.body = 'yours'
        return
      }
      context.respond = false
      context.res.writeHead(200, { 'content-type': 'text/event-stream' })
      context.res.write('data: hello\n\n')
      citizen.ended.addEventListener('abort', () => context.res.end())
    })
    return { auth, server: createServer(app.callback()) }
  },
}

async function start(make: (typeof frameworks)[keyof typeof frameworks]) {
  const emulator = await createEmulator()
  let isDown = false
  const store = memoryStore({ clock: emulator.clock })
  const { auth, server } = make({
    identityProvider: { url: emulator.url },
    sharedCookie: { domain: emulator.domain },
    application: { id: 'benefits', url: origin },
    store: {
      ...store,
      read: (address) => {
        if (isDown) throw new StoreUnavailableError('away')
        return store.read(address)
      },
    },
    fetch: emulator.fetch,
    clock: emulator.clock,
    onEvent: () => {},
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', async (request, socket, head) => {
    const citizen = await auth.upgrade(request, socket)
    if (citizen === undefined) return
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.send(citizen.claims.sub)
      citizen.ended.addEventListener('abort', () => opened.close(4401, 'session-ended'))
    })
  })
  const base = await listen(server)
  closers.push(() => {
    sockets.close()
    server.closeAllConnections()
    server.close()
  })
  const cookie = await emulator.cookiesFor('ana')
  await fetch(`${base}/private`, { headers: { cookie } })
  const open = (options: ClientOptions = {}) => new WebSocket(`${base.replace('http', 'ws')}/socket`, options)
  return {
    base,
    cookie,
    auth,
    open,
    breakStore: () => {
      isDown = true
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const closed = (socket: WebSocket) =>
  new Promise<number>((resolve) => {
    socket.on('close', resolve)
  })
const refused = (socket: WebSocket) =>
  new Promise<number | undefined>((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    socket.on('open', () => reject(new Error('it was opened')))
    socket.on('error', reject)
  })

describe.each(Object.entries(frameworks))('%s: sockets and streams', (_name, make) => {
  it('opens a socket for a citizen, and closes it when the session ends', async () => {
    const { open, cookie, base } = await start(make)
    const socket = open({ headers: { cookie, origin } })
    const first = await new Promise<string>((resolve) => {
      socket.on('message', (data) => resolve(String(data)))
    })
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    const end = closed(socket)
    await fetch(`${base}/session/logout`, {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    })
    expect(await end).toBe(4401)
  })

  it('ends a stream of events when the session ends', async () => {
    const { cookie, base } = await start(make)
    const stream = await fetch(`${base}/events`, { headers: { cookie } })
    expect(stream.status).toBe(200)
    const text = stream.text()
    await fetch(`${base}/session/logout`, {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    })
    expect(await text).toBe('data: hello\n\n')
  })

  it('refuses whoever is not signed in, pages of other origins, and everybody in an outage', async () => {
    const { open, cookie, base, breakStore } = await start(make)
    expect(await refused(open({ headers: { origin } }))).toBe(401)
    for (const foreign of ['https://evil.example', 'http://library.citizen.localhost', 'null']) {
      expect(await refused(open({ headers: { cookie, origin: foreign } }))).toBe(403)
    }
    await fetch(`${base}/session/logout`, {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    })
    expect(await refused(open({ headers: { cookie, origin } }))).toBe(401)
    breakStore()
    expect(await refused(open({ headers: { cookie, origin } }))).toBe(503)
  })
})
