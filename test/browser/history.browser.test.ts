import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

// Playwright switches it off for all tests: here it is what is tested.
const world = setUpWorld({
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
})

/** Notes how the page is shown again, and what of it can be seen at that moment. */
const watchReturn = `addEventListener('pageshow', (event) => {
  globalThis.shownAgain = [event.persisted, document.querySelector('h1').checkVisibility()]
}, true)`

async function privatePage(query = '?kept'): Promise<Page> {
  const page = await world.tab()
  await signIn(page, `${world.site.url}/private${query}`)
  await snapshotOf(page)
  await page.evaluate(watchReturn)
  return page
}

describe('the back button', () => {
  it('shows a page out of the cache covered, and then as it was while the session goes on', async () => {
    const page = await privatePage()
    await page.fill('#note', 'half a sentence')
    await page.goto(`${world.site.url}/open`)
    await page.goBack({ waitUntil: 'commit' })
    expect(await page.evaluate('shownAgain')).toEqual([true, false])
    await dialogOf(page).waitFor({ state: 'detached' })
    expect(await page.isVisible('h1')).toBe(true)
    expect(await page.inputValue('#note')).toBe('half a sentence')
    // In step again: it is one of the tabs.
    expect(await snapshotOf(page)).toMatchObject({ state: 'active' })
  })

  it('shows nothing private after a sign-out, at no moment', async () => {
    const page = await privatePage()
    await page.goto(`${world.site.url}/open`)
    const other = await world.tab('/session/logout')
    await other.click('text="Sign out everywhere"')
    await other.waitForURL((url) => url.pathname === '/session/return')
    await page.goBack({ waitUntil: 'commit' })
    await expect.poll(() => page.content(), { timeout: 5000 }).not.toContain('private of')
    expect(await page.evaluate('shownAgain')).toEqual([true, false])
  })

  it('FLD-13 shows nothing private after a sign-out where the page was not kept', async () => {
    const page = await privatePage('')
    // The client has no part in it.
    await page.route('**/client.js', (route) => route.abort())
    await page.reload()
    await page.goto(`${world.site.url}/open`)
    const other = await world.tab('/session/logout')
    await other.click('text="Sign out everywhere"')
    await other.waitForURL((url) => url.pathname === '/session/return')
    await page.goBack()
    expect(await page.content()).not.toContain('private of')
    expect(new URL(page.url()).origin).toBe(world.site.emulator.url)
  })

  it('shows nothing of one person to another', async () => {
    const page = await privatePage()
    const before = await page.textContent('h1')
    await page.goto(`${world.site.url}/open`)
    const other = await world.tab()
    const back = encodeURIComponent(`${world.site.url}/private`)
    await other.goto(`${world.site.emulator.url}/login?prompt=login&returnTo=${back}`)
    const reloaded = page.waitForEvent('load')
    await other.click('text="Sign in with Eeze as Dan Duval"')
    await other.waitForURL(`${world.site.url}/private`)
    await reloaded
    await page.goBack({ waitUntil: 'commit' })
    await expect.poll(() => page.textContent('h1'), { timeout: 5000 }).toBe(await other.textContent('h1'))
    expect(await page.textContent('h1')).not.toBe(before)
  })
})
