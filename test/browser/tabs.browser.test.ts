import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { asker, goOnUntil } from './clock.js'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld()

async function signedInTabs(count: number, query = ''): Promise<readonly Page[]> {
  const first = await world.tab()
  await signIn(first, `${world.site.url}/private${query}`)
  const tabs = [first]
  while (tabs.length < count) tabs.push(await world.tab(`/private${query}`))
  for (const tab of tabs) await snapshotOf(tab)
  return tabs
}

/** Tabs with clocks of their own, which stand still: a wall clock would measure how busy the machine is. */
async function stoppedTabs(count: number, query = ''): Promise<readonly Page[]> {
  await world.travel(0)
  const tabs = await signedInTabs(count, query)
  await world.stopClocks()
  return tabs
}

const aSecond = () => world.context.clock.runFor(1000)

const covered = (page: Page) => page.locator('citizen-session dialog.cover').waitFor()

const isCovered = (page: Page) => page.locator('citizen-session dialog.cover').isVisible()

/** Covered within a second and a half of its own clock: by the event of a cookie, or by the next look at it. */
const coveredInTime = (page: Page) => goOnUntil(page, () => isCovered(page))

const uncoveredInTime = (page: Page) => goOnUntil(page, async () => (await dialogOf(page).count()) === 0)

describe('tabs of one person', () => {
  it('are all covered within a second of a sign-out in one, and lead to the login', async () => {
    const [one, other, third] = (await stoppedTabs(3)) as [Page, Page, Page]
    await one.evaluate('citizenSession.client.signOut()').catch(() => undefined)
    await one.waitForURL((url) => url.pathname === '/session/return')
    // Mostly at once; the one that is left may have been asking for all.
    let passed = 0
    for (const tab of [other, third]) passed += await goOnUntil(tab, () => isCovered(tab), 1000)
    expect(passed).toBeLessThanOrEqual(1000)
    expect(await one.textContent('main')).toContain('signed out of all applications')
    for (const tab of [other, third]) {
      expect(await dialogOf(tab).innerText()).toContain('Your session has ended.')
      expect(await tab.content()).not.toContain('private of')
    }
    await dialogOf(other).getByText('Sign in').click()
    await other.waitForURL((url) => url.pathname === '/login')
  })

  it('are covered in a moment where the one that was asking for all has left without an answer', async () => {
    const [one, other, asking] = (await stoppedTabs(3)) as [Page, Page, Page]
    await asking.evaluate(`new Promise((isHeld) => {
      navigator.locks.request('${asker}', () => isHeld() ?? new Promise(() => {}))
    })`)
    await one.goto(`${world.site.url}/session/logout`)
    await one.click('text="Sign out everywhere"')
    await one.waitForURL((url) => url.pathname === '/session/return')
    // Each looks once more, and waits.
    await aSecond()
    expect(await dialogOf(other).count()).toBe(0)
    await asking.close()
    await goOnUntil(other, () => isCovered(other), 250)
  })

  it('are covered within a second of a sign-out on a page without the client', async () => {
    const [one, other] = (await stoppedTabs(2)) as [Page, Page]
    await one.goto(`${world.site.url}/session/logout`)
    await one.click('text="Sign out everywhere"')
    await coveredInTime(other)
  })

  it('let a form of the page sign out, however long the provider takes', async () => {
    const [one] = (await signedInTabs(1)) as [Page]
    world.site.emulator.faults.set({ slow: { logout: 2500 } })
    await one.evaluate(`{
      const form = document.createElement('form')
      form.method = 'post'
      form.action = '/session/logout'
      document.body.append(form)
      form.requestSubmit()
    }`)
    await one.waitForURL((url) => url.pathname === '/session/return')
    expect(await one.textContent('main')).toContain('signed out of all applications')
  })

  it('are reloaded when another person signs in, and show nothing of the one before', async () => {
    const [one, other] = (await signedInTabs(2, '?data-payload-cookie=c1_payload')) as [Page, Page]
    expect(await other.textContent('h1')).toMatch(/^private of /)
    const before = await other.textContent('h1')
    const back = encodeURIComponent(`${world.site.url}/private`)
    await one.goto(`${world.site.emulator.url}/login?prompt=login&returnTo=${back}`)
    await one.click('text="Sign in with Eeze as Dan Duval"')
    await one.waitForURL(`${world.site.url}/private`)
    await expect.poll(() => other.textContent('h1')).toBe(await one.textContent('h1'))
    expect(await other.textContent('h1')).not.toBe(before)
  })

  it('are not ended between the cookies of a sign-in in another tab and the start of its session', async () => {
    const [one, other] = (await stoppedTabs(2, '?data-payload-cookie=c1_payload')) as [Page, Page]
    await other.fill('#note', 'typed')
    // As the provider sets them: no page has been opened yet.
    const token = await world.site.emulator.tokenFor('ana')
    const { header, payload, signature } = world.site.emulator.cookieNames
    const parts = new Map([header, payload, signature].map((name, index) => [name, token.split('.')[index]]))
    const cookies = await world.context.cookies()
    await world.context.addCookies(
      cookies.map((cookie) => ({ ...cookie, value: parts.get(cookie.name) ?? cookie.value })),
    )
    await coveredInTime(other)
    await aSecond()
    await one.goto(`${world.site.url}/private`)
    await uncoveredInTime(other)
    expect((await snapshotOf(other)).state).toBe('active')
    expect(await other.inputValue('#note')).toBe('typed')
  })

  it('are not ended while their cookies are away for a moment, but if they stay away', async () => {
    const [one] = (await stoppedTabs(1, '?data-payload-cookie=c1_payload')) as [Page]
    const cookies = await world.context.cookies()
    await world.context.clearCookies()
    await coveredInTime(one)
    expect((await snapshotOf(one)).state).toBe('active')
    await world.context.addCookies(cookies)
    await uncoveredInTime(one)
    expect(await one.textContent('h1')).toContain('private of')
    await world.context.clearCookies()
    const afterASecond = () => aSecond().then(() => one.content())
    await expect.poll(afterASecond, { timeout: 9000 }).not.toContain('private of')
  })

  it('are covered though an answer of before the sign-out comes after it', async () => {
    const [one, other] = (await signedInTabs(2)) as [Page, Page]
    const late = world.site.holdNext('/session/status')
    await one.goto(`${world.site.url}/session/logout`)
    // As a tab tells that something has happened: now this one asks for all.
    await other.evaluate(`new BroadcastChannel('citizen-session /session').postMessage({})`)
    await late.made
    await one.click('text="Sign out everywhere"')
    await one.waitForURL((url) => url.pathname === '/session/return')
    late.release()
    await covered(other)
  })

  it('are in step in a browser without locks and without word of changed cookies', async () => {
    await world.context.addInitScript(`
      Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })
      delete globalThis.cookieStore
    `)
    const [one, other] = (await stoppedTabs(2)) as [Page, Page]
    expect(await other.evaluate(`[typeof navigator.locks, typeof globalThis.cookieStore]`)).toEqual([
      'undefined',
      'undefined',
    ])
    await one.goto(`${world.site.url}/session/logout`)
    await one.click('text="Sign out everywhere"')
    await one.waitForURL((url) => url.pathname === '/session/return')
    // Nobody tells it: it looks once a second.
    await coveredInTime(other)
  })

  it('ask the server by one of them', async () => {
    let asked = 0
    const tabs = await signedInTabs(3, '?data-poll-seconds=2')
    world.context.on('request', (request) => {
      if (request.url().endsWith('/session/status')) asked += 1
    })
    await tabs[0]?.waitForTimeout(6500)
    expect(asked).toBeGreaterThanOrEqual(2)
    expect(asked).toBeLessThanOrEqual(4)
  })

  it('do not extend the session by asking', async () => {
    const [one] = (await signedInTabs(2, '?data-poll-seconds=1')) as [Page, Page]
    const seen = async () =>
      (await snapshotOf(one, ({ status }) => status.session !== null)).status.session?.lastSeenAt
    const before = await seen()
    let asked = 0
    world.context.on('request', (request) => {
      if (request.url().endsWith('/session/status')) asked += 1
    })
    for (const seconds of [60, 120, 60]) {
      world.site.travel(seconds)
      const count = asked
      await expect.poll(() => asked, { timeout: 5000 }).toBeGreaterThan(count + 1)
    }
    expect(await seen()).toBe(before)
    // The witness sees: an ordinary request moves the time.
    await one.evaluate(`fetch('/api/me')`)
    await one.evaluate('citizenSession.client.check()')
    expect(await seen()).toBeGreaterThan((before ?? 0) + 230_000)
  })
})

