/** @module RP-initiated logout: everything of ours first, then the provider, and the receipt of both. */
import { describe, expect, it } from 'vitest'
import type { Receipt } from '../../src/index.js'
import type { OidcOptions } from '../../src/oidc/oidc.js'
import { english } from '../../src/pages/texts-english.js'
import { createPlace, type Place, home as placeHome } from '../attacks/oidc-place.js'
import type { Browser } from '../support/browser.js'
import { clientId, issuer } from './signer.js'
import { createOidcWorld, type PartyOptions, providerUrl, stateAt, urlOf } from './world.js'

const home = urlOf('benefits')

const begin = async (parties: Readonly<Record<string, PartyOptions>> = { benefits: {} }) => {
  const world = await createOidcWorld(parties)
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  return { world, browser }
}

const receiptOf = async (answer: Response): Promise<Receipt> => (await answer.json()) as Receipt
const endSessionOf = (path: readonly string[]) => {
  const found = path.find((url) => url.includes('/logout.idp'))
  return found === undefined ? undefined : new URL(found)
}
const logoutPost = { method: 'POST', headers: { accept: 'application/json' } }

it('ends ours, revokes the tokens, visits the provider and comes back with a whole receipt', async () => {
  const { world, browser } = await begin()
  const visit = await browser.post(`${home}/session/logout`, { scope: 'everywhere', returnTo: '/open' })
  expect(visit.url).toBe(`${home}/open`)
  const endSession = endSessionOf(visit.path)
  expect(Object.fromEntries(endSession?.searchParams ?? [])).toMatchObject({
    client_id: 'benefits',
    id_token_hint: expect.stringMatching(/^eyJ/),
    post_logout_redirect_uri: `${home}/session/return`,
    state: expect.stringMatching(/^[\w-]{32}$/),
  })
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  expect(world.emulator.sessions).toHaveLength(0)
  expect(world.called.some(({ body }) => body.includes('token_type_hint=refresh_token'))).toBe(true)
})

it('RPI-10 has ended ours before the browser goes anywhere, whatever the provider does; twice is harmless', async () => {
  const { world, browser } = await begin()
  world.outage = true
  const receipt = await receiptOf(await browser.fetch(`${home}/session/logout`, logoutPost))
  expect(receipt).toMatchObject({ outcome: 'partial' })
  expect(receipt.legs).toContainEqual(expect.objectContaining({ leg: 'sessions', state: 'done' }))
  expect(receipt.legs).toContainEqual(
    expect.objectContaining({ leg: 'tokens', state: 'unknown', reason: 'network' }),
  )
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  expect((await browser.fetch(`${home}/session/logout`, logoutPost)).status).toBe(200)
})

it('FLD-08 every line of a receipt that has a result is an event, the tokens of the provider too', async () => {
  const { world, browser } = await begin()
  world.outage = true
  const { legs } = await receiptOf(await browser.fetch(`${home}/session/logout`, logoutPost))
  const told = world.party('benefits').events.flatMap((event) => {
    if (event.type !== 'logout.leg') return []
    const { leg, target, state, reason, milliseconds } = event
    return [{ leg, target, state, ...(reason === undefined ? {} : { reason }), milliseconds }]
  })
  expect(told).toEqual(legs.filter(({ reason }) => reason !== 'browser-not-back-yet'))
  expect(told.map(({ leg }) => leg)).toContain('tokens')
})

describe('a provider without logout', () => {
  it('RPI-01 is signed out of here alone, and the receipt says so', async () => {
    const { browser } = await begin({
      benefits: { oidc: { endpoints: { endSession: false, revocation: false } } },
    })
    const receipt = await receiptOf(await browser.fetch(`${home}/session/logout`, logoutPost))
    expect(receipt.outcome).toBe('partial')
    expect(receipt.continueAt).toBeUndefined()
    expect(receipt.legs).toEqual([
      expect.objectContaining({ leg: 'sessions', state: 'done' }),
      expect.objectContaining({ leg: 'cookies' }),
      expect.objectContaining({ leg: 'tokens', state: 'skipped', reason: 'no-revocation-endpoint' }),
      expect.objectContaining({ leg: 'identity', state: 'skipped', reason: 'no-end-session-endpoint' }),
    ])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  })
})

