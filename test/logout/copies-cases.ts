/** @module HLD-13 on every store: what a sign-out by a protocol ends of the shared cookie, and what its receipt says. */
import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/index.js'
import { createSharedCopies } from '../../src/logout/shared-copies.js'
import { createSealer } from '../../src/seal.js'
import { personOf } from '../../src/sessions/record.js'
import { providerUrl, urlOf } from '../oidc/world.js'
import { alone, both, cookiesOf, createCopiesPlace } from './copies-place.js'

const otherIssuer = 'https://cookies.citizen.example'
const done = { leg: 'cookies', state: 'done' }

/** Declares the tests for a store. */
export function describeCopies(name: string, store: (clock: () => number) => Store): void {
  describe(`HLD-13 copies of the shared cookie, ${name}`, () => {
    it.each([alone, both])(
      'HLD-13 names what may be a copy, and lets every device go on, at %s',
      async (at) => {
        const place = await createCopiesPlace({ store })
        const { cookie } = await place.signIn(at)
        const devices = [await place.device(), await place.device(undefined, 900)]
        for (const device of devices) expect(await place.stateOf(device)).toBe('active')
        const receipt = await place.signOut(at, cookie)
        const expiresAt = devices[0]?.exp
        expect(cookiesOf(receipt)).toMatchObject({ state: 'unknown', reason: 'other-sessions', expiresAt })
        for (const device of devices) expect(await place.stateOf(device)).toBe('active')
        expect(receipt.outcome).toBe('partial')
      },
    )

    it('HLD-13 is not global where the provider has ended its session, and says why on the page', async () => {
      const place = await createCopiesPlace({ store })
      const { browser } = await place.signIn(alone)
      const device = await place.device()
      expect(await place.stateOf(device)).toBe('active')
      const visit = await browser.post('https://benefits.example/session/logout', { returnTo: '/open' })
      expect(visit.url).toContain('/session/return')
      expect(visit.body).toContain('deleted here; other sign-ins of yours may go on')
      expect(visit.body).not.toContain('Finish signing out')
      expect(await place.stateOf(device)).toBe('active')
    })

    it.each([alone, both])(
      'HLD-13 says done where there is none, whatever other protocols have, at %s',
      async (at) => {
        const place = await createCopiesPlace({ store })
        const { cookie } = await place.signIn(at)
        await place.signIn(at)
        await place.signIn(at === alone ? both : alone)
        expect(cookiesOf(await place.signOut(at, cookie))).toMatchObject(done)
      },
    )

    it('HLD-13 no longer names a copy whose token is over', async () => {
      const place = await createCopiesPlace({ store })
      const { cookie } = await place.signIn(alone)
      expect(await place.stateOf(await place.device(undefined, 100))).toBe('active')
      place.world.travel(170)
      expect(cookiesOf(await place.signOut(alone, cookie))).toMatchObject(done)
    })

    it.each([alone, both])(
      'HLD-13 ends the session of the same sid, and no other device, at %s',
      async (at) => {
        const place = await createCopiesPlace({ store, sessionClaim: 'sid' })
        const { cookie } = await place.signIn(at)
        const [copy, other] = [await place.device(place.sidOf()), await place.device('another')]
        for (const device of [copy, other]) expect(await place.stateOf(device)).toBe('active')
        expect(cookiesOf(await place.signOut(at, cookie))).toMatchObject(done)
        expect(await place.stateOf(copy)).toBe('anonymous')
        expect(await place.stateOf(other)).toBe('active')
      },
    )

    it('HLD-02 HLD-13 ends the session of a good token, whatever dead cookie comes along', async () => {
      const place = await createCopiesPlace({ store, sessionClaim: 'sid' })
      const { browser, cookie: dead } = await place.signIn(both)
      place.world.travel(20)
      const page = await browser.open(`${urlOf(both)}/session/login?via=oidc&returnTo=/private&maxAge=1`)
      await browser.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      expect(await browser.cookieHeader(urlOf(both))).not.toContain(dead)
      const copy = await place.device(place.sidOf())
      expect(await place.stateOf(copy)).toBe('active')
      const receipt = await place.signOut(both, `${dead}; ${copy.cookie}`)
      expect(receipt.legs[0]).toMatchObject({ leg: 'sessions', state: 'done' })
      expect(await place.stateOf(copy)).toBe('anonymous')
      const named = { subject: 'ana', issuer: providerUrl }
      expect(await place.world.party(both).suite.sessions.list(named)).toEqual([])
    })

    it('HLD-13 knows by the setting that links them that another sid is another device', async () => {
      const place = await createCopiesPlace({ store, sessionClaim: 'sid' })
      const { cookie } = await place.signIn(both)
      const [copy, other] = [await place.device(place.sidOf()), await place.device('another')]
      expect(await place.stateOf(other)).toBe('active')
      expect(cookiesOf(await place.signOut(both, cookie))).toMatchObject(done)
      // It had begun nowhere when the person signed out.
      expect(await place.stateOf(copy)).toBe('anonymous')
      expect(await place.stateOf(other)).toBe('active')
    })

    it('HLD-13 ends the session of the same sid where the tokens have another issuer', async () => {
      const place = await createCopiesPlace({ store, sessionClaim: 'sid', issuer: otherIssuer })
      const { cookie } = await place.signIn(both)
      const [copy, other] = [await place.device(place.sidOf()), await place.device('another')]
      for (const device of [copy, other]) expect(await place.stateOf(device)).toBe('active')
      expect(cookiesOf(await place.signOut(both, cookie))).toMatchObject(done)
      expect(await place.stateOf(copy)).toBe('anonymous')
      expect(await place.stateOf(other)).toBe('active')
    })

    it('HLD-13 names a session of another issuer and another name', async () => {
      const place = await createCopiesPlace({ store, sessionClaim: 'sid', issuer: otherIssuer })
      const { cookie } = await place.signIn(both)
      const other = await place.device('another')
      expect(await place.stateOf(other)).toBe('active')
      const leg = cookiesOf(await place.signOut(both, cookie))
      expect(leg).toMatchObject({ state: 'unknown', reason: 'other-sessions', expiresAt: other.exp })
      expect(await place.stateOf(other)).toBe('active')
    })

    it('HLD-13 ends the session whose token came along, and the others are known to be others', async () => {
      const place = await createCopiesPlace({ store })
      const { cookie } = await place.signIn(both)
      const [here, other] = [await place.device(), await place.device()]
      for (const device of [here, other]) expect(await place.stateOf(device)).toBe('active')
      const receipt = await place.signOut(both, `${cookie}; ${here.cookie}`)
      expect(cookiesOf(receipt)).toMatchObject(done)
      expect(await place.stateOf(here)).toBe('anonymous')
      expect(await place.stateOf(other)).toBe('active')
    })

    it('HLD-13 tells a cookie of an older generation nothing of copies', async () => {
      const place = await createCopiesPlace({ store })
      const { browser, cookie } = await place.signIn(alone)
      expect(await place.stateOf(await place.device())).toBe('active')
      place.world.travel(60)
      const asked = await browser.open('https://benefits.example/session/login?returnTo=/private&maxAge=5')
      await browser.press(asked, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      const receipt = await place.signOut(alone, cookie)
      expect(receipt.legs).toContainEqual(expect.objectContaining({ reason: 'superseded' }))
      expect(cookiesOf(receipt)).toMatchObject(done)
    })

    it('HLD-13 ends the session of the same sid under another issuer where ours had ended before', async () => {
      const place = await createCopiesPlace({ store, sessionClaim: 'sid', issuer: otherIssuer })
      const { cookie } = await place.signIn(both)
      const [copy, other] = [await place.device(place.sidOf()), await place.device('another')]
      for (const device of [copy, other]) expect(await place.stateOf(device)).toBe('active')
      await place.signOut(both, cookie, 'application')
      expect(await place.stateOf(copy)).toBe('active')
      const leg = cookiesOf(await place.signOut(both, cookie))
      expect(leg).toMatchObject(done)
      expect(await place.stateOf(copy)).toBe('anonymous')
      expect(await place.stateOf(other)).toBe('active')
    })

    it('HLD-13 names a session of another issuer and another name where ours had ended before', async () => {
      const place = await createCopiesPlace({ store, sessionClaim: 'sid', issuer: otherIssuer })
      const { cookie } = await place.signIn(both)
      const other = await place.device('another')
      expect(await place.stateOf(other)).toBe('active')
      await place.signOut(both, cookie, 'application')
      const leg = cookiesOf(await place.signOut(both, cookie))
      expect(leg).toMatchObject({ state: 'unknown', reason: 'other-sessions', expiresAt: other.exp })
      expect(await place.stateOf(other)).toBe('active')
    })

    it('HLD-13 does not say done where an end of before does not say whose it was', async () => {
      const place = await createCopiesPlace({ store, sessionClaim: 'sid', issuer: otherIssuer })
      const { cookie } = await place.signIn(both)
      await place.signOut(both, cookie, 'application')
      const { sub = '' } = decodeJwt(await place.world.emulator.tokenFor('ana'))
      const person = personOf(providerUrl, sub)
      const [found] = await place.world.store.list(person)
      if (found?.record.state !== 'ended') throw new Error('not ended')
      const { address, record } = found
      const named = { person, session: address.session, generation: record.generation, protocol: 'oidc' }
      const resultFor = async (sealed: string) => {
        const copies = createSharedCopies({
          options: place.world.party(both).suite.options,
          store: { list: place.world.store.list, read: async () => ({ ...record, sealed }) },
          sealer: createSealer({
            application: 'library',
            secrets: place.world.party(both).suite.options.application.secrets,
            random: randomBytes,
          }),
          protocols: new Map([['oidc', { issuer: providerUrl }]]),
          sharedCookieProviders: new Set(['oidc']),
        })
        return copies.resultOf(await copies.survey(named, []))
      }
      expect(await resultFor(record.sealed)).toEqual({ state: 'done' })
      // As 0.1.0 wrote it, and as one is that shrank to a mark.
      expect(await resultFor('')).toEqual({ state: 'unknown', reason: 'other-sessions' })
    })

    it.each([
      ['sid and sub', {}, false],
      ['sid alone', { sub: undefined }, false],
      ['sid alone, after our own end,', { sub: undefined }, true],
    ])(
      'HLD-13 a back-channel logout of %s ends the session of that sid under another issuer',
      async (_, claims, hasEnded) => {
        const place = await createCopiesPlace({ store, sessionClaim: 'sid', issuer: otherIssuer })
        const { cookie } = await place.signIn(both)
        if (hasEnded) await place.signOut(both, cookie, 'application')
        const [copy, other] = [await place.device(place.sidOf()), await place.device('another')]
        for (const device of [copy, other]) expect(await place.stateOf(device)).toBe('active')
        expect(await place.backchannel(both, claims)).toBe(200)
        expect(await place.stateOf(copy)).toBe('anonymous')
        expect(await place.stateOf(other)).toBe('active')
      },
    )
  })
}
