/** @module Front-channel logout: what a frame of the provider may end, and what it may not. */

import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { english } from '../../src/pages/texts-english.js'
import { createPlace, home as placeHome } from '../attacks/oidc-place.js'
import type { Browser } from '../support/browser.js'
import { issuer } from './signer.js'
import { createOidcWorld, type OidcWorld, type PartyOptions, providerUrl, stateAt, urlOf } from './world.js'

const home = urlOf('benefits')

const begin = async (oidc: PartyOptions['oidc'] = {}) => {
  const world = await createOidcWorld({ benefits: { oidc } })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  const [participant] = world.emulator.openid.participants('ana')
  return { world, browser, sid: participant?.sid ?? '' }
}

/** The frame, as the browser loads it: from our own site with cookies, from another without. */
const frame = (browser: Browser, query: Record<string, string> | string, from = home) =>
  browser.fetch(`${home}/session/frontchannel-logout?${new URLSearchParams(query)}`, {
    from,
    headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' },
  })

const warnings = (world: OidcWorld) =>
  world.party('benefits').events.flatMap((event) => (event.type === 'warning' ? [event.code] : []))

it('FCL-01 ends the session and deletes the cookie; once more is a success', async () => {
  const { browser, sid } = await begin()
  const answer = await frame(browser, { iss: providerUrl, sid })
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('<title>ended</title>')
  expect(await browser.cookieNames(home)).toEqual([])
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  expect((await frame(browser, { iss: providerUrl, sid })).status).toBe(200)
})

it('FCL-05 FCL-09 ends the session on the server where no cookie comes, says so, and revokes no token', async () => {
  const { world, browser, sid } = await begin()
  const answer = await frame(browser, { iss: providerUrl, sid }, providerUrl)
  expect(await answer.text()).toContain('<title>cookie-absent</title>')
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
  expect(warnings(world)).toEqual(['frontchannel-cookie-absent'])
  expect(world.called.some(({ url }) => url.includes('revo'))).toBe(false)
})

it('FCL-08 deletes the cookie in a frame of a provider on our own site, with the attributes that it was set with', async () => {
  const name = 'library.citizen'
  const world = await createOidcWorld({ [name]: { suite: { application: { id: 'library' } } } })
  const browser = world.browser()
  await world.signIn(browser, name)
  expect(await browser.cookieNames(urlOf(name))).toContain('__Host-library.sid')
  const [{ sid } = { sid: '' }] = world.emulator.openid.participants('ana')
  const query = new URLSearchParams({ iss: providerUrl, sid })
  const answer = await browser.fetch(`${urlOf(name)}/session/frontchannel-logout?${query}`, {
    from: providerUrl,
  })
  const [line = ''] = answer.headers.getSetCookie()
  expect(line).toMatch(/^__Host-library\.sid=;.*Max-Age=0/)
  expect(line).toMatch(/; Secure/)
  expect(await browser.cookieNames(urlOf(name))).not.toContain('__Host-library.sid')
})

it.each([
  ['FCL-02 iss alone', { iss: providerUrl }, 400],
  ['FCL-03 another session, named alone', { sid: 'another' }, 200],
  ['FCL-03 another session', { iss: providerUrl, sid: 'another' }, 200],
  ['FCL-03 another issuer', { iss: 'https://evil.example', sid: 'x' }, 200],
  ['FCL-04 neither', {}, 200],
  ['FCL-12 iss twice', `iss=${providerUrl}&iss=${providerUrl}&sid=x`, 400],
  ['FCL-12 sid twice', `iss=${providerUrl}&sid=x&sid=y`, 400],
  ['FCL-12 a sid that is too long', { iss: providerUrl, sid: 'x'.repeat(513) }, 400],
  ['FCL-12 an empty sid', { iss: providerUrl, sid: '' }, 400],
])('%s ends nothing', async (_, query, status) => {
  const { browser } = await begin()
  expect((await frame(browser, query)).status).toBe(status)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
})

it('FCL-04 ends what the cookie names without iss and sid only where that is allowed', async () => {
  const { browser } = await begin({ frontchannelLogout: { sessionRequired: false } })
  await frame(browser, {}, providerUrl)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  await frame(browser, {})
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
})

it('FLD-04 a sid alone, as Entra sends it, counts as with the issuer of the route', async () => {
  for (const from of [home, providerUrl]) {
    const { browser, sid } = await begin()
    expect((await frame(browser, { sid }, from)).status).toBe(200)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  }
})

