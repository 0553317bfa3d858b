/** @module Session management in a real browser: four relying parties, with third-party cookies allowed and blocked. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { type BrowserContext, chromium, type Frame, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { citizenSession, requireCitizen } from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { loopbackFetch } from '../../src/emulator/loopback-fetch.js'
import { type CitizenEvent, memoryStore } from '../../src/index.js'
import { checkSessionScript } from '../../src/oidc/check-session-script.js'
import { oidc } from '../../src/oidc/oidc.js'
import { findProgram } from '../programs.mjs'

const names = ['sp1', 'sp2', 'sp3', 'sp4'] as const
type Name = (typeof names)[number]

let emulator: Emulator
let server: Server
let port: number
const sites = new Map<string, express.Express>()
const events = new Map<Name, CitizenEvent[]>()
const asked: string[] = []
let context: BrowserContext | undefined
let profile = ''

// Another site than the provider's, which lies below citizen.localhost.
const urlOf = (name: Name) => `http://${name}.parties.localhost:${port}`

/** A page that keeps what our frame tells it. */
const page = (who: string) => `<!doctype html><title>${who}</title><h1>${who}</h1><script>
window.told=[];addEventListener('message',({origin,data})=>{if(origin===location.origin)told.push(data.state+' '+(data.step||''))})
</script><iframe id="check" src="/session/check-session"></iframe>`

function application(name: Name): express.Express {
  const app = express()
  const seen: CitizenEvent[] = []
  events.set(name, seen)
  app.use(
    citizenSession({
      application: {
        id: name,
        url: urlOf(name),
        sensitivity: 'basic',
        secrets: [`a secret of ${name} that is thirty-two bytes or more`],
      },
      protocols: [
        oidc({
          issuer: emulator.url,
          clientId: name,
          clientSecret: `${name}-secret`,
          sessionManagement: { pollSeconds: 1, timeoutSeconds: 5 },
        }),
      ],
      store: memoryStore(),
      fetch: (input, init) => {
        asked.push(`${name} ${new URL(input instanceof Request ? input.url : input).pathname}`)
        return loopbackFetch(input, init)
      },
      onEvent: (event) => seen.push(event),
    }),
  )
  app.get('/', requireCitizen(), (request, response) => {
    response.type('html').send(page(String(request.citizen.claims.sub)))
  })
  return app
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const app = sites.get((request.headers.host ?? '').split('.')[0] ?? '')
    if (app === undefined) response.writeHead(404).end()
    else app(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  emulator = await createEmulator({
    port: 0,
    people: [
      { username: 'ana', password: 'ana-password', sub: 'ana', upstream: 'adfs' },
      { username: 'ida', password: 'ida-password', sub: 'ida', upstream: 'idpdemo' },
    ],
    openid: {
      clients: names.map((name) => ({
        client_id: name,
        client_secret: `${name}-secret`,
        redirect_uris: [`${urlOf(name)}/session/callback`, `${urlOf(name)}/session/reauthenticate`],
        post_logout_redirect_uris: [`${urlOf(name)}/session/return`],
        performSessionStatusNotification: true,
        ...(name === 'sp4' && {
          frontchannel_logout_uri: `${urlOf(name)}/session/frontchannel-logout`,
          frontchannel_logout_session_required: true,
        }),
        allowedUpstreams: name === 'sp1' || name === 'sp2' ? ['adfs', 'idpdemo'] : ['idpdemo'],
      })),
    },
  })
  for (const name of names) sites.set(name, application(name))
})

afterAll(async () => {
  await emulator?.close()
  server?.close()
  server?.closeAllConnections()
})

afterEach(async () => {
  await context?.close()
  context = undefined
  if (profile !== '') await rm(profile, { recursive: true, force: true })
  profile = ''
  asked.length = 0
  for (const seen of events.values()) seen.length = 0
  emulator.reset()
})

