import { describe, expect, it } from 'vitest'
import { createWorld } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const library = 'https://library.citizen.example'

describe('a logout with the cookies of more than one session', () => {
  it.each(['everywhere', 'application'])('CK-07 ends each of them: %s', async (scope) => {
    const world = await createWorld({ applications: { benefits: {}, library: {} } })
    const send = (origin: string, cookie: string, path = '/private', init: RequestInit = {}) =>
      world.application(origin === url ? 'benefits' : 'library').handle(
        new Request(`${origin}${path}`, {
          ...init,
          headers: { cookie, 'sec-fetch-site': 'same-origin', ...(init.headers as Record<string, string>) },
        }),
      )
    const ana = await world.emulator.cookiesFor('ana')
    const ben = await world.emulator.cookiesFor('ben')
    for (const cookie of [ana, ben]) {
      for (const origin of [url, library]) expect((await send(origin, cookie)).status).toBe(200)
    }
    const both = `${ana}; ${ben}`
    expect((await send(url, both)).status).toBe(401)
    const answer = await send(url, both, '/session/logout', {
      method: 'POST',
      body: new URLSearchParams({ scope }),
    })
    expect(answer.status).toBe(200)
    for (const cookie of [ana, ben]) {
      expect((await send(url, cookie)).status).toBe(401)
      expect((await send(library, cookie)).status).toBe(scope === 'everywhere' ? 401 : 200)
    }
  })

  it.each([
    ['there are more than can be looked at', 3, '', 'ambiguous-cookie', true],
    [
      'the header is too large to be read',
      1,
      `; ${'filler='.padEnd(20_000, 'x')}`,
      'cookies-too-large',
      false,
    ],
  ])('FLD-06 says so where %s', async (_, count, filler, reason, expires) => {
    const world = await createWorld()
    const cookies = await Promise.all(Array.from({ length: count }, () => world.emulator.cookiesFor('ana')))
    const headers = { cookie: cookies.join('; ') + filler, 'sec-fetch-site': 'same-origin' }
    const answer = await world
      .application('benefits')
      .handle(new Request(`${url}/session/logout`, { method: 'POST', headers }))
    if (expires) {
      expect(answer.headers.getSetCookie().some((line) => line.startsWith('c1_payload=;'))).toBe(true)
    }
    const { outcome, legs } = (await answer.json()) as { outcome: string; legs: readonly object[] }
    expect(outcome).toBe('failed')
    expect(legs[0]).toMatchObject({ leg: 'sessions', state: 'unknown', reason })
  })
})

describe('a logout while the keys cannot be fetched', () => {
  it('ends the session that this browser had, which the hint names', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(url)
    world.application('benefits').suite.purgeKeys()
    world.emulator.faults.set({ status: { jwks: 503 } })
    const answer = await browser.fetch(`${url}/session/logout`, { method: 'POST' })
    expect(answer.status).toBe(200)
    expect((await answer.json()) as object).toMatchObject({
      legs: [{ leg: 'sessions', state: 'done' }, { leg: 'cookies', state: 'done' }, { leg: 'identity' }],
    })
    world.emulator.faults.clear()
    world.travel(60)
    const { handle } = world.application('benefits')
    expect((await handle(new Request(`${url}/private`, { headers: { cookie } }))).status).toBe(401)
  })
})
