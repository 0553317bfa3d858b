/** @module `<citizen-header>` in Chromium: under a strict policy, by keys and by eye, alone, in company, and beside the client. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import type { Locator, Page } from 'playwright-core'
import { beforeEach, expect, it } from 'vitest'
import type { ReleaseProfile } from '../../../src/index.js'
import { axeFindings } from '../../support/axe.js'
import { asker, goOnUntil } from '../clock.js'
import { signIn } from '../pages.js'
import { setUpWorld } from '../world.js'

/** A folder for pictures, for somebody to look at. */
const pictures = process.env.PAGES_PICTURES
const markup = '<img src=x onerror="document.title=1">'

let profile: ReleaseProfile
beforeEach(() => {
  profile = () => ({ name: 'Ana Archer', email: 'ana@mail.example' })
})
const world = setUpWorld({
  // Playwright switches it off for all tests: here it is what one is about.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  suite: (url) => ({
    profile: (...given) => profile(...given),
    header: {
      applications: [
        { name: 'Benefits', url: `${url}/header` },
        { name: 'Library', url: 'http://library.citizen.localhost:9/' },
        { name: 'Permits', url: 'http://permits.citizen.localhost:9/' },
      ],
    },
  }),
})

const part = (page: Page, name: string): Locator => page.locator(`citizen-header [part~="${name}"]`)
/** What is seen of a header, from left to right. */
const textOf = (page: Page) =>
  page.evaluate<string>(`[...document.querySelector('citizen-header').shadowRoot.querySelectorAll('[part]')]
    .filter((part) => !part.firstElementChild && part.tagName !== 'OUTPUT' && part.checkVisibility())
    .flatMap((part) => part.innerText.trim() || []).join(' ')`)
const says = (page: Page) => page.locator('citizen-header output').first().innerText()
/** The name of what has the focus in the shadow tree. */
const focused = (page: Page) =>
  page.evaluate<string>(`document.activeElement?.shadowRoot?.activeElement?.textContent ?? ''`)
const asked = (route: string) =>
  world.site.requests.filter((request) => request === `GET /session/${route}`).length

async function arrive(query = ''): Promise<Page> {
  const page = await world.tab()
  await signIn(page, `${world.site.url}/private`)
  await page.goto(`${world.site.url}/header${query}`)
  await part(page, 'sign-out').first().waitFor()
  return page
}

it('shows who is there, for how long, where else they can go, in two languages, to every eye', async () => {
  const page = await arrive('?details=email')
  for (const language of ['en', 'fr']) {
    await page.goto(`${world.site.url}/header?details=email&lang=${language}`)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await part(page, 'details').getByText('ana@mail.example').waitFor()
      await part(page, 'menu-button').click()
      expect(await axeFindings(page)).toEqual([])
      for (const width of [1280, 390, 320]) {
        await page.setViewportSize({ width, height: 400 })
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
        if (pictures === undefined) continue
        mkdirSync(join(pictures, 'header'), { recursive: true })
        await page.screenshot({
          path: join(pictures, 'header', `header-${language}-${colorScheme}-${width}.png`),
        })
      }
      await page.keyboard.press('Escape')
    }
    const words = {
      en: 'Benefits Ana Archer ana@mail.example Session ends in 9 minutes Sign out',
      fr: 'Benefits Ana Archer ana@mail.example Fin de session dans 9 minutes Se déconnecter',
    }[language]
    expect(await textOf(page)).toBe(words)
  }
  // Looks of its own, and a language.
  const colours = await page.evaluate(`(() => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('citizen-header { --citizen-accent: #010203 } citizen-header::part(name) { color: #040506 }')
    document.adoptedStyleSheets = [sheet]
    const { shadowRoot } = document.querySelector('citizen-header')
    return ['sign-out', 'name'].map((part) => getComputedStyle(shadowRoot.querySelector('[part=' + part + ']')).color)
  })()`)
  expect(colours).toEqual(['rgb(1, 2, 3)', 'rgb(4, 5, 6)'])
  await page.evaluate(`document.querySelector('citizen-header').lang = 'en'`)
  await part(page, 'sign-out').getByText('Sign out').waitFor()
})