it('FLD-04 gives a stranger one answer for a session that is known and for one that is not', async () => {
  const { browser, sid, world } = await begin()
  const call = async (name: string) => {
    const query = new URLSearchParams({ sid: name })
    const answer = await world
      .party('benefits')
      .handle(new Request(`${home}/session/frontchannel-logout?${query}`))
    return { status: answer.status, headers: [...answer.headers], body: await answer.text() }
  }
  const answers = []
  for (let count = 0; count < 40; count += 1) answers.push(await call(`guess-${count}`))
  answers.push(await call(sid))
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  expect(warnings(world)).toContain('frontchannel-too-many')
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
})

describe('FLD-04 where our cookie decides', () => {
  const asPage = (browser: Browser, query: Record<string, string>) =>
    browser.fetch(`${home}/session/frontchannel-logout?${new URLSearchParams(query)}`, {
      headers: { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: 'text/html' },
    })

  it('cookieRequired ends what the cookie names, and nothing without it', async () => {
    const { browser, sid } = await begin({ frontchannelLogout: { cookieRequired: true } })
    const answer = await frame(browser, { sid }, providerUrl)
    expect(await answer.text()).toContain('<title>cookie-absent</title>')
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
    await frame(browser, { sid: 'another' })
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
    await frame(browser, { sid })
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  })

  it('cookieRequired passes nothing on where no cookie came', async () => {
    const downstream = () => {
      throw new Error('asked though nothing has ended')
    }
    const { browser, sid, world } = await begin({ frontchannelLogout: { cookieRequired: true, downstream } })
    await frame(browser, { sid }, providerUrl)
    expect(warnings(world)).toEqual(['frontchannel-cookie-absent'])
  })

  it.each([
    ['cookieRequired', { cookieRequired: true }, undefined],
    ['sessionRequired: false', { sessionRequired: false }, {}],
  ])('%s: a link that leads there ends nothing', async (_, frontchannelLogout, names) => {
    const { browser, sid, world } = await begin({ frontchannelLogout })
    const answer = await asPage(browser, names ?? { iss: providerUrl, sid })
    expect(await answer.text()).toContain(english['title.not-done'])
    expect(warnings(world)).toEqual(['frontchannel-not-framed'])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('a link with the session’s own name ends it, as before: nobody else can know that name', async () => {
    const { browser, sid } = await begin()
    await asPage(browser, { iss: providerUrl, sid })
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  })

  it.each([
    ['the user’s id as sid', { iss: issuer, sid: 'ada' }],
    ['iss alone', { iss: issuer }],
  ])('LemonLDAP::NG 2.16: %s, and no sid in the ID token', async (_, query) => {
    for (const [frontchannelLogout, state] of [
      [{ sessionRequired: false }, 'anonymous'],
      [{}, 'active'],
    ] as const) {
      const place = createPlace({ oidc: { frontchannelLogout } })
      place.script.sid = undefined
      const browser = place.browser()
      await browser.open(`${placeHome}/session/login?returnTo=/private`)
      await browser.fetch(`${placeHome}/session/frontchannel-logout?${new URLSearchParams(query)}`, {
        from: placeHome,
        headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' },
      })
      expect(await place.state(browser)).toMatchObject({ state })
    }
  })
})

it('FCL-06 FCL-07 is a page for the provider’s frames alone, kept by nobody, that repeats nothing', async () => {
  const { browser } = await begin({ endpointOrigins: ['https://login.citizen.example'] })
  const answer = await frame(browser, { iss: '"><script>alert(1)</script>', sid: '"><script>' })
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('content-security-policy')).toBe(
    `default-src 'none'; base-uri 'none'; frame-ancestors ${providerUrl} https://login.citizen.example`,
  )
  expect(answer.headers.get('x-frame-options')).toBeNull()
  expect(await answer.text()).not.toContain('script')
  const other = await browser.open(`${home}/session/logout`)
  expect(other.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
})

describe('FCL-12 HLD-14 a flood of calls by strangers', () => {
  const minute = 60
  const flooded = async () => {
    const kept: { readonly pointer: string; readonly milliseconds: number }[] = []
    const world = await createOidcWorld(
      { benefits: {} },
      {
        store(clock) {
          const store = memoryStore({ clock })
          return {
            ...store,
            revokeIndexKey(pointer, revocation) {
              kept.push({ pointer, milliseconds: revocation.retainUntil - clock() })
              return store.revokeIndexKey(pointer, revocation)
            },
          }
        },
      },
    )
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const [participant] = world.emulator.openid.participants('ana')
    const call = (sid: string) => {
      const query = new URLSearchParams({ iss: providerUrl, sid })
      return world.party('benefits').handle(new Request(`${home}/session/frontchannel-logout?${query}`))
    }
    return { world, browser, call, kept, sid: participant?.sid ?? '' }
  }

  it('does not switch off the logout of a session that is known, with no cookie either', async () => {
    const { browser, call, sid } = await flooded()
    const statuses = new Set<number>()
    for (let count = 0; count < 700; count += 1) statuses.add((await call(`guess-${count}`)).status)
    expect([...statuses]).toEqual([200])
    expect((await call(sid)).status).toBe(200)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
  })

  it('leaves fifteen names a minute of one source, each for ten minutes', async () => {
    const { world, call, kept } = await flooded()
    for (let count = 0; count < 12; count += 1) {
      for (let each = 0; each < 50; each += 1) await call(`guess-${count}-${each}`)
      world.travel(minute)
    }
    expect(kept.length).toBe(12 * 15)
    expect(kept.every(({ milliseconds }) => milliseconds === 600_000)).toBe(true)
  })

  it('leaves a session that is known refused for as long as its tokens could live', async () => {
    const { world, kept, call, sid } = await flooded()
    await call(sid)
    expect(kept).toEqual([expect.objectContaining({ milliseconds: 86_400_000 })])
    expect(world.now()).toBeGreaterThan(0)
  })
})

it('HLD-14 RACE-3 a name that nobody knows is kept ten minutes for a login in flight, and no longer', async () => {
  for (const [seconds, state] of [
    [599, 'anonymous'],
    [601, 'active'],
  ] as const) {
    const place = createPlace()
    place.script.sid = 's1'
    place.script.authTime = undefined
    const query = new URLSearchParams({ iss: issuer, sid: 's1' })
    await place.handle(new Request(`${placeHome}/session/frontchannel-logout?${query}`))
    place.travel(seconds)
    const browser = place.browser()
    await browser.open(`${placeHome}/session/login?returnTo=/private`)
    expect(await place.state(browser)).toMatchObject({ state })
  }
})

it.each([
  ['a good list', ['https://a.example/out?x=1', 'https://b.example/out'], 2, []],
  ['an address that is not https', ['http://a.example/out'], 0, ['frontchannel-downstream']],
  ['a fragment', ['https://a.example/out#x'], 0, ['frontchannel-downstream']],
  ['something that is no address', ['javascript:alert(1)', 7, null], 0, ['frontchannel-downstream']],
  ['no list at all', 'https://a.example/out', 0, ['frontchannel-downstream']],
  [
    'too many',
    Array.from({ length: 25 }, (_, at) => `https://c${at}.example/`),
    20,
    ['frontchannel-downstream'],
  ],
])('FCL-11 passes %s on to clients of our own', async (_, given, told, codes) => {
  const seen: unknown[] = []
  const downstream = (ended: unknown) => {
    seen.push(ended)
    return given as readonly string[]
  }
  const { world, browser, sid } = await begin({ frontchannelLogout: { downstream } })
  const page = await frame(browser, { iss: providerUrl, sid })
  expect(seen).toEqual([{ issuer: providerUrl, sessionId: sid }])
  const body = await page.text()
  const values = /id="values">(.*?)<\/script>/.exec(body)?.[1]
  const { addresses } = JSON.parse(values ?? '{"addresses":[]}') as { addresses: readonly string[] }
  expect(addresses).toHaveLength(told)
  const frames = /frame-src ([^;]*)/.exec(page.headers.get('content-security-policy') ?? '')?.[1]
  expect(frames?.split(' ') ?? []).toEqual(addresses.map((address) => new URL(address).origin))
  expect(warnings(world)).toEqual(codes)
})

it('FCL-11 passes nothing on where nothing has ended', async () => {
  const downstream = () => {
    throw new Error('asked though nothing has ended')
  }
  const { browser } = await begin({ frontchannelLogout: { downstream } })
  const page = await frame(browser, { iss: providerUrl, sid: 'another' })
  expect(await page.text()).not.toContain('script')
})
