import { expect, it } from 'vitest'
import { begin, home } from './module.js'

it('refresh-token-invalid-issuer', async () => {
  const { world, browser } = await begin()
  world.emulator.faults.set({ openid: { idToken: 'wrong-iss' } })
  world.travel(301)
  await browser.fetch(`${home}/private`)
  const types = world.party('benefits').events.map(({ type }) => type)
  expect(types).toContain('identity.degraded')
  expect(types).not.toContain('identity.refreshed')
})
