import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld()

/** A check-session page that says what it is told to, to the page around it, as ours does. */
const frame = `<!doctype html><script>
  const tell = (state) => parent.dispatchEvent(
    new parent.CustomEvent('citizen-session:identity', { cancelable: true, detail: { state } }))
  tell('unchanged')
  addEventListener('storage', ({ newValue }) => tell(newValue))
</script>`

const identity = (page: Page) => page.evaluate('citizenSession.client.snapshot.identity')

it('listens to the check-session frame of one tab, and asks for the status when the identity changed', async () => {
  let loaded = 0
  await world.context.route('**/session/check-session', async (route) => {
    loaded += 1
    await route.fulfill({ contentType: 'text/html', body: frame })
  })
  const page = await world.tab()
  await signIn(page, `${world.site.url}/private?data-check-session`)
  await snapshotOf(page)
  await expect.poll(() => identity(page)).toBe('unchanged')
  const other = await world.tab('/private?data-check-session')
  await snapshotOf(other)
  expect(await other.locator('iframe').count()).toBe(0)
  expect(loaded).toBe(1)

  let asked = 0
  world.context.on('request', (request) => {
    if (request.url().endsWith('/session/status')) asked += 1
  })
  // Somebody else's messages are nobody's.
  await page.evaluate(`postMessage({ type: 'citizen-session', state: 'changed' }, location.origin)`)
  await page.waitForTimeout(300)
  expect(await identity(page)).toBe('unchanged')
  expect(asked).toBe(0)

  await other.evaluate(`localStorage.setItem('say', 'blocked')`)
  await expect.poll(() => identity(page)).toBe('blocked')
  expect(asked).toBe(0)
  await other.evaluate(`localStorage.setItem('say', 'changed')`)
  await expect.poll(() => identity(page)).toBe('changed')
  await expect.poll(() => asked).toBe(1)

  // The next tab takes over.
  await page.close()
  await expect.poll(() => other.locator('iframe').count()).toBe(1)
})
