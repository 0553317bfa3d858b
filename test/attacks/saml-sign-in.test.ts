import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { SamlResponseOrder } from '../../src/emulator/index.js'
import { memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import { createSamlWorld, entityOf, providerUrl, type SamlWorld, urlOf } from '../saml/world.js'

const at = (route: string) => `${urlOf('benefits')}/session/${route}`

/** Begins a sign-in, and has the provider answer it as ordered. */
async function answered(world: SamlWorld, more: Partial<SamlResponseOrder> = {}) {
  const browser = world.browser()
  const { path } = await browser.open(at('login?returnTo=/private'))
  const { searchParams } = new URL(path.find((url) => url.includes('SAMLRequest=')) ?? '')
  const packed = Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')
  const xml = inflateRawSync(packed).toString()
  const message = await world.emulator.saml.response({
    serviceProvider: entityOf('benefits'),
    username: 'ana',
    inResponseTo: / ID="([^"]*)"/.exec(xml)?.[1],
    relayState: searchParams.get('RelayState') ?? '',
    ...more,
  })
  const send = async () =>
    world.follow(browser, await browser.post(at('saml/acs'), message.fields, { from: providerUrl }))
  return { browser, message, send }
}

/** A store that can be away. */
function createFragile() {
  const state = { isAway: false }
  const make = (clock: () => number) =>
    new Proxy(memoryStore({ clock }), {
      get(target, name, receiver) {
        const found = Reflect.get(target, name, receiver) as unknown
        if (!state.isAway || typeof found !== 'function') return found
        return () => {
          throw new StoreUnavailableError('away')
        }
      },
    }) as Store
  return { state, make }
}

describe('the class of an authentication', () => {
  it.each(['constructor', '__proto__', 'toString', 'valueOf', 'urn:example:unknown'])(
    'is level 1 where it is called %s and nobody has named it',
    async (authnContext) => {
      const world = await createSamlWorld()
      const { browser, send } = await answered(world, { assertion: { authnContext } })
      expect(await send()).toMatchObject({ status: 200 })
      const { assurance } = await world.who(browser, 'benefits')
      expect(assurance).toMatchObject({ level: 1, method: 'password' })
    },
  )
})

describe('an outage while somebody signs in', () => {
  it('of the store is told as one, and leaves a session that is there alone', async () => {
    const { state, make } = createFragile()
    const world = await createSamlWorld({ benefits: {} }, { store: make })
    const { browser, send } = await answered(world)
    state.isAway = true
    const visit = await send()
    expect(visit.status).toBe(503)
    state.isAway = false
    expect(await send()).toMatchObject({ status: 200 })
    expect((await world.who(browser, 'benefits')).state).toBe('active')
    state.isAway = true
    const { path } = await browser.open(at('login?returnTo=/private'))
    expect(path.length).toBeLessThan(4)
    state.isAway = false
    expect((await world.who(browser, 'benefits')).state).toBe('active')
  })

  it('of the metadata is told as one at every route, and the answer is good once it is over', async () => {
    const world = await createSamlWorld({ benefits: { saml: { polling: { keepSeconds: 3600 } } } })
    const inside = world.browser()
    await world.signIn(inside, 'benefits')
    const { browser, send } = await answered(world)
    const logout = await world.emulator.saml.logoutRequest({ serviceProvider: entityOf('benefits') })
    const other = world.instance('benefits')
    const provider = world.sites.get(providerUrl)
    world.sites.set(providerUrl, async () => new Response('', { status: 502 }))
    const known = world.sites.get(urlOf('benefits'))
    world.sites.set(urlOf('benefits'), other.handle)
    expect((await send()).status).toBe(503)
    expect((await browser.open(at('login'))).status).toBe(503)
    expect((await other.handle(logout.toRequest())).status).toBe(503)
    expect((await world.who(inside, 'benefits')).state).toBe('active')
    if (provider !== undefined) world.sites.set(providerUrl, provider)
    if (known !== undefined) world.sites.set(urlOf('benefits'), known)
    expect(await send()).toMatchObject({ status: 200 })
    expect((await world.who(browser, 'benefits')).state).toBe('active')
  })
})

describe('what an application can log', () => {
  it('holds no name, no index and no piece of a message', async () => {
    const world = await createSamlWorld()
    const { browser, message, send } = await answered(world)
    await send()
    const { nameId, sessionIndex = '' } = world.emulator.saml.participants[0] ?? {}
    await browser.post(at('saml/acs'), { SAMLResponse: 'x', RelayState: 'a'.repeat(32) })
    for (const faults of [[], ['unsigned'], ['wrong-issuer']] as const) {
      const order = { serviceProvider: entityOf('benefits'), binding: 'redirect', username: 'ana', faults }
      const request = await world.emulator.saml.logoutRequest({ ...order, binding: 'redirect' })
      await browser.open(request.url, { from: providerUrl })
    }
    const { events } = world.party('benefits')
    expect(events.length).toBeGreaterThan(3)
    const told = JSON.stringify(events)
    const secrets = [
      nameId?.value ?? '?',
      sessionIndex,
      message.id,
      message.fields?.SAMLResponse?.slice(0, 40),
    ]
    for (const secret of [...secrets, 'ana@', '<saml', 'PHNhbWxw']) expect(told).not.toContain(secret)
  })
})

describe('static metadata', () => {
  it.each([
    ['in single quotes', (xml: string) => xml.replaceAll('"', "'")],
    [
      'with a query in each address',
      (xml: string) => xml.replaceAll(/ Location="([^"]*)"/g, ' Location="$1?a=1&amp;b=2"'),
    ],
    ['with blanks around the equals sign', (xml: string) => xml.replaceAll(' Location="', ' Location = "')],
  ] as const)('%s leads a login to the provider', async (_, change) => {
    const world = await createSamlWorld()
    const found = await world.sites.get(providerUrl)?.(new Request(world.emulator.saml.metadataUrl))
    const metadata = change((await found?.text()) ?? '')
    const instance = world.instance('benefits', { saml: { metadataUrl: undefined, metadata } })
    const reply = await instance.handle(new Request(at('login')))
    expect(new URL(reply.headers.get('location') ?? '').origin).toBe(new URL(providerUrl).origin)
  })
})

it.each([
  ['application/json', '{"SAMLResponse":["a","b"]}'],
  [
    'multipart/form-data; boundary=x',
    '--x\r\nContent-Disposition: form-data; name="SAMLResponse"\r\n\r\nx\r\n--x--',
  ],
  ['application/x-www-form-urlencoded', 'SAMLResponse=x&SAMLResponse=y&RelayState=z'],
  ['application/x-www-form-urlencoded', 'SAMLResponse[]=x&RelayState[a]=z'],
  ['application/x-www-form-urlencoded', 'SAMLRequest=%ff%fe&RelayState=%00'],
  ['text/xml', '<a/>'],
  ['application/octet-stream', '\u0000\u0001'],
])('a body of %s %j is answered with 4xx at every address, and changes nothing', async (type, body) => {
  const world = await createSamlWorld()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  for (const route of ['saml/acs', 'saml/slo', 'saml/soap']) {
    const answer = await browser.fetch(at(route), { method: 'POST', body, headers: { 'content-type': type } })
    expect([400, 413, 415]).toContain(answer.status)
  }
  expect((await world.who(browser, 'benefits')).state).toBe('active')
})
