/** @module Museum, the demo's application with OpenID Connect: it watches the provider's session, and both ways after it. */
import type { Page } from 'playwright-core'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { demo, openDemo, person } from './demo-place.js'

let home: string
openDemo('--without-next')
beforeAll(() => {
  home = `${demo.museum}/private`
})
beforeEach(async () => {
  await person.signIn(home)
  await person.page.waitForURL(home)
  await person.card('Application session').getByText('active', { exact: true }).waitFor()
})

const text = async (page: Page) => (await page.textContent('main')) ?? ''

/** Somebody else signs in at the provider, in another tab of the same browser. */
async function switchTo(username: string) {
  const tab = await person.context.newPage()
  await tab.goto(`${demo.provider}/login?prompt=login&returnTo=%2F`)
  await tab.fill('#username', username)
  await tab.fill('#password', `${username}-password`)
  await tab.click('button:text-is("Sign in")')
  await tab.waitForURL(`${demo.provider}/`)
  await tab.close()
}

it('knows who has signed in elsewhere, and has nothing that axe finds, also on a phone', async () => {
  const { page, card } = person
  expect(await text(page)).toContain('Signed in as Ana Archer')
  await card('Shared cookie').getByText('not read here').waitFor()
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await person.findings()).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
  await page.goto(demo.overview)
  await card('Museum').getByText('active', { exact: true }).waitFor()
  expect(await person.findings()).toEqual([])
})

it('is out by a sign-out at Library, which has the same session, and its page says so', async () => {
  const tab = await person.context.newPage()
  await tab.goto(`${demo.library}/private`)
  await tab.click('text="Sign out everywhere"')
  await tab.waitForSelector('text=You are signed out of all applications')
  await tab.close()
  await person.page.waitForURL(`${demo.museum}/session/login**`)
  expect(await text(person.page)).toContain('You signed out in this or another application.')
})

it('is told of a sign-out at the provider by the back channel, and its page says so', async () => {
  const tab = await person.context.newPage()
  await tab.goto(demo.provider)
  await tab.click('text="Sign out everywhere"')
  await tab.waitForSelector('text=You are signed out of CitizenOne')
  await tab.close()
  await person.page.waitForURL(`${demo.museum}/session/login**`)
  expect(await text(person.page)).toContain('signed you out')
})

it('ends all by its own sign-out, and its receipt says so', async () => {
  const tab = await person.context.newPage()
  await tab.goto(`${demo.library}/private`)
  expect(await text(tab)).toContain('Signed in as Ana Archer')
  await person.press('Sign out everywhere')
  await person.page.waitForURL(`${demo.museum}/session/return**`)
  expect(await text(person.page)).toContain('You are signed out here and at the sign-in service.')
  expect(await person.page.locator('dd').allTextContents()).toEqual(['ended', 'ended', 'ended', 'ended'])
  await tab.waitForURL(({ pathname }) => pathname !== '/private')
})

it('without the back channel finds somebody else by itself: asks first, or follows where it is to', async () => {
  const { page } = person
  await person.press('Back channel')
  await person.said('The provider tells Museum nothing')
  await switchTo('dan')
  await page.waitForURL(`${demo.museum}/session/login**`)
  expect(await text(page)).toContain('another account')
  await page.click('main button')
  await page.waitForURL(home)
  expect(await text(page)).toContain('Signed in as Dan Duval')

  await person.press('Follow the identity')
  await person.said('leads straight to the provider')
  await switchTo('ana')
  await page.waitForSelector('text=Signed in as Ana Archer')
  expect(page.url()).toBe(home)
  for (const button of ['Follow the identity', 'Back channel']) await person.press(button)
  await person.said('The provider tells Museum of every end')
})
