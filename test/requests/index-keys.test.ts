/** @module Index keys lie on other masters than the records: a failover may lose them, and a touch writes them again. */
import { expect, it } from 'vitest'
import { createSuite, memoryStore, type Store } from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { issuer, providerSite, scriptedProtocol, sidPointer } from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const url = 'https://benefits.example'
/** Longer than a touch is put off. */
const touchSeconds = 30

function createPlace() {
  let now = Date.UTC(2026, 0, 15, 12, 0, 0)
  const clock = () => now
  const records = memoryStore({ clock })
  let index = memoryStore({ clock })
  const store: Store = {
    ...records,
    isShared: true,
    noteIndexKey: (...given) => index.noteIndexKey(...given),
    indexKeyRevocation: (...given) => index.indexKeyRevocation(...given),
    revokeIndexKey: (...given) => index.revokeIndexKey(...given),
  }
  const scripted = scriptedProtocol()
  scripted.script.sid = 'shared'
  const suite = createSuite(
    {
      application: {
        id: 'benefits',
        url,
        secrets: ['a secret of thirty-two bytes or more'],
        sensitivity: 'basic',
      },
      protocols: [scripted.protocol],
      store,
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
  return {
    /** Signs in by the page that asks for a new authentication, where there is one. */
    async signInAnew() {
      const page = await browser.open(`${url}/session/login?returnTo=/private`)
      return browser.press(page, 'Sign in')
    },
    signIn: () => browser.open(`${url}/session/login?returnTo=/private`),
    who: () => shown(browser.fetch(`${url}/open`)),
    /** As a failover does that loses what its new master had not been told. */
    loseIndex() {
      index = memoryStore({ clock })
    },
    travel(seconds: number) {
      now += seconds * 1000
    },
    end: () =>
      scripted
        .host()
        .sessions.revokeByIndex([sidPointer('shared')], { issuer, sessionValue: 'shared' }, 'signed-out'),
  }
}

it('HLD-26 a logout by `sid` alone finds the session after its index key was lost and a touch has come', async () => {
  const place = createPlace()
  await place.signIn()
  place.loseIndex()
  place.travel(touchSeconds)
  expect((await place.who()).state).toBe('active')
  expect(await place.end()).toMatchObject({ persons: 1, ended: 1 })
  expect(await place.who()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
})

it('HLD-26 a logout by `sid` alone that met no index key ends the session with its next touch', async () => {
  const place = createPlace()
  await place.signIn()
  place.loseIndex()
  place.travel(1)
  expect(await place.end()).toMatchObject({ persons: 0, ended: 0 })
  place.travel(touchSeconds)
  expect(await place.who()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
})

it('HLD-26 what was revoked before a new authentication does not end the session that began with it', async () => {
  const place = createPlace()
  await place.signIn()
  await place.end()
  place.travel(10)
  expect((await place.signInAnew()).url).toBe(`${url}/private`)
  place.travel(touchSeconds)
  expect((await place.who()).state).toBe('active')
})
