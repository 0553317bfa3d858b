/** @module Cases of the adapter contract: whom guards keep out, and how they say it. */
import { expect } from 'vitest'
import { form, navigation, ownForm, ownScript } from '../adapters/site.js'
import { type Case, json } from './adapter-harness.js'

const challenges: readonly (readonly [path: string, part: string])[] = [
  ['/level2', 'acr_values="2"'],
  ['/mfa', 'acr_values="2"'],
  ['/recent', 'max_age="300"'],
]

export const guardCases: readonly Case[] = [
  [
    'leads a page to the login and back',
    async ({ send }) => {
      const answer = await send('/private?tab=2', { headers: navigation })
      expect([answer.status, answer.headers.location]).toEqual([
        302,
        '/session/login?returnTo=%2Fprivate%3Ftab%3D2',
      ])
      expect(answer.headers['cache-control']).toContain('no-store')
      const old = await send('/private', { headers: { accept: 'text/html,*/*' } })
      expect(old.status).toBe(302)
    },
  ],
  [
    'answers HEAD like GET, without a body',
    async ({ send, active }) => {
      const page = await send('/private', { method: 'HEAD', headers: navigation })
      expect([page.status, page.headers.location, page.body]).toEqual([
        302,
        '/session/login?returnTo=%2Fprivate',
        '',
      ])
      const program = await send('/private', { method: 'HEAD', headers: ownScript })
      expect([program.status, program.body]).toEqual([401, ''])
      const cookie = await active()
      const through = await send('/private', { method: 'HEAD', headers: { ...ownScript, cookie } })
      expect([through.status, through.body]).toEqual([200, ''])
    },
  ],
  [
    'FLD-13 keeps what it lets through out of caches, and out of what the back button shows',
    async ({ send, active }) => {
      const cookie = await active()
      const answer = await send('/private', { headers: { ...ownScript, cookie } })
      expect([answer.status, answer.cookies]).toEqual([200, []])
      expect(answer.headers['cache-control']).toBe('private, no-store')
      const open = await send('/open', { headers: { ...ownScript, cookie } })
      // Frameworks may have a default of their own.
      expect(open.headers['cache-control']).not.toBe('private, no-store')
    },
  ],
  [
    'FLD-13 leaves the handler its own word on caches',
    async ({ send, active }) => {
      const cookie = await active()
      const answer = await send('/own-cache', { headers: { ...ownScript, cookie } })
      expect([answer.status, answer.cookies]).toEqual([200, []])
      expect(answer.headers['cache-control']).toBe('private, max-age=60')
    },
  ],
  [
    'explains a form that was not accepted, and keeps nothing of it',
    async ({ send }) => {
      const answer = await send('/private', {
        method: 'POST',
        headers: { ...ownForm, ...form },
        body: 'iban=secret-number',
      })
      expect([answer.status, answer.headers['content-type']]).toEqual([
        401,
        expect.stringMatching(/^text\/html/),
      ])
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
      expect(answer.body).not.toContain('secret-number')
      expect(answer.body).toContain('/session/login')
    },
  ],
  [
    'tells a program with problem details',
    async ({ send }) => {
      const answer = await send('/private', { headers: ownScript })
      expect([answer.status, answer.headers['content-type']]).toEqual([
        401,
        expect.stringMatching(/^application\/problem\+json/),
      ])
      expect(json(answer)).toMatchObject({
        status: 401,
        code: 'login-required',
        reason: 'not-signed-in',
        login: '/session/login',
      })
    },
  ],
  ...challenges.map(
    ([path, part]): Case => [
      `asks on ${path} for a stronger or newer authentication`,
      async ({ send, active }) => {
        const cookie = await active('ana')
        const program = await send(path, { headers: { ...ownScript, cookie } })
        expect([program.status, json(program).code]).toEqual([401, 'insufficient_user_authentication'])
        const challenge = String(program.headers['www-authenticate'])
        expect(challenge).toMatch(/^Bearer error="insufficient_user_authentication"/)
        expect(challenge).toContain(part)
        const page = await send(path, { headers: { ...navigation, cookie } })
        expect(page.status).toBe(302)
        expect(page.headers.location).toMatch(/^\/session\/login\?returnTo=/)
      },
    ],
  ),
  [
    'lets through who has shown enough',
    async ({ send, active }) => {
      const eeze = await active('dan')
      const sms = await active('ben')
      const statusOf = async (path: string, cookie: string) =>
        (await send(path, { headers: { ...ownScript, cookie } })).status
      expect(await statusOf('/level2', eeze)).toBe(200)
      expect(await statusOf('/mfa', eeze)).toBe(200)
      expect(await statusOf('/mfa', sms)).toBe(200)
      expect(await statusOf('/level2', sms)).toBe(401)
    },
  ],
  [
    'over claims answers 403, which no login mends, and 401 to nobody',
    async ({ send, active }) => {
      const ana = await active('ana')
      const ben = await active('ben')
      expect((await send('/claims', { headers: { ...ownScript, cookie: ana } })).status).toBe(403)
      expect((await send('/claims', { headers: { ...ownScript, cookie: ben } })).status).toBe(200)
      expect((await send('/claims', { headers: ownScript })).status).toBe(401)
    },
  ],
  [
    'below a mount path leads where the browser finds it',
    async ({ send, arriving }) => {
      const refused = await send('/mounted/private?x=1', { headers: navigation })
      expect([refused.status, refused.headers.location]).toEqual([
        302,
        '/mounted/session/login?returnTo=%2Fmounted%2Fprivate%3Fx%3D1',
      ])
      const cookie = await arriving()
      expect((await send('/mounted/private', { headers: { ...ownScript, cookie } })).status).toBe(200)
    },
  ],
  [
    'never leads to another site, whatever the request line says',
    async ({ send, url }) => {
      for (const path of ['//evil.example/private', '/\\evil.example', '/private//evil.example']) {
        const refused = await send(path, { headers: navigation })
        const { location } = refused.headers
        if (location === undefined || !location.startsWith('/session/login')) continue
        const login = await send(location, { headers: navigation })
        const back = new URL(String(login.headers.location)).searchParams.get('returnTo')
        expect(new URL(String(back)).origin).toBe(url)
      }
      const refused = await send('/private?next=//evil.example', { headers: navigation })
      expect(new URL(String(refused.headers.location), url).origin).toBe(url)
    },
  ],
]
