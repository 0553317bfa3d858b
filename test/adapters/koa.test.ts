import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import Router from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type CitizenMiddleware,
  citizenOf,
  citizenSession,
  logout,
  requireAssurance,
  requireCitizen,
  requireClaims,
  requireRecent,
} from '../../adapters/koa.js'
import type { Emulator } from '../../src/emulator/index.js'
import { memoryStore, type SuiteOptions } from '../../src/index.js'
import { type Answer, form, navigation, ownScript, type SendOptions, send, sharedEmulator } from './site.js'

const koaVersions: readonly (readonly [name: string, framework: typeof Koa])[] = [
  ['Koa 3', Koa],
  ['Koa 2', createRequire(import.meta.url)('koa2') as typeof Koa],
]

interface KoaSite {
  readonly emulator: Emulator
  send(path: string, options?: SendOptions): Promise<Answer>
}

let close: (() => Promise<void>) | undefined
afterEach(async () => {
  await close?.()
  close = undefined
})

async function start(
  configure: (auth: CitizenMiddleware) => Koa | RequestListener,
  options: SuiteOptions = {},
): Promise<KoaSite> {
  const emulator = await sharedEmulator()
  const auth = citizenSession({
    ...options,
    identityProvider: { url: emulator.url },
    sharedCookie: { domain: 'citizen.localhost' },
    application: {
      id: 'benefits',
      url: 'http://benefits.citizen.localhost',
      secrets: ['a secret of thirty-two bytes or more'],
    },
    store: memoryStore({ clock: emulator.clock }),
    clock: emulator.clock,
    fetch: emulator.fetch,
    onEvent: () => undefined,
  })
  const app = configure(auth)
  const server = createServer('callback' in app ? app.callback() : app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await auth.suite.close()
    emulator.reset()
  }
  const { port } = server.address() as AddressInfo
  return { emulator, send: (path, given) => send(port, path, given) }
}

const seen = /^benefits\.seen=[\w.~-]+; Path=\/; HttpOnly; SameSite=Strict$/i

/** Every way in which a handler answers, with the cookies and the status that must arrive. */
const ways: readonly (readonly [
  name: string,
  write: Middleware,
  cookies: readonly string[],
  status: number,
])[] = [
  [
    'a text',
    (ctx) => {
      ctx.body = 'ok'
    },
    [],
    200,
  ],
  ['nothing', () => undefined, [], 404],
  [
    'ctx.cookies twice',
    (ctx) => {
      ctx.cookies.set('a', '1')
      ctx.cookies.set('b', '2')
      ctx.body = 'ok'
    },
    ['a=1; path=/; httponly', 'b=2; path=/; httponly'],
    200,
  ],
  [
    'ctx.set with one',
    (ctx) => {
      ctx.set('Set-Cookie', 'a=1')
      ctx.body = 'ok'
    },
    ['a=1'],
    200,
  ],
  [
    'ctx.append',
    (ctx) => {
      ctx.append('Set-Cookie', 'a=1')
      ctx.append('Set-Cookie', 'b=2')
      ctx.body = 'ok'
    },
    ['a=1', 'b=2'],
    200,
  ],
  [
    'a stream',
    (ctx) => {
      ctx.set('Set-Cookie', 'a=1')
      ctx.body = Readable.from(['o', 'k'])
    },
    ['a=1'],
    200,
  ],
  [
    'flushHeaders',
    (ctx) => {
      ctx.set('Set-Cookie', 'a=1')
      ctx.status = 200
      ctx.flushHeaders()
      ctx.body = 'ok'
    },
    ['a=1'],
    200,
  ],
  [
    'ctx.respond = false, with an object',
    (ctx) => {
      ctx.respond = false
      ctx.res.writeHead(201, { 'Set-Cookie': ['a=1', 'b=2'] }).end('ok')
    },
    ['a=1', 'b=2'],
    201,
  ],
  [
    'ctx.respond = false, later',
    (ctx) => {
      ctx.respond = false
      setImmediate(() => ctx.res.writeHead(202, ['Set-Cookie', 'a=1']).end('ok'))
    },
    ['a=1'],
    202,
  ],
  ['ctx.redirect', (ctx) => ctx.redirect('/elsewhere'), [], 302],
  [
    '204',
    (ctx) => {
      ctx.set('Set-Cookie', 'a=1')
      ctx.status = 204
    },
    ['a=1'],
    204,
  ],
  [
    'null',
    (ctx) => {
      ctx.body = null
    },
    [],
    204,
  ],
  ['ctx.throw', (ctx) => ctx.throw(418, 'no'), [], 418],
  [
    'ctx.throw after a cookie of its own, which Koa takes back',
    (ctx) => {
      ctx.cookies.set('a', '1')
      ctx.throw(409)
    },
    [],
    409,
  ],
  [
    'an error with headers',
    () => {
      throw Object.assign(new Error('no'), { status: 400, headers: { 'Set-Cookie': 'a=1' } })
    },
    ['a=1'],
    400,
  ],
  [
    'ctx.assert',
    (ctx: Context) => {
      ctx.assert(false, 404, 'no such benefit')
    },
    [],
    404,
  ],
]

