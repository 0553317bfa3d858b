/** @module Cases of the adapter contract: what becomes of the application's own responses. */
import { expect } from 'vitest'
import { form, navigation, ownScript } from '../adapters/site.js'
import { type Case, deleted, hint, json } from './adapter-harness.js'

const namesOf = (cookies: readonly string[]) => cookies.map((line) => line.split('=', 1)[0])

export const responseCases: readonly Case[] = [
  [
    'keep all their cookies beside ours, each in a line of its own, and out of caches',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const answer = await send('/cookies', { headers: { ...ownScript, cookie } })
      expect(answer.cookies).toEqual(expect.arrayContaining(['first=1; Path=/', 'second=2; Path=/']))
      expect(answer.cookies.filter((line) => hint.test(line))).toHaveLength(1)
      expect(answer.cookies).toHaveLength(3)
      expect(answer.headers['cache-control']).toBe('private, no-store')
      expect(answer.headers['cdn-cache-control']).toBeUndefined()
    },
  ],
  [
    'are left alone where no cookie of ours is due',
    async ({ send, active }) => {
      const cookie = await active()
      for (const headers of [ownScript, { ...ownScript, cookie }]) {
        const answer = await send('/cookies', { headers })
        expect(answer.cookies).toEqual(['first=1; Path=/', 'second=2; Path=/'])
        expect(answer.headers['cache-control']).toBe('public, max-age=60')
        expect(answer.headers['cdn-cache-control']).toBe('max-age=60')
      }
    },
  ],
  [
    'keep the status of a redirect and its address',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const answer = await send('/redirect', { headers: { ...navigation, cookie } })
      expect(answer.status).toBe(302)
      expect(new URL(String(answer.headers.location), 'http://x').pathname).toBe('/open')
      expect(answer.cookies.filter((line) => hint.test(line))).toHaveLength(1)
    },
  ],
  [
    'without a body stay without one',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const answer = await send('/empty', { headers: { ...ownScript, cookie } })
      expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([204, '', undefined])
      expect(answer.cookies.filter((line) => hint.test(line))).toHaveLength(1)
    },
  ],
  [
    'to HEAD carry our cookies and no body',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const answer = await send('/open', { method: 'HEAD', headers: { ...ownScript, cookie } })
      expect([answer.status, answer.body]).toEqual([200, ''])
      expect(answer.cookies.filter((line) => hint.test(line))).toHaveLength(1)
    },
  ],
  [
    'that are streamed arrive whole, with our cookies',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const answer = await send('/stream', { headers: { ...ownScript, cookie } })
      expect([answer.status, answer.body]).toEqual([200, 'one\ntwo\n'])
      expect(answer.cookies.filter((line) => hint.test(line))).toHaveLength(1)
    },
  ],
  [
    'to errors are 500, with our cookies, and out of caches',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const answer = await send('/throw', { headers: { ...ownScript, cookie } })
      expect(answer.status).toBe(500)
      expect(answer.cookies.filter((line) => hint.test(line))).toHaveLength(1)
      expect(answer.headers['cache-control']).toBe('private, no-store')
      expect((await send('/throw', { headers: ownScript })).status).toBe(500)
    },
  ],
  [
    'carry the cookies of a logout by hand',
    async ({ send, active, emulator }) => {
      const cookie = await active()
      const answer = await send('/leave', { method: 'POST', headers: { ...ownScript, cookie } })
      expect([answer.status, json(answer).legs[0].state]).toEqual([200, 'done'])
      expect(namesOf(deleted(answer))).toEqual(expect.arrayContaining(Object.values(emulator.cookieNames)))
      expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(401)
    },
  ],
  [
    'carry the cookies of a logout by hand also when an error comes after it',
    async ({ send, active, emulator }) => {
      const cookie = await active()
      const answer = await send('/leave-and-throw', { method: 'POST', headers: { ...ownScript, cookie } })
      expect(answer.status).toBe(500)
      expect(namesOf(deleted(answer))).toEqual(expect.arrayContaining(Object.values(emulator.cookieNames)))
      expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(401)
    },
  ],
  [
    'to forms know the form, parsed before us or behind us',
    async ({ send }) => {
      for (const path of ['/form', '/mounted/form']) {
        const headers = { ...ownScript, ...form }
        const answer = await send(path, { method: 'POST', headers, body: 'name=Ana+B%C3%A9&x=1' })
        expect([path, answer.status, json(answer)]).toEqual([path, 200, { name: 'Ana Bé' }])
      }
    },
  ],
  [
    'do not change with what a client says of its proxy',
    async ({ send, active, emulator, url }) => {
      const evil = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '203.0.113.9',
        forwarded: 'host=evil.example;proto=https',
      }
      const login = await send('/session/login?returnTo=/private', { headers: { ...navigation, ...evil } })
      expect(login.status).toBe(302)
      const location = new URL(String(login.headers.location))
      expect(location.origin).toBe(emulator.url)
      expect(new URL(String(location.searchParams.get('returnTo'))).origin).toBe(url)
      const refused = await send('/private', { headers: { ...navigation, ...evil } })
      expect(refused.headers.location).toBe('/session/login?returnTo=%2Fprivate')
      const cookie = await active()
      const out = await send('/session/logout', {
        method: 'POST',
        headers: { ...ownScript, ...evil, cookie },
      })
      expect([out.status, JSON.stringify([out.headers, out.body])]).toEqual([
        200,
        expect.not.stringContaining('evil'),
      ])
    },
  ],
]
