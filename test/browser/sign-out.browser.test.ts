import { expect, it } from 'vitest'
import { signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld()

it.each([
  ['/open', '/open'],
  ['https://evil.example/phish', '/session/login'],
  ['javascript:document.title="taken"', '/session/login'],
])('HLD-22 a sign-out here that asks for %s leads to %s', async (returnTo, path) => {
  const page = await world.tab()
  await signIn(page, `${world.site.url}/private`)
  await snapshotOf(page)
  await page
    .evaluate(
      `citizenSession.client.signOut({ scope: 'application', returnTo: ${JSON.stringify(returnTo)} })`,
    )
    .catch(() => undefined)
  await page.waitForURL((url) => url.pathname === path)
  expect(new URL(page.url()).origin).toBe(world.site.url)
  expect(await page.title()).not.toBe('taken')
})
