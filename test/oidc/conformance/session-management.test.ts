import { expect, it } from 'vitest'
import { begin, expectState, home } from './module.js'

it('session-management', async () => {
  const run = await begin()
  const page = await run.browser.open(`${home}/session/check-session`)
  expect(page.body).toContain('"sessionState":"')
  const visit = await run.browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/private`, {
    from: home,
  })
  expect(visit.status).toBe(200)
  await expectState(run, 'active')
})
