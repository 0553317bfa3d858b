import { expect, it } from 'vitest'
import { begin, expectState, home } from './module.js'

it('rp-init-logout-other-state', async () => {
  const run = await begin()
  const visit = await run.browser.open(`${home}/session/return?state=${'o'.repeat(32)}`)
  expect(visit.status).toBe(400)
  await expectState(run, 'active')
})
