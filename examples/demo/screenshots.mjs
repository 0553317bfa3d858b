/** @module `npm run screenshots`: pictures of the demo into `docs/screenshots`, light and dark, desktop and phone. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { howToGet, obtainProgram } from '../../test/programs.mjs'
import { prepare, root, SetUpError } from '../set-up.mjs'
import { palettePng } from './palette-png.mjs'

const folder = join(root, 'docs/screenshots')
const mostBytes = 150_000

const views = [
  { name: 'desktop', viewport: { width: 1280, height: 920 } },
  { name: 'phone', viewport: { width: 390, height: 844 } },
]

/** Takes all pictures of a demo in which somebody has been about. */
async function takePictures(browser, { overview, applications }) {
  const { url } = applications[0]
  for (const { name, viewport } of views) {
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' })
      const page = await context.newPage()
      await signIn(page, `${url}/private`)
      for (const other of applications.slice(1)) await page.goto(`${other.url}/private`)
      await page.goto(`${url}/private`)
      for (const button of ['Rotate keys', '1 minute on', '1 minute on', 'Refresh now'])
        await press(page, button)
      await page.getByRole('log').getByText('The identity session was extended').first().waitFor()
      for (const _ of [1, 2]) await press(page, '1 minute on')
      await shoot(page, `application-${name}-${colorScheme}`)
      await page.goto(overview)
      await shoot(page, `overview-${name}-${colorScheme}`)
      await context.close()
    }
  }
}

async function signIn(page, address) {
  await page.goto(address)
  await page.getByLabel('Username').fill('ana')
  await page.getByLabel('Password').fill('ana-password')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(address)
}

/** Presses a button, and waits until it has said what it did. */
async function press(page, name) {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST')
  await page.getByRole('button', { name, exact: true }).click()
  await answered
}

async function shoot(page, name) {
  await page.locator('.pill[data-tone="good"]').first().waitFor()
  await page.locator('.log li[data-type]').first().waitFor()
  // Two looks at how things stand, so that everything is there.
  for (const _ of [1, 2]) await page.waitForResponse(/\/(session\/status|demo\/statuses)$/)
  await page.mouse.move(0, 0)
  await page.evaluate('scrollTo(0, 0)')
  const picture = palettePng(await page.screenshot())
  writeFileSync(join(folder, `${name}.png`), picture)
  console.log(`${name}.png  ${Math.ceil(picture.length / 1000)} kB`)
  if (picture.length > mostBytes) throw new SetUpError(`${name}.png is larger than ${mostBytes / 1000} kB`)
}

async function main() {
  const say = (line) => console.log(line)
  await prepare(say)
  const executablePath = await obtainProgram('browser', say)
  if (executablePath === undefined) throw new SetUpError(`no Chromium here: ${howToGet('browser')}`)
  const { defaultPorts, startDemo } = await import('./demo.mjs')
  const { preparePermits } = await import('./permits.mjs')
  const { chromium } = await import('playwright-core')
  await preparePermits(say)
  mkdirSync(folder, { recursive: true })
  const demo = await startDemo({ ports: defaultPorts, hasPermits: true, hasRegistry: true })
  // Chromium's sandbox refuses to run as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath, args })
  try {
    await takePictures(browser, demo)
  } finally {
    await browser.close()
    await demo.close()
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof SetUpError ? error.message : error)
  process.exitCode = 1
}
