import { expect, it } from 'vitest'
import { providerUrl } from '../world.js'
import { begin, expectState, home } from './module.js'

it('rp-frontchannel-rpinitlogout', async () => {
  const run = await begin()
  const [{ sid } = { sid: '' }] = run.world.emulator.openid.participants('ana')
  const query = new URLSearchParams({ iss: providerUrl, sid })
  const frame = await run.browser.fetch(`${home}/session/frontchannel-logout?${query}`, {
    from: providerUrl,
    headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' },
  })
  expect(frame.status).toBe(200)
  await expectState(run, 'anonymous')
})
