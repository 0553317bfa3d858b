/** @module The provider's keys cannot be had, or are asked for without end: over real HTTP. */
import express from 'express'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CitizenMiddleware, requireCitizen } from '../../adapters/express.js'
import type { Citizen } from '../../src/index.js'
import { ownScript, type Site, startSite } from '../adapters/site.js'

const coolDownSeconds = 30
let site: Site

function show(request: express.Request, response: express.Response): void {
  const { state, reason } = (request as express.Request & { citizen: Citizen }).citizen
  response.json({ state, reason })
}
const benefits = (auth: CitizenMiddleware) =>
  express().use(auth).get('/open', show).get('/private', requireCitizen(), show)

beforeEach(async () => {
  site = await startSite(benefits, {
    suite: { application: { sensitivity: 'public', absoluteSeconds: 43_200 } },
  })
})
afterEach(() => site.close())

const ask = async (cookie: string, path = '/private') => {
  const { status, headers, cookies, body } = await site.send(path, { headers: { ...ownScript, cookie } })
  return { status, retryAfter: headers['retry-after'], cookies, ...(JSON.parse(body) as Partial<Citizen>) }
}
/** A token that lives for half a day, so that only its key decides. */
async function lasting(username: string, options: { kid?: string } = {}): Promise<string> {
  const { emulator } = site
  const claims = decodeJwt(await emulator.tokenFor(username))
  const exp = Math.floor(emulator.clock() / 1000) + 43_200
  return emulator.cookieHeader(await emulator.signToken({ ...claims, exp }, options))
}

describe('while the key endpoint is down', () => {
  it('JWT-15 people with known keys are served, and so is who arrives with one of them', async () => {
    const cookie = await lasting('ana')
    expect((await ask(cookie)).status).toBe(200)
    site.emulator.faults.set({ status: { jwks: 503 } })
    const arrival = await lasting('dan')
    for (let hour = 0; hour < 3; hour += 1) {
      site.travel(3600)
      expect(await ask(cookie)).toMatchObject({ status: 200, state: 'active' })
      expect(await ask(arrival)).toMatchObject({ status: 200, state: 'active' })
    }
    expect(site.events.some(({ type }) => type === 'keys.unavailable')).toBe(true)
    expect(site.events.filter(({ type }) => type === 'session.ended')).toEqual([])
  })

  it.each([
    ['is down', () => site.emulator.faults.set({ down: true })],
    ['answers 500', () => site.emulator.faults.set({ status: { jwks: 500 } })],
    ['answers with a page', () => site.emulator.faults.set({ nonsense: { jwks: 'html' } })],
    ['answers with 5 MiB', () => site.emulator.faults.set({ nonsense: { jwks: 'huge' } })],
    ['answers without keys', () => site.emulator.faults.set({ nonsense: { jwks: 'missing-fields' } })],
  ])(
    'at first sight with no key known, when it %s: unavailable, and served once it is back',
    async (_name, begin) => {
      const cookie = await lasting('ana')
      begin()
      expect(await ask(cookie)).toMatchObject({ status: 503, retryAfter: '5', reason: 'keys', cookies: [] })
      expect(await ask(cookie, '/open')).toMatchObject({
        status: 200,
        state: 'unavailable',
        reason: 'keys',
        cookies: [],
      })
      site.emulator.faults.clear()
      site.travel(5)
      expect(await ask(cookie)).toMatchObject({ status: 200, state: 'active' })
      expect(site.events.filter(({ type }) => type === 'session.ended')).toEqual([])
    },
  )
})

describe('a flood of tokens with unknown keys', () => {
  it('JWT-13 JWT-14 costs one fetch a cool-down, and a real rotation gets through after it', async () => {
    const known = await lasting('ana')
    expect((await ask(known)).status).toBe(200)
    const fetches = () => site.emulator.requests.jwks
    const before = fetches()
    const flood = async () => {
      const tokens = await Promise.all(
        Array.from({ length: 500 }, (_, index) => lasting('dan', { kid: `junk-${before}-${index}` })),
      )
      const answers = await Promise.all(tokens.map((cookie) => ask(cookie)))
      for (const answer of answers)
        expect(answer).toMatchObject({ status: 401, reason: 'invalid-token', cookies: [] })
    }
    await flood()
    expect(fetches()).toBe(before + 1)
    await site.emulator.rotateKeys()
    const rotated = await lasting('cleo')
    site.travel(coolDownSeconds - 1)
    await flood()
    expect(await ask(rotated)).toMatchObject({ status: 401, reason: 'invalid-token' })
    expect(await ask(known)).toMatchObject({ status: 200 })
    expect(fetches()).toBe(before + 1)
    site.travel(1)
    const [answer] = await Promise.all([ask(rotated), flood()])
    expect(answer).toMatchObject({ status: 200, state: 'active' })
    expect(await ask(rotated)).toMatchObject({ status: 200 })
    expect(fetches()).toBe(before + 2)
    expect(site.events.filter(({ type }) => type === 'session.ended')).toEqual([])
  })
})
