import { expect, it } from 'vitest'
import { begin, expectState, home } from './module.js'

it('refresh-token', async () => {
  const run = await begin()
  run.world.travel(301)
  await run.browser.fetch(`${home}/private`)
  expect(run.world.party('benefits').events.map(({ type }) => type)).toContain('identity.refreshed')
  await expectState(run, 'active')
})
