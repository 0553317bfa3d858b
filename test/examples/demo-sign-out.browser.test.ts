/** @module "Sign out of everything" of the demo's overview: all five applications, and the receipt as its legs come. */
import type { BrowserContext, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { browser, demo, openDemo, person } from './demo-place.js'

const titles = ['Benefits', 'Library', 'Permits', 'Museum', 'Registry'] as const
const nameOf = (title: (typeof titles)[number]) =>
  title.toLowerCase() as 'benefits' | 'library' | 'permits' | 'museum' | 'registry'
/** Permits is another process with another store, which nobody tells: that it knows the browser no more is all that is seen. */
const applicationRows = titles.map((title) => `${title}: ${title === 'Permits' ? 'out' : 'done'}: N ms`)
const everything = 'Sign out of everything'

openDemo()

/** Signs in at these, the first of them by hand, and opens the overview. */
async function arrive(wanted: readonly (typeof titles)[number][] = titles, username = 'ana'): Promise<void> {
  const [first = '', ...others] = wanted.map((title) => `${demo[nameOf(title)]}/private`)
  await person.signIn(first, username)
  await person.page.waitForURL(first)
  for (const url of others) {
    await person.page.goto(url)
    await person.page.getByText('Signed in as').waitFor()
  }
  await person.page.goto(demo.overview)
  for (const title of wanted) await person.card(title).getByText('active', { exact: true }).waitFor()
}

/** Presses the button. Resolves to the window in which the sign-out goes on. */
async function signOut(): Promise<Page> {
  const [opened] = await Promise.all([person.context.waitForEvent('page'), person.press(everything)])
  return opened
}

/** The rows of the receipt: what, its state, and `N ms` where it says how long that took. */
const rows = async () =>
  await person.page.evaluate(`[...document.querySelectorAll('.receipt li')].map((row) =>
    [row.children[1].firstChild.data, row.dataset.state, row.querySelector('.took').textContent.replace(/\\d+/, 'N')].join(': '))`)

const refusedCards = async (wanted: readonly string[] = titles) => {
  for (const title of wanted) await person.card(title).getByText('not-signed-in', { exact: true }).waitFor()
}

/** What each of these says to whoever has kept the cookies of before: a refusal deletes them, so each gets them anew. */
async function replayed(
  cookies: Parameters<BrowserContext['addCookies']>[0],
  urls: readonly string[],
): Promise<readonly string[]> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const found: string[] = []
  for (const url of urls) {
    await context.clearCookies()
    await context.addCookies(cookies)
    await page.goto(`${url}/session/status`)
    const { reason, state } = JSON.parse(await page.innerText('body'))
    found.push(reason ?? state)
  }
  await context.close()
  return found
}

it('ends all five by one click, and lights every leg of the receipt with the time it took', async () => {
  await arrive()
  const kept = await person.context.cookies()
  const opened = await signOut()
  await person.card('Receipt').getByText('all out', { exact: true }).waitFor()
  expect(await rows()).toEqual([
    ...applicationRows,
    'Sessions in the store: done: N ms',
    'Cookies in this browser: done: N ms',
    'Identity session at the provider: done: N ms',
  ])
  await person.said(/^Through Benefits: all 8 out within \d+ ms\.$/)
  await opened.getByText('You are signed out of all applications and of the sign-in service.').waitFor()
  await person.page.getByText('there is nothing to sign out of').waitFor()
  expect(await person.page.getByRole('button', { name: everything }).isDisabled()).toBe(true)
  await refusedCards()
  expect(await replayed(kept, [demo.benefits, demo.library, demo.museum, demo.registry])).toEqual(
    Array(4).fill('signed-out'),
  )
  // Why its row says less than "done": a copy of the cookie is good there until it has to be renewed.
  expect(await replayed(kept, [demo.permits])).toEqual(['active'])
  for (const colorScheme of ['light', 'dark'] as const) {
    await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await person.findings()).toEqual([])
  }
  await person.page.setViewportSize({ width: 320, height: 640 })
  expect(await person.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
})

it('leads nobody to a page that signs out, but who has pressed the button on the overview', async () => {
  const port = new URL(demo.overview).port
  const post = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}/demo/sign-out-of-everything`, {
      method: 'POST',
      headers,
      redirect: 'manual',
    })
  for (const origin of ['http://elsewhere.example', 'null', demo.provider, demo.library])
    expect((await post({ origin })).status).toBe(403)
  // Nobody is signed in: there is nothing to lead to.
  expect((await post({ origin: demo.overview })).headers.get('location')).toBe('/')
  await person.signIn(`${demo.library}/private`)
  await person.page.waitForURL(`${demo.library}/private`)
  for (const ticket of ['', '?ticket=', '?ticket=guessed']) {
    await person.page.goto(`${demo.library}/demo/sign-out${ticket}`)
    await person.page.getByText('Signed in as').waitFor()
  }
})

it('says of a provider that is down that its session and tokens are not known to have ended, and ends all others', async () => {
  // A session of the same person in another browser would make the receipt say less of the cookies.
  await arrive(['Museum', 'Registry'], 'dan')
  await person.press('Provider down')
  await person.card('Shared by all').getByText('provider down').waitFor()
  await signOut()
  await person.card('Receipt').getByText('not all known', { exact: true }).waitFor()
  await expect.poll(rows).toEqual([
    'Museum: done: N ms',
    'Registry: done: N ms',
    'Sessions in the store: done: N ms',
    'Cookies in this browser: done: N ms',
    'Identity session at the provider: unknown: ',
    // A leg that only OpenID Connect has.
    'Tokens of the provider: unknown: N ms',
  ])
  await person.card('Receipt').getByText('the provider is down: its session may go on').waitFor()
  expect(await person.findings()).toEqual([])
  await refusedCards(['Museum', 'Registry'])
  await person.press('Provider up again')
  await person.card('Shared by all').getByText('provider up').waitFor()
})
