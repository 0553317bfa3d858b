import { expect, it } from 'vitest'
import { begin, expectState, signOut } from './module.js'

it('rp-init-logout', async () => {
  const run = await begin()
  const visit = await signOut(run)
  expect(visit.status).toBe(200)
  expect(visit.path.some((url) => url.includes('id_token_hint='))).toBe(true)
  await expectState(run, 'anonymous')
})
