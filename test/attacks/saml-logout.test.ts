import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import { callSoap } from '../../src/saml/soap.js'
import { createPlace, order, urlOf } from '../saml/place.js'
import * as saml from '../saml/world.js'

type Place = Awaited<ReturnType<typeof createPlace>>
const lastStatus = (place: Place) => place.emulator.saml.deliveries.at(-1)?.status

describe('a logout request beside the shared cookie', () => {
  it.each([undefined, 'urn:oasis:names:tc:SAML:2.0:logout:admin'])(
    'SLO-10 of another person leaves the shared cookie of this browser alone, reason %s',
    async (reason) => {
      const place = await createPlace()
      const [thief, ana] = [place.browser(), place.browser()]
      await place.signIn(thief, 'permits', 'saml', 'dan')
      await place.signIn(ana, 'benefits', 'shared-cookie', 'ana')
      expect(await place.state(ana, 'permits')).toBe('active')
      const overrides = reason === undefined ? {} : { reason }
      const request = { ...order, binding: 'redirect', username: 'dan', overrides } as const
      const message = await place.emulator.saml.logoutRequest(request)
      await place.follow(ana, await ana.open(message.url, { from: place.emulator.url }))
      expect(await ana.cookieHeader(urlOf('benefits'))).toContain('c1_payload=e')
      expect(await place.state(ana, 'benefits')).toBe('active')
      expect(await place.state(ana, 'permits')).toBe('active')
    },
  )

  it('ends the shared cookie of the browser also when its session by SAML has ended before', async () => {
    const place = await createPlace()
    const browser = place.browser()
    await place.signIn(browser, 'permits', 'saml')
    await browser.open(`${urlOf('benefits')}/private`)
    const first = await place.emulator.saml.logoutRequest({ ...order, binding: 'soap' })
    const headers = { 'content-type': 'text/xml' }
    await browser.fetch(first.url, { method: 'POST', body: first.body ?? '', headers })
    const [participant] = place.emulator.saml.participants
    const second = await place.emulator.saml.logoutRequest({
      ...order,
      binding: 'redirect',
      nameId: participant?.nameId,
      sessionIndexes: [],
    })
    await place.follow(browser, await browser.open(second.url, { from: place.emulator.url }))
    expect(await browser.cookieHeader(urlOf('benefits'))).not.toContain('c1_payload=e')
  })

  it('SLO-12 does not say Success where the session of the shared cookie could not be ended', async () => {
    let revokes = Number.POSITIVE_INFINITY
    const place = await createPlace({
      store: (clock) =>
        new Proxy(memoryStore({ clock }), {
          get(target, name, receiver) {
            const found = Reflect.get(target, name, receiver) as unknown
            if (name !== 'revoke' || typeof found !== 'function') return found
            return (...given: readonly unknown[]) => {
              revokes -= 1
              if (revokes < 0) throw new StoreUnavailableError('away')
              return Reflect.apply(found, target, given) as unknown
            }
          },
        }) as Store,
    })
    const browser = place.browser()
    await place.signIn(browser, 'permits', 'saml')
    await browser.open(`${urlOf('benefits')}/private`)
    const message = await place.emulator.saml.logoutRequest({ ...order, binding: 'redirect' })
    // The named session and that of the same name and index go; then the store is away.
    revokes = 2
    await place.follow(browser, await browser.open(message.url, { from: place.emulator.url }))
    expect(revokes).toBeLessThan(0)
    expect(lastStatus(place)).toEqual(['Responder', 'PartialLogout'])
  })

  it('SLO-07 ends nothing of the shared cookie for a name that has another qualifier', async () => {
    const place = await createPlace()
    const browser = place.browser()
    await place.signIn(browser, 'benefits', 'shared-cookie')
    const who = (await (await browser.fetch(`${urlOf('benefits')}/open`)).json()) as {
      claims?: { sub?: string }
      sub?: string
    }
    const value = who.sub ?? who.claims?.sub ?? ''
    expect(value).not.toBe('')
    for (const qualifiers of [
      { spNameQualifier: 'https://other.example' },
      { nameQualifier: 'https://other.example' },
    ]) {
      const request = {
        ...order,
        binding: 'soap',
        nameId: { value, ...qualifiers },
        sessionIndexes: [],
      } as const
      const { url, body = '' } = await place.emulator.saml.logoutRequest(request)
      const answer = await browser.fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'text/xml' },
      })
      expect(await answer.text()).toContain('status:UnknownPrincipal')
      expect(await place.state(browser, 'benefits')).toBe('active')
    }
  })
})

