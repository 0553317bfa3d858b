/** @module The pages of the demo: each button does what it says, in all three applications and on the overview. */
import { describe, expect, it } from 'vitest'
import { browser, demo, openDemo, person } from './demo-place.js'
import { visit } from './demo-visit.js'

openDemo()

const names = ['benefits', 'library', 'permits'] as const
type Name = (typeof names)[number]
const titles = { benefits: 'Benefits', library: 'Library', permits: 'Permits' } as const

const idle = {
  page: 'You were away for a while',
  line: 'A session ended: no activity for too long',
  reason: 'idle-timeout',
}
/** What comes of being idle for the second time: twice 8 hours are more than any session lasts. */
const ends = {
  benefits: idle,
  library: idle,
  permits: {
    page: 'Your session reached its longest time',
    line: 'A session ended: reached its longest time',
    reason: 'absolute-timeout',
  },
} as const

/** Signs in at one application, and waits for its live part. */
async function arrive(name: Name, username = 'ana'): Promise<void> {
  const address = `${demo[name]}/private`
  await person.signIn(address, username)
  await person.page.waitForURL(address)
  await person.card('Application session').getByText('active', { exact: true }).waitFor()
}

const statusOf = async () =>
  (await person.page.evaluate(
    `fetch('/session/status', { headers: { 'citizen-activity': 'none' } }).then((answer) => answer.json())`,
  )) as { readonly session: { readonly lastSeenAt: number; readonly publicId: string } | null }

const main = async () => (await person.page.textContent('main')) ?? ''

