/** @module Logins that begin at another host than application.url names, on each adapter. */
import { getRequestListener } from '@hono/node-server'
import Koa from 'koa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSuite, type SuiteOptions } from '../../src/index.js'
import type { RunningApplication } from '../contracts/adapter-harness.js'
import { expressApplication } from './applications/express.js'
import { honoApplication } from './applications/hono.js'
import { startInProcess } from './applications/in-process.js'
import { koaApplication } from './applications/koa.js'
import { expressVersions, navigation, ownForm, send } from './site.js'

const adapters: readonly (readonly [name: string, build: Parameters<typeof startInProcess>[0]])[] = [
  ...expressVersions.map(([name, framework]): (typeof adapters)[number] => [
    name,
    (suites) => expressApplication(framework, suites),
  ]),
  ['Koa', (suites) => koaApplication(Koa, suites)],
  ['fetch', (suites) => getRequestListener(honoApplication(suites))],
]

describe.each(adapters)('a login on %s', (_name, build) => {
  let application: RunningApplication
  beforeEach(async () => {
    application = await startInProcess(build)
  })
  afterEach(() => application.stop())

  const open = (path: string, host: string, headers: Readonly<Record<string, string>> = navigation) =>
    send(application.port, path, { headers: { ...headers, host } })
  const locationOf = async (path: string, host: string) => (await open(path, host)).headers.location ?? ''

  it.each(['localhost', '127.0.0.1', '127.8.9.1', '[::1]', 'LOCALHOST', 'other.localhost'])(
    'at %s goes to the host of application.url first, once',
    async (name) => {
      const host = `${name}:${application.port}`
      const first = await locationOf('/session/login?returnTo=%2Fprivate%3Fa%3Db&level=2&x=y', host)
      const { origin, pathname, searchParams } = new URL(first)
      expect([origin, pathname]).toEqual([application.url, '/session/login'])
      expect(Object.fromEntries(searchParams)).toEqual({
        returnTo: '/private?a=b',
        level: '2',
        x: 'y',
        moved: '1',
      })
      const own = new URL(application.url).host
      for (const where of [own, host]) {
        const second = await locationOf(`${pathname}${new URL(first).search}`, where)
        expect([where, new URL(second).origin]).toEqual([where, application.emulator.url])
      }
    },
  )

  it('at the host of application.url, and at hosts that are not of this machine, goes to the provider', async () => {
    const own = new URL(application.url).host
    for (const host of [
      own,
      own.toUpperCase(),
      'www.example.org',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
    ]) {
      expect([host, new URL(await locationOf('/session/login', host)).origin]).toEqual([
        host,
        application.emulator.url,
      ])
    }
  })

  it('never leads where Host says', async () => {
    for (const host of [
      'localhost@evil.example',
      'localhost/evil',
      'localhost:99999',
      'evil.example#.localhost',
    ]) {
      const answer = await open('/session/login', host)
      expect([host, answer.headers.location ?? '']).toEqual([host, expect.not.stringContaining('evil')])
    }
  })

  it('that a form begins is not led away: it is no GET', async () => {
    const answer = await send(application.port, '/session/login', {
      method: 'POST',
      headers: { ...ownForm, host: `localhost:${application.port}`, 'content-length': '0' },
    })
    expect(answer.headers.location ?? answer.body).not.toContain('moved')
  })

  /** Begins a login at a host, and comes back to another without the cookie. */
  const comeBack = async (began: string, came = new URL(application.url).host) => {
    const login = new URL(await locationOf('/session/login?moved=1', began))
    const back = new URL(login.searchParams.get('returnTo') ?? '')
    return open(back.pathname + back.search, came, { ...navigation, 'sec-fetch-site': 'same-site' })
  }

  it('that comes back without its cookie names both hosts', async () => {
    const own = new URL(application.url).host
    for (const began of [
      `www.${own}`,
      `citizen.localhost:${application.port}`,
      `localhost:${application.port}`,
    ]) {
      const page = await comeBack(began)
      expect([began, page.status]).toEqual([began, 400])
      expect(page.body).toContain(`<dd>${began}</dd>`)
      expect(page.body).toContain(`<dd>${own}</dd>`)
    }
  })

  it('that comes back without its cookie names no host that somebody far away has chosen', async () => {
    const page = await comeBack('call-0800-evil.example')
    expect([page.status, page.body.includes('evil')]).toEqual([400, false])
    const same = await comeBack(
      `citizen.localhost:${application.port}`,
      `citizen.localhost:${application.port}`,
    )
    expect([same.status, same.body.includes('<dd>')]).toEqual([400, false])
  })
})

describe('in production', () => {
  it('no login is led to another host', async () => {
    const options: SuiteOptions = {
      identityProvider: { url: 'https://id.citizen.example' },
      sharedCookie: { domain: 'citizen.example' },
      application: { id: 'benefits', url: 'https://benefits.citizen.example' },
      onEvent: () => undefined,
    }
    for (const [environment, expected] of [
      [{ NODE_ENV: 'production' }, 'https://id.citizen.example'],
      [{}, 'https://benefits.citizen.example'],
    ] as const) {
      const suite = createSuite(options, environment)
      const exchange = {
        method: 'GET',
        target: '/session/login',
        remoteAddress: undefined,
        header: (name: string) => ({ host: 'localhost:3000' })[name],
        body: async () => new Uint8Array(),
        form: async () => new URLSearchParams(),
        setCookie: () => undefined,
      }
      const reply = await suite.endpoint(exchange)?.(exchange)
      expect(new URL(reply?.headers.location ?? '').origin).toBe(expected)
      await suite.close()
    }
  })
})
