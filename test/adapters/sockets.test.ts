/** @module Sockets and streams that break, stay half open, come in thousands, or whose judging fails. */
import { createServer, get, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import express from 'express'
import Koa from 'koa'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { citizenSession as expressSession } from '../../adapters/express.js'
import { citizenSession as fetchSession } from '../../adapters/fetch.js'
import { citizenSession as koaSession } from '../../adapters/koa.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type ActiveCitizen, memoryStore, type Suite, type SuiteOptions } from '../../src/index.js'
import { ownScript } from './site.js'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Called with the citizen of each stream. */
type OnStream = (citizen: ActiveCitizen) => void

const frameworks = {
  Express(options: SuiteOptions, onStream: OnStream) {
    const app = express()
    const auth = expressSession(options)
    app.use(auth)
    app.use((req, res) => {
      if (req.citizen.state !== 'active') return void res.status(401).end()
      onStream(req.citizen as ActiveCitizen)
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write(': hello\n\n')
    })
    return { auth, server: createServer(app) }
  },
  Koa(options: SuiteOptions, onStream: OnStream) {
    const app = new Koa()
    const auth = koaSession(options)
    app.use(auth)
    app.use((context) => {
      const { citizen } = context.state
      if (citizen.state !== 'active') return context.throw(401)
      onStream(citizen)
      context.respond = false
      context.res.writeHead(200, { 'content-type': 'text/event-stream' })
      context.res.write(': hello\n\n')
    })
    return { auth, server: createServer(app.callback()) }
  },
}

const origin = 'http://benefits.citizen.localhost'

let emulator: Emulator
beforeAll(async () => {
  emulator = await createEmulator()
})

function optionsWith(): SuiteOptions {
  return {
    identityProvider: { url: emulator.url },
    sharedCookie: { domain: emulator.domain },
    application: { id: 'benefits', url: origin },
    store: memoryStore({ clock: emulator.clock }),
    fetch: emulator.fetch,
    clock: emulator.clock,
    onEvent: () => {},
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A client that asks for an upgrade, and does nothing more. */
function upgradeAt(port: number, cookie = ''): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: benefits\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${cookie}\r\n\r\n`,
  )
  closers.push(() => socket.destroy())
  return socket
}

const closeOf = (socket: Duplex) => new Promise((resolve) => socket.once('close', resolve))

describe.each(Object.entries(frameworks))('%s', (_name, make) => {
  it('HLD-17 a connection that is reset while an upgrade is being judged ends nothing', async () => {
    let answerKeys = (): void => undefined
    const asked = new Promise<void>((resolve) => {
      answerKeys = resolve
    })
    const options = optionsWith()
    const slow: typeof fetch = async (input, init) => {
      await asked
      return emulator.fetch(input, init)
    }
    const { auth, server } = make({ ...options, fetch: slow }, () => undefined)
    const met = new Promise<{ socket: Duplex; judged: Promise<unknown>; listeners: number }>((resolve) => {
      server.on('upgrade', (request, socket) => {
        const judged = auth.upgrade(request, socket)
        resolve({ socket, judged, listeners: socket.listenerCount('error') })
      })
    })
    const client = upgradeAt(await listen(server), await emulator.cookiesFor('ana'))
    const { socket, judged, listeners } = await met
    expect(listeners).toBe(1)
    const closed = closeOf(socket)
    client.resetAndDestroy()
    await closed
    answerKeys()
    expect(await judged).toBe(undefined)
  })

  it('HLD-17 a refused upgrade is closed although its client keeps its side open', async () => {
    const options = optionsWith()
    const { auth, server } = make(options, () => undefined)
    const met = new Promise<Duplex>((resolve) => {
      server.on('upgrade', async (request, socket) => {
        await auth.upgrade(request, socket)
        resolve(socket)
      })
    })
    const client = upgradeAt(await listen(server))
    const text = new Promise((resolve) => client.once('data', (data) => resolve(String(data))))
    const socket = await met
    if (!socket.destroyed) await closeOf(socket)
    expect(await text).toMatch(/^HTTP\/1\.1 401 /)
    expect(client.writable).toBe(true)
  })

  it('HLD-17 an upgrade that cannot be judged is answered, and rejects nothing', async () => {
    const options = optionsWith()
    const { auth, server } = make(options, () => undefined)
    const broken = { ...auth.suite, peek: () => Promise.reject(new Error('secret')) } as unknown as Suite
    const { upgrade } = expressSession(broken)
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const judged = new Promise((resolve) => {
      server.on('upgrade', (request, socket) => resolve(upgrade(request, socket)))
    })
    const client = upgradeAt(await listen(server))
    const text = new Promise((resolve) => client.once('data', (data) => resolve(String(data))))
    expect(await judged).toBe(undefined)
    expect(await text).toMatch(/^HTTP\/1\.1 500 /)
    const { message } = await warned
    expect(message).not.toContain('secret')
  })

  it('HLD-17 streams that are closed leave nothing with the session; those that are open hear its end', async () => {
    let fired = 0
    const options = optionsWith()
    const { server } = make(options, ({ ended }) => {
      ended.addEventListener('abort', () => {
        fired += 1
      })
    })
    const over: Promise<void>[] = []
    server.on('request', (_request, response) => {
      over.push(new Promise((resolve) => response.once('close', resolve)))
    })
    const port = await listen(server)
    const headers = { cookie: await emulator.cookiesFor('ana'), ...ownScript }
    const open = () =>
      new Promise<() => void>((resolve, reject) => {
        const request = get(
          { host: '127.0.0.1', port, path: '/events', headers, agent: false },
          (response) => {
            response.on('error', () => undefined)
            response.once('data', () => resolve(() => request.destroy()))
          },
        )
        request.on('error', reject)
      })
    for (let round = 0; round < 50; round += 1) (await open())()
    await Promise.all(over)
    expect(over).toHaveLength(50)
    await open()
    await open()
    const answer = await fetch(`http://127.0.0.1:${port}/session/logout`, {
      method: 'POST',
      headers: { ...headers, 'sec-fetch-site': 'same-origin' },
    })
    expect(answer.status).toBe(200)
    expect(fired).toBe(2)
  })
})

