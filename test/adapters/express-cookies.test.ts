import { fileURLToPath } from 'node:url'
import cookieParser from 'cookie-parser'
import type { Response } from 'express'
import expressSession from 'express-session'
import { afterEach, describe, expect, it } from 'vitest'
import { expressVersions, navigation, type Site, startSite } from './site.js'

let site: Site | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

/** Every way in which a handler writes headers, with the cookies and the status that must arrive. */
const ways: readonly (readonly [
  name: string,
  write: (res: Response) => void,
  cookies: readonly string[],
  status: number,
])[] = [
  ['nothing of its own', (res) => void res.send('ok'), [], 200],
  ['res.json', (res) => void res.json({ ok: true }), [], 200],
  [
    'res.cookie twice',
    (res) => void res.cookie('a', '1').cookie('b', '2').send('ok'),
    ['a=1; Path=/', 'b=2; Path=/'],
    200,
  ],
  [
    'res.setHeader with one',
    (res) => {
      res.setHeader('Set-Cookie', 'a=1')
      res.end('ok')
    },
    ['a=1'],
    200,
  ],
  [
    'res.setHeader with a list',
    (res) => {
      res.setHeader('set-cookie', ['a=1', 'b=2'])
      res.end('ok')
    },
    ['a=1', 'b=2'],
    200,
  ],
  [
    'res.append',
    (res) => void res.append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2').end('ok'),
    ['a=1', 'b=2'],
    200,
  ],
  [
    'writeHead with an object',
    (res) => void res.writeHead(201, { 'Set-Cookie': ['a=1', 'b=2'] }).end('ok'),
    ['a=1', 'b=2'],
    201,
  ],
  [
    'writeHead that replaces what was set',
    (res) => {
      res.setHeader('set-cookie', 'old=1')
      res.writeHead(200, { 'set-cookie': 'a=1' }).end('ok')
    },
    ['a=1'],
    200,
  ],
  [
    'writeHead with a flat list',
    (res) => void res.writeHead(200, ['Set-Cookie', 'a=1', 'X-Own', 'yes', 'set-cookie', 'b=2']).end('ok'),
    ['a=1', 'b=2'],
    200,
  ],
  [
    'writeHead with a flat list of lists',
    (res) => void res.writeHead(200, ['Set-Cookie', ['a=1', 'b=2']]).end('ok'),
    ['a=1', 'b=2'],
    200,
  ],
  [
    'writeHead with a reason and an object',
    (res) => void res.writeHead(202, 'Gladly', { 'Set-Cookie': 'a=1' }).end('ok'),
    ['a=1'],
    202,
  ],
  [
    'writeHead with an undefined reason',
    (res) => void res.writeHead(200, undefined, { 'Set-Cookie': 'a=1' }).end('ok'),
    ['a=1'],
    200,
  ],
  [
    'streaming',
    (res) => {
      res.setHeader('Set-Cookie', 'a=1')
      res.write('o')
      res.end('k')
    },
    ['a=1'],
    200,
  ],
  [
    'flushHeaders',
    (res) => {
      res.cookie('a', '1')
      res.flushHeaders()
      res.end('ok')
    },
    ['a=1; Path=/'],
    200,
  ],
  ['res.redirect', (res) => res.cookie('a', '1').redirect('/elsewhere'), ['a=1; Path=/'], 302],
  ['204 without a body', (res) => void res.cookie('a', '1').status(204).end(), ['a=1; Path=/'], 204],
  ['304 without a body', (res) => void res.cookie('a', '1').status(304).end(), ['a=1; Path=/'], 304],
  [
    'res.sendFile',
    (res) => res.cookie('a', '1').sendFile(fileURLToPath(import.meta.url)),
    ['a=1; Path=/'],
    200,
  ],
]

/** Ways to say how the answer may be cached. */
const cacheHeaders: readonly (readonly [name: string, write: (res: Response) => void])[] = [
  ['before', (res) => void res.set('Cache-Control', 'public, max-age=600').send('ok')],
  ['in writeHead', (res) => void res.writeHead(200, { 'cache-control': 'public, max-age=600' }).end('ok')],
  ['in a flat list', (res) => void res.writeHead(200, ['Cache-Control', 'public, max-age=600']).end('ok')],
]