describe.each(['redirect', 'post'] as const)('a logout request for another person by %s', (binding) => {
  it('SLO-10 is denied also where a page of the same site brings it, with all cookies', async () => {
    const world = await saml.createSamlWorld()
    const [thief, ana] = [world.browser(), world.browser()]
    await world.signIn(thief, 'benefits', 'dan')
    await world.signIn(ana, 'benefits', 'ana')
    const serviceProvider = saml.entityOf('benefits')
    const message = await world.emulator.saml.logoutRequest({ serviceProvider, binding, username: 'dan' })
    const from = { from: 'https://sibling.benefits.example' }
    const visit =
      binding === 'redirect' ? ana.open(message.url, from) : ana.post(message.url, message.fields, from)
    await world.follow(ana, await visit)
    expect(world.emulator.saml.deliveries.at(-1)?.status).toEqual(['Requester', 'RequestDenied'])
    expect((await world.who(ana, 'benefits')).state).toBe('active')
    expect((await world.who(thief, 'benefits')).state).toBe('active')
  })
})

describe('a logout request for a session that the provider gave no index', () => {
  it('ends the session of the browser that brings it, and not only its cookie', async () => {
    const world = await saml.createSamlWorld()
    const browser = world.browser()
    const at = (route: string) => `${saml.urlOf('benefits')}/session/${route}`
    const { path } = await browser.open(at('login?returnTo=/private'))
    const sent = new URL(path.find((url) => url.includes('SAMLRequest=')) ?? '').searchParams
    const xml = inflateRawSync(Buffer.from(sent.get('SAMLRequest') ?? '', 'base64')).toString()
    const message = await world.emulator.saml.response({
      serviceProvider: saml.entityOf('benefits'),
      username: 'ana',
      inResponseTo: / ID="([^"]*)"/.exec(xml)?.[1],
      relayState: sent.get('RelayState') ?? '',
      assertion: { sessionIndex: '' },
    })
    await world.follow(
      browser,
      await browser.post(at('saml/acs'), message.fields, { from: saml.providerUrl }),
    )
    expect((await world.who(browser, 'benefits')).state).toBe('active')
    const cookie = await browser.cookieHeader(at(''))
    const nameId = world.emulator.saml.participants[0]?.nameId
    const request = await world.emulator.saml.logoutRequest({
      serviceProvider: saml.entityOf('benefits'),
      binding: 'redirect',
      nameId,
      sessionIndexes: ['one that we were never told'],
    })
    await world.follow(browser, await browser.open(request.url, { from: saml.providerUrl }))
    expect(world.emulator.saml.deliveries.at(-1)?.status).toEqual(['Success'])
    const kept = await world
      .party('benefits')
      .handle(new Request(`${saml.urlOf('benefits')}/open`, { headers: { cookie } }))
    expect(await kept.json()).toMatchObject({ state: 'anonymous' })
  })
})

describe('an outage of the store while a request comes by the browser', () => {
  it.each(['redirect', 'post'] as const)(
    'SLO-12 by %s is told, and takes no cookie away',
    async (binding) => {
      let isAway = false
      const store = (clock: () => number) =>
        new Proxy(memoryStore({ clock }), {
          get(target, name, receiver) {
            const found = Reflect.get(target, name, receiver) as unknown
            if (!isAway || typeof found !== 'function') return found
            return () => {
              throw new StoreUnavailableError('away')
            }
          },
        }) as Store
      const world = await saml.createSamlWorld({ benefits: {} }, { store })
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      const from = { from: 'https://sibling.benefits.example' }
      const bring = async () => {
        const message = await world.emulator.saml.logoutRequest({
          serviceProvider: saml.entityOf('benefits'),
          binding,
          username: 'ana',
        })
        const visit =
          binding === 'redirect'
            ? browser.open(message.url, from)
            : browser.post(message.url, message.fields, from)
        await world.follow(browser, await visit)
        return world.emulator.saml.deliveries.at(-1)?.status
      }
      isAway = true
      expect(await bring()).toEqual(['Responder', 'PartialLogout'])
      expect((await world.who(browser, 'benefits')).state).toBe('unavailable')
      isAway = false
      expect((await world.who(browser, 'benefits')).state).toBe('active')
      expect(await bring()).toEqual(['Success'])
      expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
    },
  )
})

describe('a sign-out of ours by SOAP', () => {
  it('ends within its time also where the call heeds no signal and never answers', async () => {
    const asked: string[] = []
    const url = 'https://id.citizen.example/saml/soap'
    await expect(
      callSoap({
        url,
        message: '<a/>',
        timeoutSeconds: 0.05,
        fetch: (input) => {
          asked.push(String(input))
          return new Promise(() => undefined)
        },
      }),
    ).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(asked).toEqual([url])
  })
})