it.each(['ltr', 'rtl'])('fits a phone with the longest names that there may be, %s', async (direction) => {
  profile = () => ({ name: 'N'.repeat(100), email: 'e'.repeat(100) })
  const page = await arrive()
  const names = ['Department of Employment and Social Development, Benefits Hub'.slice(0, 60), 'X'.repeat(60)]
  for (const name of names) {
    const json = {
      domain: 'citizen.localhost',
      name,
      applications: names.map((each, place) => ({
        name: each,
        url: `http://${place}.citizen.localhost:9/`,
        isCurrent: each === name,
      })),
    }
    await page.route('**/session/applications', (route) => route.fulfill({ json }))
    await page.setViewportSize({ width: 320, height: 640 })
    await page.goto(`${world.site.url}/header?details=email`)
    await page.evaluate(`document.documentElement.dir = '${direction}'`)
    await part(page, 'details').waitFor()
    await part(page, 'menu-button').click()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320)
    const seen = await part(page, 'menu').evaluate((menu) => {
      const { left, right } = menu.getBoundingClientRect()
      return left >= 0 && right <= 320
    })
    expect(seen).toBe(true)
  }
})

it('keeps each of as many applications as there may be in reach on a short screen, by eye and by keys', async () => {
  const page = await arrive()
  const applications = Array.from({ length: 32 }, (_, place) => ({
    name: `Application ${place}`,
    url: `http://${place}.citizen.localhost:9/`,
    isCurrent: place === 0,
  }))
  const json = { domain: 'citizen.localhost', name: 'Application 0', applications }
  await page.route('**/session/applications', (route) => route.fulfill({ json }))
  await page.setViewportSize({ width: 640, height: 360 })
  await page.goto(`${world.site.url}/header`)
  // A header that stays where it is does not scroll with the page.
  await page.evaluate(`document.querySelector('citizen-header').attributeStyleMap.set('position', 'fixed')`)
  await part(page, 'menu-button').click()
  expect(await axeFindings(page)).toEqual([])
  const isInReach = (name: string) =>
    page.getByRole('menuitem', { name, exact: true }).evaluate((item) => {
      const { top, bottom } = item.getBoundingClientRect()
      return top >= 0 && bottom <= innerHeight
    })
  await part(page, 'menu').hover()
  await page.mouse.wheel(0, 5000)
  await expect.poll(() => isInReach('Application 31')).toBe(true)
  for (const [key, name] of [
    ['ArrowDown', 'Application 1'],
    ['End', 'Application 31'],
    ['Home', 'Application 0'],
  ] as const) {
    await page.keyboard.press(key)
    await expect.poll(() => isInReach(name)).toBe(true)
  }
})

it('is a menu button by keys, in a landmark that has a name', async () => {
  const page = await arrive()
  const button = page.getByRole('button', { name: 'Applications: Benefits' })
  await page.getByRole('region', { name: 'Account' }).waitFor()
  await page.keyboard.press('Tab')
  const steps = [
    ['Enter', 'Benefits'],
    ['ArrowDown', 'Library'],
    ['ArrowDown', 'Permits'],
    ['ArrowDown', 'Benefits'],
    ['ArrowUp', 'Permits'],
    ['Home', 'Benefits'],
    ['End', 'Permits'],
  ] as const
  for (const [key, name] of steps) {
    await page.keyboard.press(key)
    expect([key, await focused(page), await button.getAttribute('aria-expanded')]).toEqual([
      key,
      name,
      'true',
    ])
  }
  expect(await page.getByRole('menu').getByRole('menuitem').count()).toBe(3)
  expect(await page.getByRole('menuitem', { name: 'Benefits' }).getAttribute('aria-current')).toBe('true')
  expect(await page.getByRole('menuitem', { name: 'Library' }).getAttribute('aria-current')).toBeNull()
  await page.keyboard.press('Escape')
  expect([await focused(page), await page.getByRole('menu').isVisible()]).toEqual(['Benefits', false])
  await page.keyboard.press('ArrowUp')
  expect(await focused(page)).toBe('Permits')
  // On to what comes next; what is left behind closes.
  await page.keyboard.press('Tab')
  expect([await focused(page), await page.getByRole('menu').isVisible()]).toEqual(['Sign out', false])
  await button.click()
  await page.click('h1')
  expect(await page.getByRole('menu').isVisible()).toBe(false)
  await button.click()
  const going = page.waitForRequest('http://library.citizen.localhost:9/')
  await page.getByRole('menuitem', { name: 'Library' }).click()
  await going
})

