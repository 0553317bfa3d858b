/** @module Safewhere's "Advanced federation and SLO issue", step by step. */
import { expect, it } from 'vitest'
import type { Browser } from '../support/browser.js'
import {
  answerOf,
  callbackOf,
  clientOf,
  createOpenidWorld,
  type OpenidWorld,
  signInAt,
} from './openid-world.js'

const people = [
  { username: 'ada', password: 'ada-password', name: 'Ada of ADFS', upstream: 'adfs' },
  { username: 'ida', password: 'ida-password', name: 'Ida of IdpDemo', upstream: 'idpdemo' },
]
const both = { allowedUpstreams: ['adfs', 'idpdemo'] }
const demoOnly = { allowedUpstreams: ['idpdemo'] }

const scenario = () =>
  createOpenidWorld({
    emulator: { people },
    openid: {
      clients: [
        clientOf('sp1', both),
        clientOf('sp2', both),
        clientOf('sp3', demoOnly),
        clientOf('sp4', demoOnly),
      ],
    },
  })

async function silently(world: OpenidWorld, browser: Browser, clientId: string, hint: string | undefined) {
  const party = await world.party(clientId)
  const begun = await party.begin({ prompt: 'none', ...(hint !== undefined && { id_token_hint: hint }) })
  const visit = await browser.open(begun.url)
  expect(visit.path).toHaveLength(2)
  return { answer: answerOf(visit), finish: () => party.finish(begun, visit.url) }
}

const browserState = async (world: OpenidWorld, browser: Browser) =>
  /OPBS=([^;]+)/.exec(await browser.cookieHeader(world.emulator.url))?.[1]

it('plays the scenario: SP2 loses its context, is told login_required, and takes up the other identity', async () => {
  const world = await scenario()
  const browser = world.browser()
  const { openid } = world.emulator

  const sp1 = await signInAt(world, browser, 'sp1', 'ada')
  const sp2 = await signInAt(world, browser, 'sp2', 'nobody: single sign-on')
  const before = await browserState(world, browser)
  const sp3 = await signInAt(world, browser, 'sp3', 'ida')
  const sp4 = await signInAt(world, browser, 'sp4', 'nobody: single sign-on')
  const contexts = [sp1, sp2, sp3, sp4].map(({ claims }) => claims?.sid)
  expect(contexts).toEqual([contexts[0], contexts[0], contexts[2], contexts[2]])
  expect(contexts[0]).not.toBe(contexts[2])
  expect(world.emulator.sessions.map(({ username }) => username)).toEqual(['ada', 'ida'])
  // Ida's sign-in has changed the browser's state: SP2 looks, finds its own identity, and goes on with a new state.
  expect(await browserState(world, browser)).not.toBe(before)
  const renewed = await (await silently(world, browser, 'sp2', sp2.tokens.id_token)).finish()
  expect(renewed.claims()).toMatchObject({ sub: sp2.claims?.sub, sid: contexts[0] })

  // 1. SP1 and SP2 share the context: single logout happens for SP2.
  const state = await browserState(world, browser)
  const out = await browser.open(
    `${openid.metadata.end_session_endpoint}?${new URLSearchParams({
      id_token_hint: sp1.tokens.id_token ?? '',
      post_logout_redirect_uri: 'https://sp1.example/bye',
      state: 'out',
    })}`,
  )
  expect(out.url).toBe('https://sp1.example/bye?state=out')
  expect(openid.deliveries.map(({ clientId, outcome }) => [clientId, outcome]).sort()).toEqual([
    ['sp1', 'delivered'],
    ['sp2', 'delivered'],
  ])
  expect(world.emulator.sessions.map(({ username }) => username)).toEqual(['ida'])

  // 2. The state has changed, so SP2 asks again with its id_token_hint. 3. IdpDemo's session can be used: SP2 joins it.
  expect(await browserState(world, browser)).not.toBe(state)
  const silent = await silently(world, browser, 'sp2', renewed.id_token)
  expect(openid.participants('ida').map(({ clientId }) => clientId)).toEqual(['sp3', 'sp4', 'sp2'])
  // 4. and 5. The identity is not that of the hint: login_required, with the state of now.
  expect(silent.answer).toMatchObject({ error: 'login_required', session_state: expect.any(String) })
  expect(silent.answer.session_state).not.toBe(sp2.tokens.session_state)
  expect(world.emulator.sessions).toHaveLength(1)

  // A new login request gives SP2 the new identity, without a page, and the latest state.
  const again = await signInAt(world, browser, 'sp2', 'nobody: single sign-on')
  expect(again.visit.path).toHaveLength(2)
  expect(again.claims).toMatchObject({ sub: sp3.claims?.sub, sid: contexts[2] })
  const next = await (await silently(world, browser, 'sp2', again.tokens.id_token)).finish()
  expect(next.claims()?.sid).toBe(contexts[2])
  // SP3 and SP4 are where they were.
  const third = await (await silently(world, browser, 'sp3', sp3.tokens.id_token)).finish()
  expect(third.claims()?.sid).toBe(contexts[2])
})

it('keeps a client to its upstreams: on the login page, and in what it accepts', async () => {
  const world = await scenario()
  const browser = world.browser()
  await signInAt(world, browser, 'sp1', 'ada')
  const party = await world.party('sp3')
  const page = await browser.open((await party.begin()).url)
  expect(page.body).toContain('ida-password')
  expect(page.body).not.toContain('ada-password')
  const refused = await browser.press(page, 'Sign in', { username: 'ada', password: 'ada-password' })
  expect([refused.status, new URL(refused.url).pathname]).toEqual([403, '/login'])
  const accepted = await browser.press(refused, 'Sign in', { username: 'ida', password: 'ida-password' })
  expect(accepted.url.startsWith(callbackOf('sp3'))).toBe(true)
})

it('signs out of all upstreams at the emulator itself', async () => {
  const world = await scenario()
  const browser = world.browser()
  await signInAt(world, browser, 'sp1', 'ada')
  await signInAt(world, browser, 'sp3', 'ida')
  await browser.post(`${world.emulator.url}/logout`)
  expect(world.emulator.sessions).toEqual([])
  expect(world.emulator.openid.deliveries.map(({ clientId }) => clientId).sort()).toEqual(['sp1', 'sp3'])
  expect(await browser.cookieNames(world.emulator.url)).toEqual(['OPBS'])
})
