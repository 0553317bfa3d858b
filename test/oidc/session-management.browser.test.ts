/** @module Session management in a real browser: four relying parties, with third-party cookies allowed and blocked. */
import type { Frame, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkSessionScript } from '../../src/oidc/check-session-script.js'
import { createFourParties, type FourParties, type Name } from './four-parties.js'

let parties: FourParties
beforeAll(async () => {
  vi.stubEnv('CITIZEN_OIDC_SESSION_MANAGEMENT', 'true')
  parties = await createFourParties()
  vi.unstubAllEnvs()
})
afterAll(() => parties?.close())
afterEach(() => parties.reset())

const open = (cookies: 'allowed' | 'blocked') => parties.open(cookies)
const signIn = (tab: Page, name: Name, username: string) => parties.signIn(tab, name, username)
const urlOf = (name: Name) => parties.urlOf(name)

/** Until our frame has told its page this. */
const told = (tab: Page, word: string) =>
  tab.waitForFunction(
    (expected) => (globalThis as unknown as { told: string[] }).told.includes(expected),
    word,
  )

const typesOf = (name: Name) => (parties.events.get(name) ?? []).map(({ type }) => type)
/** Codes that SP2 has exchanged: one for each login, one for each silent check that found somebody. */
const codes = () =>
  parties.asked.filter((call) => call.startsWith('sp2 ') && call.endsWith('/token.idp')).length

describe('where third-party cookies are allowed', () => {
  it('SES-07 SES-10 the Safewhere case: SP2 learns of the other identity, takes it up by a fresh login, and nothing loops', async () => {
    const browser = await open('allowed')
    const tabs = new Map<Name, Page>()
    for (const [name, username] of [
      ['sp1', 'ana'],
      ['sp2', 'ana'],
      ['sp3', 'ida'],
      ['sp4', 'ida'],
    ] as const) {
      const tab = await browser.newPage()
      tabs.set(name, tab)
      await signIn(tab, name, username)
    }
    const sp1 = tabs.get('sp1') as Page
    const sp2 = tabs.get('sp2') as Page
    await sp2.bringToFront()
    await told(sp2, 'unchanged ')
    await sp1.goto(`${urlOf('sp1')}/session/logout`)
    await sp1.click('text=Sign out everywhere')
    await sp1.waitForURL(`${urlOf('sp1')}/session/return**`)
    await sp2.bringToFront()
    await told(sp2, 'changed identity-changed')
    expect(typesOf('sp2')).toContain('session.identity-changed')
    const before = codes()

    await sp2.goto(`${urlOf('sp2')}/`)
    await sp2.click('button:text-is("Sign in")')
    await sp2.waitForSelector('h1:text-is("ida")')
    await told(sp2, 'unchanged ')
    await sp2.waitForTimeout(3_000)
    // One more code: that of the login. The new session state holds.
    expect(codes()).toBe(before + 1)
    expect(
      parties.emulator.openid
        .participants('ida')
        .map(({ clientId }) => clientId)
        .sort(),
    ).toEqual(['sp2', 'sp3', 'sp4'])
    for (const name of ['sp3', 'sp4'] as const) {
      const tab = tabs.get(name) as Page
      await tab.goto(`${urlOf(name)}/`)
      await tab.waitForSelector('h1:text-is("ida")')
    }
  }, 120_000)

  it('SES-11 SES-14 nobody at all: confirmed at top level by itself, then the session is over', async () => {
    const browser = await open('allowed')
    const sp1 = await browser.newPage()
    await signIn(sp1, 'sp1', 'ana')
    const sp2 = await browser.newPage()
    await signIn(sp2, 'sp2', 'ana')
    await told(sp2, 'unchanged ')
    await sp1.goto(`${urlOf('sp1')}/session/logout`)
    await sp1.click('text=Sign out everywhere')
    await sp1.waitForURL(`${urlOf('sp1')}/session/return**`)
    await sp2.bringToFront()
    await sp2.waitForSelector('text=The sign-in service has signed you out')
    expect(typesOf('sp2')).toContain('session.ended')
  }, 120_000)

  it('SES-01 client.js brings the frame by itself where the one setting says so, under a strict policy', async () => {
    const browser = await open('allowed')
    const sp1 = await browser.newPage()
    await signIn(sp1, 'sp1', 'ana')
    const sp2 = await browser.newPage()
    await signIn(sp2, 'sp2', 'ana')
    const said: string[] = []
    sp2.on('console', (message) => said.push(message.text()))
    await sp2.goto(`${urlOf('sp2')}/strict`)
    const within = { timeout: 20_000 }
    await expect.poll(() => sp2.evaluate('citizenSession.client.snapshot.identity'), within).toBe('unchanged')
    expect(await sp2.locator('iframe').count()).toBe(1)
    // The tab that leads has the frame, and no other.
    const other = await browser.newPage()
    await other.goto(`${urlOf('sp2')}/strict`)
    await expect.poll(() => other.evaluate('citizenSession.client.snapshot.state'), within).toBe('active')
    expect(await other.locator('iframe').count()).toBe(0)
    await sp2.bringToFront()
    const before = typesOf('sp2').length
    await sp1.goto(`${urlOf('sp1')}/session/logout`)
    await sp1.click('text=Sign out everywhere')
    await sp1.waitForURL(`${urlOf('sp1')}/session/return**`)
    await sp2.bringToFront()
    await sp2.waitForSelector('text=The sign-in service has signed you out')
    expect(typesOf('sp2').slice(before)).toContain('session.ended')
    expect(said.filter((text) => /Content.Security.Policy/i.test(text))).toEqual([])
  }, 120_000)

  it('SES-07 one tab asks for all', async () => {
    const browser = await open('allowed')
    const first = await browser.newPage()
    await signIn(first, 'sp1', 'ana')
    await told(first, 'unchanged ')
    const second = await browser.newPage()
    await second.goto(`${urlOf('sp1')}/`)
    const locks = await second.evaluate(async () => {
      const { held = [] } = await navigator.locks.query()
      return held.map(({ name }) => name)
    })
    expect(locks).toEqual(['citizen-session.sp1.check'])
  }, 120_000)
})

