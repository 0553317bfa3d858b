/** @module Cases of the adapter contract: our own routes. */
import { expect } from 'vitest'
import { form, navigation, ownForm, ownScript } from '../adapters/site.js'
import { refreshOf } from '../support/browser.js'
import { type Case, deleted, json } from './adapter-harness.js'

const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['another site', { ...navigation, 'sec-fetch-site': 'cross-site' }],
  ['a sibling', { ...navigation, 'sec-fetch-site': 'same-site' }],
  ['another origin', { accept: 'text/html', origin: 'https://evil.example' }],
  ['nowhere', { accept: 'text/html' }],
]

export const routeCases: readonly Case[] = [
  [
    'say how things stand, by GET and HEAD',
    async ({ send, active }) => {
      const nobody = await send('/session/status')
      expect([nobody.status, nobody.headers['content-type'], json(nobody).state]).toEqual([
        200,
        expect.stringContaining('application/json'),
        'anonymous',
      ])
      const cookie = await active()
      const person = await send('/session/status', { headers: { ...ownScript, cookie } })
      expect(json(person)).toMatchObject({ state: 'active', session: { publicId: expect.any(String) } })
      expect(person.headers['cache-control']).toContain('no-store')
      const head = await send('/session/status', { method: 'HEAD' })
      expect([head.status, head.body]).toEqual([200, ''])
    },
  ],
  [
    'end where our path ends: 404 for others below it, 405 with the methods that there are',
    async ({ send }) => {
      expect((await send('/session/nothing')).status).toBe(404)
      for (const [method, path] of [
        ['PUT', '/session/logout'],
        ['OPTIONS', '/session/status'],
        ['DELETE', '/session/login'],
        ['GET', '/session/extend'],
      ] as const) {
        const answer = await send(path, { method })
        expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, expect.any(String)])
      }
    },
  ],
  [
    'FLD-03 show the browser client to a HEAD as to a GET, without its body',
    async ({ send }) => {
      const script = await send('/session/client.js')
      const head = await send('/session/client.js', { method: 'HEAD' })
      expect([head.status, head.headers['content-type'], head.headers.etag, head.body]).toEqual([
        200,
        script.headers['content-type'],
        script.headers.etag,
        '',
      ])
    },
  ],
  [
    'FLD-03 say which methods there are, where one that could begin or take something is not taken',
    async ({ send }) => {
      for (const [method, path, allow] of [
        ['HEAD', '/session/login', 'GET, POST'],
        ['HEAD', '/session/logout', 'GET, POST'],
        ['HEAD', '/session/return', 'GET'],
        ['HEAD', '/session/extend', 'POST'],
        ['POST', '/session/return', 'GET'],
        ['POST', '/session/status', 'GET, HEAD'],
        ['POST', '/session/client.js', 'GET, HEAD'],
      ] as const) {
        const answer = await send(path, { method, headers: ownForm })
        expect([method, path, answer.status, answer.headers.allow]).toEqual([method, path, 405, allow])
        expect(answer.cookies).toEqual([])
      }
    },
  ],
  [
    'FLD-01 are found by a request line with a whole address, by its path only',
    async ({ send, arriving, url }) => {
      for (const base of [url, 'http://evil.example:81']) {
        for (const path of ['/session', '/mounted/session']) {
          const status = await send(`${base}${path}/status`)
          expect([base, status.status, json(status).login]).toEqual([base, 200, `${path}/login`])
        }
        const guarded = await send(`${base}/private?tab=2`, { headers: navigation })
        const { pathname, search } = new URL(String(guarded.headers.location), url)
        const to = '/session/login?returnTo=%2Fprivate%3Ftab%3D2'
        expect([base, guarded.status, pathname + search]).toEqual([base, 302, to])
        const headers = { ...ownScript, cookie: await arriving() }
        expect((await send(`${base}/private`, { headers })).status).toBe(200)
      }
    },
  ],
  [
    'sign a person in: to the provider, back, and to where the person wanted to go',
    async ({ send, arriving, emulator, url }) => {
      const login = await send('/session/login?returnTo=/private', { headers: navigation })
      const location = new URL(String(login.headers.location))
      expect([login.status, location.origin]).toEqual([302, emulator.url])
      const back = new URL(String(location.searchParams.get('returnTo')))
      expect(back.origin).toBe(url)
      const transaction = login.cookies.map((line) => line.split(';')[0]).join('; ')
      const cookie = `${await arriving()}; ${transaction}`
      const headers = { ...navigation, 'sec-fetch-site': 'same-site', cookie }
      const returned = await send(`${back.pathname}${back.search}`, { headers })
      expect(returned.status).toBe(302)
      expect(new URL(String(returned.headers.location), url).href).toBe(`${url}/private`)
      const again = await send(`${back.pathname}${back.search}`, { headers })
      expect(again.headers.location ?? '').not.toContain('/private')
    },
  ],
  [
    'sign a script out with a receipt, and the token is good for nothing any more',
    async ({ send, active, emulator }) => {
      const cookie = await active()
      const answer = await send('/session/logout', { method: 'POST', headers: { ...ownScript, cookie } })
      expect(answer.status).toBe(200)
      const receipt = json(answer)
      expect(receipt.outcome).toBe('partial')
      expect(receipt.legs.map(({ leg, state }: Record<string, string>) => [leg, state])).toEqual([
        ['sessions', 'done'],
        ['cookies', 'done'],
        ['identity', 'unknown'],
      ])
      const { pathname, search } = new URL(receipt.continueAt)
      expect(pathname).toBe('/session/leave')
      const transaction =
        answer.cookies.find((line) => /\.logout\.[^=]*=[^;]/.test(line))?.split(';')[0] ?? ''
      const left = await send(pathname + search, { headers: { ...navigation, cookie: transaction } })
      expect(new URL(String(left.headers.location)).origin).toBe(emulator.url)
      const gone = new Set(deleted(answer).map((line) => line.split('=', 1)[0]))
      for (const name of Object.values(emulator.cookieNames)) expect(gone).toContain(name)
      expect(answer.headers['cache-control']).toBe('private, no-store')
      const after = await send('/private', { headers: { ...ownScript, cookie } })
      expect([after.status, json(after).reason]).toEqual([401, 'signed-out'])
    },
  ],
  [
    'FLD-02 lead a form that signs out to the provider, by a page that goes on by itself',
    async ({ send, active, emulator }) => {
      const cookie = await active()
      const answer = await send('/session/logout', {
        method: 'POST',
        headers: { ...ownForm, ...form, cookie },
        body: '',
      })
      expect([answer.status, new URL(refreshOf(answer.body) ?? '').origin]).toEqual([200, emulator.url])
      expect(answer.headers).toMatchObject({
        'content-security-policy': expect.stringContaining("form-action 'none'"),
        'referrer-policy': 'no-referrer',
        'cache-control': 'private, no-store',
      })
    },
  ],
  [
    'read the form of a logout, whoever parses bodies',
    async ({ send, active, arriving }) => {
      for (const [path, cookie] of [
        ['/session/logout', await active()],
        ['/mounted/session/logout', await arriving()],
      ] as const) {
        if (path.startsWith('/mounted')) await send('/mounted/private', { headers: { ...ownScript, cookie } })
        const headers = { ...ownScript, ...form, cookie }
        const answer = await send(path, { method: 'POST', headers, body: 'scope=application' })
        // Only here: had the form been lost, it would have been everywhere.
        expect([path, answer.status, json(answer).legs[1].state]).toEqual([path, 200, 'skipped'])
      }
    },
  ],
  [
    'may be joined by a logout of the application’s own',
    async ({ send, active }) => {
      const cookie = await active()
      const headers = { ...ownScript, ...form, cookie }
      const page = await send('/goodbye', { method: 'POST', headers, body: 'scope=application' })
      expect([page.status, json(page).legs[0].state]).toEqual([200, 'done'])
      expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(401)
    },
  ],
  ...foreign.map(
    ([name, given]): Case => [
      `change nothing by a POST of ${name}`,
      async ({ send, active }) => {
        const cookie = await active()
        const headers = { ...given, ...form, cookie }
        for (const path of ['/session/logout', '/goodbye', '/session/extend']) {
          const answer = await send(path, { method: 'POST', headers, body: 'returnTo=%2F' })
          expect([path, answer.status, deleted(answer)]).toEqual([path, 403, []])
        }
        expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(200)
      },
    ],
  ),
  [
    'refuse bodies that are too large or no form',
    async ({ send, active }) => {
      const cookie = await active()
      for (const [type, body, status] of [
        ['application/x-www-form-urlencoded', `returnTo=${'x'.repeat(9000)}`, 413],
        ['text/plain', 'returnTo=/x', 415],
      ] as const) {
        const headers = { ...ownScript, 'content-type': type, cookie }
        const answer = await send('/mounted/session/logout', { method: 'POST', headers, body })
        expect([type, answer.status]).toEqual([type, status])
      }
      expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(200)
    },
  ],
  [
    'below a mount path are there, and nowhere else',
    async ({ send }) => {
      const status = await send('/mounted/session/status')
      expect([status.status, json(status).login]).toEqual([200, '/mounted/session/login'])
    },
  ],
]
