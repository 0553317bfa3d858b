/** @module Keys that nobody knows, brought by strangers without end, while a provider rotates its own. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signXml } from '../../src/saml/xml/signature.js'
import { key, logoutToken } from '../oidc/signer.js'
import { createKeyPair, response } from '../saml/provider.js'
import { createSamlWorld, entityOf, urlOf } from '../saml/world.js'
import { createWorld } from '../support/world.js'
import { createSigningKey, keySet } from '../tokens/signing.js'
import { createPlace, home } from './oidc-place.js'

const stranger = createSigningKey('stranger')
const next = createSigningKey('next')

function createFlooded() {
  const place = createPlace()
  let published = [key]
  let fetches = 0
  place.script.answers['/jwks'] = () => {
    fetches += 1
    return keySet(published)
  }
  const tell = (jwt: string) =>
    place.handle(
      new Request(`${home}/session/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: jwt }),
      }),
    )
  const timed = (claims: Record<string, unknown> = {}) => ({
    iat: place.now() / 1000,
    exp: place.now() / 1000 + 60,
    jti: randomBytes(9).toString('base64url'),
    ...claims,
  })
  return {
    ...place,
    publish(...keys: (typeof key)[]) {
      published = keys
    },
    fetches: () => fetches,
    /** A stranger's calls of one second, each with another name of a key. */
    async flood() {
      for (let call = 0; call < 2; call += 1) {
        const kid = randomBytes(9).toString('base64url')
        expect((await tell(logoutToken(timed(), { kid }, stranger))).status).toBe(400)
      }
    },
    logout: (sub: string, by: typeof key) =>
      tell(logoutToken(timed({ sub, sid: undefined }), { kid: by.kid }, by)),
  }
}

describe('HLD-14 JWT-14 OpenID Connect, under a flood of logout tokens with unknown keys', () => {
  it.each([0, 1, 2, 3, 4])(
    'a login with a new key is not delayed at all, %i s after a fetch',
    async (phase) => {
      const place = createFlooded()
      place.publish(next)
      for (let second = 0; second < 20 + phase; second += 1) {
        await place.flood()
        place.travel(1)
      }
      await place.flood()
      place.publish(next, key)
      const visit = await place.browser().open(`${home}/session/login?returnTo=/private`)
      expect([visit.status, new URL(visit.url).pathname]).toEqual([200, '/private'])
    },
  )

  it('a logout token with a new key is not delayed by one junk call', async () => {
    const place = createFlooded()
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    await place.flood()
    place.travel(1)
    place.publish(key, next)
    expect((await place.logout('ana', next)).status).toBe(200)
  })

  it('a logout token with a new key is delayed by at most five seconds, and fetches stay few', async () => {
    for (let phase = 0; phase < 6; phase += 2) {
      const place = createFlooded()
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      for (let second = 0; second < 10 + phase; second += 1) {
        await place.flood()
        place.travel(1)
      }
      place.publish(key, next)
      let waited = 0
      while ((await place.logout('ana', next)).status !== 200) {
        waited += 1
        place.travel(1)
        await place.flood()
        expect(waited).toBeLessThanOrEqual(5)
      }
      expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
      expect(place.fetches()).toBeLessThanOrEqual(10)
    }
  })
})

describe('HLD-14 OpenID Connect, under a flood of logins whose tokens no key of the provider has signed', () => {
  it('keys are fetched a few times, and a new key is known within five seconds', async () => {
    const place = createFlooded()
    await place.browser().open(`${home}/session/login?returnTo=/private`)
    const before = place.fetches()
    const login = () => place.browser().open(`${home}/session/login?returnTo=/private`)
    const flood = async (logins: number) => {
      for (let count = 0; count < logins; count += 1) {
        place.script.header = { kid: randomBytes(9).toString('base64url') }
        expect((await login()).status).toBe(401)
      }
      place.script.header = {}
    }
    await flood(200)
    expect(place.fetches() - before).toBeLessThanOrEqual(10)
    const renamed = { ...key, jwk: { ...key.jwk, kid: 'renamed' } }
    place.publish(renamed)
    let waited = 0
    for (;;) {
      await flood(3)
      place.script.header = { kid: 'renamed' }
      if ((await login()).status === 200) break
      place.travel(1)
      waited += 1
      expect(waited).toBeLessThanOrEqual(5)
    }
    expect(place.fetches() - before).toBeLessThanOrEqual(15)
  })
})

it('HLD-14 JWT-14 the shared cookie: a login that comes back with a new key waits for no stranger’s cookies', async () => {
  const url = 'https://benefits.citizen.example'
  const world = await createWorld()
  const known = world.browser()
  await world.signIn(known, 'benefits')
  world.travel(61)
  const claims = {
    iss: world.emulator.url,
    sub: 'x',
    jti: 'x',
    iat: 0,
    exp: 4e9,
    mfaRequired: false,
    isMfa: false,
    isDidAuth: false,
  }
  const flood = async () => {
    const kid = randomBytes(9).toString('base64url')
    const cookie = world.emulator.cookieHeader(await world.emulator.signToken(claims, { kid }))
    const { handle } = world.application('benefits')
    expect((await handle(new Request(`${url}/private`, { headers: { cookie } }))).status).toBe(401)
  }
  await flood()
  await world.emulator.rotateKeys()
  await flood()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  expect((await browser.fetch(`${url}/private`)).status).toBe(200)
})

