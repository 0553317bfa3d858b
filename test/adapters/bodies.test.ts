/** @module Bodies that do not say how long they are: over HTTP/2, and in chunks over HTTP/1.1, on each adapter. */
import { once } from 'node:events'
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, type Server, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import Koa from 'koa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as onExpress from '../../adapters/express.js'
import * as onFetch from '../../adapters/fetch.js'
import * as onKoa from '../../adapters/koa.js'
import { NodeExchange } from '../../adapters/node.js'
import { WebExchange } from '../../adapters/web.js'
import type { CitizenEvent, Suite } from '../../src/index.js'
import { createOidcWorld } from '../oidc/world.js'
import { createSamlWorld } from '../saml/world.js'
import { createWorld, type World } from '../support/world.js'
import { form, ownForm, ownScript, send } from './site.js'

type Listener = (...exchange: Parameters<RequestListener>) => void
type Headers = Readonly<Record<string, string>>

interface Answer {
  readonly status: number
  readonly body: string
  readonly cookies: readonly string[]
}

/** Sends chunks without a length. */
type Post = (port: number, path: string, headers: Headers, chunks: readonly string[]) => Promise<Answer>

const adapters: readonly (readonly [name: string, listen: (suite: Suite) => Listener])[] = [
  [
    // Express itself puts its own prototypes, those of HTTP/1.1, on a request of HTTP/2.
    'the Express middleware',
    (suite) => {
      const middleware = onExpress.citizenSession(suite)
      return (request, response) => middleware(request, response, () => response.writeHead(404).end())
    },
  ],
  [
    'Koa',
    (suite) => {
      const callback = new Koa().use(onKoa.citizenSession(suite)).callback()
      return (request, response) => void callback(request, response)
    },
  ],
  [
    'fetch',
    (suite) => {
      const auth = onFetch.citizenSession(suite)
      return getRequestListener(auth.fetch(() => new Response(null, { status: 404 })))
    },
  ],
]

const transports: readonly (readonly [name: string, listen: (listener: Listener) => Server, post: Post])[] = [
  [
    'HTTP/1.1 in chunks',
    (listener) => createServer(listener),
    (port, path, headers, chunks) => send(port, path, { method: 'POST', headers, body: chunks }),
  ],
  [
    'HTTP/2 without a length',
    (listener) => createHttp2Server(listener as unknown as Parameters<typeof createHttp2Server>[1]),
    async (port, path, headers, chunks) => {
      const session = connect(`http://127.0.0.1:${port}`)
      try {
        const stream = session.request({ ':method': 'POST', ':path': path, ...headers })
        const head = once(stream, 'response')
        for (const chunk of chunks) stream.write(chunk)
        stream.end()
        const [answer] = (await head) as [Record<string, unknown>]
        let body = ''
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
        })
        await once(stream, 'end')
        return {
          status: Number(answer[':status']),
          body,
          cookies: (answer['set-cookie'] as string[] | undefined) ?? [],
        }
      } finally {
        session.close()
      }
    },
  ],
]

const withForm = { ...ownScript, ...form }
/** A field of one character, and so many more, in chunks. */
const chunksOf = (field: string, length: number) => {
  const text = `${field}=${'x'.repeat(length)}`
  const size = 4000
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
    text.slice(at * size, (at + 1) * size),
  )
}

