/** @module What the Node adapters take a request line for. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import Koa from 'koa'
import { expect, it } from 'vitest'
import { NodeExchange } from '../../adapters/node.js'
import { createUpgrade } from '../../adapters/upgrade.js'
import type { Suite } from '../../src/index.js'
import { expressApplication } from './applications/express.js'
import { honoApplication } from './applications/hono.js'
import { type Suites, startInProcess } from './applications/in-process.js'
import { koaApplication } from './applications/koa.js'
import { expressVersions, navigation, ownScript, send } from './site.js'

const lines = [
  ['/private?a=b', '/private?a=b'],
  ['/a?to=https://b.example/c', '/a?to=https://b.example/c'],
  ['http://evil.example/private?a=b', '/private?a=b'],
  ['HTTPS://evil.example:81/private', '/private'],
  ['ws://evil.example/socket', '/socket'],
  ['http://evil.example', '/'],
  ['http://evil.example?a=b', '/?a=b'],
  ['http://user@evil.example//b.example/c', '//b.example/c'],
  ['http://evil.example/http://b.example/c', '/http://b.example/c'],
  ['*', '*'],
  ['evil.example:443', 'evil.example:443'],
] as const

const requestOf = (line: string) => Object.assign(new IncomingMessage(new Socket()), { url: line })

it.each(lines)('FLD-01 the target of %s is %s', (line, target) => {
  const request = requestOf(line)
  expect(new NodeExchange(request, new ServerResponse(request)).target).toBe(target)
  const mounted = Object.assign(requestOf('/'), { originalUrl: line })
  expect(new NodeExchange(mounted, new ServerResponse(mounted)).target).toBe(target)
})

it.each(lines)('FLD-01 the target of an upgrade of %s is %s', async (line, target) => {
  const seen: string[] = []
  const suite = {
    options: { application: { url: 'https://benefits.example' } },
    peek: async (exchange: { readonly target: string }) => {
      seen.push(exchange.target)
      return { state: 'anonymous' }
    },
  }
  await createUpgrade(suite as unknown as Suite)(requestOf(line), new PassThrough())
  expect(seen).toEqual([target])
})

const applications: readonly (readonly [name: string, build: Parameters<typeof startInProcess>[0]])[] = [
  ...expressVersions.map(
    ([name, framework]) => [name, (suites: Suites) => expressApplication(framework, suites)] as const,
  ),
  ['Koa', (suites) => koaApplication(Koa, suites)],
  ['Hono', (suites) => getRequestListener(honoApplication(suites))],
]

it.each(applications)(
  'FLD-01 %s reads a request line with a whole address by its path only',
  async (_name, build) => {
    const { port, emulator, stop } = await startInProcess(build)
    try {
      for (const base of ['http://benefits.citizen.localhost', 'http://evil.example:81']) {
        const guarded = await send(port, `${base}/private?tab=2`, { headers: navigation })
        const to = '/session/login?returnTo=%2Fprivate%3Ftab%3D2'
        expect([base, guarded.status, guarded.headers.location]).toEqual([base, 302, to])
        for (const path of ['/session', '/mounted/session']) {
          const status = await send(port, `${base}${path}/status`)
          expect([base, status.status, JSON.parse(status.body).login]).toEqual([base, 200, `${path}/login`])
        }
      }
      const headers = { ...ownScript, cookie: await emulator.cookiesFor('ana') }
      expect((await send(port, 'http://evil.example/private', { headers })).status).toBe(200)
    } finally {
      await stop()
    }
  },
)