describe.each(names)('the page of %s', (name) => {
  it('shows the three layers, who is there by the payload cookie, and timers that run', async () => {
    await arrive(name)
    const { page, card } = person
    await card('Identity session').getByText('alive', { exact: true }).waitFor()
    await card('Shared cookie').getByText('3 of 3 parts').waitFor()
    expect(await card('Shared cookie').innerText()).toMatch(
      /Person\s+Ana Archer\s+Assurance\s+level 1, by password/,
    )
    expect(await main()).toContain((await statusOf()).session?.publicId)
    const left = async () =>
      Number(await card('Application session').locator('progress').first().getAttribute('value'))
    const before = await left()
    expect(before).toBeGreaterThan(0.9)
    await expect.poll(left).toBeLessThan(before)
    // What the page asks by itself is no activity.
    const { session } = await statusOf()
    await page.waitForResponse(/\/session\/status$/)
    await page.waitForResponse(/\/session\/status$/)
    expect((await statusOf()).session).toEqual(session)
  })

  it('warns when the person is nearly idle, and leads to the login when they are', async () => {
    await arrive(name)
    const seen = (await statusOf()).session?.lastSeenAt ?? 0
    await person.press('Nearly idle')
    await person.press('Stay signed in')
    await expect.poll(async () => (await statusOf()).session?.lastSeenAt).toBeGreaterThan(seen)
    await person.press('Idle too long')
    await person.page.waitForURL(`${demo[name]}/session/login**`)
    expect(await main()).toContain(ends[name].page)
    await person.page.goto(demo[name])
    await person.logged(ends[name].line)
    await person.logged(/The clock moved on by .*while another application was used/)
    await person.card('Application session').getByText(ends[name].reason).waitFor()
  })

  it('refreshes now, with a new key after a rotation, and not while the provider is down', async () => {
    await arrive(name)
    await person.press('Rotate keys')
    await person.said('New tokens are signed with a new key')
    await person.press('1 minute on')
    await person.logged('The clock moved on by 1 min')
    const issued = () => person.card('Identity session').locator('dt:text("Token issued") + dd').textContent()
    const before = await issued()
    await person.press('Refresh now')
    await person.said('The identity session was extended.')
    await person.logged('The provider took a new key into use')
    await person.logged('The identity session was extended')
    await expect.poll(issued).not.toBe(before)

    await person.press('Provider down')
    await person.card('Identity session').getByText('provider down').waitFor()
    await person.press('Refresh now')
    await person.said('nobody is signed out for that')
    await person.logged('The provider cannot be reached')
    expect((await statusOf()).session).not.toBeNull()
    await person.press('Provider up again')
    await person.card('Identity session').getByText('alive', { exact: true }).waitFor()
    await person.logged('The provider came up again')
  })

  it('learns with the next refresh that the provider has ended its session', async () => {
    await arrive(name)
    await person.press('End at the provider')
    await person.card('Identity session').getByText('none', { exact: true }).first().waitFor()
    expect((await statusOf()).session).not.toBeNull()
    await person.press('Refresh now')
    // The first refusal may be an outage's: the session ends with the second, a minute later.
    for (let minutes = 0; minutes < 2; minutes += 1) {
      await person.press('1 minute on')
      await person.said('The clock of everything has moved on.')
    }
    await person.press('Refresh now')
    await person.page.waitForURL(`${demo[name]}/session/login**`)
    expect(await main()).toContain('The sign-in service has signed you out')
  })

  it('ends with all others when an administrator ends the person', async () => {
    await arrive(name)
    const others = names.filter((other) => other !== name)
    for (const other of others) await person.page.goto(`${demo[other]}/private`)
    await person.page.goto(`${demo[name]}/private`)
    await person.press('Administrator ends all')
    await person.page.waitForURL(`${demo[name]}/session/login**`)
    expect(await main()).toContain('You were signed out from elsewhere')
    for (const other of others) {
      await person.page.goto(`${demo[other]}/private`)
      expect(await main()).toContain('You were signed out from elsewhere')
    }
    await person.page.goto(demo[name])
    await person.logged('An administrator ended all sessions of the person')
    // What was issued in the very second of the end is refused with all before it.
    await person.press('1 minute on')
    await person.said('The clock of everything has moved on.')
  })

  it('notices that the person was switched', async () => {
    await arrive(name)
    await person.page.getByRole('link', { name: 'Switch person' }).click()
    await person.page.waitForURL(`${demo.provider}/login**`)
    await person.signIn(person.page.url(), 'dan')
    await person.page.waitForURL(`${demo[name]}/**`)
    await person.page.goto(demo[name])
    await person.logged('Somebody else has signed in with this browser')
    await person.page.goto(`${demo[name]}/private`)
    await person.card('Shared cookie').getByText('Dan Duval').waitFor()
    expect(await person.page.getByText('Ana Archer').count()).toBe(0)
  })

  it('asks for a second proof, and shows the level', async () => {
    const { page } = person
    await person.signIn(`${demo[name]}/private`, 'ben')
    await page.waitForURL(`${demo.provider}/second-factor**`)
    await page.goto(demo[name])
    await person.card('Application session').getByText('mfa-required').first().waitFor()
    await page.getByRole('link', { name: 'Show a second proof' }).click()
    await page.waitForURL(`${demo.provider}/second-factor**`)
    const phone = await person.context.newPage()
    await phone.goto(`${demo.provider}/messages`)
    const [code = ''] = /\b\d{6}\b(?= is your)/.exec(await phone.innerText('main')) ?? []
    await phone.close()
    await page.getByLabel('Six-digit code').fill(code)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(`${demo[name]}/strong`)
    await person.card('Shared cookie').getByText('level 2, by mfa').waitFor()
    await person.logged(/A session began\s*level 2/)
  })

  it('signs out here only, and everywhere, with every leg in the log', async () => {
    const other = name === 'library' ? 'benefits' : 'library'
    await arrive(name)
    await person.page.goto(`${demo[other]}/private`)
    await person.page.goto(`${demo[name]}/private`)
    await person.press('Sign out here only')
    await person.page.waitForURL(`${demo[name]}/session/logout`)
    await person.page.goto(`${demo[other]}/private`)
    await person.press('Sign out everywhere')
    await person.page.waitForURL(`${demo[other]}/session/return**`)
    await person.page.goto(`${demo[other]}/`)
    for (const leg of ['application sessions', 'shared cookies', 'identity session'])
      await person.logged(`Sign-out, ${leg}: done`)
    await person.card('Shared cookie').getByText('0 of 3 parts').waitFor()
  })
})