describe('RPI-06 the return', () => {
  it.each([
    ['without state', ''],
    ['with another state', `?state=${'x'.repeat(32)}`],
  ])('%s shows a neutral page and does nothing', async (_, query) => {
    const { browser } = await begin()
    const visit = await browser.open(`${home}/session/return${query}`)
    expect(visit.status).toBe(400)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('is good once, and in no other browser', async () => {
    const { world, browser } = await begin()
    const visit = await browser.post(`${home}/session/logout`, { scope: 'everywhere' })
    const back = visit.path.find((url) => url.includes('/session/return')) ?? ''
    expect(visit.status).toBe(200)
    expect((await browser.open(back)).status).toBe(400)
    expect((await world.browser().open(back)).status).toBe(400)
  })
})

describe('FLD-06 a provider that hands no state back after a sign-out', () => {
  /** A sign-out whose way back has lost its `state`, as at Cognito. */
  const signOutWithout = async (form: Record<string, string> = {}) => {
    const place = createPlace({ description: { end_session_endpoint: `${issuer}/end` } })
    const answer = () =>
      new Response(null, { status: 302, headers: { location: `${placeHome}/session/return` } })
    place.script.answers['/end'] = answer
    const browser = place.browser()
    await browser.open(`${placeHome}/session/login?returnTo=/private`)
    return { place, browser, visit: await browser.post(`${placeHome}/session/logout`, form) }
  }

  it('says that the person is signed out; the identity leg stays unknown, with the reason', async () => {
    const { place, browser, visit } = await signOutWithout({ returnTo: '/open' })
    expect(visit.url).toBe(`${placeHome}/session/return`)
    expect(visit.status).toBe(200)
    expect(visit.body).toContain(`<h1>${english['title.signed-out']}</h1>`)
    expect(visit.body).toContain(english['signed-out.no-state'])
    expect(visit.body).not.toContain(english['action.finish-sign-out'])
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'logout.leg', leg: 'identity', state: 'unknown', reason: 'no-state' }),
    )
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  })

  it('says it again when the page is loaded again, and takes the state if it comes after all', async () => {
    const { place, browser, visit } = await signOutWithout()
    expect((await browser.open(visit.url)).body).toContain(english['signed-out.no-state'])
    const state = new URL(visit.path.find((url) => url.includes('/end?')) ?? '').searchParams.get('state')
    const late = await browser.open(`${placeHome}/session/return?state=${state}`)
    expect(late.body).toContain(`<h1>${english['title.signed-out']}</h1>`)
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'logout.leg', leg: 'identity', state: 'done' }),
    )
  })

  it('asks for a new authentication at the next sign-in: the session there may go on', async () => {
    const { place, browser } = await signOutWithout()
    await browser.open(`${placeHome}/session/login?returnTo=/private`)
    expect(place.asked.at(-1)?.get('prompt')).toBe('login')
  })

  it('is no way to end or tell anything in another browser, in a frame, or after it is over', async () => {
    const { place, browser } = await signOutWithout()
    expect((await place.browser().open(`${placeHome}/session/return`)).status).toBe(400)
    const framed = await browser.fetch(`${placeHome}/session/return`, {
      headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', accept: 'text/html' },
    })
    expect(framed.status).toBe(400)
    place.travel(901)
    expect((await browser.open(`${placeHome}/session/return`)).status).toBe(400)
  })
})

describe('FLD-04 the hint of a sign-out', () => {
  const place = (idTokenHint: OidcOptions['idTokenHint'], padding = '') => {
    const made = createPlace({
      oidc: { idTokenHint },
      description: { end_session_endpoint: `${issuer}/end` },
    })
    made.script.claims = { padding }
    return made
  }
  const long = 'x'.repeat(5000)
  const signedIn = async (made: Place) => {
    const browser = made.browser()
    await browser.open(`${placeHome}/session/login?returnTo=/private`)
    return browser
  }
  const leave = async (browser: Browser, receipt: Receipt) =>
    browser.fetch(receipt.continueAt ?? '', {
      headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' },
    })

  it('is left out with none, as login.gov wants it', async () => {
    const browser = await signedIn(place('none'))
    const visit = await browser.post(`${placeHome}/session/logout`)
    const asked = new URL(visit.path.find((url) => url.includes('/end?')) ?? '').searchParams
    expect(asked.has('id_token_hint')).toBe(false)
    expect(asked.get('client_id')).toBe(clientId)
  })

  it('is left out where it is too long for an address, and the receipt says so', async () => {
    const made = place('query', long)
    const browser = await signedIn(made)
    const visit = await browser.post(`${placeHome}/session/logout`)
    const asked = new URL(visit.path.find((url) => url.includes('/end?')) ?? '').searchParams
    expect(asked.has('id_token_hint')).toBe(false)
    await browser.open(`${placeHome}/session/return?state=${asked.get('state')}`)
    expect(made.events).toContainEqual(
      expect.objectContaining({ leg: 'identity', state: 'done', reason: 'hint-too-long' }),
    )
  })

  it.each(['auto', 'form'] as const)('with %s a script’s sign-out keeps a long one', async (idTokenHint) => {
    const browser = await signedIn(place(idTokenHint, long))
    const receipt = await receiptOf(await browser.fetch(`${placeHome}/session/logout`, logoutPost))
    const page = await (await leave(browser, receipt)).text()
    expect(page).toContain('name="id_token_hint" value="eyJ')
    expect(page.length).toBeGreaterThan(5000)
  })

  it('a script’s sign-out keeps one that just fits into an address', async () => {
    const browser = await signedIn(place('query', 'x'.repeat(2000)))
    const receipt = await receiptOf(await browser.fetch(`${placeHome}/session/logout`, logoutPost))
    const page = await leave(browser, receipt)
    const led = page.headers.get('location') ?? (await page.text())
    expect(led).toMatch(/id_token_hint=eyJ[\w.-]{2500}/)
  })
})

