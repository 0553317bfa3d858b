/** @module Cases of the adapter contract: the gate, as a proxy asks it. */
import { expect } from 'vitest'
import { navigation, ownScript } from '../adapters/site.js'
import { gateSecret } from '../gate/gate-world.js'
import { type Case, json } from './adapter-harness.js'

const asked = {
  'citizen-gate-secret': gateSecret,
  'x-original-uri': '/reports?year=2026',
  'x-original-method': 'GET',
}

export const gateCases: readonly Case[] = [
  [
    'answers by a token that its keys have signed, and nobody else',
    async ({ send, active, url }) => {
      const headers = { ...ownScript, ...asked, cookie: await active() }
      const answer = await send('/session/gate', { headers })
      expect([answer.status, answer.body, answer.headers['cache-control']]).toEqual([
        204,
        '',
        'private, no-store',
      ])
      const [header, claims] = String(answer.headers['citizen-token'])
        .split('.', 2)
        .map((part): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
      expect(claims).toMatchObject({ iss: url, aud: 'benefits', level: 1 })
      const keys = await send('/session/jwks.json')
      expect(json(keys)).toMatchObject({ keys: [{ kid: (header as { kid: string }).kid }] })
      const nothing = await send('/session/nothing', { headers: ownScript })
      for (const secret of ['', 'x'.repeat(32)]) {
        const stranger = await send('/session/gate', {
          headers: { ...headers, 'citizen-gate-secret': secret },
        })
        expect([stranger.status, stranger.body]).toEqual([404, nothing.body])
      }
    },
  ],
  [
    'says where to sign in, by the request that the proxy asks about',
    async ({ send }) => {
      const page = await send('/session/gate', { headers: { ...navigation, ...asked } })
      expect([page.status, page.headers['citizen-location']]).toEqual([
        401,
        '/session/login?returnTo=%2Freports%3Fyear%3D2026',
      ])
      const script = await send('/session/gate', { headers: { ...ownScript, ...asked } })
      expect([script.status, script.headers['citizen-location'], json(script).code]).toEqual([
        401,
        undefined,
        'login-required',
      ])
    },
  ],
  [
    'tells an outage apart',
    async ({ send, active, failStore }) => {
      const headers = { ...ownScript, ...asked, cookie: await active() }
      await failStore(true)
      try {
        const answer = await send('/session/gate', { headers })
        expect([answer.status, answer.headers['citizen-token']]).toEqual([503, undefined])
      } finally {
        await failStore(false)
      }
    },
  ],
  [
    'names each line of a cookie for a proxy that cannot hand them on as they are',
    async ({ send, arriving }) => {
      const headers = { ...navigation, ...asked, cookie: await arriving() }
      const answer = await send('/session/gate', { headers })
      expect([answer.status, answer.cookies]).toEqual([204, []])
      expect(answer.headers['citizen-set-cookie-1']).toMatch(/^(?:__Host-)?benefits\.seen=/)
    },
  ],
]
