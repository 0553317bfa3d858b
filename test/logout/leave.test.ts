/** @module The way on to the provider that a script, or a handler, was given: taken once, and told what is so then. */
import { expect, it } from 'vitest'
import type { Receipt } from '../../src/index.js'
import { english } from '../../src/pages/texts-english.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { issuer } from '../oidc/signer.js'

const asPage = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

async function signedOut() {
  const place = createPlace({ description: { end_session_endpoint: `${issuer}/end` } })
  place.script.answers['/end'] = () => new Response('a page of the provider')
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  const post = { method: 'POST', headers: { accept: 'application/json' } }
  const { continueAt = '' } = (await (await browser.fetch(`${home}/session/logout`, post)).json()) as Receipt
  const leave = async (by = browser) => {
    const answer = await by.fetch(continueAt, { headers: asPage })
    return { status: answer.status, location: answer.headers.get('location'), body: await answer.text() }
  }
  return { place, browser, leave, continueAt }
}

it.each([
  ['that was used', true, 1],
  ['that is too old', false, 601],
] as const)(
  'FLD-06 a way on %s says that the person is signed out here, and no more',
  async (_, isUsed, later) => {
    const { place, browser, leave } = await signedOut()
    if (isUsed) expect((await leave()).status).toBeLessThan(400)
    place.travel(later)
    const { status, body } = await leave()
    expect(status).toBe(400)
    expect(body).toContain(english['leave.used'])
    expect(body).not.toContain(english['title.sign-in-incomplete'])
    expect(body).toContain(english['action.finish-sign-out'])
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  },
)

it('FLD-06 a way on of another browser, or of none, says only that it leads nowhere', async () => {
  const { place, leave } = await signedOut()
  const { status, body } = await leave(place.browser())
  expect(status).toBe(400)
  expect(body).toContain(english['leave.over'])
  expect(body).not.toContain(english['action.finish-sign-out'])
})

it('FLD-06 a way on that was used leads whoever has signed in again to the start page', async () => {
  const { place, browser, leave } = await signedOut()
  await leave()
  place.travel(60)
  Object.assign(place.script, { sid: 'another', authTime: place.now() / 1000 })
  await browser.open(`${home}/session/login?returnTo=/private`)
  expect(await place.state(browser)).toMatchObject({ state: 'active' })
  const { status, location } = await leave()
  expect([status, location]).toEqual([302, '/'])
})
