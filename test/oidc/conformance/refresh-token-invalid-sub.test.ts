import { expect, it } from 'vitest'
import { begin, home } from './module.js'

it('refresh-token-invalid-sub', async () => {
  const { world, browser } = await begin()
  world.emulator.faults.set({ openid: { idToken: 'other-sub-on-refresh' } })
  world.travel(301)
  await browser.fetch(`${home}/private`)
  const types = world.party('benefits').events.map(({ type }) => type)
  expect(types).toContain('identity.degraded')
  expect(types).not.toContain('identity.refreshed')
})