describe.each(adapters)('FLD-01 %s', (_adapter, listenerOf) => {
  describe.each(transports)('over %s', (_transport, listen, post) => {
    const servers: Server[] = []
    afterAll(async () => {
      for (const server of servers) {
        server.close()
        if ('closeAllConnections' in server) (server as ReturnType<typeof createServer>).closeAllConnections()
      }
    })
    const start = async (suite: Suite): Promise<number> => {
      const server = listen(listenerOf(suite))
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return (server.address() as AddressInfo).port
    }

    describe('with the shared cookie', () => {
      let world: World
      let suite: Suite
      let port: number
      beforeAll(async () => {
        world = await createWorld()
        suite = world.application('benefits').suite
        port = await start(suite)
      })

      /** Cookies of somebody whose session has begun here. */
      const active = async (): Promise<string> => {
        const cookie = await world.emulator.cookiesFor('ana')
        const answer = await post(port, '/session/extend', { ...ownScript, cookie }, [])
        expect([answer.status, JSON.parse(answer.body).state]).toEqual([200, 'active'])
        return [cookie, ...answer.cookies.map((line) => line.split(';')[0])].join('; ')
      }

      it('reads what a logout says', async () => {
        const headers = { ...withForm, cookie: await active() }
        const answer = await post(port, '/session/logout', headers, ['scope=', 'application'])
        // Only here: had the form been lost, it would have been everywhere.
        expect([answer.status, JSON.parse(answer.body).legs[1].state]).toEqual([200, 'skipped'])
      })

      it('takes a logout that says nothing, of no type and of that of a form', async () => {
        for (const headers of [ownScript, withForm]) {
          const answer = await post(port, '/session/logout', { ...headers, cookie: await active() }, [])
          expect([answer.status, JSON.parse(answer.body).legs[1].state]).toEqual([200, 'done'])
        }
      })

      it('refuses what is too large, or no form, and ends nothing', async () => {
        const cookie = await active()
        for (const [headers, chunks, status] of [
          [withForm, chunksOf('returnTo', 9000), 413],
          [withForm, chunksOf('returnTo', 100_000), 413],
          [{ ...ownScript, 'content-type': 'text/plain' }, ['scope=application'], 415],
          [ownScript, ['scope=application'], 415],
        ] as const) {
          const answer = await post(port, '/session/logout', { ...headers, cookie }, chunks)
          expect([chunks.length, answer.status]).toEqual([chunks.length, status])
        }
        const after = await post(port, '/session/extend', { ...ownScript, cookie }, [])
        expect(JSON.parse(after.body).state).toBe('active')
      })

      it('reads what a login says', async () => {
        const answer = await post(port, '/session/login', { ...ownForm, ...form }, [
          'returnTo=',
          '%2Fpriv',
          'ate',
        ])
        expect(answer.status).toBe(200)
        expect(answer.cookies.join()).toContain('benefits.login.')
      })
    })

    it('reads a logout token, and refuses what is larger than one', async () => {
      const { suite, events } = (await createOidcWorld()).party('benefits')
      const port = await start(suite)
      const problems = () => refusedIn(events)
      const path = '/session/backchannel-logout'
      const read = await post(port, path, form, ['logout_token=', 'a.b.c'])
      expect([read.status, problems()]).toEqual([400, [expect.stringMatching(/^logout-/)]])
      const large = await post(port, path, form, chunksOf('logout_token', 400_000))
      // As the specification of the back channel has it for whatever is wrong with a request.
      expect([large.status, problems().length]).toEqual([400, 1])
    })

    it('reads a message of SAML, and refuses what is larger than one', async () => {
      const { suite, events } = (await createSamlWorld()).party('benefits')
      const port = await start(suite)
      const problems = () => refusedIn(events)
      const read = await post(port, '/session/saml/slo', form, ['SAMLRequest=', 'PGEvPg%3D%3D'])
      expect(read.status).toBe(400)
      expect(problems()).toEqual([expect.not.stringContaining('parameters')])
      const large = await post(port, '/session/saml/slo', form, chunksOf('SAMLRequest', 1_100_000))
      expect([large.status, problems().length]).toEqual([413, 1])
      const soap = await post(port, '/session/saml/soap', { 'content-type': 'text/xml' }, ['<a', '/>'])
      expect([soap.status >= 400, problems().length]).toEqual([true, 2])
    })
  })
})

it('FLD-01 knows the host of a request of HTTP/2, which has no header for it', () => {
  const incoming = Object.assign(new IncomingMessage(new Socket()), {
    headers: { ':authority': 'a.example:81' },
  })
  expect(new NodeExchange(incoming, new ServerResponse(incoming)).header('host')).toBe('a.example:81')
  expect(new WebExchange(new Request('http://a.example:81/x?y#z')).header('host')).toBe('a.example:81')
  const named = new Request('http://a.example/', { headers: { host: 'b.example' } })
  expect(new WebExchange(named).header('host')).toBe('b.example')
  expect(new WebExchange(named).header('origin')).toBeUndefined()
})

function refusedIn(events: readonly CitizenEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'token.rejected' ? [event.problem] : []))
}
