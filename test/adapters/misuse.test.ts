/** @module Mistakes in how the adapters are called are told at once, and the same by all of them. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
// @ts-expect-error: Express 4 comes without types here
import express4 from 'express4'
import { Hono } from 'hono'
import Koa from 'koa'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as expressAdapter from '../../adapters/express.js'
import { bindSession } from '../../adapters/express-session.js'
import * as fetchAdapter from '../../adapters/fetch.js'
import * as koaAdapter from '../../adapters/koa.js'
import { bindSession as bindKoaSession } from '../../adapters/koa-session.js'
import { memoryStore } from '../../src/index.js'
import { required } from '../config/given.js'

const given: { site: string | undefined } = { site: undefined }
vi.mock('next/headers.js', () => ({
  headers: async () => new Headers(given.site === undefined ? {} : { 'sec-fetch-site': given.site }),
  cookies: async () => ({ set: () => undefined, getAll: () => [] }),
}))
vi.mock('next/server.js', () => ({ connection: async () => undefined, NextResponse: Response }))
const nextAdapter = await import('../../adapters/next.js')

const ofExpress: Readonly<Record<string, unknown>> = { ...expressAdapter }
const ofKoa: Readonly<Record<string, unknown>> = { ...koaAdapter }
const options = { ...required, store: memoryStore(), onEvent: () => undefined }

/** The error that a framework gets at the first request. */
async function firstError(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`)
  const text = await response.text()
  server.close()
  return `${response.status} ${text}`
}

const tell: ErrorRequestHandler = (error: Error, _request, response, _next) => {
  response.status(500).send(error.message)
}
const withExpress = (handler: unknown, make = express): RequestListener => {
  const app = make()
  app.get('/', handler as never, (_request, response) => void response.send('served'))
  app.use(tell)
  return app as unknown as RequestListener
}
const withKoa = (handler: unknown): RequestListener => {
  const app = new Koa()
  app.use(async (context, next) => {
    try {
      await next()
    } catch (error) {
      context.status = 500
      context.body = (error as Error).message
    }
  })
  app.use(handler as never)
  app.use((context) => {
    context.body = 'served'
  })
  const handle = app.callback()
  return (request, response) => void handle(request, response)
}

describe('FLD-09 forgotten parentheses fail at the first request', () => {
  const names = [
    'citizenSession',
    'requireCitizen',
    'requireMfa',
    'requireAssurance',
    'requireRecent',
    'requireClaims',
    'logout',
  ] as const
  it.each(names)('%s, in every adapter', async (name) => {
    const said = new RegExp(`^500 ${name} was given a request.*write ${name}\\(\\), with parentheses$`)
    expect(await firstError(withExpress(ofExpress[name]))).toMatch(said)
    expect(await firstError(withExpress(ofExpress[name], express4 as never))).toMatch(said)
    expect(await firstError(withKoa(ofKoa[name]))).toMatch(said)
  })

  it.each(names.slice(1))('%s with Hono', async (name) => {
    const auth = fetchAdapter.citizenSession(options)
    const app = new Hono()
    app.use(auth[name as 'requireCitizen'] as never)
    app.onError((error, context) => context.text(error.message, 500))
    const response = await app.request('/')
    expect(await response.text()).toMatch(new RegExp(`^${name} was given a request`))
  })

  it('a web request in the place of options', () => {
    const request = new Request('https://benefits.example.gov/')
    const next = nextAdapter.citizenSession(options)
    const auth = fetchAdapter.citizenSession(options)
    const calls: readonly (() => unknown)[] = [
      () => fetchAdapter.citizenSession(request as never),
      () => nextAdapter.citizenSession(request as never),
      () => next.withCitizen(request as never),
      () => next.withCitizen.optional(request as never),
      () => next.logout(request as never),
      () => auth.withCitizen(request as never),
      () => auth.fetch(request as never),
      () => auth.logout(request as never),
    ]
    for (const call of calls) expect(call).toThrow(/was given a request/)
  })
})

describe('FLD-09 other things in the place of options or of a framework are told', () => {
  it.each([['a text'], [null], [7], [[options]]])('citizenSession(%j), in every adapter', (wrong) => {
    for (const { citizenSession } of [expressAdapter, koaAdapter, fetchAdapter, nextAdapter]) {
      const call = () => citizenSession(wrong as never)
      expect(call).toThrow(/citizenSession takes an object with options, or a suite/)
      expect(call).toThrow(expect.objectContaining({ code: 'usage' }))
    }
  })

  it('the middleware of another framework', async () => {
    const forExpress = expressAdapter.citizenSession(options)
    const forKoa = koaAdapter.citizenSession(options)
    expect(await firstError(withKoa(forExpress))).toMatch(
      /^500 this middleware is of citizen-session\/express.*import from citizen-session\/koa$/,
    )
    for (const make of [express, express4 as never]) {
      expect(
        await firstError(
          withExpress(
            (...given: never[]) =>
              (forKoa as (...all: never[]) => Promise<void>)(...given).catch(given[2] as never),
            make,
          ),
        ),
      ).toMatch(/^500 this middleware is of citizen-session\/koa.*import from citizen-session\/express$/)
    }
  })
})

describe('FLD-09 options of guards that are not known are told', () => {
  const auth = fetchAdapter.citizenSession(options)
  const next = nextAdapter.citizenSession(options)
  const handler = () => new Response()
  const rows: readonly (readonly [string, (adapter: typeof expressAdapter) => unknown, RegExp])[] = [
    [
      'requireClaims()',
      (from) => from.requireClaims(undefined as never),
      /a predicate over the claims, a function/,
    ],
    ['requireRecent()', (from) => from.requireRecent(undefined as never), /an object with maxAgeSeconds/],
    [
      'requireRecent({ maxAge })',
      (from) => from.requireRecent({ maxAge: 1 } as never),
      /does not know maxAge: there is maxAgeSeconds/,
    ],
    [
      'requireRecent({ … , level })',
      (from) => from.requireRecent({ maxAgeSeconds: 1, level: 2 } as never),
      /does not know level/,
    ],
    ['requireAssurance()', (from) => from.requireAssurance(undefined as never), /a level of 1 or higher/],
    [
      'requireCitizen({ level })',
      (from) => from.requireCitizen({ level: 2 } as never),
      /does not know level/,
    ],
    [
      'requireCitizen({ provider: 7 })',
      (from) => from.requireCitizen({ provider: 7 as never }),
      /takes provider/,
    ],
    ['requireCitizen({ provider: [] })', (from) => from.requireCitizen({ provider: [] }), /takes provider/],
    ['requireMfa(2)', (from) => from.requireMfa(2 as never), /takes no options/],
    [
      'logout({ scop })',
      (from) => from.logout({ scop: 'x' } as never),
      /does not know scop: there is scope, returnTo/,
    ],
    ['logout({ scope })', (from) => from.logout({ scope: 'all' } as never), /everywhere or application/],
  ]
  it.each(rows)('%s', (_, call, message) => {
    for (const from of [expressAdapter, koaAdapter, auth] as unknown as (typeof expressAdapter)[]) {
      expect(() => call(from)).toThrow(message)
      expect(() => call(from)).toThrow(expect.objectContaining({ code: 'usage' }))
    }
  })

  it.each([
    [{ maxAge: 300 }, /does not know maxAge/],
    [{ level: '2' }, /a level of 1 or higher/],
    [{ maxAgeSeconds: 0 }, /a number above 0/],
    [{ secondFactor: 'yes' }, /true or false/],
  ])('a requirement %j', (requirement, message) => {
    expect(() => auth.withCitizen(handler, requirement as never)).toThrow(message)
    expect(() => next.withCitizen(handler, requirement as never)).toThrow(message)
    expect(() => next.actionWithCitizen(async () => 1, requirement as never)).toThrow(message)
  })

  it('a requirement of claims that is no function', () => {
    expect(() => next.withCitizen(handler, { claims: true } as never)).toThrow(/a predicate over the claims/)
    expect(() => auth.withCitizen(undefined as never)).toThrow(/withCitizen takes a handler, a function/)
  })
})

describe('FLD-09 a wrong order of middlewares is told', () => {
  afterEach(() => vi.restoreAllMocks())

  it.each([
    ['Express', () => withExpress(expressAdapter.requireCitizen())],
    ['Koa', () => withKoa(koaAdapter.requireCitizen())],
  ])('a guard before citizenSession(), %s', async (_, listener) => {
    expect(await firstError(listener())).toContain('add app.use(citizenSession()) before')
  })

  const warningsOf = async (listener: RequestListener): Promise<readonly unknown[]> => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    await firstError(listener)
    await firstError(listener)
    return warned.mock.calls.map(([text]) => text)
  }

  it('bindSession() without express-session, once', async () => {
    const app = express()
    app.use(expressAdapter.citizenSession(options), bindSession())
    app.get('/', (_request, response) => void response.send('served'))
    expect(await warningsOf(app)).toEqual([expect.stringContaining('let express-session stand before it')])
  })

  it('bindSession() without koa-session, once', async () => {
    const app = new Koa()
    app.use(koaAdapter.citizenSession(options))
    app.use(bindKoaSession())
    const handle = app.callback()
    const listener: RequestListener = (request, response) => void handle(request, response)
    expect(await warningsOf(listener)).toEqual([expect.stringContaining('let koa-session stand before it')])
  })
})

describe('FLD-09 a server action', () => {
  const next = nextAdapter.citizenSession(options)
  const ran = vi.fn(async () => 'done')
  const actions = [next.actionWithCitizen.optional(ran)]

  it.each([
    ['cross-site', 0],
    ['same-origin', 1],
    [undefined, 1],
  ])('from %s runs %i times', async (site, times) => {
    ran.mockClear()
    given.site = site
    for (const action of actions) {
      const outcome = await action().catch((error: unknown) => error)
      expect(ran).toHaveBeenCalledTimes(times)
      if (times === 0) expect(outcome).toMatchObject({ code: 'foreign-request', status: 403 })
      else expect(outcome).toBe('done')
    }
  })
})
