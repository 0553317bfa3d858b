/** @module The silent check end to end: what each answer of the provider does to the session, in a frame and at top level. */
import { describe, expect, it } from 'vitest'
import type { Browser } from '../support/browser.js'
import { createOidcWorld, type PartyOptions, providerUrl, stateAt, urlOf } from './world.js'

const people = [
  { username: 'ana', password: 'ana-password', upstream: 'adfs' },
  { username: 'ida', password: 'ida-password', upstream: 'idpdemo' },
]
const both = { allowedUpstreams: ['adfs', 'idpdemo'] }
const demoOnly = { allowedUpstreams: ['idpdemo'] }

const begin = async (oidc: PartyOptions['oidc'] = {}) => {
  const world = await createOidcWorld(
    {
      sp1: { client: both },
      sp2: { client: both, oidc: { pushedAuthorization: 'never', ...oidc } },
      sp3: { client: demoOnly },
    },
    { emulator: { people } },
  )
  const browser = world.browser()
  await world.signIn(browser, 'sp1', 'ana')
  await world.signIn(browser, 'sp2', 'ana')
  return { world, browser }
}

const home = urlOf('sp2')

/** The hidden frame of our own page; `abroad` has the cookies of other sites: another browser where they are blocked. */
async function checkInFrame(browser: Browser, abroad: Browser = browser) {
  const headers = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
  const path: string[] = []
  let url = `${home}/session/reauthenticate?begin=frame`
  for (let hop = 0; hop < 8; hop += 1) {
    path.push(url)
    const { origin } = new URL(url)
    const answer = await (origin === home ? browser : abroad).fetch(url, { headers })
    const location = answer.headers.get('location')
    if (location === null) {
      const body = await answer.text()
      const json = /id="values">([^<]*)</.exec(body)?.[1] ?? '{}'
      return { path, answer, values: JSON.parse(json) as Record<string, unknown> }
    }
    url = new URL(location, url).href
  }
  throw new Error(`no end: ${path.join(' -> ')}`)
}

const signOutSp1 = (browser: Browser) =>
  browser.post(`${urlOf('sp1')}/session/logout`, { scope: 'everywhere' })
const authorizations = (path: readonly string[]) =>
  path.filter((url) => url.includes('authorize')).map((url) => new URL(url).searchParams)