describe('a page', () => {
  it('is covered at the end and leads to the login, which says why and leads back', async () => {
    const page = await world.tab()
    await world.travel(0)
    await signIn(page, `${world.site.url}/private?x=1`)
    await snapshotOf(page)
    await world.travel(601)
    await page.waitForURL((url) => url.pathname === '/session/login')
    expect(new URL(page.url()).searchParams.get('returnTo')).toBe('/private?x=1')
    expect(await page.textContent('main')).toContain('a while')
    await page.goBack().catch(() => undefined)
    expect(await page.textContent('body')).not.toContain('private of')
  })

  it('is covered when its time is over while the server is away, and comes back with it', async () => {
    const page = await world.tab()
    await world.travel(0)
    await signIn(page, `${world.site.url}/private`)
    await snapshotOf(page)
    world.site.setReachable(false)
    // An outage is not an end.
    await page.context().clock.fastForward(300_000)
    await snapshotOf(page, ({ isOffline }) => isOffline)
    expect(await dialogOf(page).count()).toBe(0)
    await page.context().clock.fastForward(310_000)
    await page.locator('citizen-session dialog.cover').waitFor()
    expect(await page.isVisible('h1')).toBe(false)
    expect((await snapshotOf(page)).state).not.toBe('ended')
    world.site.setReachable(true)
    // The server's clock did not move: for it the session is alive.
    await page.locator('citizen-session dialog').waitFor({ state: 'detached' })
    expect(await page.isVisible('h1')).toBe(true)
  })

  it('extends by keys and pointer only if the application says so, at most once a minute', async () => {
    let extended = 0
    world.context.on('request', (request) => {
      if (request.url().endsWith('/session/extend')) extended += 1
    })
    const page = await world.tab()
    await world.travel(0)
    await signIn(page, `${world.site.url}/private`)
    await snapshotOf(page)
    await world.travel(120)
    await page.click('#note')
    await page.keyboard.type('hello')
    await page.goto(`${world.site.url}/private?data-extend-on-activity`)
    await snapshotOf(page)
    await world.travel(30)
    await page.keyboard.type('hello')
    await page.waitForTimeout(500)
    expect(extended).toBe(0)
    await world.travel(40)
    await page.waitForTimeout(1200)
    await page.click('#note')
    await page.keyboard.type('hello')
    await expect.poll(() => extended).toBe(1)
    await page.waitForTimeout(1200)
    await page.keyboard.type('again')
    // A script's own events are nobody's activity.
    await world.travel(70)
    await page.evaluate(
      `document.querySelector('#note').dispatchEvent(new KeyboardEvent('keydown', { bubbles: true }))`,
    )
    await page.waitForTimeout(500)
    expect(extended).toBe(1)
  })
})
