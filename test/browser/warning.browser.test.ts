import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { axeFindings } from '../support/axe.js'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const name = 'Benefits & <Permits>'
const world = setUpWorld({ suite: { application: { name } } })

/** A tab with a session that is about to end: the clocks stand `seconds` before its end. */
async function nearTheEnd(seconds: number, query = ''): Promise<Page> {
  const page = await world.tab()
  await world.travel(0)
  await signIn(page, `${world.site.url}/private${query}`)
  await snapshotOf(page)
  await world.travel(600 - seconds)
  return page
}

async function lastSeenAt(page: Page): Promise<number> {
  return await page.evaluate(`citizenSession.client.check().then(({ status }) => status.session.lastSeenAt)`)
}

const focused = (page: Page) =>
  page.evaluate(`document.activeElement.shadowRoot?.activeElement?.textContent ?? document.activeElement.id`)

/** The contrast of each text of the dialog with its ground. */
async function contrasts(page: Page): Promise<readonly number[]> {
  const colours: readonly (readonly [string, string])[] = await page.evaluate(`
    [...document.querySelector('citizen-session').shadowRoot.querySelectorAll('h2, p, button')].map((element) => {
      const dialog = element.closest('dialog')
      const ground = getComputedStyle(element.matches('button') ? element : dialog).backgroundColor
      return [getComputedStyle(element).color, ground]
    })`)
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  return colours.map((pair) => {
    const [dark = 0, light = 0] = pair.map(luminance).sort((one, other) => one - other)
    return (light + 0.05) / (dark + 0.05)
  })
}

describe('the warning', () => {
  it("comes a minute before the end of a sensitive session, by a clock that is not the browser's", async () => {
    const page = await nearTheEnd(63)
    await page.waitForTimeout(1500)
    expect(await dialogOf(page).count()).toBe(0)
    await world.travel(2)
    await dialogOf(page).waitFor()
    expect(await dialogOf(page).innerText()).toMatch(/signed out in (?:1 minute|[56]\d seconds)\./)
  })

  it('FLD-10 names the application, to the eye and to a screen reader, and so does the cover at the end', async () => {
    const page = await nearTheEnd(30, '?data-keep-forms')
    await dialogOf(page).waitFor()
    await page.getByRole('alertdialog', { name: `${name} Are you still there?` }).waitFor()
    expect(await dialogOf(page).innerText()).toMatch(/^Benefits & <Permits>\n/)
    await world.travel(40)
    await page.getByRole('alertdialog', { name: `${name} Your session has ended.` }).waitFor()
    expect(await dialogOf(page).innerText()).toMatch(/^Benefits & <Permits>\n/)
  })

  it('comes when the application says', async () => {
    const page = await nearTheEnd(125, '?data-warn-seconds=120')
    await page.waitForTimeout(1500)
    expect(await dialogOf(page).count()).toBe(0)
    await world.travel(5)
    await dialogOf(page).waitFor()
  })

  it('has the focus on staying, and Escape stays; the focus goes back to where it was', async () => {
    const page = await nearTheEnd(90)
    await page.focus('#note')
    const before = await lastSeenAt(page)
    await world.travel(40)
    await dialogOf(page).waitFor()
    expect(await focused(page)).toBe('Stay signed in')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Sign out')
    await page.keyboard.press('Escape')
    await dialogOf(page).waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('note')
    expect(await lastSeenAt(page)).toBeGreaterThan(before + 500_000)
  })

  it('is taken away in all tabs by staying in one', async () => {
    const one = await nearTheEnd(90)
    const other = await world.tab('/open')
    await snapshotOf(other)
    await world.travel(560)
    await dialogOf(one).waitFor()
    await dialogOf(other).waitFor()
    await dialogOf(other).getByText('Stay signed in').click()
    await dialogOf(other).waitFor({ state: 'detached' })
    await dialogOf(one).waitFor({ state: 'detached' })
    expect(await snapshotOf(one)).toMatchObject({ state: 'active' })
    expect((await snapshotOf(one)).secondsLeft).toBeGreaterThan(590)
  })

  it('does not come where the person was active on a page that nobody told of', async () => {
    const page = await nearTheEnd(70)
    await page.evaluate(`{
      globalThis.states = new Set()
      addEventListener('citizen', () => states.add(citizenSession.client.snapshot.state))
      void 0
    }`)
    await world.tab('/api/me')
    await world.travel(20)
    await snapshotOf(page, ({ secondsLeft }) => (secondsLeft ?? 0) > 550)
    expect(await page.evaluate('[...states]')).toEqual(['active'])
  })

  it('is told at its end that it could not be done while the server is away, and then it can', async () => {
    const page = await nearTheEnd(50)
    await dialogOf(page).waitFor()
    world.site.setReachable(false)
    await dialogOf(page).getByText('Stay signed in').click()
    await dialogOf(page)
      .getByText(/^Please try again\. You will be/)
      .waitFor()
    world.site.setReachable(true)
    await dialogOf(page).getByText('Stay signed in').click()
    await dialogOf(page).waitFor({ state: 'detached' })
  })

  it('speaks the language of the page', async () => {
    const page = await nearTheEnd(50, '?lang=fr-CA')
    await dialogOf(page).waitFor()
    const text = await dialogOf(page).innerText()
    expect(text).toMatch(/Vous serez déconnecté dans \d+ secondes\./)
    expect(text).toContain('Rester connecté')
  })

  it.each(['light', 'dark'] as const)(
    'has nothing that axe finds in the %s scheme, on a phone',
    async (scheme) => {
      const page = await nearTheEnd(50)
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width: 320, height: 640 })
      await dialogOf(page).waitFor()
      expect(await axeFindings(page, { 'page-has-heading-one': { enabled: false } })).toEqual([])
      // Of what lies in the top layer axe cannot tell the contrast: WCAG 2.2, 1.4.3 by its own formula.
      for (const ratio of await contrasts(page)) expect(ratio).toBeGreaterThanOrEqual(4.5)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
    },
  )
})
