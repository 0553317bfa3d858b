/** @module Sign-outs by SAML, and the sessions of the shared cookie that are known, or not known, to be the same. */
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createSuite, type Receipt } from '../../src/index.js'
import { serve } from '../support/world.js'
import { createSamlWorld, entityOf, providerUrl, urlOf } from './world.js'

const both = 'library.citizen'
const sibling = 'https://permits.citizen.example'
const issuers = ['https://cookies.citizen.example', 'https://old-cookies.citizen.example'] as const

/** An application by SAML that takes the shared cookie too, of two issuers, and a sibling that takes nothing else. */
async function createPlace(sessionClaim: 'jti' | 'sid') {
  const identityProvider = { url: providerUrl, issuer: [...issuers], sessionClaim }
  const sharedCookie = { domain: 'citizen.example' }
  const world = await createSamlWorld({
    [both]: {
      saml: { nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' },
      suite: { identityProvider, sharedCookie, application: { id: 'library' } },
    },
  })
  const permits = createSuite(
    {
      identityProvider,
      sharedCookie,
      application: {
        id: 'permits',
        url: sibling,
        secrets: ['a secret of permits that is thirty-two bytes or more'],
      },
      store: world.store,
      clock: world.now,
      fetch: world.emulator.fetch,
    },
    {},
  )
  const browser = world.browser()
  const login = await browser.open(`${urlOf(both)}/session/login?via=saml&returnTo=/open`)
  const typed = { username: 'ana', password: 'ana-password' }
  await world.follow(browser, await browser.press(login, /^Sign in$/, typed))
  const all = await browser.cookieHeader(urlOf(both))
  const own = all.split('; ').find((pair) => pair.startsWith('__Host-library.sid=')) ?? ''
  const [participant] = world.emulator.saml.participants
  const { sessionIndex = '', nameId } = participant ?? {}
  const { value: sub = '' } = nameId ?? {}

  return {
    world,
    own,
    nameId,
    sessionIndex,
    /** A device with a shared cookie of the person; `sid` as its token's claim. */
    async device(iss: string, sid: string) {
      const claims = decodeJwt(await world.emulator.tokenFor('ana'))
      const token = await world.emulator.signToken({ ...claims, iss, sub, sid })
      const cookie = world.emulator.cookieHeader(token)
      return { cookie, exp: (claims.exp ?? 0) * 1000 }
    },
    async stateOf({ cookie }: { readonly cookie: string }): Promise<string> {
      const answer = await serve(permits, new Request(`${sibling}/open`, { headers: { cookie } }))
      return ((await answer.json()) as { state: string }).state
    },
    async cookiesLeg() {
      const request = new Request(`${urlOf(both)}/session/logout`, {
        method: 'POST',
        headers: { cookie: own, accept: 'application/json', 'sec-fetch-site': 'same-origin' },
      })
      const receipt = (await (await world.party(both).handle(request)).json()) as Receipt
      return receipt.legs.find(({ leg }) => leg === 'cookies')
    },
    async soap(sessionIndexes: readonly string[]): Promise<string> {
      const message = await world.emulator.saml.logoutRequest({
        serviceProvider: entityOf(both),
        binding: 'soap',
        nameId,
        sessionIndexes,
      })
      const answer = await world.party(both).handle(
        new Request(message.url, {
          method: 'POST',
          body: message.body ?? '',
          headers: { 'content-type': 'text/xml' },
        }),
      )
      return /status:(\w+)"\/>/.exec(await answer.text())?.[1] ?? ''
    },
  }
}

describe('HLD-13 a sign-out by SAML that begins here', () => {
  it.each(issuers)('HLD-13 ends the session whose claim is the SessionIndex, of %s', async (issuer) => {
    const place = await createPlace('sid')
    const [copy, other] = [
      await place.device(issuer, place.sessionIndex),
      await place.device(issuer, 'another'),
    ]
    for (const device of [copy, other]) expect(await place.stateOf(device)).toBe('active')
    expect(await place.cookiesLeg()).toMatchObject({ state: 'done' })
    expect(await place.stateOf(copy)).toBe('anonymous')
    expect(await place.stateOf(other)).toBe('active')
  })

  it.each(issuers)('HLD-13 names a session that is not known to be the same, of %s', async (issuer) => {
    const place = await createPlace('jti')
    const device = await place.device(issuer, place.sessionIndex)
    expect(await place.stateOf(device)).toBe('active')
    const expected = { state: 'unknown', reason: 'other-sessions', expiresAt: device.exp }
    expect(await place.cookiesLeg()).toMatchObject(expected)
    expect(await place.stateOf(device)).toBe('active')
  })
})

describe('HLD-13 a sign-out by SAML that begins at the provider', () => {
  it.each(issuers)('HLD-13 ends the session whose claim is the SessionIndex, of %s', async (issuer) => {
    const place = await createPlace('sid')
    const [copy, other] = [
      await place.device(issuer, place.sessionIndex),
      await place.device(issuer, 'another'),
    ]
    for (const device of [copy, other]) expect(await place.stateOf(device)).toBe('active')
    expect(await place.soap([place.sessionIndex])).toBe('Success')
    expect(await place.stateOf(copy)).toBe('anonymous')
    expect(await place.stateOf(other)).toBe('active')
  })

  it.each(issuers)('HLD-13 ends every session of a person that it names alone, of %s', async (issuer) => {
    const place = await createPlace('jti')
    const devices = [await place.device(issuer, 'one'), await place.device(issuer, 'two')]
    for (const device of devices) expect(await place.stateOf(device)).toBe('active')
    place.world.travel(1)
    expect(await place.soap([])).toBe('Success')
    for (const device of devices) expect(await place.stateOf(device)).toBe('anonymous')
  })
})