it('shows the claims of the cookie as text, without a question for what is there', async () => {
  const { emulator, url } = world.site
  const claims = decodeJwt(await emulator.tokenFor('ana'))
  const cookies = emulator.cookieHeader(await emulator.signToken({ ...claims, name: markup })).split('; ')
  await world.context.addCookies(
    cookies.map((pair) => {
      const [name = '', value = ''] = pair.split('=')
      return { name, value, domain: '.citizen.localhost', path: '/' }
    }),
  )
  const page = await world.tab()
  await page.goto(`${url}/private`)
  await page.goto(`${url}/header`)
  await part(page, 'sign-out').waitFor()
  expect(await part(page, 'name').innerText()).toBe(markup)
  expect([await page.title(), asked('profile')]).toEqual(['page', 0])
  // Whatever came in between: only text, and only the base domain.
  const json = {
    domain: 'citizen.localhost',
    name: markup,
    applications: [
      { name: markup, url: 'http://library.citizen.localhost:9/', isCurrent: false },
      { name: 'Elsewhere', url: 'https://evil.example/', isCurrent: false },
      { name: 'A script', url: 'javascript:document.title=2', isCurrent: false },
    ],
  }
  await page.route('**/session/applications', (route) => route.fulfill({ json }))
  await page.goto(`${url}/header?details=email`)
  await part(page, 'details').getByText('ana@mail.example').waitFor()
  expect([await part(page, 'name').innerText(), asked('profile')]).toEqual([markup, 1])
  await part(page, 'menu-button').click()
  expect([await part(page, 'application').allInnerTexts(), await page.title()]).toEqual([[markup], 'page'])
})

it('signs out without the client, and empties every header of every tab', async () => {
  const page = await arrive('?count=2')
  const other = await world.tab('/header')
  await part(other, 'name').getByText('Ana Archer').waitFor()
  expect([await part(page, 'name').count(), asked('applications')]).toEqual([2, 1])
  await other.bringToFront()
  await part(page, 'sign-out').nth(1).click()
  await page.waitForURL((address) => address.pathname === '/session/return')
  expect(await page.textContent('main')).toContain('signed out of all applications')
  expect(world.site.requests).toContain('POST /session/logout')
  await part(other, 'notice').getByText('Your session has ended.').waitFor()
  expect(await textOf(other)).toBe('Benefits Your session has ended. Sign in')
  expect(await says(other)).toBe('Your session has ended.')
  expect(await other.content()).not.toContain('Ana Archer')
  const address = await part(other, 'sign-in').getAttribute('href')
  expect(address).toBe('/session/login?returnTo=%2Fheader')
})