describe.each(koaVersions)('%s', (_version, framework) => {
  const application = (add: (app: Koa, auth: CitizenMiddleware) => unknown, options?: SuiteOptions) =>
    start((auth) => {
      const app = new framework()
      app.silent = true
      add(app, auth)
      return app
    }, options)

  describe('CK-15 every cookie of the handler arrives beside ours, each in a line of its own', () => {
    it.each(ways)('%s', async (_name, write, theirs, status) => {
      const site = await application((app, auth) => app.use(auth).use(write))
      const cookie = await site.emulator.cookiesFor('ana')
      const answer = await site.send('/', { headers: { cookie } })
      expect(answer.status).toBe(status)
      expect(answer.cookies.slice(0, -1)).toEqual(theirs)
      expect(answer.cookies.at(-1)).toMatch(seen)
      expect(answer.headers['cache-control']).toBe('private, no-store')
    })
  })

  it('shows our cookies to middleware around us, also when an error passes', async () => {
    const shown: unknown[] = []
    const look = (ctx: Context) =>
      shown.push([ctx.response.get('Cache-Control'), [ctx.response.headers['set-cookie']].flat().length])
    const site = await application((app, auth) => {
      app.use(async (ctx, next) => {
        try {
          await next()
        } catch {
          ctx.body = 'mended'
        }
        look(ctx)
      })
      app.use(auth).use((ctx) => {
        ctx.set('Cache-Control', 'public, max-age=60')
        if (ctx.path === '/fails') throw new Error('boom')
        ctx.body = 'ok'
      })
    })
    for (const path of ['/', '/fails']) {
      const cookie = await site.emulator.cookiesFor('ana')
      const answer = await site.send(path, { headers: { cookie } })
      expect([answer.status, answer.cookies.length]).toEqual([200, 1])
    }
    expect(shown).toEqual([
      ['private, no-store', 1],
      ['private, no-store', 1],
    ])
  })

  it('answers our routes as middleware does: what stands around sees the answer', async () => {
    const shown: unknown[] = []
    const site = await application((app, auth) => {
      app.use(async (ctx, next) => {
        await next()
        shown.push([ctx.status, ctx.response.type])
        ctx.set('X-Around', 'yes')
      })
      app.use(auth)
    })
    const status = await site.send('/session/status')
    const login = await site.send('/session/login', { headers: navigation })
    expect([status.headers['x-around'], login.status, login.body]).toEqual(['yes', 302, ''])
    expect(shown).toEqual([
      [200, 'application/json'],
      [302, ''],
    ])
  })

  it('reads the address as received, whatever a mount makes of it, and the client’s as app.proxy has it', async () => {
    const seenBySkip: unknown[] = []
    const site = await start(
      (auth) => {
        const app = new framework({ proxy: true })
        app.use((ctx, next) => {
          ctx.url = ctx.url.replace('/area', '') || '/'
          return next()
        })
        app.use(auth).use(requireCitizen())
        return app
      },
      {
        routes: {
          path: '/area/session',
          skip: ({ target, remoteAddress }) => {
            seenBySkip.push([target, remoteAddress])
            return false
          },
        },
      },
    )
    const headers = { ...navigation, 'x-forwarded-for': '203.0.113.9, 10.0.0.1' }
    const refused = await site.send('/area/inner?x=1', { headers })
    expect(refused.headers.location).toBe('/area/session/login?returnTo=%2Farea%2Finner%3Fx%3D1')
    expect((await site.send('/area/session/status')).status).toBe(200)
    expect(seenBySkip).toEqual([['/area/inner?x=1', '203.0.113.9']])
  })

  it('says what is missing where a guard or logout stands before the middleware, or in what is skipped', async () => {
    const errors: unknown[] = []
    const site = await start(
      (auth) => {
        const app = new framework()
        app.on('error', (error: { code?: string }) => errors.push(error.code))
        const router = new Router()
        router.get('/early', requireCitizen())
        router.post('/early', logout())
        app.use(router.routes()).use(auth)
        const late = new Router()
        late.get('/skipped', requireCitizen())
        app.use(late.routes())
        return app
      },
      { routes: { skip: ({ target }) => target.startsWith('/skipped') } },
    )
    for (const [method, path] of [
      ['GET', '/early'],
      ['POST', '/early'],
      ['GET', '/skipped'],
    ] as const) {
      expect((await site.send(path, { method })).status).toBe(500)
    }
    expect(errors).toEqual(['no-middleware', 'no-middleware', 'no-middleware'])
  })

  it('rejects where a guard stands before the middleware, and does not throw at the caller', async () => {
    const context = new framework().createContext({ headers: {} } as IncomingMessage, {} as ServerResponse)
    const asked = requireCitizen()(context, () => Promise.resolve())
    await expect(asked).rejects.toMatchObject({ code: 'no-middleware' })
  })

  it.each([
    [true, 200],
    [false, 403],
    ['a text that counts as true', 403],
    [Promise.resolve(true), 403],
  ])('a guard over claims lets nothing through but true: %s', async (verdict, status) => {
    const site = await application((app, auth) => {
      app.use(auth).use(requireClaims((() => verdict) as () => boolean))
      app.use((ctx) => {
        ctx.body = 'ok'
      })
    })
    const cookie = await site.emulator.cookiesFor('ana')
    expect((await site.send('/', { headers: { cookie } })).status).toBe(status)
    expect((await site.send('/', { headers: ownScript })).status).toBe(401)
  })

  it('citizenOf makes Koa answer 401, and a guard goes no further', async () => {
    const reached: string[] = []
    const site = await application((app, auth) => {
      app.use(auth)
      const router = new Router()
      router.get('/mine', (ctx) => {
        ctx.body = citizenOf(ctx).claims.sub
      })
      router.get('/guarded', requireCitizen(), (ctx) => {
        reached.push(ctx.path)
      })
      app.use(router.routes())
    })
    expect((await site.send('/mine')).status).toBe(401)
    expect((await site.send('/guarded', { headers: ownScript })).status).toBe(401)
    expect(reached).toEqual([])
    const cookie = await site.emulator.cookiesFor('ana')
    expect((await site.send('/mine', { headers: { cookie } })).status).toBe(200)
    expect(() => citizenOf({ state: {} })).toThrow(expect.objectContaining({ code: 'not-active' }))
  })

  it('refuses a body that somebody else has read, and changes nothing', async () => {
    const site = await application((app, auth) => {
      app.use(async (ctx, next) => {
        if (ctx.method === 'POST') await drain(ctx.req)
        await next()
      })
      app.use(auth).use(requireCitizen())
    })
    const cookie = await site.emulator.cookiesFor('ana')
    const headers = { ...ownScript, ...form, cookie }
    const answer = await site.send('/session/logout', {
      method: 'POST',
      headers,
      body: 'scope=application',
    })
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'body-malformed'])
    expect((await site.send('/', { headers: { ...ownScript, cookie } })).status).toBe(404)
  })

  it('says so when a logout comes after the headers', async () => {
    let code: unknown
    const site = await application((app, auth) => {
      app.use(auth).use(async (ctx) => {
        ctx.respond = false
        ctx.res.write('begun')
        await citizenOf(ctx)
          .logout()
          .catch((error: { code?: string }) => {
            code = error.code
          })
        ctx.res.end()
      })
    })
    const cookie = await site.emulator.cookiesFor('ana')
    await site.send('/', { headers: { cookie } })
    expect(code).toBe('usage')
  })
})

