/** @module Sign-outs of one browser at several providers: what each has left open is that provider's alone. */
import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const home = 'https://benefits.example'

/** One application that people sign in to at two providers. */
function createPlace({ at = ['https://alpha.example', 'https://beta.example'] } = {}) {
  let now = Date.UTC(2026, 0, 15, 12)
  const clock = () => now
  const asked: string[] = []
  const names = ['alpha', 'beta'] as const
  const providers = names.map((name, index) => scriptedProtocol(name, at[index]))
  const suite = createSuite(
    {
      application: { id: 'benefits', url: home, secrets: ['a secret of thirty-two bytes or more'] },
      protocols: providers.map(({ protocol }) => protocol),
      store: memoryStore({ clock }),
      clock,
    },
    {},
  )
  const sites = new Map<string, Site>([[home, (request) => serve(suite, request)]])
  let current = ''
  for (const origin of at) {
    sites.set(origin, (request) => {
      asked.push(request.url)
      return providerSite(`${home}/session/return`, `${home}/session/${current}/callback`)(request)
    })
  }
  const browser = createBrowser(sites)
  return {
    asked,
    browser,
    providers,
    travel(seconds: number) {
      now += seconds * 1000
    },
    /** Signs in there; whether the provider was to ask anew. */
    async signIn(via: string): Promise<boolean> {
      now += 5000
      current = via
      const before = asked.length
      const visit = await browser.open(`${home}/session/login?returnTo=/private&via=${via}`)
      expect([visit.status, visit.url]).toEqual([200, `${home}/private`])
      return asked.slice(before).some((url) => url.includes('prompt=login'))
    },
    /** The browser loses its session, and nothing else. */
    async forget() {
      for (const { key } of await browser.jar.getCookies(home)) {
        if (key.endsWith('.sid')) await browser.jar.setCookie(`${key}=; Max-Age=0; Secure; Path=/`, home)
      }
    },
    /** Signs out, and never goes on to the provider. */
    async signOutHalfway() {
      now += 5000
      await browser.fetch(`${home}/session/logout`, { method: 'POST', from: home })
      expect(await shown(browser.fetch(`${home}/open`))).toMatchObject({ state: 'anonymous' })
    },
    /** Signs out through all pages; which providers were visited. */
    async signOut() {
      now += 5000
      const before = asked.length
      let visit = await browser.post(`${home}/session/logout`)
      while (/\bsubmit\b/.test(visit.body)) visit = await browser.press(visit, /./)
      return asked.slice(before).map((url) => new URL(url).hostname)
    },
  }
}

describe('a sign-out that one provider has not heard of', () => {
  it('is not taken for done because the person has signed in anew at another one', async () => {
    const { signIn, signOutHalfway, forget } = createPlace()
    await signIn('alpha')
    await signOutHalfway()
    for (const [via, isForced] of [
      ['beta', false],
      ['alpha', true],
      ['beta', false],
      ['alpha', false],
    ] as const) {
      expect([via, await signIn(via)]).toEqual([via, isForced])
      await forget()
    }
  })

  it('is finished by the next sign-out, wherever the person was signed in then', async () => {
    const { signIn, signOutHalfway, signOut, travel } = createPlace()
    await signIn('alpha')
    await signOutHalfway()
    travel(1000)
    await signIn('beta')
    expect(await signOut()).toEqual(['beta.example', 'alpha.example'])
    expect([await signIn('alpha'), await signOut()]).toEqual([false, ['alpha.example']])
  })

  it('leaves what each has left open where both have', async () => {
    const { signIn, signOutHalfway, forget } = createPlace()
    await signIn('alpha')
    await signOutHalfway()
    await signIn('beta')
    await signOutHalfway()
    expect(await signIn('alpha')).toBe(true)
    await signOutHalfway()
    expect(await signIn('beta')).toBe(true)
    await forget()
    expect(await signIn('alpha')).toBe(true)
  })

  it('is one thing for two ways in at one provider', async () => {
    const { signIn, signOutHalfway, forget } = createPlace({
      at: ['https://alpha.example', 'https://alpha.example'],
    })
    await signIn('alpha')
    await signOutHalfway()
    expect(await signIn('beta')).toBe(true)
    await forget()
    expect(await signIn('alpha')).toBe(false)
  })
})