describe.each(expressVersions)('cookies on %s', (_version, express) => {
  describe('CK-15 every cookie of the handler arrives beside ours, each in a line of its own', () => {
    it.each(ways)('%s', async (_name, write, theirs, status) => {
      site = await startSite((auth) => express().use(auth, (_req, res) => write(res)))
      const cookie = await site.emulator.cookiesFor('ana')
      const answer = await site.send('/', { headers: { cookie } })
      expect(answer.status).toBe(status)
      expect(answer.cookies.slice(0, -1)).toEqual(theirs)
      expect(answer.cookies.at(-1)).toMatch(/^benefits\.seen=[\w.~-]+; Path=\/; HttpOnly; SameSite=Strict$/i)
    })
  })

  it('keeps the reason phrase and the other headers of writeHead', async () => {
    site = await startSite((auth) =>
      express().use(auth, (_req, res) => void res.writeHead(202, 'Gladly', ['Vary', 'a', 'Vary', 'b']).end()),
    )
    const cookie = await site.emulator.cookiesFor('ana')
    const answer = await site.send('/', { headers: { cookie } })
    expect([answer.reason, answer.headers.vary]).toEqual(['Gladly', 'a, b'])
  })

  it('refuses a list of headers with a name that has no value, as Node does', async () => {
    const thrown: unknown[] = []
    site = await startSite((auth) =>
      express().use(auth, (_req, res) => {
        try {
          res.writeHead(200, ['X-Own'])
        } catch (error) {
          thrown.push(error)
          res.end()
        }
      }),
    )
    const cookie = await site.emulator.cookiesFor('ana')
    await site.send('/', { headers: { cookie } })
    expect(thrown).toEqual([expect.any(TypeError)])
  })

  describe('CK-16 an answer with a cookie of ours is private, no-store, and no other answer is touched', () => {
    it.each(cacheHeaders)('cache rules written %s', async (_name, write) => {
      site = await startSite((auth) => express().use(auth, (_req, res) => write(res)))
      const cookie = await site.emulator.cookiesFor('ana')
      const first = await site.send('/', { headers: { cookie } })
      expect(first.headers['cache-control']).toBe('private, no-store')
      const hint = first.cookies.at(-1)?.split(';')[0]
      const second = await site.send('/', { headers: { cookie: `${cookie}; ${hint}` } })
      expect(second.cookies).toEqual([])
      expect(second.headers['cache-control']).toBe('public, max-age=600')
      const anonymous = await site.send('/')
      expect([anonymous.cookies, anonymous.headers['cache-control']]).toEqual([[], 'public, max-age=600'])
    })

    it('without any cache rule of the application', async () => {
      site = await startSite((auth) => express().use(auth, (_req, res) => void res.send('ok')))
      const cookie = await site.emulator.cookiesFor('ana')
      const first = await site.send('/', { headers: { cookie } })
      expect(first.headers['cache-control']).toBe('private, no-store')
      expect((await site.send('/')).headers).not.toHaveProperty('cache-control')
    })
  })

  it('gives one HEAD the headers of its GET', async () => {
    site = await startSite((auth) => express().use(auth, (_req, res) => void res.cookie('a', '1').send('ok')))
    const cookie = await site.emulator.cookiesFor('ana')
    const answer = await site.send('/', { method: 'HEAD', headers: { cookie } })
    expect(answer.status).toBe(200)
    expect(answer.cookies).toHaveLength(2)
    expect(answer.headers['cache-control']).toBe('private, no-store')
    expect(answer.body).toBe('')
  })

  const companions = [
    ['cookie-parser', () => [cookieParser('another secret')]],
    [
      'express-session',
      () => [expressSession({ secret: 'another secret', resave: false, saveUninitialized: true })],
    ],
    ['body parsers', () => [express.json(), express.urlencoded({ extended: true })]],
  ] as const
  describe.each(companions)('with %s', (_name, make) => {
    it.each(['before', 'after'])('%s us', async (place) => {
      const others = make()
      site = await startSite((auth) => {
        const app = express()
        for (const middleware of place === 'before' ? [...others, auth] : [auth, ...others])
          app.use(middleware)
        return app.all('/', (req, res) => void res.cookie('a', '1').json({ state: req.citizen.state }))
      })
      for (const method of ['GET', 'POST']) {
        const cookie = await site.emulator.cookiesFor('ana')
        const answer = await site.send('/', {
          method,
          headers: { cookie, 'content-type': 'application/json' },
          ...(method === 'POST' ? { body: '{"x":1}' } : {}),
        })
        expect(JSON.parse(answer.body)).toEqual({ state: 'active' })
        const names = answer.cookies.map((line) => line.split('=')[0])
        expect(names).toEqual(expect.arrayContaining(['a', 'benefits.seen']))
        expect(answer.headers['cache-control']).toBe('private, no-store')
      }
    })
  })

  it('a cookie that can no longer be set is an error, not a silence', async () => {
    const errors: unknown[] = []
    site = await startSite((auth) =>
      express().use(auth, async (req, res) => {
        res.write('begun')
        if (req.citizen.state === 'active') await req.citizen.logout().catch((error) => errors.push(error))
        res.end()
      }),
    )
    const cookie = await site.emulator.cookiesFor('ana')
    await site.send('/', { headers: { cookie } })
    expect(errors).toEqual([expect.objectContaining({ code: 'usage' })])
    const after = await site.send('/', { headers: { cookie, ...navigation } })
    expect(after.status).toBe(200)
    expect(site.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1)
  })
})

describe('cookies on node:http without a framework', () => {
  it('CK-15 CK-16 arrive beside those of writeHead in every form', async () => {
    const heads: readonly unknown[][] = [
      [200, { 'Set-Cookie': ['a=1', 'b=2'] }],
      [200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']],
      [
        200,
        [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ],
      ],
      [200, 'Fine', { 'set-cookie': ['a=1', 'b=2'] }],
    ]
    let head = heads[0] ?? []
    site = await startSite((auth) => (incoming, response) => {
      auth(incoming, response, () => {
        const writeHead = response.writeHead.bind(response) as (...given: unknown[]) => typeof response
        writeHead(...head).end('ok')
      })
    })
    for (head of heads) {
      const cookie = await site.emulator.cookiesFor('ana')
      const answer = await site.send('/', { headers: { cookie } })
      expect(answer.cookies.slice(0, -1)).toEqual(['a=1', 'b=2'])
      expect(answer.cookies).toHaveLength(3)
      expect(answer.headers['cache-control']).toBe('private, no-store')
    }
  })
})