describe('in a frame', () => {
  it('SES-07 SES-09 SES-12 takes up what the same person brings, and keeps the session', async () => {
    const { world, browser } = await begin()
    const before = await stateAt(browser, 'sp2')
    world.travel(30)
    const { values, path, answer } = await checkInFrame(browser)
    expect(values).toMatchObject({
      type: 'citizen-session:check',
      step: 'renew',
      sessionState: expect.any(String),
    })
    const [asked, ...more] = authorizations(path)
    expect(more).toEqual([])
    expect(asked?.get('prompt')).toBe('none')
    expect(asked?.get('id_token_hint')).toMatch(/^eyJ/)
    expect(asked?.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'self'")
    const { publicId, startedAt, endsAt } = before.session as Record<string, unknown>
    expect(await stateAt(browser, 'sp2')).toMatchObject({
      state: 'active',
      session: { publicId, startedAt, endsAt },
    })
    const page = await browser.open(`${home}/session/check-session`)
    expect(page.body).toContain(String(values.sessionState))
  })

  it('finds no session any more where the provider’s message was faster', async () => {
    const { browser } = await begin()
    await signOutSp1(browser)
    const { values, path } = await checkInFrame(browser)
    expect(values).toMatchObject({ step: 'no-session' })
    expect(authorizations(path)).toEqual([])
  })

  it('SES-14 ends nothing on login_required where the provider may have been kept from its cookies', async () => {
    const { world, browser } = await begin()
    const { values, path } = await checkInFrame(browser, world.browser())
    expect(values).toMatchObject({ step: 'confirm-at-top' })
    expect(authorizations(path).map((query) => query.has('id_token_hint'))).toEqual([true, false])
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active' })
    const visit = await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/private`, {
      from: home,
    })
    expect([visit.url, visit.status]).toEqual([`${home}/private`, 200])
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active' })
  })

  it('begins only from a page of ours', async () => {
    const { browser } = await begin()
    const answer = await browser.fetch(`${home}/session/reauthenticate?begin=frame`, {
      from: 'https://evil.example',
    })
    expect(answer.status).toBe(403)
  })

  it('backs off while the provider cannot be reached', async () => {
    const { world, browser } = await begin({ pushedAuthorization: 'always' })
    world.outage = true
    expect((await checkInFrame(browser)).values).toMatchObject({ step: 'back-off' })
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active' })
  })
})

/** Applications of different owners, without a back channel: the frame is what tells of the end. */
const apart = async (oidc: PartyOptions['oidc'] = {}) => {
  const party = (more: PartyOptions) => ({
    ...more,
    client: { ...more.client, backchannel_logout_uri: undefined },
    ownStore: true,
  })
  const world = await createOidcWorld(
    {
      sp1: party({ client: both }),
      sp2: party({ client: both, oidc: { pushedAuthorization: 'never', ...oidc } }),
      sp3: party({ client: demoOnly }),
      sp4: party({ client: demoOnly }),
    },
    { emulator: { people } },
  )
  return { world, browser: world.browser() }
}

describe('the case of the Safewhere document', () => {
  const lived = async (oidc: PartyOptions['oidc'] = {}) => {
    const { world, browser } = await apart(oidc)
    await world.signIn(browser, 'sp1', 'ana')
    await world.signIn(browser, 'sp2', 'ana')
    await world.signIn(browser, 'sp3', 'ida')
    await world.signIn(browser, 'sp4', 'ida')
    await signOutSp1(browser)
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active' })
    return { world, browser }
  }

  it('SES-10 SES-13: SP2 gets login_required, asks without hint, finds Ida, and ends Ana’s session', async () => {
    const { world, browser } = await lived()
    const { values, path } = await checkInFrame(browser)
    expect(values).toMatchObject({ step: 'identity-changed' })
    expect(authorizations(path).map((query) => [query.get('prompt'), query.has('id_token_hint')])).toEqual([
      ['none', true],
      ['none', false],
    ])
    expect(path.some((url) => url.includes('logout.idp'))).toBe(false)
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
    for (const name of ['sp3', 'sp4']) expect(await stateAt(browser, name)).toMatchObject({ state: 'active' })
    expect(world.party('sp2').events.map(({ type }) => type)).toContain('session.identity-changed')
    // A sensitive application asks for a new authentication after that; the person is Ida now.
    const page = await browser.open(`${home}/private`)
    const login = await browser.press(page, /^Sign in$/)
    const done = await browser.press(login, /^Sign in$/, { username: 'ida', password: 'ida-password' })
    expect([done.url, done.status]).toEqual([`${home}/private`, 200])
    const idaSub = world.emulator.people.find(({ username }) => username === 'ida')?.sub
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active', sub: idaSub })
    expect((await checkInFrame(browser)).values).toMatchObject({ step: 'renew' })
  })

  it('SP2 takes up Ida without a button where it follows the identity', async () => {
    const { world, browser } = await lived({ sessionManagement: { followIdentity: true } })
    expect((await checkInFrame(browser)).values).toMatchObject({ step: 'identity-changed' })
    // A page that is open learns why, and so goes to the login, which leads on at once.
    const status = await browser.fetch(`${home}/session/status`, { headers: { accept: 'application/json' } })
    expect(await status.json()).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
    const visit = await browser.open(`${home}/private`)
    expect([visit.url, visit.status]).toEqual([`${home}/private`, 200])
    const idaSub = world.emulator.people.find(({ username }) => username === 'ida')?.sub
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active', sub: idaSub })
  })

  it('takes Ida up at once where it follows the identity and asks at top level', async () => {
    const { world, browser } = await lived({ sessionManagement: { followIdentity: true } })
    const before = await browser.cookieHeader(home)
    const visit = await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/private`, {
      from: home,
    })
    expect([visit.url, visit.status]).toEqual([`${home}/private`, 200])
    const idaSub = world.emulator.people.find(({ username }) => username === 'ida')?.sub
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active', sub: idaSub })
    const old = await world.party('sp2').handle(new Request(`${home}/open`, { headers: { cookie: before } }))
    expect(await old.json()).toMatchObject({ state: 'anonymous' })
  })

  it('SES-11 SES-14 nobody at all: confirmed at top level, then the session is over', async () => {
    const { world, browser } = await apart()
    await world.signIn(browser, 'sp1', 'ana')
    await world.signIn(browser, 'sp2', 'ana')
    await signOutSp1(browser)
    expect((await checkInFrame(browser)).values).toMatchObject({ step: 'confirm-at-top' })
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'active' })
    await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/open`, { from: home })
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })

  it('SES-13 an answer that comes without our cookies comes once more, from our own page, and is never refused', async () => {
    const { browser } = await begin()
    const headers = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    const begun = await browser.fetch(`${home}/session/reauthenticate?begin=frame`, { headers })
    const answer = await browser.fetch(begun.headers.get('location') ?? '', { from: providerUrl, headers })
    const back = answer.headers.get('location') ?? ''
    // As Firefox: the frame was at another site on its way, so no cookie of `SameSite=Lax` comes along.
    const first = await browser.fetch(back, { from: providerUrl, headers })
    expect(first.status).toBe(200)
    expect(await first.text()).toContain('location.replace(location.href)')
    expect(await (await browser.fetch(back, { from: home, headers })).text()).toContain('"step":"renew"')
    // Nothing comes along even so: it is asked at top level, where cookies come.
    const again = await browser.fetch(back, { from: home, headers })
    expect([again.status, await again.text()]).toEqual([
      200,
      expect.stringContaining('"step":"confirm-at-top"'),
    ])
    const asPage = await browser.open(back, { from: providerUrl })
    expect(asPage.status).toBe(400)
  })

  it('RACE-3 an answer for a session that has ended meanwhile does nothing', async () => {
    const { browser } = await lived()
    const headers = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    const begun = await browser.fetch(`${home}/session/reauthenticate?begin=frame`, { headers })
    const answer = await browser.fetch(begun.headers.get('location') ?? '', { from: providerUrl, headers })
    await browser.fetch(`${home}/session/logout`, { method: 'POST', headers: { accept: 'application/json' } })
    const late = await browser.fetch(answer.headers.get('location') ?? '', { headers })
    expect(await late.text()).not.toContain('renew')
    expect(await stateAt(browser, 'sp2')).toMatchObject({ state: 'anonymous' })
  })
})

describe('with the implicit flow, for providers that insist on it', () => {
  it('reads the answer from the fragment by our own page, and only from it', async () => {
    const { browser } = await begin({ sessionManagement: { responseType: 'id_token' } })
    const headers = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    const begun = await browser.fetch(`${home}/session/reauthenticate?begin=frame`, { headers })
    const asked = new URL(begun.headers.get('location') ?? '').searchParams
    expect([asked.get('response_type'), asked.get('code_challenge')]).toEqual(['id_token', null])
    const answer = await browser.fetch(begun.headers.get('location') ?? '', { from: providerUrl, headers })
    const back = new URL(answer.headers.get('location') ?? '')
    const page = await browser.fetch(`${back.origin}${back.pathname}`, { headers })
    expect(await page.text()).toContain('location.hash')
    const body = back.hash.slice(1)
    const send = (from: string) =>
      browser.fetch(back.origin + back.pathname, {
        method: 'POST',
        from,
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    expect((await send('https://evil.example')).status).toBe(403)
    expect(await (await send(home)).text()).toContain('"step":"renew"')
  })
})

describe('SES-17 SES-18 the page that watches', () => {
  it('shows nothing but the provider’s frame, to nobody but ourselves', async () => {
    const { browser } = await begin()
    const page = await browser.open(`${home}/session/check-session`)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain(`frame-src 'self' ${providerUrl};`)
    expect(policy).toContain("frame-ancestors 'self'")
    expect(policy).toMatch(/script-src 'sha256-[\w+/=]+';/)
    expect(page.body).toContain('sessionlogout.idp')
    expect(page.headers.get('cache-control')).toBe('private, no-store')
  })

  it('is there without a session as well, and does nothing', async () => {
    const { world } = await begin()
    const page = await world.browser().open(`${home}/session/check-session`)
    expect([page.status, page.body.includes('sessionlogout.idp')]).toEqual([200, false])
  })
})
