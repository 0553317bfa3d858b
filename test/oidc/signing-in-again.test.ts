/** @module Who gets in again after an end, and how often they must press or type. */
import { describe, expect, it } from 'vitest'
import { createPlace, home, type PlaceOptions } from '../attacks/oidc-place.js'
import type { Browser, Visit } from '../support/browser.js'
import { issuer } from './signer.js'

const login = `${home}/session/login?returnTo=/private`
const idle = { application: { sensitivity: 'sensitive', onIdle: 'reauthenticate' } } as const

/** Somebody whose session was idle for too long, before the page that says so. */
async function idled(given: PlaceOptions = {}) {
  const place = createPlace({ suite: idle, ...given })
  const browser = place.browser()
  await browser.open(login)
  place.travel(3600)
  return { place, browser, page: await browser.open(login) }
}

describe('a login that must be a new one', () => {
  it.each([
    ['consent', 'login consent'],
    ['select_account', 'login'],
    ['login', 'login'],
  ] as const)('FLD-05 keeps prompt=consent, and no other: %s', async (prompt, asked) => {
    const { place, browser, page } = await idled({ oidc: { prompt } })
    expect(place.asked.at(-1)?.get('prompt')).toBe(prompt)
    await browser.press(page, 'Sign in')
    expect(place.asked.at(-1)?.get('prompt')).toBe(asked)
    expect(place.asked.at(-1)?.get('max_age')).toBe('1')
  })
})

/** Presses what a page offers until somebody is in, or nothing is left to press. */
async function pressOn(
  browser: Browser,
  first: Visit,
): Promise<{ readonly presses: number; readonly last: Visit }> {
  let last = first
  for (let presses = 0; presses < 6; presses += 1) {
    const button = /<button[^>]*>([^<]*)<\/button>/.exec(last.body)?.[1]
    if (last.status === 200 && new URL(last.url).pathname === '/private') return { presses, last }
    if (button === undefined || /Start page|start page/.test(button)) return { presses, last }
    last = await browser.press(last, button)
  }
  throw new Error('it goes round in a circle')
}

const likeGoogle = { proof: 'asked', parameters: { prompt: 'select_account' } } as const
const silentProvider = { end_session_endpoint: undefined }

it('NIST-07 an idle session whose absolute limit has passed since is asked for anew in the same press', async () => {
  const application = { ...idle.application, onIdle: 'resume', absoluteSeconds: 3000 } as const
  const place = createPlace({ suite: { application } })
  place.script.sid = 'session-1'
  const browser = place.browser()
  await browser.open(login)
  place.travel(3600)
  const page = await browser.open(login)
  expect(page.body).toContain('You were away for a while')
  const asked = place.asked.length
  place.script.authTime = place.now() / 1000 - 3600
  await browser.press(page, 'Sign in')
  // What came first was the old authentication; the provider was then asked for a new one.
  expect(place.asked.slice(asked).map((query) => query.get('prompt'))).toEqual([null, 'login'])
  place.script.authTime = place.now() / 1000
  const { presses, last } = await pressOn(browser, await browser.open(login))
  expect([presses, last.status]).toEqual([1, 200])
  expect(await place.state(browser)).toMatchObject({ state: 'active' })
})

