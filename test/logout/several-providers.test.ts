/** @module Sign-outs of one browser at several providers: what each has left open is that provider's alone. */

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { FoundTransaction } from '../../src/cookies/transaction.js'
import { createSuite, memoryStore } from '../../src/index.js'
import { createLogoutSettling, createPendingLogouts } from '../../src/logout/pending-logout.js'
import type { LogoutTransaction } from '../../src/logout/transaction.js'
import type { LogoutParticipant } from '../../src/protocols/logout-participant.js'
import { createSealer } from '../../src/seal.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const home = 'https://benefits.example'
const random = (bytes: number) => new Uint8Array(randomBytes(bytes))

/** One application that people sign in to at two providers. */
function createPlace({
  at = ['https://alpha.example', 'https://beta.example'],
  by,
}: {
  readonly at?: readonly string[]
  readonly by?: readonly string[]
} = {}) {
  let now = Date.UTC(2026, 0, 15, 12)
  const clock = () => now
  const asked: string[] = []
  const names = ['alpha', 'beta'] as const
  const providers = names.map((name, index) => scriptedProtocol(name, at[index], (by ?? at)[index]))
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

  const oneHost = ['https://id.example', 'https://id.example']

  it('is one thing for two ways in at one provider, wherever their pages are', async () => {
    for (const place of [
      { at: oneHost },
      {
        at: ['https://alpha.example', 'https://beta.example'],
        by: ['https://id.example', 'https://id.example'],
      },
    ]) {
      const { signIn, signOutHalfway, forget } = createPlace(place)
      await signIn('alpha')
      await signOutHalfway()
      expect(await signIn('beta')).toBe(true)
      await forget()
      expect(await signIn('alpha')).toBe(false)
    }
  })

  it('is that of one tenant alone, where two have one host', async () => {
    const { signIn, signOutHalfway, signOut, forget } = createPlace({
      at: oneHost,
      by: ['https://id.example/alpha', 'https://id.example/beta'],
    })
    await signIn('alpha')
    await signOutHalfway()
    // Neither is the other asked anew, nor does its login settle what alpha has left open.
    expect(await signIn('beta')).toBe(false)
    await forget()
    expect(await signIn('alpha')).toBe(true)
    await signOutHalfway()
    await signIn('beta')
    expect(await signOut()).toEqual(['id.example', 'id.example'])
  })
})

describe('what a login settles is found by the issuer, and by the origin where a participant says none', () => {
  type Participant = Pick<LogoutParticipant, 'target' | 'issuer'>
  const here: Participant = { target: 'https://id.example', issuer: 'https://id.example/one' }
  const now = Date.UTC(2026, 0, 15, 12)
  const browserOf = (cookies: string) =>
    new TestExchange(
      new Request(`${home}/session/login`, cookies === '' ? {} : { headers: { cookie: cookies } }),
    )

  /** What is left of a logout at `one` once somebody has authenticated anew at the other. */
  function settled(other: Participant | undefined, kept: 'cookie' | 'in flight') {
    const sealer = createSealer({
      application: 'benefits',
      secrets: ['a secret of thirty-two bytes or more'],
      random,
    })
    const pendingLogouts = createPendingLogouts({ application: 'benefits', isSecure: true, sealer })
    let removed = 0
    const content = { person: 'ana', legs: [], began: now, party: 'one', remaining: [] }
    const flight: FoundTransaction<LogoutTransaction> = {
      content: { ...content, unfinished: undefined, returnTo: undefined, thenLogin: undefined },
      since: now,
      state: 'a state',
      remove: () => {
        removed += 1
      },
    }
    const settling = createLogoutSettling({
      pendingLogouts,
      transactions: { pending: () => (kept === 'in flight' ? [flight] : []) },
      participants: new Map([['one', here], ...(other === undefined ? [] : [['other', other] as const])]),
      clock: () => now,
    })
    const noting = browserOf('')
    pendingLogouts.note(noting, { parties: [{ name: 'one' }], sessions: [], since: now, until: now + 60_000 })
    const [line = ''] = noting.respond({ status: 200, headers: {} }).headers.getSetCookie()
    const exchange = browserOf(kept === 'cookie' ? (line.split(';', 1)[0] ?? '') : '')
    const wasPending = settling.isPending(exchange, 'other')
    settling.settle(exchange, now, 'other')
    const lines = exchange.respond({ status: 200, headers: {} }).headers.getSetCookie()
    return [wasPending, kept === 'cookie' ? lines.some((each) => each.includes('Max-Age=0')) : removed === 1]
  }

  it.each<[string, Participant | undefined, boolean]>([
    ['the same issuer at the same origin', here, true],
    ['the same issuer at another origin', { ...here, target: 'https://login.example' }, true],
    ['another issuer at the same origin', { ...here, issuer: 'https://id.example/two' }, false],
    ['an issuer that only begins alike', { ...here, issuer: 'https://id.example/one/' }, false],
    ['another issuer at another origin', { target: 'https://b.example', issuer: 'https://b.example' }, false],
    ['no issuer at the same origin', { target: here.target }, true],
    ['no issuer at another origin', { target: 'https://login.example' }, false],
    ['a provider that is not known here', undefined, false],
  ])('%s', (_what, other, isSame) => {
    expect(settled(other, 'cookie')).toEqual([isSame, isSame])
    expect(settled(other, 'in flight')).toEqual([isSame, isSame])
  })
})
