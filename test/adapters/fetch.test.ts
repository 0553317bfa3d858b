import { Hono } from 'hono'
import { beforeAll, describe, expect, it } from 'vitest'
import { type CitizenAuth, citizenSession } from '../../adapters/fetch.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { memoryStore, type SuiteOptions } from '../../src/index.js'
import { form, navigation, ownScript } from './site.js'

const origin = 'https://benefits.example.gov'
let emulator: Emulator
beforeAll(async () => {
  const now = Date.UTC(2026, 0, 15, 12)
  emulator = await createEmulator({ url: 'https://id.example.gov', domain: 'example.gov', clock: () => now })
})

function sessions(options: SuiteOptions = {}): CitizenAuth {
  return citizenSession({
    ...options,
    identityProvider: { url: emulator.url },
    sharedCookie: { domain: 'example.gov' },
    application: { id: 'benefits', url: origin, secrets: ['a secret of thirty-two bytes or more'] },
    store: memoryStore({ clock: emulator.clock }),
    clock: emulator.clock,
    fetch: emulator.fetch,
    onEvent: () => undefined,
  })
}

/** A request of a person who has just signed in. */
async function arrival(path = '/', init: RequestInit = {}): Promise<Request> {
  const headers = { ...ownScript, cookie: await emulator.cookiesFor('ana'), ...init.headers }
  return new Request(`${origin}${path}`, { ...init, headers })
}

const ours = (response: Response) =>
  response.headers.getSetCookie().filter((line) => line.startsWith('__Host-benefits.seen='))

