import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { type Browser, createBrowser, type Site } from '../support/browser.js'
import { createWorld, shown, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const ours = /^__Host-(benefits|library)\./
const fourHundredDays = 34_560_000

interface Seen {
  readonly url: string
  readonly response: Response
  readonly body: string
}

/** A world whose browser remembers everything that the applications answered. */
async function watched(): Promise<{ world: World; browser: Browser; seen: Seen[] }> {
  const world = await createWorld({
    applications: {
      benefits: { application: { sensitivity: 'basic' } },
      library: { application: { sensitivity: 'public' } },
    },
    emulator: { tokenSeconds: 1800, idleSeconds: 86_400, sessionSeconds: 86_400 },
  })
  const seen: Seen[] = []
  const watch =
    (site: Site): Site =>
    async (request) => {
      const response = await site(request)
      seen.push({ url: request.url, response, body: await response.clone().text() })
      return response
    }
  const sites = Object.values(world.applications).map(({ url, handle }) => [url, watch(handle)] as const)
  const browser = createBrowser(new Map([[world.emulator.url, world.emulator.handle], ...sites]))
  return { world, browser, seen }
}

/** Everything that sets or deletes a cookie: sign-in, arrival, refresh, step-up, an end, a logout, a login after it. */
async function walk(world: World, browser: Browser): Promise<void> {
  await world.signIn(browser, 'benefits')
  await browser.open('https://library.citizen.example/private')
  world.travel(1000)
  await browser.open(`${url}/private`)
  await browser.open(`${url}/recent`)
  await browser.open(`${url}/session/login?returnTo=/private`)
  world.travel(3601)
  await browser.open(`${url}/private`)
  await browser.press(await browser.open(`${url}/session/logout`), 'Sign out everywhere')
  await browser.open(`${url}/private`)
}

const lines = (seen: readonly Seen[]) => seen.flatMap(({ response }) => response.headers.getSetCookie())

describe('our own cookies', () => {
  it('CK-16 every answer that sets or deletes a cookie is private, no-store', async () => {
    const { world, browser, seen } = await watched()
    await walk(world, browser)
    const setting = seen.filter(({ response }) => response.headers.getSetCookie().length > 0)
    expect(setting.length).toBeGreaterThan(6)
    for (const { url: at, response } of setting) {
      expect([at, response.headers.get('cache-control')]).toEqual([at, 'private, no-store'])
    }
    const deleting = lines(seen).filter((line) => /; Max-Age=0/.test(line))
    expect(deleting.length).toBeGreaterThan(3)
  })

  it('CK-17 are HttpOnly, come by Set-Cookie only, and are opaque: nothing of a person in them, by any reading', async () => {
    const { world, browser, seen } = await watched()
    const person = world.emulator.people.find(({ username }) => username === 'ana')
    await walk(world, browser)
    const own = lines(seen).filter((line) => ours.test(line))
    expect(own.length).toBeGreaterThan(6)
    const values = own.map((line) => /^[^=]+=([^;]*)/.exec(line)?.[1] ?? '').filter((value) => value !== '')
    for (const line of own) expect(line).toMatch(/; HttpOnly/)
    const claims = decodeJwt(await world.emulator.tokenFor('ana'))
    const secrets = [person?.sub, person?.name, claims.iss, 'https:', 'private'].map(String)
    for (const value of values) {
      expect(value).toMatch(/^[\w-]+$/)
      const readings = [
        value,
        ...(['base64url', 'hex'] as const).map((form) => Buffer.from(value, form).toString('latin1')),
      ]
      for (const reading of readings.slice(1)) {
        for (const secret of secrets.filter((text) => text.length > 4)) expect(reading).not.toContain(secret)
      }
      for (const { body, response, url: at } of seen) {
        expect(body).not.toContain(value)
        expect(at).not.toContain(value)
        expect(response.headers.get('location') ?? '').not.toContain(value)
      }
    }
    // The same session sealed again looks different: nobody can tell two persons, or two sessions, apart by it.
    const hints = own.filter((line) => line.startsWith('__Host-benefits.seen=') && !/Max-Age=0/.test(line))
    expect(new Set(hints).size).toBe(hints.length)
  })

  it('CK-17 the shared token of the emulated provider carries no name and no address', async () => {
    const { world } = await watched()
    for (const { username, name } of world.emulator.people) {
      const claims = decodeJwt(await world.emulator.tokenFor(username))
      expect(Object.keys(claims).sort()).toEqual([
        'exp',
        'iat',
        'isDidAuth',
        'isMfa',
        'iss',
        'jti',
        'mfaRequired',
        'sub',
      ])
      expect(JSON.stringify(claims).toLowerCase()).not.toContain(name.toLowerCase())
    }
  })

  it('CK-12 live for the browser session or a quarter of an hour, never for more than 400 days', async () => {
    const { world, browser, seen } = await watched()
    await walk(world, browser)
    for (const line of lines(seen)) {
      const age = /; Max-Age=(\d+)/.exec(line)?.[1]
      if (age === undefined) expect(line).not.toMatch(/; Expires=/)
      // HLD-12: what a logout has not reached is remembered as long as its token could live.
      else
        expect(line.startsWith('__Host-benefits.unfinished=') ? [0, 86_400] : [0, 900]).toContain(Number(age))
      expect(Number(age ?? 0)).toBeLessThanOrEqual(fourHundredDays)
    }
  })

  it.each([
    ['idle', 'idle-timeout', 3601, 1],
    ['absolute', 'absolute-timeout', 3000, 15],
  ] as const)(
    'CK-12 are not what ends a session: after the %s time the server refuses all that was kept',
    async (_name, reason, seconds, times) => {
      const { world, browser } = await watched()
      await world.signIn(browser, 'benefits')
      let kept = await browser.cookieHeader(url)
      const ask = (cookie: string) =>
        world.application('benefits').handle(new Request(`${url}/private`, { headers: { cookie } }))
      for (let time = 0; time < times; time += 1) {
        // The provider keeps the token fresh, whatever this application does.
        world.travel(seconds)
        const session = world.emulator.sessions[0]?.jti
        const fresh = world.emulator.cookieHeader(await world.emulator.tokenFor('ana', { session }))
        const hint = kept.split('; ').find((pair) => ours.test(pair)) ?? ''
        kept = `${fresh}; ${hint}`
        if (time < times - 1) expect((await ask(kept)).status).toBe(200)
      }
      for (const cookie of [
        kept,
        kept
          .split('; ')
          .filter((pair) => !ours.test(pair))
          .join('; '),
      ]) {
        const refused = await ask(cookie)
        expect(refused.status).toBe(401)
        expect(await refused.json()).toMatchObject({ reason })
      }
      const open = new Request(`${url}/open`, { headers: { cookie: kept } })
      expect(await shown(world.application('benefits').handle(open))).toMatchObject({
        state: 'anonymous',
        reason,
      })
    },
  )
})
