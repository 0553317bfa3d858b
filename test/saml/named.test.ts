/** @module A provider with a name: metadata, sign-in and both logouts lie below the name, and nowhere else. */
import { expect, it } from 'vitest'
import { createSamlWorld, urlOf } from './world.js'

const base = `${urlOf('benefits')}/session/eduid`

const createPlace = () =>
  createSamlWorld(
    { benefits: { saml: { name: 'eduid' } } },
    { provider: { serviceProviders: [{ metadataUrl: `${base}/metadata` }] } },
  )

it('says in its metadata the addresses of its name', async () => {
  const world = await createPlace()
  const metadata = await (await world.party('benefits').handle(new Request(`${base}/metadata`))).text()
  for (const text of [`entityID="${base}/metadata"`, `"${base}/acs"`, `"${base}/slo"`, `"${base}/soap"`]) {
    expect(metadata).toContain(text)
  }
  expect(metadata).not.toContain('/session/saml')
})

it('signs in there, and out from both sides', async () => {
  const world = await createPlace()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'active' })
  const receipt = await world.signOut(browser, 'benefits')
  expect(receipt.url).toContain('/session/eduid/slo')
  expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  await world.signIn(browser, 'benefits')
  expect(await world.emulator.saml.logout({ username: 'ana' })).toMatchObject([{ state: 'done' }])
  expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
})

it('leads a sign-in that was refused back to itself', async () => {
  const world = await createPlace()
  const body = new URLSearchParams({ SAMLRequest: 'x' })
  const request = new Request(`${base}/acs`, { method: 'POST', body, headers: { accept: 'text/html' } })
  expect(await (await world.party('benefits').handle(request)).text()).toContain('name="via" value="eduid"')
})
