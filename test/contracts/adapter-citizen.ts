/** @module Cases of the adapter contract: who is there, and for how long. */
import { connect } from 'node:net'
import { expect } from 'vitest'
import { navigation, ownScript } from '../adapters/site.js'
import { type Case, hint, json } from './adapter-harness.js'

export const citizenCases: readonly Case[] = [
  [
    'is nobody without cookies, and the person with them',
    async ({ send, arriving, emulator }) => {
      expect(json(await send('/open'))).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
      const cookie = await arriving('ana')
      const sub = emulator.people.find(({ username }) => username === 'ana')?.sub
      expect(json(await send('/open', { headers: { cookie } }))).toMatchObject({ state: 'active', sub })
      expect(json(await send('/private', { headers: { cookie } }))).toEqual({ sub })
    },
  ],
  [
    'is the person also where cookies come in several lines',
    async ({ port, arriving }) => {
      const lines = (await arriving()).split('; ').map((pair) => `Cookie: ${pair}\r\n`)
      const answer = await new Promise<string>((resolve, reject) => {
        let text = ''
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(
            `GET /private HTTP/1.1\r\nHost: benefits\r\nConnection: close\r\n${lines.join('')}\r\n`,
          )
        })
        socket.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        socket.once('close', () => resolve(text))
        socket.once('error', reject)
      })
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    },
  ],
  [
    'is one session for many first requests at once',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => send('/open', { headers: { cookie } })),
      )
      const ids = new Set(answers.map((answer) => json(answer).publicId))
      expect([ids.size, [...ids][0]]).toEqual([1, expect.any(String)])
    },
  ],
  [
    'is nobody with the parts of two sessions, which is explained and never redirected',
    async ({ send, arriving }) => {
      const cookie = `${await arriving('ana')}; ${await arriving('ben')}`
      expect(json(await send('/open', { headers: { cookie } }))).toMatchObject({
        state: 'anonymous',
        reason: 'ambiguous-cookie',
      })
      const page = await send('/private', { headers: { ...navigation, cookie } })
      expect([page.status, page.headers['content-type']]).toEqual([401, expect.stringContaining('text/html')])
    },
  ],
  [
    'is nobody with a token that was changed',
    async ({ send, arriving }) => {
      const cookie = `${await arriving()}x`
      expect(json(await send('/open', { headers: { cookie } }))).toMatchObject({ state: 'anonymous' })
    },
  ],
  [
    'is nobody after the idle time, though the token is still good',
    async ({ send, active, travel }) => {
      const cookie = await active()
      await travel(601)
      expect(json(await send('/open', { headers: { ...ownScript, cookie } }))).toMatchObject({
        state: 'anonymous',
        reason: 'idle-timeout',
      })
      const page = await send('/private', { headers: { ...navigation, cookie } })
      expect([page.status, page.headers.location]).toEqual([302, '/session/login?returnTo=%2Fprivate'])
    },
  ],
  [
    'stays while requests are activity, and not by polls, prefetches or the status',
    async ({ send, active, travel }) => {
      const cookie = await active()
      await travel(400)
      expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(200)
      await travel(400)
      for (const quiet of [
        { ...ownScript, 'citizen-activity': 'none' },
        { ...navigation, 'sec-purpose': 'prefetch' },
        { ...ownScript, 'next-router-prefetch': '1' },
      ]) {
        expect((await send('/private', { headers: { ...quiet, cookie } })).status).toBe(200)
      }
      expect((await send('/session/status', { headers: { ...ownScript, cookie } })).status).toBe(200)
      await travel(201)
      const after = await send('/private', { headers: { ...ownScript, cookie } })
      expect([after.status, json(after).reason]).toEqual([401, 'idle-timeout'])
    },
  ],
  [
    'has a token refreshed when it is due, in all three cookies, beside those of the application',
    async ({ send, active, travel, emulator }) => {
      const cookie = await active()
      for (let seconds = 0; seconds < 3600; seconds += 300) {
        await travel(300)
        const answer = await send('/cookies', { headers: { ...ownScript, cookie } })
        expect(answer.status).toBe(200)
        const names = answer.cookies.map((line) => line.split('=', 1)[0])
        if (!names.includes('c1_signature')) continue
        expect(names.filter((name) => name?.startsWith('c1_'))).toEqual(
          Object.values(emulator.cookieNames).sort(),
        )
        expect(names).toEqual(expect.arrayContaining(['first', 'second']))
        expect(answer.headers['cache-control']).toBe('private, no-store')
        return
      }
      throw new Error('no refresh was due within an hour')
    },
  ],
  [
    'can be refreshed by a handler',
    async ({ send, active, travel }) => {
      const cookie = await active()
      await travel(60)
      const answer = await send('/refresh', { method: 'POST', headers: { ...ownScript, cookie } })
      expect([answer.status, json(answer)]).toEqual([200, true])
      expect(answer.cookies.filter((line) => line.startsWith('c1_'))).toHaveLength(3)
    },
  ],
  [
    'is unknown while the store fails: guards say 503, the rest goes on, nobody is signed out',
    async ({ send, active, failStore }) => {
      const cookie = await active()
      await failStore(true)
      try {
        for (const headers of [
          { ...ownScript, cookie },
          { ...navigation, cookie },
        ]) {
          const guarded = await send('/private', { headers })
          expect([guarded.status, guarded.headers['retry-after'], guarded.cookies]).toEqual([503, '5', []])
          const open = await send('/open', { headers })
          expect([open.status, open.cookies]).toEqual([200, []])
          expect(json(open)).toMatchObject({ state: 'unavailable', reason: 'store' })
        }
        const status = await send('/session/status', { headers: { ...ownScript, cookie } })
        expect([status.status, json(status).state]).toEqual([503, 'unavailable'])
      } finally {
        await failStore(false)
      }
      expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(200)
    },
  ],
  [
    'tells a stream when the session ends',
    async ({ send, open, active }) => {
      const cookie = await active()
      const stream = await open('/events', { ...ownScript, cookie })
      expect(stream.first).toBe('data: open\n\n')
      await send('/session/logout', { method: 'POST', headers: { ...ownScript, cookie } })
      await stream.ended
    },
  ],
  [
    'gets our hint once, for this host alone',
    async ({ send, arriving }) => {
      const cookie = await arriving()
      const first = await send('/open', { headers: { ...ownScript, cookie } })
      const [line = ''] = first.cookies.filter((each) => hint.test(each))
      expect(first.cookies).toEqual([line])
      expect(line).toMatch(/; HttpOnly(;|$)/)
      expect(line).toMatch(/; SameSite=Strict(;|$)/)
      expect(line).not.toMatch(/domain/i)
      const second = await send('/open', {
        headers: { ...ownScript, cookie: `${cookie}; ${line.split(';')[0]}` },
      })
      expect(second.cookies).toEqual([])
    },
  ],
]