describe('a provider that never says auth_time', () => {
  const signedIn = async (given: PlaceOptions = {}) => {
    const place = createPlace({ suite: idle, description: silentProvider, ...given })
    place.script.authTime = undefined
    const browser = place.browser()
    await browser.open(login)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    return { place, browser }
  }
  const asked = { oidc: { reauthenticate: likeGoogle } }

  it('FLD-05 brings nobody in after an idle end unless an option says so, and goes in no circle', async () => {
    const { place, browser } = await signedIn()
    place.travel(3600)
    const { presses, last } = await pressOn(browser, await browser.open(login))
    expect([presses, last.status]).toEqual([2, 401])
    expect(last.body).toContain('does not say that you have just proven who you are')
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'warning', code: 'oidc-no-auth-time' }),
    )
  })

  it.each([
    ['without a name of its session', undefined],
    ['with the same one as before', 'session-1'],
  ])('FLD-05 lets in by one press after an idle end where the option says so: %s', async (_, sid) => {
    const { place, browser } = await signedIn(asked)
    place.script.sid = sid
    if (sid !== undefined) {
      await browser.post(`${home}/session/logout`, {})
      await pressOn(browser, await browser.open(login))
      expect(await place.state(browser)).toMatchObject({ state: 'active' })
      place.travel(60)
      expect((await browser.open(`${home}/private`)).status).toBe(200)
    }
    place.travel(3600)
    const page = await browser.open(login)
    const { presses, last } = await pressOn(browser, page)
    expect([presses, last.status]).toEqual([1, 200])
    expect(place.asked.at(-1)?.get('prompt')).toBe('select_account')
    expect(place.asked.at(-1)?.has('max_age')).toBe(false)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    expect((await place.state(browser)).assurance).not.toHaveProperty('authenticatedAt')
  })

  it('FLD-05 lets in after a sign-out that the provider does not know of, only by a pressed button', async () => {
    const { place, browser } = await signedIn(asked)
    await browser.post(`${home}/session/logout`, {})
    place.travel(60)
    const before = place.asked.length
    const page = await browser.open(login)
    expect([page.status, place.asked.length]).toEqual([200, before])
    expect(page.body).toContain('the sign-in service may still know you')
    const { presses, last } = await pressOn(browser, page)
    expect([presses, last.status]).toEqual([1, 200])
    // Settled: nothing is asked any more.
    await browser.open(`${home}/session/login?returnTo=/private`)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
  })

  it('FLD-05 says at the start what the option means', async () => {
    const { place } = await signedIn(asked)
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'warning', code: 'oidc-asked-is-no-proof' }),
    )
  })

  it('FLD-05 never takes it for recency', async () => {
    const { browser } = await signedIn(asked)
    const back = await browser.open(`${home}/recent`)
    expect(back.status).toBe(401)
  })

  it.each(['one session', 'everything of the person'])(
    'FLD-05 never takes it after an administrator’s end: %s',
    async (which) => {
      const { place, browser } = await signedIn(asked)
      const { sub } = (await place.state(browser)) as { sub: string }
      const [session] = await place.suite.sessions.list({ issuer, subject: sub })
      place.travel(60)
      const person = { issuer, subject: sub }
      if (which !== 'one session') await place.suite.sessions.endAllOf(person)
      else await place.suite.sessions.end({ ...person, publicId: session?.publicId ?? '' })
      const { last } = await pressOn(browser, await browser.open(login))
      expect(last.status).toBe(401)
      expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    },
  )

  it('FLD-05 never takes it where an administrator ended everything after the idle end', async () => {
    const { place, browser } = await signedIn(asked)
    const { sub } = (await place.state(browser)) as { sub: string }
    place.travel(3600)
    const page = await browser.open(login)
    place.travel(1)
    await place.suite.sessions.endAllOf({ issuer, subject: sub })
    place.travel(1)
    const back = await browser.press(page, 'Sign in')
    expect(back.status).toBe(401)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  })

  describe.each([
    ['one session', 'end'],
    ['everything of the person', 'endAllOf'],
  ] as const)('FLD-05 never takes it after an administrator’s end of %s', (_, method) => {
    const administrator = async () => {
      const { place, browser } = await signedIn(asked)
      const { sub } = (await place.state(browser)) as { sub: string }
      const [session] = await place.suite.sessions.list({ issuer, subject: sub })
      const end = () =>
        place.suite.sessions[method]({ issuer, subject: sub, publicId: session?.publicId ?? '' })
      return { place, browser, end }
    }
    const expectNobody = async (place: ReturnType<typeof createPlace>, browser: Browser) => {
      const { last } = await pressOn(browser, await browser.open(login))
      expect(last.status).toBe(401)
      expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    }

    it.each([
      ['and is put right', 7200],
      ['and stays so', 5],
    ] as const)('HLD-05 while the clock was put back, %s', async (_name, later) => {
      const { place, browser, end } = await administrator()
      place.travel(-3600)
      await end()
      place.travel(later)
      await expectNobody(place, browser)
    })

    it('where the session had been idle, and has no name of the provider’s', async () => {
      const { place, browser, end } = await administrator()
      place.travel(3600)
      expect(await place.state(browser)).toMatchObject({ reason: 'idle-timeout' })
      await end()
      place.travel(5)
      await expectNobody(place, browser)
    })

    it('HLD-05 where the session had been idle, and the clock was put back meanwhile', async () => {
      const { place, browser, end } = await administrator()
      place.travel(3600)
      expect(await place.state(browser)).toMatchObject({ reason: 'idle-timeout' })
      place.travel(-7200)
      await end()
      place.travel(7205)
      await expectNobody(place, browser)
    })

    it('where the person has signed out after it', async () => {
      const { place, browser, end } = await administrator()
      place.travel(3600)
      expect(await place.state(browser)).toMatchObject({ reason: 'idle-timeout' })
      await end()
      place.travel(5)
      await browser.post(`${home}/session/logout`, {})
      place.travel(5)
      await expectNobody(place, browser)
    })
  })

  it('FLD-05 takes it again in a session that began after an administrator’s end', async () => {
    const { place, browser } = await signedIn(asked)
    const { sub } = (await place.state(browser)) as { sub: string }
    await place.suite.sessions.endAllOf({ issuer, subject: sub })
    place.travel(60)
    const other = place.browser()
    await other.open(login)
    expect(await place.state(other)).toMatchObject({ state: 'active' })
    place.travel(3600)
    expect((await pressOn(other, await other.open(login))).presses).toBe(1)
    expect(await place.state(other)).toMatchObject({ state: 'active' })
  })

  it('FLD-05 takes it no more once the provider has said a time', async () => {
    const { place, browser } = await signedIn(asked)
    const other = place.browser()
    place.script.sub = 'ben'
    place.script.authTime = place.now() / 1000
    await other.open(login)
    place.script.sub = 'ana'
    place.script.authTime = undefined
    place.travel(3600)
    const page = await browser.open(login)
    expect((await browser.press(page, 'Sign in')).status).toBe(401)
  })

  it('FLD-05 takes it from nobody whose ended session stood on a time', async () => {
    const place = createPlace({ suite: idle, ...asked })
    const browser = place.browser()
    await browser.open(login)
    place.travel(3600)
    const page = await browser.open(login)
    place.script.authTime = undefined
    expect((await browser.press(page, 'Sign in')).status).toBe(401)
  })

  it('FLD-05 pushes the request where that is offered, and does not do without', async () => {
    const { place, browser } = await signedIn({
      ...asked,
      description: { ...silentProvider, pushed_authorization_request_endpoint: `${issuer}/par` },
    })
    place.travel(3600)
    const page = await browser.open(login)
    const before = place.asked.length
    const back = await browser.press(page, 'Sign in')
    expect([back.status, place.asked.length]).toEqual([503, before])
  })
})

