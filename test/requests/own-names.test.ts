/** @module A session that its provider names otherwise later: another application may know it by the new name alone. */
import { expect, it } from 'vitest'
import { createSuite, memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol, sidPointer } from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const now = Date.UTC(2026, 0, 15, 12, 0, 0)
const clock = () => now
const shared = memoryStore({ clock })
let isAway = false
const revocations: Store = {
  ...shared,
  revoke(...given) {
    if (isAway) throw new StoreUnavailableError('away')
    return shared.revoke(...given)
  },
}

function createPlace(id: string, sid: string) {
  const url = `https://${id}.example`
  const scripted = scriptedProtocol()
  scripted.script.sid = sid
  const suite = createSuite(
    {
      application: { id, url, secrets: ['a secret of thirty-two bytes or more'], sensitivity: 'basic' },
      protocols: [scripted.protocol],
      store: memoryStore({ clock }),
      revocations,
      clock,
      onEvent: () => undefined,
    },
    {},
  )
  const sites = new Map<string, Site>([
    [url, (request) => serve(suite, request)],
    [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
  ])
  const browser = createBrowser(sites)
  const exchange = async () =>
    new TestExchange(new Request(`${url}/open`, { headers: { cookie: await browser.cookieHeader(url) } }))
  const sessions = () => scripted.host().sessions
  return {
    signIn: () => browser.open(`${url}/session/login?returnTo=/private`),
    who: () => shown(browser.fetch(`${url}/open`)),
    peek: async () => suite.peek(await exchange()),
    async rename(sessionValue: string) {
      const session = await sessions().current(await exchange())
      if (session === undefined) throw new Error('no session')
      const change = { tokens: session.tokens ?? '', tokensIssuedAt: now, tokensExpireAt: 0 }
      const indexKeys = [sidPointer(sessionValue)]
      return sessions().renew(session, { ...change, sessionValue, indexKeys })
    },
    end: (sessionValue: string) =>
      sessions().revoke({ issuer, subject: 'ana' }, { issuer, sessionValue }, 'signed-out'),
    script: scripted.script,
  }
}

it.each([
  ['as it was renamed', false],
  ['also after another login under the new name', true],
])('HLD-12 ends with the name that another application knows, %s', async (which, signsInAgain) => {
  const [before, after] = [`first ${which}`, `second ${which}`]
  const [north, south] = [createPlace('north', before), createPlace('south', after)]
  await north.signIn()
  expect(await north.rename(after)).toBe('renewed')
  if (signsInAgain) {
    north.script.sid = after
    await north.signIn()
  }
  await south.signIn()
  expect((await north.who()).state).toBe('active')
  await south.end(after)
  expect(await north.peek()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
  expect(await north.who()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
})

it('HLD-12 passes a sign-out on under names that it knows, also where the shared store was away meanwhile', async () => {
  const [north, middle, south] = [
    createPlace('north', 'oldest'),
    createPlace('middle', 'oldest'),
    createPlace('south', 'newest'),
  ]
  for (const each of [north, middle, south]) await each.signIn()
  await middle.rename('newest')
  await north.end('oldest')
  isAway = true
  const during = await middle.who()
  isAway = false
  expect(during.state).toBe('unavailable')
  expect(await middle.who()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
  expect(await south.who()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
})

it('HLD-12 passes a sign-out on under the oldest name as well', async () => {
  const [north, middle, south] = [
    createPlace('north', 'elder'),
    createPlace('middle', 'elder'),
    createPlace('south', 'younger'),
  ]
  for (const each of [north, middle, south]) await each.signIn()
  await middle.rename('younger')
  await south.end('younger')
  expect(await middle.who()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
  expect(await north.who()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
})
