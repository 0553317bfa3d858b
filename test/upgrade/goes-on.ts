/** @module The upgrade from 0.1.0, on any store: sessions go on, what had begun is finished, what had ended stays so. */
import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/index.js'
import { upgrade } from './application.js'
import { type Entries, kinds, vectors } from './vectors.js'

/** Opens a store that holds this. */
export type OpenStore = (entries: Entries, clock: () => number) => Promise<Store>

const minute = 60_000
/** When what is kept at the provider is due: half of the token's life; SAML has nothing to renew. */
const dueAfter = { 'shared-cookie': 16, oidc: 6, saml: 40 } as const

/** Describes the upgrade on one kind of store. */
export function describeUpgrade(open: OpenStore): void {
  describe.each(kinds)('%s', (kind) => {
    const { session, signingIn, signingOut, ended, endedHere } = vectors.scenarios[kind]

    it('FLD-12 a session of 0.1.0 goes on, and is renewed when it is due', async () => {
      let now = session.now
      const clock = () => now
      const store = await open(session.store, clock)
      const application = upgrade(kind, { ...session, store, clock })
      const subject = session.shows.subject
      expect(await application.who()).toMatchObject({ state: 'active', sub: subject })
      now += dueAfter[kind] * minute
      expect(await application.who()).toMatchObject({ state: 'active', sub: subject, degraded: false })
      expect(application.asked.filter((asked) => asked.startsWith('POST'))).toHaveLength(
        kind === 'saml' ? 0 : 1,
      )
      now += minute
      expect(await application.who()).toMatchObject({ state: 'active', sub: subject })
    })

    it('FLD-12 a login that began with 0.1.0 is finished', async () => {
      const clock = () => signingIn.now
      const application = upgrade(kind, { ...signingIn, store: await open(signingIn.store, clock), clock })
      const response = await application.send(signingIn.request)
      expect([302, 303]).toContain(response.status)
      expect(response.headers.get('location')).toBe('/private')
      expect(await application.who()).toMatchObject({ state: 'active', sub: signingIn.shows.subject })
    })

    it('FLD-12 a logout that began with 0.1.0 is finished, once', async () => {
      const clock = () => signingOut.now
      const application = upgrade(kind, { ...signingOut, store: await open(signingOut.store, clock), clock })
      const before = new Map(application.cookies)
      const response = await application.send(signingOut.request)
      expect(response.status).toBe(200)
      expect([...before.keys()].some((name) => name.includes('.logout.'))).toBe(true)
      expect((await application.who()).state).toBe('anonymous')
      const again = await application.send(signingOut.request, {
        cookie: [...before].map(([name, value]) => `${name}=${value}`).join('; '),
      })
      expect(again.status).toBe(400)
    })

    it.each([
      ['everywhere', ended, 'signed-out'],
      ['here', endedHere, 'application-sign-out'],
    ] as const)('FLD-12 a session that 0.1.0 has ended %s stays so', async (_where, moment, reason) => {
      const clock = () => moment.now
      const { answers } = session
      const application = upgrade(kind, {
        ...moment,
        answers,
        store: await open(moment.store, clock),
        clock,
      })
      expect(await application.who()).toMatchObject({ state: 'anonymous', reason })
    })
  })
}