describe('fetch', () => {
  const endings: Readonly<Record<string, (response: Response) => Promise<unknown>>> = {
    'read to its end': (response) => response.text(),
    'given up by the client': async (response) => response.body?.cancel(),
    'broken off': (response) => response.text().catch(() => undefined),
    'without a body': async () => undefined,
  }
  const bodies: Readonly<Record<string, () => BodyInit | null>> = {
    'read to its end': () => 'all of it',
    'given up by the client': () => new ReadableStream({ pull: () => new Promise(() => undefined) }),
    'broken off': () =>
      new ReadableStream({
        pull() {
          throw new Error('broken')
        },
      }),
    'without a body': () => null,
  }

  it.each(Object.keys(endings))('HLD-17 a stream that is %s leaves nothing with the session', async (how) => {
    const options = optionsWith()
    const auth = fetchSession(options)
    const fired: string[] = []
    const serve = auth.fetch(async (request) => {
      const { citizen } = await auth.citizen(request)
      const { pathname } = new URL(request.url)
      if (citizen.state === 'active') citizen.ended.addEventListener('abort', () => fired.push(pathname))
      return new Response(
        pathname === '/closed'
          ? bodies[how]?.()
          : new ReadableStream({ pull: () => new Promise(() => undefined) }),
      )
    })
    const headers = { cookie: await emulator.cookiesFor('ana'), ...ownScript }
    const ask = (path: string, method = 'GET') =>
      serve(
        new Request(`${origin}${path}`, { method, headers: { ...headers, 'sec-fetch-site': 'same-origin' } }),
      )
    await endings[how]?.(await ask('/closed'))
    await ask('/open')
    expect((await ask('/session/logout', 'POST')).status).toBe(200)
    expect(fired).toEqual(['/open'])
  })

  it('HLD-17 a handler that throws leaves nothing with the session', async () => {
    const options = optionsWith()
    const auth = fetchSession(options)
    let fired = 0
    const serve = auth.withCitizen((_request, { citizen }) => {
      citizen.ended.addEventListener('abort', () => {
        fired += 1
      })
      throw new Error('a mistake')
    })
    const headers = { cookie: await emulator.cookiesFor('ana'), ...ownScript }
    await expect(serve(new Request(`${origin}/x`, { headers }))).rejects.toThrow('a mistake')
    await auth.handle(new Request(`${origin}/session/logout`, { method: 'POST', headers }))
    expect(fired).toBe(0)
  })
})
