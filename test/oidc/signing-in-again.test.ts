/** @module Who gets in again after an end, and how often they must press or type. */
import { describe, expect, it } from 'vitest'
import { createPlace, home, type PlaceOptions } from '../attacks/oidc-place.js'

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