it('RPI-03 sends the hint in a form by option, and it is in no address', async () => {
  const { browser } = await begin({ benefits: { oidc: { idTokenHint: 'form' } } })
  const page = await browser.post(`${home}/session/logout`, { scope: 'everywhere', returnTo: '/open' })
  expect(page.body).toContain('name="id_token_hint"')
  const visit = await browser.press(page, /./)
  expect(visit.url).toBe(`${home}/open`)
  expect([...page.path, ...visit.path].join()).not.toContain('id_token_hint')
})

it('RPI-02 names the person by a hint that has long expired', async () => {
  const { world, browser } = await begin({ benefits: { suite: { application: { sensitivity: 'public' } } } })
  for (let hour = 0; hour < 4; hour += 1) {
    world.travel(1700)
    await browser.open(`${home}/private`)
  }
  const visit = await browser.post(`${home}/session/logout`, { scope: 'everywhere' })
  expect(endSessionOf(visit.path)?.searchParams.get('id_token_hint')).toMatch(/^eyJ/)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
})

it('RPI-09 takes no logout from an image or from another site', async () => {
  const { browser } = await begin()
  await browser.fetch(`${home}/session/logout`, { from: 'https://evil.example' })
  await browser.post(`${home}/session/logout`, { scope: 'everywhere' }, { from: 'https://evil.example/page' })
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
})

it('RPI-13 is not disturbed by the provider’s own messages that come first', async () => {
  const { world, browser } = await begin({ benefits: {}, permits: {} })
  await world.signIn(browser, 'permits')
  const visit = await browser.post(`${home}/session/logout`, { scope: 'everywhere', returnTo: '/open' })
  await world.emulator.openid.settled()
  expect(world.emulator.openid.deliveries.map(({ status }) => status)).toEqual([200, 200])
  expect(visit.url).toMatch(/\/open$|logout\.idp/)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  expect(await stateAt(browser, 'permits')).toMatchObject({ state: 'anonymous' })
})

it('RPI-05 names an address that is registered, whatever Host says', async () => {
  const { world, browser } = await begin()
  const answer = await world.party('benefits').handle(
    new Request(`${home}/session/logout`, {
      method: 'POST',
      headers: {
        cookie: await browser.cookieHeader(home),
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'sec-fetch-site': 'same-origin',
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'returnTo=https%3A%2F%2Fevil.example',
    }),
  )
  const { continueAt = '' } = await receiptOf(answer)
  expect(new URL(continueAt).origin).toBe(home)
  for (const line of answer.headers.getSetCookie()) await browser.jar.setCookie(line, home)
  const asPage = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const left = await browser.fetch(continueAt, { headers: asPage })
  expect(new URL(left.headers.get('location') ?? '').searchParams.get('post_logout_redirect_uri')).toBe(
    `${home}/session/return`,
  )
})

it('gives the login in flight up with the logout: its late callback starts nothing', async () => {
  const { browser } = await begin()
  const asPage = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
  const login = await browser.fetch(`${home}/session/login?maxAge=86400&level=2`, { headers: asPage })
  const answer = await browser.fetch(login.headers.get('location') ?? '', {
    from: providerUrl,
    headers: asPage,
  })
  await browser.fetch(`${home}/session/logout`, logoutPost)
  const callback = answer.headers.get('location') ?? ''
  expect(callback).toContain('/session/callback')
  expect((await browser.open(callback)).status).toBe(400)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
})
