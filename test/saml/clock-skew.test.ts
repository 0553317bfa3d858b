/** @module Clocks of provider and instances that are apart within the skew. */
import { describe, expect, it } from 'vitest'
import type { SamlBinding } from '../../src/emulator/index.js'
import { createSamlWorld, entityOf, urlOf } from './world.js'

const skewSeconds = 30

describe('HLD-15 a LogoutRequest is taken once by instances whose clocks differ within the skew', () => {
  it.each([
    ['soap', skewSeconds, -skewSeconds],
    ['soap', -skewSeconds, skewSeconds],
    ['soap', skewSeconds, 0],
    ['soap', 0, -skewSeconds],
    ['redirect', skewSeconds, -skewSeconds],
  ] as const)(
    'by %s, first at an instance %i s ahead, then at one %i s ahead',
    async (binding, first, second) => {
      const world = await createSamlWorld()
      await world.signIn(world.browser(), 'benefits')
      const nameId = world.emulator.saml.participants[0]?.nameId
      const message = await world.emulator.saml.logoutRequest({
        serviceProvider: entityOf('benefits'),
        binding: binding satisfies SamlBinding,
        nameId,
        sessionIndexes: [],
      })
      const deliver = (party: ReturnType<typeof world.party>) =>
        message.binding === 'soap'
          ? party.handle(message.toRequest())
          : party.handle(new Request(message.url, { headers: { 'sec-fetch-mode': 'navigate' } }))
      const instances = [first, second].map((aheadSeconds) => world.instance('benefits', { aheadSeconds }))
      const [one, other] = instances as [(typeof instances)[0], (typeof instances)[0]]
      expect((await deliver(one)).status).toBeLessThan(400)
      expect(one.events.filter(({ type }) => type === 'token.rejected')).toEqual([])
      const problems = new Set<string>()
      world.travel(290)
      for (let seconds = 290; seconds < 430; seconds += 5) {
        expect((await deliver(other)).status, `after ${seconds} s`).toBe(400)
        const event = other.events.at(-1)
        problems.add(event?.type === 'token.rejected' ? event.problem : String(event?.type))
        world.travel(5)
      }
      expect([...problems].toSorted()).toEqual(['saml replay', 'saml time'])
    },
  )
})

describe('HLD-09 the plug-in’s clockSkewSeconds', () => {
  const limits = { application: { sensitivity: 'sensitive', onIdle: 'reauthenticate' } } as const

  it.each([
    [60, 50, 'active'],
    [60, -50, 'active'],
    [30, 20, 'active'],
    [10, 8, 'active'],
  ])(
    '%i lets in who has authenticated anew at a provider %i s behind',
    async (clockSkewSeconds, aheadSeconds, state) => {
      const world = await createSamlWorld({
        benefits: { saml: { clockSkewSeconds }, suite: limits, aheadSeconds },
      })
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      world.travel(9 * 3600)
      expect(await world.who(browser, 'benefits')).toMatchObject({ reason: 'idle-timeout' })
      const page = await browser.open(`${urlOf('benefits')}/session/login?returnTo=/private`)
      const asked = await world.follow(browser, await browser.press(page, /^Sign in/))
      const typed = { username: 'ana', password: 'ana-password' }
      await world.follow(browser, await browser.press(asked, /^Sign in$/, typed))
      expect(await world.who(browser, 'benefits')).toMatchObject({ state })
    },
  )
})