/** The provider's frame inside our frame. */
async function providerFrame(tab: Page): Promise<Frame> {
  for (;;) {
    const found = tab.frames().find((frame) => frame.url().includes('sessionlogout.idp'))
    if (found !== undefined) return found
    await tab.waitForTimeout(50)
  }
}

describe('what our frame listens to', () => {
  it('SES-03 SES-04 SES-05 exact words of the provider’s frame, and nothing else', async () => {
    const browser = await open('allowed')
    const tab = await browser.newPage()
    await signIn(tab, 'sp1', 'ana')
    await told(tab, 'unchanged ')
    const before = parties.asked.length
    const frame = await providerFrame(tab)
    await frame.evaluate(() => {
      const here = globalThis as unknown as { heard: unknown[]; addEventListener: typeof addEventListener }
      here.heard = []
      here.addEventListener('message', ((event: { data: unknown; origin: string }) => {
        here.heard.push([event.data, event.origin])
      }) as never)
    })
    // From the provider's frame, but not the words; and the words, but not from the provider's frame.
    await frame.evaluate(() => {
      const { parent } = globalThis as unknown as { parent: { postMessage(data: unknown, to: string): void } }
      for (const data of ['changed ', 'Changed', ['changed'], { state: 'changed' }, 'changed;x', 1, null]) {
        parent.postMessage(data, '*')
      }
    })
    await tab.evaluate(() => {
      const page = globalThis as unknown as {
        document: {
          getElementById(id: string): { contentWindow: { postMessage(data: unknown, to: string): void } }
        }
      }
      page.document.getElementById('check').contentWindow.postMessage('changed', '*')
    })
    await tab.waitForTimeout(2_500)
    expect(parties.asked.length).toBe(before)
    const heard = await frame.evaluate(() => (globalThis as unknown as { heard: unknown[] }).heard)
    expect(heard[0]).toEqual([expect.stringMatching(/^sp1 [\w-]+\.[\w-]+$/), urlOf('sp1')])
    expect(checkSessionScript).not.toContain("'*'")
  }, 120_000)

  it('SES-08 error: no silent check and no logout, and asked less often', async () => {
    const browser = await open('allowed')
    const tab = await browser.newPage()
    await signIn(tab, 'sp1', 'ana')
    await told(tab, 'unchanged ')
    const before = parties.asked.length
    const frame = await providerFrame(tab)
    await frame.evaluate(() => {
      const { parent } = globalThis as unknown as { parent: { postMessage(data: unknown, to: string): void } }
      parent.postMessage('error', '*')
    })
    await told(tab, 'error error')
    expect(parties.asked.length).toBe(before)
    await tab.goto(`${urlOf('sp1')}/`)
    await tab.waitForSelector('h1:text-is("ana")')
  }, 120_000)

  it('SES-15 changed again and again, although each check finds the same person: blocked', async () => {
    const browser = await open('allowed')
    const tab = await browser.newPage()
    await signIn(tab, 'sp1', 'ana')
    await told(tab, 'unchanged ')
    for (let count = 0; count < 4; count += 1) {
      const frame = await providerFrame(tab)
      const before = await tab.evaluate(() => (globalThis as unknown as { told: string[] }).told.length)
      await frame.evaluate(() => {
        const { parent } = globalThis as unknown as {
          parent: { postMessage(data: unknown, to: string): void }
        }
        parent.postMessage('changed', '*')
      })
      await tab.waitForFunction(
        (length) => (globalThis as unknown as { told: string[] }).told.length > length,
        before,
      )
    }
    await told(tab, 'blocked blocked')
    expect(typesOf('sp1')).not.toContain('session.ended')
  }, 120_000)

  it('SES-16 nothing is asked while the page is hidden', async () => {
    const browser = await open('allowed')
    const tab = await browser.newPage()
    await signIn(tab, 'sp1', 'ana')
    await told(tab, 'unchanged ')
    const frame = await providerFrame(tab)
    const ours = frame.parentFrame()
    const show = (state: string) =>
      ours?.evaluate((value) => {
        const { document } = globalThis as unknown as { document: EventTarget }
        Object.defineProperty(document, 'visibilityState', { value, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, state)
    const polls = async () => {
      await frame.evaluate(() => {
        const here = globalThis as unknown as { polls?: number; addEventListener: typeof addEventListener }
        if (here.polls === undefined) {
          here.addEventListener('message', () => {
            here.polls = (here.polls ?? 0) + 1
          })
        }
        here.polls = 0
      })
      await tab.waitForTimeout(2_500)
      return frame.evaluate(() => (globalThis as unknown as { polls: number }).polls)
    }
    await show('hidden')
    expect(await polls()).toBe(0)
    await show('visible')
    expect(await polls()).toBeGreaterThan(0)
  }, 120_000)

  it('SES-13 a login page instead of an answer: given up after a while, and the session stays', async () => {
    const browser = await open('allowed')
    const tab = await browser.newPage()
    await signIn(tab, 'sp1', 'ana')
    await told(tab, 'unchanged ')
    parties.emulator.faults.set({ openid: { loginPageForPromptNone: true } })
    const other = await browser.newPage()
    await other.goto(parties.emulator.url)
    await other.click('text=Sign out everywhere')
    await other.waitForSelector('text=You are signed out')
    await tab.bringToFront()
    await told(tab, 'error back-off')
    expect(typesOf('sp1')).not.toContain('session.ended')
  }, 120_000)
})

describe.each(['allowed', 'blocked'] as const)(
  'a front-channel logout with third-party cookies %s',
  (cookies) => {
    it('FCL-05 FCL-07 ends the session in a frame of the provider, which the browser lets it show', async () => {
      const browser = await open(cookies)
      const sp4 = await browser.newPage()
      await signIn(sp4, 'sp4', 'ida')
      const sp3 = await browser.newPage()
      await signIn(sp3, 'sp3', 'ida')
      const complaints: string[] = []
      sp3.on('console', (message) => {
        if (/frame-ancestors|Refused|X-Frame/i.test(message.text())) complaints.push(message.text())
      })
      await sp3.goto(`${urlOf('sp3')}/session/logout`)
      await sp3.click('text=Sign out everywhere')
      await sp3.waitForURL(`${urlOf('sp3')}/session/return**`)
      expect(complaints).toEqual([])
      const ended = (parties.events.get('sp4') ?? []).filter(({ type }) => type === 'session.ended')
      expect(ended).toMatchObject([{ reason: 'signed-out' }])
      await sp4.goto(`${urlOf('sp4')}/`)
      expect(await sp4.locator('h1').textContent()).not.toBe('ida')
    }, 120_000)
  },
)

describe('where third-party cookies are blocked', () => {
  it('the hybrid flow brings a person in: its form comes without our cookies, and once more from our own page', async () => {
    const browser = await open('blocked')
    const sp3 = await browser.newPage()
    const posts: string[] = []
    const seen: string[] = []
    sp3.on('request', (request) => {
      seen.push(request.url())
      if (request.method() === 'POST' && request.url().endsWith('/session/callback')) {
        posts.push(new URL(request.headers().referer ?? request.url()).origin)
      }
    })
    await signIn(sp3, 'sp3', 'ida')
    expect(posts).toHaveLength(2)
    expect(posts[1]).toBe(urlOf('sp3'))
    expect(seen.filter((url) => /[?&](?:code|id_token)=/.test(url))).toEqual([])
    const cookies = await browser.cookies(urlOf('sp3'))
    expect(cookies.map(({ name }) => name)).toContain('sp3.sid')
    expect(cookies.map(({ sameSite }) => sameSite)).not.toContain('None')
    expect(typesOf('sp3')).not.toContain('token.rejected')
  }, 120_000)

  it('SES-14 SES-15 notices it after one confirmation, keeps the session, and asks no more', async () => {
    const browser = await open('blocked')
    const sp2 = await browser.newPage()
    await signIn(sp2, 'sp2', 'ana')
    await told(sp2, 'blocked blocked')
    const checks = parties.asked.length
    await sp2.waitForTimeout(3_000)
    expect(parties.asked.length).toBe(checks)
    expect(typesOf('sp2')).not.toContain('session.ended')
    await sp2.goto(`${urlOf('sp2')}/`)
    await sp2.waitForSelector('h1:text-is("ana")')
    await told(sp2, 'blocked blocked')
    expect(parties.asked.length).toBe(checks)
  }, 120_000)
})
