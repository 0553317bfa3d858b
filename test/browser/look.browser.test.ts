/** @module How the warning and the cover look: what axe finds, even space, and (PAGES_PICTURES) pictures. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { axeFindings } from '../support/axe.js'
import { dialogOf, signIn, snapshotOf } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld()
const widths = [390, 1280] as const
/** A folder for pictures, for somebody to look at. */
const pictures = process.env.PAGES_PICTURES

interface Box {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/** The boxes of the dialog and of what is seen in it, from top to bottom. */
async function boxes(
  page: Page,
): Promise<{ readonly dialog: Box; readonly parts: readonly Box[]; readonly radius: string }> {
  return await page.evaluate(`(() => {
    const dialog = document.querySelector('citizen-session').shadowRoot.querySelector('dialog')
    const box = (element) => {
      const { top, bottom, left, right } = element.getBoundingClientRect()
      return { top, bottom, left, right }
    }
    const parts = [...dialog.children].filter((part) => part.role !== 'status' && part.offsetHeight > 0)
    return { dialog: box(dialog), parts: parts.map(box), radius: getComputedStyle(dialog).borderRadius }
  })()`)
}

async function look(page: Page, name: string): Promise<void> {
  // The page itself has a heading; it is not there while it is covered.
  expect(await axeFindings(page, { 'page-has-heading-one': { enabled: false } })).toEqual([])
  for (const width of widths) {
    await page.setViewportSize({ width, height: 844 })
    const { dialog, parts } = await boxes(page)
    for (const part of parts) {
      expect(part.left, name).toBeGreaterThanOrEqual(dialog.left + 16)
      expect(part.right, name).toBeLessThanOrEqual(dialog.right - 16)
    }
    if (pictures === undefined) continue
    mkdirSync(join(pictures, 'dialog'), { recursive: true })
    await page.screenshot({ path: join(pictures, 'dialog', `${name}-${width}.png`) })
  }
}

describe.each(['en', 'fr'] as const)('in %s', (language) => {
  it.each(['light', 'dark'] as const)(
    'the warning and the cover have even space, no wedges, and nothing that axe finds in the %s scheme',
    async (colorScheme) => {
      const page = await world.tab()
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await world.travel(0)
      await signIn(page, `${world.site.url}/private?data-keep-forms&lang=${language}`)
      await snapshotOf(page)
      await world.travel(550)
      await dialogOf(page).waitFor()
      await look(page, `warning-${language}-${colorScheme}`)
      const warning = await boxes(page)
      const gaps = warning.parts
        .slice(1)
        .map(({ top }, at) => Math.round(top - (warning.parts[at]?.bottom ?? 0)))
      expect(gaps).toEqual([16, 16, 16, 16])
      const [first] = warning.parts
      const last = warning.parts.at(-1)
      const [above, below] = [
        (first?.top ?? 0) - warning.dialog.top,
        warning.dialog.bottom - (last?.bottom ?? 0),
      ]
      expect(Math.abs(above - below)).toBeLessThanOrEqual(1)

      await world.travel(51)
      await page.locator('citizen-session dialog.cover').waitFor()
      await look(page, `cover-${language}-${colorScheme}`)
      const cover = await boxes(page)
      expect(cover.dialog).toEqual({ top: 0, left: 0, right: 1280, bottom: 844 })
      expect(cover.radius).toBe('0px')
    },
    60_000,
  )
})