describe('auth.fetch', () => {
  it.each<[name: string, answer: () => Response | Promise<Response>, status: number]>([
    ['a text', () => new Response('ok'), 200],
    ['nothing', () => new Response(null, { status: 204 }), 204],
    ['a redirect, whose headers cannot be changed', () => Response.redirect(`${origin}/x`, 303), 303],
    ['what another server answered', () => emulator.fetch('/'), 200],
    ['a stream', () => new Response(new Blob(['ok']).stream()), 200],
    ['not found', () => new Response('no', { status: 404, statusText: 'Nowhere' }), 404],
  ])('puts our cookies on %s', async (_name, answer, status) => {
    const original = await answer()
    const response = await sessions().fetch(() => original)(await arrival())
    expect([response.status, response.statusText]).toEqual([status, original.statusText])
    expect(ours(response)).toHaveLength(1)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('location')).toBe(original.headers.get('location'))
  })

  it('CK-15 keeps every cookie of the application in a line of its own', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT'],
      ['set-cookie', 'b=2'],
    ])
    const serve = sessions().fetch(() => new Response('ok', { headers }))
    const cookies = (await serve(await arrival())).headers.getSetCookie()
    expect(cookies.slice(0, 2)).toEqual(['a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT', 'b=2'])
    expect(cookies).toHaveLength(3)
  })

  it('never changes a response that the application hands out to everybody', async () => {
    const everybody = new Response(null, { status: 204, headers: { 'cache-control': 'public' } })
    const serve = sessions().fetch(() => everybody)
    expect(ours(await serve(await arrival()))).toHaveLength(1)
    expect(await serve(new Request(origin))).toBe(everybody)
    expect([...everybody.headers]).toEqual([['cache-control', 'public']])
  })

  it('hands over what the server hands over', async () => {
    const serve = sessions().fetch((_request, a: string, b: number) => Response.json([a, b]))
    expect(await (await serve(new Request(origin), 'x', 1)).json()).toEqual(['x', 1])
  })

  it('serves our routes, and nothing of the application below their path', async () => {
    const serve = sessions().fetch(() => new Response('application'))
    expect(await (await serve(new Request(`${origin}/session/status`))).json()).toMatchObject({
      state: 'anonymous',
    })
    expect((await serve(new Request(`${origin}/session/other`))).status).toBe(404)
    const head = await serve(new Request(`${origin}/session/status`, { method: 'HEAD' }))
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(await (await serve(new Request(`${origin}/#/session/status`))).text()).toBe('application')
  })

  it('looks once, however many guards and handlers ask', async () => {
    const auth = sessions()
    const inner = auth.withCitizen(async (request, { citizen }) => {
      expect((await auth.citizen(request)).citizen).toBe(citizen)
      expect(await auth.citizenOf(request)).toBe(citizen)
      expect(await auth.requireCitizen()(request)).toBeUndefined()
      return new Response(citizen.claims.sub)
    })
    const response = await auth.fetch(inner)(await arrival())
    expect([response.status, ours(response).length]).toEqual([200, 1])
  })

  it('leaves skipped requests alone, and a guard there says what to do', async () => {
    const auth = sessions({ routes: { skip: ({ target }) => target.startsWith('/public') } })
    const open = await auth.fetch(() => new Response('ok'))(await arrival('/public/a'))
    expect(open.headers.getSetCookie()).toEqual([])
    const guarded = auth.fetch(auth.withCitizen(() => new Response('ok')))
    await expect(guarded(await arrival('/public/a'))).rejects.toMatchObject({ code: 'no-middleware' })
  })

  it('lets an upgrade pass, of which no copy can be made', async () => {
    const upgrade = { status: 101, headers: new Headers() } as Response
    expect(await sessions().fetch(() => upgrade)(await arrival())).toBe(upgrade)
  })

  it('keeps private what a guard lets through for a copy of the request', async () => {
    const auth = sessions()
    const page = auth.withCitizen(() => new Response('page of one person'))
    const serve = auth.fetch((request) => page(new Request(request)))
    const first = await arrival()
    const seen = ours(await serve(first))[0]?.split(';', 1)[0]
    const cookie = `${first.headers.get('cookie')}; ${seen}`
    const again = await serve(await arrival('/', { headers: { cookie } }))
    expect([again.status, ours(again)]).toEqual([200, []])
    expect(again.headers.get('cache-control')).toBe('private, no-store')
  })

  it('lets a server upgrade by itself, without a response', async () => {
    const auth = sessions({ routes: { skip: ({ target }) => target === '/skipped' } })
    const serve = auth.fetch(() => undefined as unknown as Response)
    expect(await serve(new Request(origin))).toBeUndefined()
    expect(await serve(new Request(`${origin}/skipped`))).toBeUndefined()
  })

  it('passes an error on', async () => {
    const serve = sessions().fetch(() => Promise.reject(new Error('boom')))
    await expect(serve(await arrival())).rejects.toThrow('boom')
  })
})

describe('auth.withCitizen', () => {
  it('works by itself, with what the framework hands to the handler', async () => {
    const auth = sessions()
    const handler = auth.withCitizen<Request, { params: { id: string } }>((_request, { citizen, params }) =>
      Response.json([citizen.state, params.id]),
    )
    const response = await handler(await arrival(), { params: { id: '7' } })
    expect([await response.json(), ours(response).length]).toEqual([['active', '7'], 1])
    const refused = await handler(new Request(`${origin}/x?y=1`, { headers: navigation }))
    expect([refused.status, refused.headers.get('location')]).toEqual([
      302,
      '/session/login?returnTo=%2Fx%3Fy%3D1',
    ])
  })

  it('asks for what is demanded, and lets everybody through where it is optional', async () => {
    const auth = sessions()
    const strong = auth.withCitizen(() => new Response('ok'), { level: 2 })
    const refused = await strong(await arrival())
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('acr_values="2"'),
    ])
    const open = auth.withCitizen.optional((_request, { citizen }) => new Response(citizen.state))
    expect(await (await open(new Request(origin))).text()).toBe('anonymous')
    expect(await (await open(await arrival())).text()).toBe('active')
  })

  it('carries the cookies of a logout by hand, and refuses one that comes too late', async () => {
    const auth = sessions()
    let late: () => Promise<unknown> = async () => undefined
    const leave = auth.withCitizen(async (_request, { citizen }) => {
      late = () => citizen.logout()
      await citizen.logout()
      return Response.json({})
    })
    const response = await leave(await arrival())
    expect(response.headers.getSetCookie().filter((line) => line.startsWith('c1_')).length).toBeGreaterThan(2)
    await expect(late()).rejects.toMatchObject({ code: 'usage' })
  })
})

