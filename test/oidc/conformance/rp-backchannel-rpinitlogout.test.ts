import { expect, it } from 'vitest'
import { begin, expectState, signOut } from './module.js'

it('rp-backchannel-rpinitlogout', async () => {
  const run = await begin()
  await signOut(run)
  await run.world.emulator.openid.settled()
  expect(run.world.emulator.openid.deliveries.map(({ status }) => status)).toEqual([200])
  await expectState(run, 'anonymous')
})
