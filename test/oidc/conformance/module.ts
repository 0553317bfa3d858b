/** @module Runs one module of the certification for relying parties: a signed-in browser, and what must become of it. */
import { expect } from 'vitest'
import type { OpenidFaults } from '../../../src/emulator/index.js'
import type { Browser, Visit } from '../../support/browser.js'
import { createOidcWorld, type OidcWorld, type PartyOptions, stateAt, urlOf } from '../world.js'

export const home = urlOf('benefits')

/** A module under way. */
export interface Run {
  readonly world: OidcWorld
  readonly browser: Browser
}

/** Signs somebody in at the party under test. */
export async function begin(options: PartyOptions = {}): Promise<Run> {
  const world = await createOidcWorld({ benefits: options })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  await expectState({ world, browser }, 'active')
  return { world, browser }
}

export async function expectState({ browser }: Run, state: 'active' | 'anonymous'): Promise<void> {
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state })
}

/** The person presses our button. */
export const signOut = ({ browser }: Run): Promise<Visit> =>
  browser.post(`${home}/session/logout`, { scope: 'everywhere' })

/** The provider sends a logout token with this fault; the party must refuse it, and keep the session. */
export async function refusesLogoutToken(fault: NonNullable<OpenidFaults['logoutToken']>): Promise<void> {
  const run = await begin()
  const jwt = await run.world.emulator.openid.logoutToken('benefits', { fault })
  const answer = await run.world.party('benefits').handle(
    new Request(`${home}/session/backchannel-logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: jwt }).toString(),
    }),
  )
  expect(answer.status).toBe(400)
  await expectState(run, 'active')
}