it('what stands around a wrapped handler can still sign the person out', async () => {
  const auth = sessions()
  const inner = auth.withCitizen(() => new Response('ok'))
  const serve = auth.fetch(async (request) => {
    const response = await inner(request)
    await (await auth.citizenOf(request)).logout()
    return response
  })
  const cookies = (await serve(await arrival())).headers.getSetCookie()
  expect(cookies.filter((line) => line.startsWith('c1_')).length).toBeGreaterThan(2)
})

describe('auth.citizen', () => {
  it('hands out who is there, and puts the cookies on the response once', async () => {
    const { citizen, apply } = await sessions().citizen(await arrival())
    expect(citizen.state).toBe('active')
    expect(ours(apply(apply(new Response('ok'))))).toHaveLength(1)
  })
})

describe('auth.logout', () => {
  const post = (body: string, headers: Record<string, string> = form) =>
    arrival('/goodbye', { method: 'POST', body, headers })

  it('reads the form of the request, with or without a length', async () => {
    for (const body of ['scope=application', new Blob(['scope=application']).stream()]) {
      const init = { method: 'POST', body, headers: form, duplex: 'half' } as RequestInit
      const response = await sessions().logout()(await arrival('/goodbye', init))
      expect(await response.json()).toMatchObject({ legs: [{}, { leg: 'cookies', state: 'skipped' }, {}] })
    }
  })

  it.each<[name: string, body: string, headers: Record<string, string>, status: number, code: string]>([
    ['too large', `a=${'x'.repeat(9000)}`, form, 413, 'body-too-large'],
    ['text', 'a=1', { 'content-type': 'text/plain' }, 415, 'body-malformed'],
    ['compressed', 'a=1', { ...form, 'content-encoding': 'gzip' }, 415, 'body-malformed'],
  ])('refuses a body that is %s', async (_name, body, headers, status, code) => {
    const response = await sessions().logout()(await post(body, headers))
    expect([response.status, await response.json()]).toMatchObject([status, { code }])
  })

  it('refuses a body that somebody else has read, and takes a clone', async () => {
    const auth = sessions()
    const read = await post('scope=application')
    await read.text()
    expect((await auth.logout()(read)).status).toBe(400)
    const whole = await post('scope=application')
    const clone = whole.clone()
    await whole.text()
    expect((await auth.logout()(clone)).status).toBe(200)
  })
})

describe('in Hono', () => {
  it('a response that comes from elsewhere gets our cookies too', async () => {
    const auth = sessions()
    const app = new Hono()
    app.get('/redirect', () => Response.redirect(`${origin}/x`, 302))
    app.get('/throw', () => {
      throw new Error('boom')
    })
    app.onError((_error, c) => c.text('mended', 500))
    const serve = auth.fetch(app.fetch)
    for (const [path, status] of [
      ['/redirect', 302],
      ['/throw', 500],
      ['/nowhere', 404],
    ] as const) {
      const response = await serve(await arrival(path))
      expect([path, response.status, ours(response).length]).toEqual([path, status, 1])
    }
  })
})

it('refuses a level or an age that makes no sense, at start', () => {
  const auth = sessions()
  expect(() => auth.requireAssurance(0)).toThrow(TypeError)
  expect(() => auth.requireAssurance(1.5)).toThrow(TypeError)
  expect(() => auth.requireRecent({ maxAgeSeconds: 0 })).toThrow(TypeError)
})