it('works over HTTP/2, whose cookies come in pieces', async () => {
  const emulator = await sharedEmulator()
  const auth = citizenSession({
    identityProvider: { url: emulator.url },
    sharedCookie: { domain: 'citizen.localhost' },
    application: { id: 'benefits', url: 'http://benefits.citizen.localhost' },
    store: memoryStore({ clock: emulator.clock }),
    clock: emulator.clock,
    fetch: emulator.fetch,
    onEvent: () => undefined,
  })
  const app = new Koa()
  app.silent = true
  app.use(auth).use(requireCitizen())
  app.use((ctx) => {
    ctx.cookies.set('a', '1')
    if (ctx.path === '/throws') ctx.throw(409)
    ctx.body = ctx.path === '/empty' ? null : 'ok'
  })
  const callback = app.callback()
  const server = createHttp2Server((request, response) => void callback(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  close = async () => {
    client.destroy()
    await new Promise((resolve) => server.close(resolve))
    emulator.reset()
  }
  for (const [path, status, count] of [
    ['/', 200, 2],
    ['/throws', 409, 1],
    ['/empty', 204, 2],
  ] as const) {
    const cookie = (await emulator.cookiesFor('ana')).split('; ')
    const stream = client.request({ ':path': path, cookie: cookie as unknown as string }).resume()
    const headers = await new Promise<IncomingHttpHeaders>((resolve) => stream.once('response', resolve))
    expect([path, headers[':status'], headers['set-cookie']?.length]).toEqual([path, status, count])
    expect(headers['cache-control']).toBe('private, no-store')
  }
})

function drain(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    request.resume().once('end', resolve)
  })
}

