import { expect, it } from 'vitest'
import { begin, expectState } from './module.js'

it('signing-key-rotation', async () => {
  const { world } = await begin()
  await world.emulator.rotateKeys()
  const browser = world.browser()
  const visit = await world.signIn(browser, 'benefits')
  expect(visit.status).toBe(200)
  await expectState({ world, browser }, 'active')
})
