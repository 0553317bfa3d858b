import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld()

/** A page with something typed in it, whose session has ended by idleness. */
async function endedPage(): Promise<Page> {
  const page = await world.tab()
  await world.travel(0)
  await signIn(page, `${world.site.url}/private?data-keep-forms`)
  await snapshotOf(page)
  await page.fill('#note', 'half a sentence')
  await world.travel(601)
  await page.locator('citizen-session dialog.cover').waitFor()
  return page
}

describe('what was typed', () => {
  it('is kept behind the cover at the end, and there again once the same person has signed in', async () => {
    const page = await endedPage()
    expect(await page.isVisible('#note')).toBe(false)
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0)
    const opening = world.context.waitForEvent('page')
    await dialogOf(page).getByRole('button', { name: 'Sign in' }).click()
    const window = await opening
    await window.waitForURL((url) => url.pathname === '/session/login')
    const closed = window.waitForEvent('close')
    await window.click('button')
    await window.fill('#username', 'ana')
    await window.fill('#password', 'ana-password')
    await window.press('#password', 'Enter')
    await closed
    await dialogOf(page).waitFor({ state: 'detached' })
    expect(await page.inputValue('#note')).toBe('half a sentence')
    expect(await snapshotOf(page)).toMatchObject({ state: 'active' })
  })

  it('is gone when another person signs in', async () => {
    const page = await endedPage()
    const other = await world.tab()
    const back = encodeURIComponent(`${world.site.url}/private`)
    await other.goto(`${world.site.emulator.url}/login?prompt=login&returnTo=${back}`)
    const reloaded = page.waitForEvent('load')
    await other.click('text="Sign in with Eeze as Dan Duval"')
    await other.waitForURL(`${world.site.url}/private`)
    await reloaded
    expect(await page.inputValue('#note')).toBe('')
    expect(await page.textContent('h1')).toBe(await other.textContent('h1'))
  })

  it('is gone after a sign-out', async () => {
    const page = await world.tab()
    await signIn(page, `${world.site.url}/private?data-keep-forms`)
    await snapshotOf(page)
    await page.fill('#note', 'half a sentence')
    const other = await world.tab('/session/logout')
    await other.click('text="Sign out everywhere"')
    await page.locator('citizen-session dialog.cover').waitFor()
    // Covered at once; emptied once it lasts.
    await page.locator('#note').waitFor({ state: 'detached' })
  })
})
