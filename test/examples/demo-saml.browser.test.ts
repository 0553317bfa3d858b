/** @module Registry, the demo's application with SAML: one single logout ends what knows the shared cookie and nothing of SAML. */
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { demo, openDemo, person } from './demo-place.js'

let home: string
openDemo()
beforeAll(() => {
  home = `${demo.registry}/private`
})

const providersOwn = ['/service-dashboard', '/business-connect']
const text = async (page: Page) => (await page.textContent('main')) ?? ''

/** Signs in at Registry by SAML, and waits for its live part. */
async function arrive(): Promise<void> {
  await person.signIn(home)
  await person.page.waitForURL(home)
  await person.card('Application session').getByText('active', { exact: true }).waitFor()
}

/** The pages of everything else, each in a tab of its own, where the person is known at once. */
async function openOthers(): Promise<readonly Page[]> {
  const tabs: Page[] = []
  for (const url of [demo.benefits, demo.library, demo.permits, demo.museum]) {
    const tab = await person.context.newPage()
    await tab.goto(`${url}/private`)
    await tab.getByText('Signed in as').waitFor()
    expect(tab.url()).toBe(`${url}/private`)
    tabs.push(tab)
  }
  return tabs
}

async function expectAtProviders(words: string): Promise<void> {
  const tab = await person.context.newPage()
  for (const path of providersOwn) {
    await tab.goto(demo.provider + path)
    expect(await text(tab)).toContain(words)
  }
  await tab.close()
}

it('shows who has signed in by SAML, and has nothing that axe finds, also on a phone and on the overview', async () => {
  await arrive()
  const { page, card } = person
  expect(await text(page)).toContain('Signed in as Ana Archer')
  await card('Shared cookie').getByText('not read here: who is signed in comes by SAML').waitFor()
  expect(await page.getByRole('button', { name: 'Back channel' }).count()).toBe(0)
  await person.logged('The browser came to sign in by SAML')
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await person.findings()).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
  await page.goto(demo.overview)
  await card('Registry').getByText('active', { exact: true }).waitFor()
  await card('Registry').getByText('level 1, by SAML').waitFor()
  expect(await person.findings()).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
})

it('ends all by one sign-out, the service dashboard and Business connect too, and its receipt says so', async () => {
  await arrive()
  const tabs = await openOthers()
  await expectAtProviders('You are signed in.')
  await person.press('Sign out everywhere')
  await person.page
    .getByText('You are signed out here and at the sign-in service.', { exact: false })
    .waitFor()
  expect(new URL(person.page.url()).origin).toBe(demo.registry)
  expect(await person.page.locator('dd').allTextContents()).toEqual(['ended', 'ended', 'ended'])
  const left = (await person.context.cookies())
    .map(({ name }) => name)
    .filter((name) => /^c1_|^registry/.test(name))
  expect(left).toEqual([])
  // The pages that were only open: nobody has touched them.
  for (const tab of tabs) await tab.waitForURL((url) => url.pathname !== '/private')
  for (const url of [demo.benefits, demo.library, demo.permits, demo.museum]) {
    await person.page.goto(url)
    await person.page
      .getByText(/^Not signed in/)
      .first()
      .waitFor()
  }
  await expectAtProviders('You are not signed in.')
})

it.each([
  ['benefits', 'You signed out in this or another application.'],
  ['museum', 'You signed out in this or another application.'],
  // Its store is another one: the provider tells Registry.
  ['permits', 'The sign-in service has signed you out.'],
] as const)('is out by a sign-out at %s, and its page says so', async (name, words) => {
  await arrive()
  const tab = await person.context.newPage()
  await tab.goto(`${demo[name]}/private`)
  await tab.getByRole('button', { name: 'Sign out everywhere', exact: true }).click()
  await tab.waitForURL(`${demo[name]}/session/return**`)
  await person.page.waitForURL(`${demo.registry}/session/login**`)
  expect(await text(person.page)).toContain(words)
})

it('is told by the provider of a sign-out there, by a call that needs no browser', async () => {
  await arrive()
  const tab = await person.context.newPage()
  await tab.goto(demo.provider)
  await tab.click('text="Sign out everywhere"')
  await tab.waitForSelector('text=You are signed out of CitizenOne')
  await person.page.waitForURL(`${demo.registry}/session/login**`)
  expect(await text(person.page)).toContain('The sign-in service has signed you out.')
})

it('asks for a second proof by SAML, and for a new sign-in after an idle end', async () => {
  const { page } = person
  await person.signIn(`${demo.registry}/strong`, 'ben')
  await page.waitForURL(`${demo.provider}/second-factor**`)
  const phone = await person.context.newPage()
  await phone.goto(`${demo.provider}/messages`)
  const [code = ''] = /\b\d{6}\b(?= is your)/.exec(await phone.innerText('main')) ?? []
  await phone.close()
  await page.getByLabel('Six-digit code').fill(code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(`${demo.registry}/strong`)
  await person.card('Shared cookie').getByText('level 2, by mfa').waitFor()
  await person.press('Idle too long')
  await page.waitForURL(`${demo.registry}/session/login**`)
  expect(await text(page)).toContain('You were away for a while')
})