describe('HLD-14 JWT-14 SAML, under a flood of messages that nobody has signed', () => {
  const forger = createKeyPair()

  async function createFloodedWorld() {
    const world = await createSamlWorld()
    const send = (xml: string, route: string, browser = world.browser(), relayState = '') =>
      browser.post(`${urlOf('benefits')}/session/saml/${route}`, {
        [route === 'acs' ? 'SAMLResponse' : 'SAMLRequest']: Buffer.from(xml).toString('base64'),
        RelayState: relayState,
        again: '1',
      })
    const order = { serviceProvider: entityOf('benefits'), binding: 'post', sessionIndexes: [] } as const
    /** A request as the provider writes them, signed by a stranger. */
    const forged = async () => {
      const nameId = world.emulator.saml.participants[0]?.nameId
      const message = await world.emulator.saml.logoutRequest({ ...order, nameId })
      if (message.binding !== 'post') throw new Error('no form')
      const xml = Buffer.from(message.fields?.SAMLRequest ?? '', 'base64').toString()
      const bare = xml.replace(/<ds:Signature\b[\s\S]*?<\/ds:Signature>/, '')
      return signXml({ xml: bare, key: forger.privateKey, certificate: forger.certificate.base64 })
    }
    /** An answer to a login, signed by the stranger; of whom it speaks nobody looks. */
    const answer = signXml({
      xml: response(),
      key: forger.privateKey,
      certificate: forger.certificate.base64,
    })
    const flood = async () => {
      expect((await send(await forged(), 'slo')).status).toBe(400)
    }
    const replaceKey = async () => {
      for (let step = 0; step < 3; step += 1) await world.emulator.saml.rollOver()
    }
    return { world, order, send, answer, flood, replaceKey }
  }

  it('a login with a new key is not delayed at all, also where the strangers have logins of their own', async () => {
    const { world, flood, send, answer, replaceKey } = await createFloodedWorld()
    await world.signIn(world.browser(), 'benefits')
    world.travel(60)
    await flood()
    const other = world.browser()
    const asked = await other.open(`${urlOf('benefits')}/session/login?returnTo=/private`)
    const address = asked.path.find((path) => path.includes('RelayState=')) ?? ''
    const state = new URL(address).searchParams.get('RelayState') ?? ''
    for (let call = 0; call < 5; call += 1) await send(answer, 'acs', other, state)
    await replaceKey()
    for (let call = 0; call < 3; call += 1) await send(answer, 'acs', other, state)
    const browser = world.browser()
    expect(await world.signIn(browser, 'benefits')).toMatchObject({ status: 200 })
    expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it.each([0, 2, 4])(
    'a logout request with a new key is delayed by at most five seconds, %i s after a fetch',
    async (phase) => {
      const { world, order, flood, replaceKey } = await createFloodedWorld()
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      const nameId = world.emulator.saml.participants[0]?.nameId
      world.travel(60)
      for (let call = 0; call < 6; call += 1) await flood()
      world.travel(phase)
      await flood()
      await replaceKey()
      let waited = 0
      while ((await world.who(browser, 'benefits')).state === 'active') {
        const message = await world.emulator.saml.logoutRequest({ ...order, nameId })
        if (message.binding !== 'post') throw new Error('no form')
        await world.browser().post(message.url, message.fields ?? {})
        if ((await world.who(browser, 'benefits')).state !== 'active') break
        world.travel(1)
        waited += 1
        await flood()
        expect(waited).toBeLessThanOrEqual(5)
      }
    },
  )

  it('logins that strangers have begun fetch a few times, and a new key is known within five seconds', async () => {
    const { world, send, answer, replaceKey } = await createFloodedWorld()
    await world.signIn(world.browser(), 'benefits')
    world.travel(60)
    const serve = world.sites.get(world.emulator.url)
    if (serve === undefined) throw new Error('the provider is reached')
    let fetches = 0
    world.sites.set(world.emulator.url, (request) => {
      if (request.url === world.emulator.saml.metadataUrl) fetches += 1
      return serve(request)
    })
    const flood = async (logins: number) => {
      for (let count = 0; count < logins; count += 1) {
        const other = world.browser()
        const asked = await other.open(`${urlOf('benefits')}/session/login?returnTo=/private`)
        const address = asked.path.find((path) => path.includes('RelayState=')) ?? ''
        await send(answer, 'acs', other, new URL(address).searchParams.get('RelayState') ?? '')
      }
    }
    await flood(200)
    expect([fetches > 0, fetches <= 15]).toEqual([true, true])
    await replaceKey()
    let waited = 0
    for (;;) {
      await flood(3)
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      if ((await world.who(browser, 'benefits')).state === 'active') break
      world.travel(1)
      waited += 1
      expect(waited).toBeLessThanOrEqual(5)
    }
    expect(fetches).toBeLessThanOrEqual(20)
  })
})
