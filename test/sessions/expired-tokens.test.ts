/** @module Tokens that have expired while the person was away: what the first answer after that says of the session. */
import { expect, it } from 'vitest'
import { personOf } from '../../src/sessions/record.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { issuer } from '../oidc/signer.js'
import { TestExchange } from '../support/exchange.js'

const expired = { state: 'anonymous', reason: 'token-expired' }
const refusal = () => Response.json({ error: 'invalid_grant' }, { status: 400 })

async function signedIn() {
  const place = createPlace({
    suite: { application: { sensitivity: 'basic' } },
    oidc: { refresh: { waitMilliseconds: 5000 } },
  })
  place.script.expiresIn = 300
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  const authenticate = async () => {
    const headers = { cookie: await browser.cookieHeader(home), 'sec-fetch-site': 'same-origin' }
    return place.suite.authenticate(new TestExchange(new Request(`${home}/private`, { headers })))
  }
  return { place, browser, authenticate }
}

it('HLD-03 the first refusal after they have expired ends nothing; what is accepted then goes on', async () => {
  const { place, browser } = await signedIn()
  place.travel(301)
  place.script.onToken = refusal
  expect(await place.state(browser)).toMatchObject(expired)
  place.script.onToken = () => undefined
  place.travel(6)
  expect(await place.state(browser)).toMatchObject({ state: 'active', degraded: false })
})

it('HLD-03 a refusal that is repeated after five seconds ends the session', async () => {
  const { place, browser } = await signedIn()
  place.travel(301)
  place.script.onToken = refusal
  expect(await place.state(browser)).toMatchObject(expired)
  place.travel(6)
  expect(await place.state(browser)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
})

it('HLD-06 HLD-07 an end that another tab’s generation made void is not told as one', async () => {
  const { place, authenticate } = await signedIn()
  const citizen = await authenticate()
  if (citizen.state !== 'active') throw new Error(citizen.state)
  place.travel(301)
  place.script.onToken = async () => {
    const [found] = await place.store.list(personOf(issuer, 'ana'))
    if (found?.record.state === 'live')
      await place.store.update(found.address, found.record.generation, { generation: 'x'.repeat(22) })
    return new Response('', { status: 503 })
  }
  await expect(citizen.accessToken()).rejects.toMatchObject({ code: 'identity-unavailable' })
})
