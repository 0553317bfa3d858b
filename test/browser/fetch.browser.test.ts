import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld()

/** Begins a request by `citizenFetch`; its status and body are asked for later. */
const begin = (page: Page, path: string) =>
  page.evaluate(`{
    globalThis.answer = citizenSession.citizenFetch(${JSON.stringify(path)}, { method: 'POST', body: 'mine' })
      .then(async (response) => [response.status, await response.text()])
    // Not waited for.
    void 0
  }`)
const answer = (page: Page) => page.evaluate('answer')

async function signedIn(query = ''): Promise<Page> {
  const page = await world.tab()
  await signIn(page, `${world.site.url}/private${query}`)
  await snapshotOf(page)
  return page
}

describe('citizenFetch', () => {
  it('asks for what is missing in a new window, keeps the page, and sends the request once more', async () => {
    const page = await signedIn()
    await page.fill('#note', 'typed')
    await begin(page, '/api/recent')
    await dialogOf(page).waitFor()
    expect(await dialogOf(page).innerText()).toContain('Please sign in in the new window.')
    const opening = world.context.waitForEvent('page')
    await dialogOf(page).getByRole('button', { name: 'Sign in' }).click()
    const window = await opening
    const closed = window.waitForEvent('close')
    await window.fill('#username', 'ana')
    await window.fill('#password', 'ana-password')
    await window.press('#password', 'Enter')
    await closed
    expect(await answer(page)).toEqual([200, 'recent mine'])
    expect(await page.inputValue('#note')).toBe('typed')
    expect(await dialogOf(page).count()).toBe(0)
  })

  it('FLD-13 closes the new window where a Cross-Origin-Opener-Policy has cut it off', async () => {
    const page = await signedIn('?coop')
    await begin(page, '/api/recent')
    const opening = world.context.waitForEvent('page')
    await dialogOf(page).getByRole('button', { name: 'Sign in' }).click()
    const window = await opening
    const closed = window.waitForEvent('close')
    await window.fill('#username', 'ana')
    expect(await window.evaluate('opener')).toBeNull()
    await window.fill('#password', 'ana-password')
    await window.press('#password', 'Enter')
    await closed
    expect(await answer(page)).toEqual([200, 'recent mine'])
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })

  it('asks once for several requests at a time', async () => {
    const page = await signedIn()
    await page.evaluate(`{
      globalThis.answer = Promise.all(['one', 'two', 'three'].map((body) =>
        citizenSession.citizenFetch('/api/recent', { method: 'POST', body }).then((response) => response.text())
      ))
      void 0
    }`)
    const opening = world.context.waitForEvent('page')
    await dialogOf(page).getByRole('button', { name: 'Sign in' }).click()
    const window = await opening
    await window.fill('#username', 'ana')
    await window.fill('#password', 'ana-password')
    await window.press('#password', 'Enter')
    expect(await answer(page)).toEqual(['recent one', 'recent two', 'recent three'])
  })

  it('FLD-13 lets nobody behind it once another view has taken its place', async () => {
    const page = await signedIn()
    await begin(page, '/api/recent')
    await dialogOf(page).waitFor()
    await world.travel(570)
    await page.getByText('You will be signed out').waitFor()
    expect(
      await page.evaluate(`document.querySelector('citizen-session').shadowRoot
      .querySelector('dialog').matches(':modal')`),
    ).toBe(true)
  })

  it('gives the refusal back to who declines', async () => {
    const page = await signedIn()
    await begin(page, '/api/recent')
    await dialogOf(page).getByRole('button', { name: 'Close' }).click()
    expect(await answer(page)).toEqual([401, expect.stringContaining('insufficient_user_authentication')])
    expect(await dialogOf(page).count()).toBe(0)
  })

  it('leads to the login where the client is headless', async () => {
    const page = await signedIn('?data-headless')
    await begin(page, '/api/recent')
    await page.waitForURL((url) => url.pathname === '/login')
    expect(await page.textContent('h1')).toBe('Sign in')
  })

  it('lets every other answer through', async () => {
    const page = await signedIn()
    await begin(page, '/api/nothing')
    expect(await answer(page)).toEqual([404, expect.any(String)])
  })

  it('covers the page if the session has ended', async () => {
    const page = await signedIn()
    world.site.travel(700)
    await begin(page, '/api/recent').catch(() => undefined)
    await page.waitForURL((url) => url.pathname === '/session/login')
  })
})