it('refuses a level or an age that makes no sense, at start', () => {
  expect(() => requireAssurance(0)).toThrow(TypeError)
  expect(() => requireAssurance(1.5)).toThrow(TypeError)
  expect(() => requireRecent({ maxAgeSeconds: 0 })).toThrow(TypeError)
  expect(() => requireRecent({ maxAgeSeconds: Number.NaN })).toThrow(TypeError)
})

describe.each(koaVersions)('on %s', (_name, Framework) => {
  it('FLD-02 an error of a guarded handler stays out of caches as its answers do', async () => {
    const site = await start((auth) => {
      const app = new Framework().use(auth)
      app.silent = true
      const router = new Router()
      router.get('/gone', requireCitizen(), (context) => context.throw(410, 'your letter is gone'))
      router.get(
        '/claims',
        requireClaims(() => true),
        (context) => context.throw(410, 'your letter is gone'),
      )
      router.get('/kept', requireCitizen(), () => {
        const headers = { 'Cache-Control': 'private, max-age=60' }
        throw Object.assign(new Error('gone'), { status: 410, expose: true, headers })
      })
      return app.use(router.routes() as Middleware)
    })
    const token = site.emulator.cookieHeader(await site.emulator.tokenFor('ana'))
    const first = await site.send('/gone', { headers: { ...navigation, cookie: token } })
    const cookie = [token, ...first.cookies.map((line) => line.split(';', 1)[0])].join('; ')
    const kept = async (path: string) => {
      const answer = await site.send(path, { headers: { ...navigation, cookie } })
      expect([answer.status, answer.cookies]).toEqual([410, []])
      return answer.headers['cache-control']
    }
    expect(await kept('/gone')).toBe('private, no-store')
    expect(await kept('/claims')).toBe('private, no-store')
    expect(await kept('/kept')).toBe('private, max-age=60')
  })
})