it('takes whom the partner knows over to it with one click, from Benefits', async () => {
  await arrive('benefits')
  await person.page.click('text="Go on to the partner"')
  await person.page.waitForURL('http://partner.localhost:*/partner')
  expect(await person.page.textContent('h1')).toBe('Welcome, Ana Archer')
  expect(await person.findings()).toEqual([])
  await person.page.goBack()
  await person.page.waitForURL(`${demo.benefits}/private`)
})

describe('the overview', () => {
  it('shows all applications side by side, keeps nobody alive, and says what each knows', async () => {
    await arrive('permits')
    for (const name of ['library', 'benefits'] as const) await person.page.goto(`${demo[name]}/private`)
    const before = await statusOf()
    await person.page.goto(demo.overview)
    for (const name of names) await person.card(titles[name]).getByText('active', { exact: true }).waitFor()
    await person.card('Shared by all').getByText('Ana Archer').waitFor()
    for (const _ of [1, 2]) await person.page.waitForResponse(/\/demo\/statuses$/)
    const other = await visit(browser)
    await other.context.addCookies(await person.context.cookies())
    await other.page.goto(`${demo.benefits}/demo/about`)
    const after = await other.page.evaluate(`fetch('/session/status').then((answer) => answer.json())`)
    await other.context.close()
    expect((after as typeof before).session).toEqual(before.session)

    await person.press('10 minutes on')
    await person.card('Benefits').getByText('idle-timeout').waitFor()
    await person.card('Library').getByText('active', { exact: true }).waitFor()
    await person.logged('The clock moved on by 10 min')
    await person.press('Provider down')
    await person.card('Shared by all').getByText('provider down').waitFor()
    await person.press('Provider up again')
    await person.card('Shared by all').getByText('provider up').waitFor()
    await person.press('Administrator ends all')
    for (const name of ['library', 'permits'] as const)
      await person.card(titles[name]).getByText('revoked', { exact: true }).waitFor()
    // What was issued in the very second of the end is refused with all before it.
    await person.press('1 minute on')
    await person.said('The clock of everything has moved on.')
  })

  it('lets no other site throw a switch, and tells no secret', async () => {
    await arrive('library')
    await person.page.goto(demo.overview)
    await person.logged('A session began')
    const events = await person.page.evaluate(
      `fetch('/demo/events').then(async ({ body }) => {
        const { value } = await body.pipeThrough(new TextDecoderStream()).getReader().read()
        return value
      })`,
    )
    const cookies = await person.context.cookies()
    for (const { value } of cookies) expect(events).not.toContain(value)
    expect(events).not.toMatch(/eyJ/)
    const port = new URL(demo.overview).port
    const send = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/demo/do`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ action: 'rotate-keys' }),
      })
    for (const origin of ['http://elsewhere.example', 'null', demo.provider])
      expect((await send({ origin })).status).toBe(403)
    expect((await send({})).status).toBe(403)
    expect((await send({ origin: demo.overview })).status).toBe(200)
  })
})

describe.each(['light', 'dark'] as const)('in the %s scheme', (colorScheme) => {
  it('has nothing that axe finds, and fits a phone', async () => {
    const { page } = person
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width: 320, height: 640 })
    const live = () => page.locator('.log li[data-type]').first().waitFor()
    const look = async () => {
      await live()
      expect([page.url(), await person.findings()]).toEqual([page.url(), []])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
    }
    await page.goto(demo.overview)
    await look()
    await arrive('benefits')
    await look()
    for (const address of [
      `${demo.library}/private`,
      `${demo.permits}/private`,
      `${demo.permits}/`,
      demo.overview,
    ]) {
      await page.goto(address)
      await look()
    }
  })
})
