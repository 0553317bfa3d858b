/** @module A return without `state`: anybody's link can be one, so it ends nothing and says nothing to who is signed in. */
import { describe, expect, it } from 'vitest'
import type { Receipt } from '../../src/index.js'
import { english } from '../../src/pages/texts-english.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { issuer } from '../oidc/signer.js'
import { createWorld } from '../support/world.js'

const benefits = 'https://benefits.citizen.example'
const library = 'https://library.citizen.example'
const asPage = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const returnAt = (origin: string) => `${origin}/session/return`

describe('FLD-06 a link to the return, followed by somebody who has signed in again', () => {
  it('does not delete the shared cookie: a logout of this browser had not come back', async () => {
    const world = await createWorld({ applications: { benefits: {}, library: {} } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const signedOut = await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    const { continueAt = '' } = (await signedOut.json()) as Receipt
    const left = await browser.fetch(continueAt, { headers: asPage })
    // The provider has done its part, and the way back is lost.
    await browser.fetch(left.headers.get('location') ?? '')
    world.travel(5)
    await world.signIn(browser, 'library')
    expect((await browser.open(`${benefits}/open`)).status).toBe(200)
    const visit = await browser.open(returnAt(benefits))
    expect(await browser.cookieNames(library)).toContain('c1_payload')
    expect(visit.path).toEqual([returnAt(benefits), `${benefits}/`])
    expect(visit.body).not.toContain(english['title.signed-out'])
  })

  it('forgets every logout that a new authentication has settled, of two that crossed', async () => {
    const place = createPlace({ description: { end_session_endpoint: `${issuer}/end` } })
    const ends: string[] = []
    place.script.answers['/end'] = () => new Response('a page of the provider')
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    for (let press = 0; press < 2; press += 1) {
      const visit = await browser.post(`${home}/session/logout`)
      ends.push(new URL(visit.url).searchParams.get('state') ?? '')
    }
    await browser.open(`${returnAt(home)}?state=${ends[1]}`)
    place.travel(10)
    Object.assign(place.script, { sid: 'another', authTime: place.now() / 1000 })
    await browser.open(`${home}/session/login?returnTo=/private`)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    const visit = await browser.open(returnAt(home))
    expect(visit.body).not.toContain(english['title.signed-out'])
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    expect(await browser.cookieNames(home)).not.toContainEqual(expect.stringMatching(/unfinished|logout/))
  })
})

describe('RPI-06 FLD-06 a return with a state of nobody', () => {
  const strayed = `?state=${'A'.repeat(32)}`

  it('says what is so while a sign-out of this browser is at the provider, and does nothing: shared cookie', async () => {
    const world = await createWorld({ applications: { benefits: {} } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    await browser.open(`${benefits}/open`)
    const signedOut = await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    const { continueAt = '' } = (await signedOut.json()) as Receipt
    await browser.fetch(continueAt, { headers: asPage })
    const cookies = await browser.cookieNames(benefits)
    const { events } = world.application('benefits')
    const before = events.length
    const visit = await browser.open(`${returnAt(benefits)}${strayed}`)
    expect([visit.status, visit.body]).toEqual([400, expect.stringContaining(english['signed-out.no-state'])])
    expect(events.length).toBe(before)
    expect(await browser.cookieNames(benefits)).toEqual(cookies)
  })

  it('speaks of no sign-in where none comes back that way: OpenID Connect alone', async () => {
    const place = createPlace({ description: { end_session_endpoint: `${issuer}/end` } })
    place.script.answers['/end'] = () => new Response('a page of the provider')
    const browser = place.browser()
    const open = async () => (await browser.open(`${returnAt(home)}${strayed}`)).body
    expect(await open()).toContain(english['leave.over'])
    await browser.open(`${home}/session/login?returnTo=/private`)
    expect(await open()).toContain(english['leave.over'])
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    const left = await browser.post(`${home}/session/logout`)
    expect(await open()).toContain(english['signed-out.no-state'])
    const { searchParams } = new URL(left.url)
    const back = `${returnAt(home)}?state=${searchParams.get('state')}`
    expect((await browser.open(back)).status).toBe(200)
    const again = await browser.open(back)
    expect([again.status, again.body]).toEqual([400, expect.stringContaining(english['leave.over'])])
  })
})