it('takes no element for its script or for the client, whatever the element is called', async () => {
  const elements =
    '<img name="currentScript" src="/elsewhere/header.js" data-payload-cookie="other">' +
    '<form id="citizenSession"><input name="client"></form>'
  await world.context.route('**/named', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html>${elements}<citizen-header></citizen-header><script src="/session/header.js"></script>`,
    }),
  )
  const page = await world.tab()
  await signIn(page, `${world.site.url}/private`)
  await page.goto(`${world.site.url}/named`)
  await part(page, 'name').getByText('Ana Archer').waitFor()
  await part(page, 'sign-out').click()
  await page.waitForURL((address) => address.pathname === '/session/return')
  expect(await page.textContent('main')).toContain('signed out of all applications')
})

it('is empty in a moment where the page that was asking for all has left without an answer', async () => {
  await world.travel(0)
  const page = await arrive()
  const other = await world.tab('/header')
  const asking = await world.tab('/open')
  await part(other, 'name').getByText('Ana Archer').waitFor()
  await world.stopClocks()
  await asking.evaluate(`new Promise((isHeld) => {
    navigator.locks.request('${asker}', () => isHeld() ?? new Promise(() => {}))
  })`)
  await part(page, 'sign-out').click()
  await page.waitForURL((address) => address.pathname === '/session/return')
  await world.context.clock.runFor(1000)
  await part(other, 'name').waitFor({ state: 'hidden' })
  expect(await part(other, 'notice').isVisible()).toBe(false)
  await asking.close()
  const notice = part(other, 'notice').getByText('Your session has ended.')
  await goOnUntil(other, () => notice.isVisible(), 250)
})

it('tells an outage from an end, and a near end three times', async () => {
  await world.travel(0)
  const page = await arrive()
  await part(page, 'name').getByText('Ana Archer').waitFor()
  await world.travel(485)
  await expect.poll(() => says(page)).toBe('Session ends in 2 minutes')
  await world.travel(60)
  await expect.poll(() => says(page)).toBe('Session ends in 1 minute')
  world.site.setReachable(false)
  await world.travel(20)
  await expect.poll(() => says(page)).toBe('Service unavailable.')
  expect(await textOf(page)).toMatch(/^Benefits Ana Archer Session ends in \d+ seconds Service unavailable/)
  // Its time is over by the last word of the server: whether it is, nobody can say.
  await world.travel(40)
  await expect.poll(() => textOf(page)).toBe('Benefits Service unavailable. Sign out')
  world.site.setReachable(true)
  await world.travel(6)
  await expect.poll(() => textOf(page)).toBe('Benefits Your session has ended. Sign in')
})

it('comes back out of the back/forward cache without the person, until the server was asked', async () => {
  const page = await arrive()
  await part(page, 'name').getByText('Ana Archer').waitFor()
  await page.evaluate(`addEventListener('pageshow', ({ persisted }) => {
    const name = document.querySelector('citizen-header').shadowRoot.querySelector('[part=name]')
    globalThis.shownAgain = [persisted, name.checkVisibility()]
  }, true)`)
  await page.goto(`${world.site.url}/open`)
  await page.goBack({ waitUntil: 'commit' })
  expect(await page.evaluate('shownAgain')).toEqual([true, false])
  await part(page, 'name').getByText('Ana Archer').waitFor()
})

it('is empty at once where the client of the page says that the session has ended', async () => {
  const page = await arrive()
  await part(page, 'name').getByText('Ana Archer').waitFor()
  const said = `globalThis.citizenSession = { client: { snapshot: { state: 'ended' } } }`
  await page.evaluate(`${said}; dispatchEvent(new Event('citizen'))`)
  expect(await textOf(page)).toBe('Benefits Your session has ended. Sign in')
})

it('leads to the login although the server has never answered it', async () => {
  const page = await world.tab()
  await page.route('**/session/status', (route) => route.abort())
  await page.goto(`${world.site.url}/header`)
  await part(page, 'notice').getByText('Service unavailable.').waitFor()
  const said = `globalThis.citizenSession = { client: { snapshot: { state: 'ended' } } }`
  await page.evaluate(`${said}; dispatchEvent(new Event('citizen'))`)
  const address = await part(page, 'sign-in').getAttribute('href')
  expect(address).toBe('/session/login?returnTo=%2Fheader')
})

it('goes on with the client beside it: one of both asks, and the client signs out', async () => {
  await world.travel(0)
  const page = await arrive()
  const before = asked('status')
  await page.goto(`${world.site.url}/header?client`)
  await part(page, 'name').getByText('Ana Archer').waitFor()
  await part(page, 'menu-button').getByText('Benefits').waitFor()
  await world.travel(61)
  await expect.poll(() => asked('status')).toBe(before + 2)
  await page.evaluate(`{
    const { client } = citizenSession
    const { signOut } = client
    client.signOut = () => {
      sessionStorage.signedOutBy = 'client'
      return signOut()
    }
  }`)
  await part(page, 'sign-out').click()
  await page.waitForURL((address) => address.pathname === '/session/return')
  expect(await page.evaluate('sessionStorage.signedOutBy')).toBe('client')
})
