import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { clientScriptIntegrity } from '../../src/pages/client-script.js'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld()

/** Serves a page whose script tag is the test's, under a policy of the test's. */
async function servePage(policy: string, script: string): Promise<void> {
  await world.context.route('**/made', (route) =>
    route.fulfill({
      headers: { 'content-type': 'text/html', 'content-security-policy': policy },
      body: `<!doctype html><html lang="en"><title>made</title><h1>made</h1>${script}</html>`,
    }),
  )
}

const styleOf = (page: Page, name: string) =>
  page.evaluate(
    `getComputedStyle(document.querySelector('citizen-session').shadowRoot.querySelector('dialog')).${name}`,
  )

describe('a page', () => {
  it.each([
    ['its own origin', "default-src 'self'", ''],
    ['a nonce', "default-src 'none'; connect-src 'self'; script-src 'nonce-abc'", 'nonce="abc"'],
    [
      'the hash of the script',
      `default-src 'none'; connect-src 'self'; script-src '${clientScriptIntegrity}'`,
      `integrity="${clientScriptIntegrity}"`,
    ],
    ['trusted types', "default-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'", ''],
  ])('may allow nothing but %s', async (_, policy, attributes) => {
    await servePage(policy, `<script src="/session/client.js" ${attributes} defer></script>`)
    const page = await world.tab()
    await world.travel(0)
    await signIn(page, `${world.site.url}/private`)
    await page.goto(`${world.site.url}/made`)
    expect(await snapshotOf(page)).toMatchObject({ state: 'active' })
    await world.travel(550)
    await dialogOf(page).waitFor()
    // The style is there: this is not the look of a dialog without it.
    expect(await styleOf(page, 'padding')).toBe('24px')
  })

  it('takes no element for its script, whatever the element is called', async () => {
    const image = '<img name="currentScript" src="/elsewhere/client.js" data-is-private>'
    await servePage("default-src 'self'", `${image}<script src="/session/client.js"></script>`)
    const page = await world.tab()
    await signIn(page, `${world.site.url}/private`)
    await page.goto(`${world.site.url}/made`)
    expect(await snapshotOf(page)).toMatchObject({ state: 'active' })
    expect(world.site.requests.filter((request) => request.includes('/elsewhere/status'))).toEqual([])
  })

  it('works where the browser refuses it any storage', async () => {
    await world.context.addInitScript(`Object.defineProperty(globalThis, 'sessionStorage', {
      get() { throw new DOMException('refused', 'SecurityError') }
    })`)
    const page = await world.tab()
    await signIn(page, `${world.site.url}/private`)
    expect(await snapshotOf(page)).toMatchObject({ state: 'active' })
  })

  it('is styled by custom properties', async () => {
    await world.context.route('**/own.css', (route) =>
      route.fulfill({ contentType: 'text/css', body: ':root{--citizen-background:rgb(1,2,3)}' }),
    )
    const link = '<link rel="stylesheet" href="/own.css">'
    await servePage("default-src 'self'", `${link}<script src="/session/client.js" defer></script>`)
    const page = await world.tab()
    await world.travel(0)
    await signIn(page, `${world.site.url}/private`)
    await page.goto(`${world.site.url}/made`)
    await snapshotOf(page)
    await world.travel(550)
    await dialogOf(page).waitFor()
    expect(await styleOf(page, 'backgroundColor')).toBe('rgb(1, 2, 3)')
  })

  it('that is private is an end if nobody is signed in, and one that is not is left alone', async () => {
    const open = await world.tab('/open')
    expect(await snapshotOf(open)).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
    expect(await open.isVisible('h1')).toBe(true)
    const page = await world.tab('/open?data-is-private')
    expect(await snapshotOf(page)).toMatchObject({ state: 'ended', reason: 'not-signed-in' })
    await page.locator('citizen-session dialog.cover').waitFor()
    for (let times = 0; times < 3; times += 1) await page.keyboard.press('Escape')
    await page.locator('citizen-session dialog.cover').waitFor()
    expect(await page.locator('h1').count()).toBe(0)
  })

  it('shows the claims of the payload cookie at once and at each change, and asks when they are gone', async () => {
    await servePage(
      "default-src 'self' 'nonce-abc'",
      '<script nonce="abc" type="module" src="/made.js"></script>',
    )
    await world.context.route('**/made.js', (route) =>
      route.fulfill({
        contentType: 'text/javascript',
        body: `
          import { startCitizen } from '/browser.js'
          globalThis.told = []
          globalThis.ends = []
          const client = startCitizen({
            show: (claims) => told.push(claims?.sub ?? null),
            onEnd: (end) => { ends.push(end); return false },
          })
          globalThis.citizenSession = { client }`,
      }),
    )
    const page = await world.tab()
    await signIn(page, `${world.site.url}/private`)
    const heading = (await page.textContent('h1')) ?? ''
    await page.goto(`${world.site.url}/made`)
    await snapshotOf(page, ({ state }) => state === 'active')
    expect(await page.evaluate('told.map((sub) => "private of " + sub)')).toEqual([heading])

    const other = await world.tab('/session/logout')
    await other.click('text="Sign out everywhere"')
    await expect.poll(() => page.evaluate('told.at(-1)')).toBeNull()
    await expect
      .poll(() => page.evaluate('ends'), { timeout: 6000 })
      .toEqual([{ reason: 'not-signed-in', login: '/session/login?returnTo=%2Fmade' }])
    // The application has taken the end upon itself.
    expect(await page.isVisible('h1')).toBe(true)
  })

  it('HLD-17 is covered at the end although the application, when it is told, makes a mistake', async () => {
    await servePage(
      "default-src 'self' 'nonce-abc'",
      '<script nonce="abc" type="module" src="/made.js"></script>',
    )
    await world.context.route('**/made.js', (route) =>
      route.fulfill({
        contentType: 'text/javascript',
        body: `
          import { startCitizen } from '/browser.js'
          addEventListener('unhandledrejection', (event) => event.preventDefault())
          const client = startCitizen({ onEnd() { throw new Error('a mistake') } })
          globalThis.citizenSession = { client }`,
      }),
    )
    const page = await world.tab()
    await signIn(page, `${world.site.url}/private`)
    await page.goto(`${world.site.url}/made`)
    await snapshotOf(page, ({ state }) => state === 'active')
    const other = await world.tab('/session/logout')
    await other.click('text="Sign out everywhere"')
    await dialogOf(page).waitFor()
    await dialogOf(page).getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await page.isVisible('h1')).toBe(false)
  })
})