describe('a silent check that finds somebody who has not agreed to anything here yet', () => {
  const check = async (at: { readonly seconds: number; readonly place: 'top' | 'frame' }) => {
    const place = createPlace()
    const browser = place.browser()
    await browser.open(login)
    place.script.silently = (asked) => (asked.has('id_token_hint') ? 'login_required' : 'consent_required')
    place.travel(at.seconds)
    const visit = await browser.open(`${home}/session/reauthenticate?begin=${at.place}&returnTo=/open`, {
      from: home,
    })
    return { visit, place, state: await place.state(browser) }
  }

  it('SES-13 ends the session at top level, as the provider knows its person no more', async () => {
    const { state, place } = await check({ seconds: 60, place: 'top' })
    expect(state).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
    expect(place.asked.slice(-2).map((asked) => asked.has('id_token_hint'))).toEqual([true, false])
  })

  it('SES-13 asks at top level first where a frame found it', async () => {
    const { state, visit } = await check({ seconds: 60, place: 'frame' })
    expect(visit.body).toContain('confirm-at-top')
    expect(state).toMatchObject({ state: 'active' })
  })

  it('SES-13 ends nothing where the hint may have been refused for its age', async () => {
    const { state } = await check({ seconds: 290, place: 'top' })
    expect(state).toMatchObject({ state: 'active' })
  })
})
