/** @module What a person reads where no cookie is shared: nothing that another kind of application would say. */
import { expect, it } from 'vitest'
import { english } from '../../src/pages/texts-english.js'
import { createOidcWorld, urlOf } from './world.js'

const home = urlOf('benefits')

const begin = async () => {
  const world = await createOidcWorld()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  return { world, browser }
}

it('FLD-10 the question before a sign-out promises no other applications', async () => {
  const { browser } = await begin()
  const { body } = await browser.open(`${home}/session/logout`)
  expect(body).toContain(english['sign-out.explain-provider'])
  expect(body).not.toContain(english['sign-out.explain'])
})

it('FLD-10 a receipt does not speak of the shared cookie, and leaves other applications to the provider', async () => {
  const { browser } = await begin()
  const { body } = await browser.post(`${home}/session/logout`)
  expect(body).toContain(`<h1>${english['title.signed-out']}</h1>`)
  expect(body).toContain(english['outcome.global-provider'])
  expect(body).toContain(english['leg.own-cookie'])
  expect(body).not.toContain(english['leg.cookies'])
  expect(body).not.toContain(english['outcome.global'])
})

it('FLD-10 a sign-out of this application alone is what was asked for, and no partial one', async () => {
  const { browser } = await begin()
  const { body } = await browser.post(`${home}/session/logout`, { scope: 'application' })
  expect(body).toContain(`<h1>${english['title.signed-out']}</h1>`)
  expect(body).toContain(english['outcome.application'])
  const again = await begin()
  const answer = await again.browser.fetch(`${home}/session/logout`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({ scope: 'application' }),
  })
  expect(await answer.json()).toMatchObject({ outcome: 'application' })
})

it('FLD-10 a first visitor whose provider is down does not read that they have not been signed out', async () => {
  const world = await createOidcWorld()
  world.outage = true
  const visit = await world.browser().open(`${home}/session/login`)
  expect(visit.status).toBe(503)
  expect(visit.body).toContain(english['unavailable.sign-in'])
  expect(visit.body).not.toContain('signed out')
})