/** A fresh profile; Chromium's own default blocks third-party cookies. */
async function open(thirdPartyCookies: 'allowed' | 'blocked'): Promise<BrowserContext> {
  profile = await mkdtemp(join(tmpdir(), 'citizen-session-profile-'))
  await mkdir(join(profile, 'Default'))
  const mode = thirdPartyCookies === 'allowed' ? 0 : 1
  await writeFile(
    join(profile, 'Default', 'Preferences'),
    JSON.stringify({ profile: { cookie_controls_mode: mode, block_third_party_cookies: mode === 1 } }),
  )
  context = await chromium.launchPersistentContext(profile, {
    executablePath: findProgram('browser') ?? '',
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  })
  context.setDefaultTimeout(20_000)
  return context
}

async function signIn(tab: Page, name: Name, username: string): Promise<void> {
  await tab.goto(`${urlOf(name)}/`)
  if (new URL(tab.url()).origin === emulator.url) {
    await tab.fill('#username', username)
    await tab.fill('#password', `${username}-password`)
    await tab.press('#password', 'Enter')
  }
  await tab.waitForURL(`${urlOf(name)}/`)
  await tab.waitForSelector(`h1:text-is("${username}")`)
}

/** Until our frame has told its page this. */
const told = (tab: Page, word: string) =>
  tab.waitForFunction(
    (expected) => (globalThis as unknown as { told: string[] }).told.includes(expected),
    word,
  )

const typesOf = (name: Name) => (events.get(name) ?? []).map(({ type }) => type)
/** Codes that SP2 has exchanged: one for each login, one for each silent check that found somebody. */
const codes = () => asked.filter((call) => call.startsWith('sp2 ') && call.endsWith('/token.idp')).length

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
      emulator.openid
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
    await sp2.waitForSelector('text=The sign-in service has ended your session')
    expect(typesOf('sp2')).toContain('session.ended')
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
    const before = asked.length
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
    expect(asked.length).toBe(before)
    const heard = await frame.evaluate(() => (globalThis as unknown as { heard: unknown[] }).heard)
    expect(heard[0]).toEqual([expect.stringMatching(/^sp1 [\w-]+\.[\w-]+$/), urlOf('sp1')])
    expect(checkSessionScript).not.toContain("'*'")
  }, 120_000)

  it('SES-08 error: no silent check and no logout, and asked less often', async () => {
    const browser = await open('allowed')
    const tab = await browser.newPage()
    await signIn(tab, 'sp1', 'ana')
    await told(tab, 'unchanged ')
    const before = asked.length
    const frame = await providerFrame(tab)
    await frame.evaluate(() => {
      const { parent } = globalThis as unknown as { parent: { postMessage(data: unknown, to: string): void } }
      parent.postMessage('error', '*')
    })
    await told(tab, 'error error')
    expect(asked.length).toBe(before)
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
    emulator.faults.set({ openid: { loginPageForPromptNone: true } })
    const other = await browser.newPage()
    await other.goto(emulator.url)
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
      const ended = (events.get('sp4') ?? []).filter(({ type }) => type === 'session.ended')
      expect(ended).toMatchObject([{ reason: 'signed-out' }])
      await sp4.goto(`${urlOf('sp4')}/`)
      expect(await sp4.locator('h1').textContent()).not.toBe('ida')
    }, 120_000)
  },
)

describe('where third-party cookies are blocked', () => {
  it('SES-14 SES-15 notices it after one confirmation, keeps the session, and asks no more', async () => {
    const browser = await open('blocked')
    const sp2 = await browser.newPage()
    await signIn(sp2, 'sp2', 'ana')
    await told(sp2, 'blocked blocked')
    const checks = asked.length
    await sp2.waitForTimeout(3_000)
    expect(asked.length).toBe(checks)
    expect(typesOf('sp2')).not.toContain('session.ended')
    await sp2.goto(`${urlOf('sp2')}/`)
    await sp2.waitForSelector('h1:text-is("ana")')
    await told(sp2, 'blocked blocked')
    expect(asked.length).toBe(checks)
  }, 120_000)
})
