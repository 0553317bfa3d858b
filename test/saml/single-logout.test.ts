import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { samlFaultNames } from '../../src/emulator/faults/saml.js'
import type {
  SamlBinding,
  SamlLogoutRequestOrder,
  SamlMessage,
  SamlMessageFault,
} from '../../src/emulator/index.js'
import { memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import type { Browser, Visit } from '../support/browser.js'
import { createSamlWorld, entityOf, providerUrl, type SamlWorld, urlOf } from './world.js'

const at = (route: string, name = 'benefits') => `${urlOf(name)}/session/${route}`
const order = (more: Partial<SamlLogoutRequestOrder> = {}): SamlLogoutRequestOrder => ({
  serviceProvider: entityOf('benefits'),
  relayState: 'state of the provider',
  ...more,
})

/** Delivers a message of the provider as a browser, or the provider itself, does. */
async function deliver(
  world: SamlWorld,
  message: SamlMessage,
  browser: Browser = world.browser(),
): Promise<Visit | Response> {
  if (message.binding === 'redirect') return browser.open(message.url, { from: providerUrl })
  if (message.binding === 'post') {
    return world.follow(browser, await browser.post(message.url, message.fields, { from: providerUrl }))
  }
  return world.party('benefits').handle(message.toRequest())
}

const answerIn = (path: readonly string[]): string => {
  const address = path.find((url) => url.includes('SAMLResponse='))
  const packed = new URL(address ?? '').searchParams.get('SAMLResponse') ?? ''
  return inflateRawSync(Buffer.from(packed, 'base64')).toString()
}
/** Our answer on its way, by either binding. */
async function answerFrom(answer: Response) {
  const location = answer.headers.get('location')
  const body = await answer.text()
  const pairs = [...body.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ])
  const fields = location === null ? new URLSearchParams(pairs) : new URL(location).searchParams
  fields.set('action', location?.split('?')[0] ?? /action="([^"]*)"/.exec(body)?.[1] ?? '')
  const packed = Buffer.from(fields.get('SAMLResponse') ?? '', 'base64')
  return { fields, xml: (location === null ? packed : inflateRawSync(packed)).toString() }
}
const lastStatus = (world: SamlWorld) => world.emulator.saml.deliveries.at(-1)?.status
const isActive = async (world: SamlWorld, browser: Browser, name = 'benefits') =>
  (await world.who(browser, name)).state === 'active'

describe('single logout that the provider begins', () => {
  it.each(['redirect', 'post', 'soap'] as const)(
    'ends the session by %s and answers Success, also without any cookie of the person',
    async (binding: SamlBinding) => {
      const world = await createSamlWorld()
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      const message = await world.emulator.saml.logoutRequest(order({ binding }))
      const answer = await deliver(world, message)
      expect(answer.status).toBe(200)
      expect(await world.who(browser, 'benefits')).toMatchObject({
        state: 'anonymous',
        reason: 'identity-ended',
      })
      if (binding !== 'soap') expect(lastStatus(world)).toEqual(['Success'])
      else expect(await (answer as Response).text()).toContain('status:Success"/>')
      expect(world.party('benefits').events.map(({ type }) => type)).toContain('session.ended')
    },
  )

  it('SLO-29 ends the session by name when the form comes from another site without Lax cookies', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const { fields, url } = await world.emulator.saml.logoutRequest(order({ binding: 'post' }))
    const visit = await browser.post(url, fields, { from: providerUrl })
    expect(visit.status).toBe(200)
    expect(await isActive(world, browser)).toBe(false)
    await world.follow(browser, visit)
    expect(lastStatus(world)).toEqual(['Success'])
  })

  it('SLO-31 takes the SOAP binding without cookies and answers in an envelope, with no redirect', async () => {
    const world = await createSamlWorld()
    await world.signIn(world.browser(), 'benefits')
    const [delivery] = await world.emulator.saml.logout({ username: 'ana' })
    expect(delivery).toMatchObject({
      binding: 'soap',
      state: 'done',
      status: ['Success'],
      problem: undefined,
    })
  })

  it('SLO-08 ends one device by its index, and every device without one', async () => {
    const world = await createSamlWorld()
    const [one, two] = [world.browser(), world.browser()]
    await world.signIn(one, 'benefits')
    await world.signIn(two, 'benefits')
    await deliver(world, await world.emulator.saml.logoutRequest(order({ username: 'ana' })))
    expect([await isActive(world, one), await isActive(world, two)]).toEqual([true, false])
    await world.signIn(two, 'benefits')
    const name = world.emulator.saml.participants[0]?.nameId
    await deliver(world, await world.emulator.saml.logoutRequest(order({ nameId: name, sessionIndexes: [] })))
    expect([await isActive(world, one), await isActive(world, two)]).toEqual([false, false])
    expect(await world.signIn(one, 'benefits')).toMatchObject({ status: 200 })
  })

  it('SLO-08 ends every session whose index is named', async () => {
    const world = await createSamlWorld()
    const browsers = [world.browser(), world.browser(), world.browser()]
    for (const browser of browsers) await world.signIn(browser, 'benefits')
    const [first, , third] = world.emulator.saml.participants
    const sessionIndexes = [first?.sessionIndex ?? '', third?.sessionIndex ?? '']
    await deliver(
      world,
      await world.emulator.saml.logoutRequest(order({ nameId: first?.nameId, sessionIndexes })),
    )
    const states = await Promise.all(browsers.map((browser) => isActive(world, browser)))
    expect(states).toEqual([false, true, false])
  })

  it('SLO-07 FLD-04 a name with another format or qualifier is another person', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const { value = '' } = world.emulator.saml.participants[0]?.nameId ?? {}
    const others = [
      { value, format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' },
      {
        value,
        format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
        spNameQualifier: 'https://other.example',
      },
    ]
    for (const nameId of others) {
      await deliver(world, await world.emulator.saml.logoutRequest(order({ nameId, sessionIndexes: [] })))
      expect(lastStatus(world)).toEqual(['Requester', 'UnknownPrincipal'])
    }
    expect(await isActive(world, browser)).toBe(true)
    const nameId = { value, format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' }
    await deliver(world, await world.emulator.saml.logoutRequest(order({ nameId, sessionIndexes: [] })))
    expect(await isActive(world, browser)).toBe(false)
  })

  it('SLO-10 keeps the session of a browser that brings the request for somebody else', async () => {
    const world = await createSamlWorld()
    const [ana, dan] = [world.browser(), world.browser()]
    await world.signIn(ana, 'benefits', 'ana')
    await world.signIn(dan, 'benefits', 'dan')
    await deliver(world, await world.emulator.saml.logoutRequest(order({ username: 'dan' })), ana)
    expect(lastStatus(world)).toEqual(['Requester', 'RequestDenied'])
    expect([await isActive(world, ana), await isActive(world, dan)]).toEqual([true, true])
    const overrides = { reason: 'urn:oasis:names:tc:SAML:2.0:logout:admin' }
    await deliver(world, await world.emulator.saml.logoutRequest(order({ username: 'dan', overrides })), ana)
    expect(lastStatus(world)).toEqual(['Success'])
    expect([await isActive(world, ana), await isActive(world, dan)]).toEqual([true, false])
  })

  it('SLO-11 answers with the ID, the issuer, the address and the relay state that belong there, signed', async () => {
    const world = await createSamlWorld()
    await world.signIn(world.browser(), 'benefits')
    const message = await world.emulator.saml.logoutRequest(order({ binding: 'redirect' }))
    const visit = await world.browser().open(message.url, { from: providerUrl })
    const xml = answerIn(visit.path)
    const address = new URL(visit.path.find((url) => url.includes('SAMLResponse=')) ?? '')
    expect(xml).toContain(`InResponseTo="${message.id}"`)
    expect(xml).toContain(`>${entityOf('benefits')}</saml:Issuer>`)
    expect(xml).toContain(`Destination="${world.emulator.saml.logoutUrl}"`)
    expect(address.searchParams.get('RelayState')).toBe('state of the provider')
    expect(address.searchParams.has('Signature')).toBe(true)
    expect(world.emulator.saml.refusals).toEqual([])
  })

  it('ends the sessions, and says so on a page, where the metadata has no address for the answer', async () => {
    const world = await createSamlWorld()
    const metadata = (await world.emulator.saml.metadata())
      .replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/, '')
      .replace(/<md:SingleLogoutService[^>]*\/>/g, '')
    const saml = { metadataUrl: undefined, metadata }
    world.sites.set(urlOf('benefits'), world.instance('benefits', { saml }).handle)
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const message = await world.emulator.saml.logoutRequest(order({ binding: 'redirect' }))
    const visit = await world.browser().open(message.url, { from: providerUrl })
    expect(visit).toMatchObject({ status: 200, url: message.url })
    expect(visit.body).toContain('Only this application has signed you out.')
    expect(await isActive(world, browser)).toBe(false)
  })

  it('SLO-28 is kept in no cache, and may be framed by the provider and by nobody else', async () => {
    const world = await createSamlWorld({ benefits: {} }, { provider: {} })
    await world.signIn(world.browser(), 'benefits')
    const { handle } = world.party('benefits')
    const byRedirect = await handle(
      (await world.emulator.saml.logoutRequest(order({ binding: 'redirect' }))).toRequest(),
    )
    expect(byRedirect.headers.get('cache-control')).toContain('no-cache, no-store')
    expect(byRedirect.headers.get('pragma')).toBe('no-cache')
    const byPost = await handle(
      (await world.emulator.saml.logoutRequest(order({ binding: 'post' }))).toRequest(),
    )
    expect(byPost.headers.get('cache-control')).toContain('no-cache, no-store')
    expect(byPost.status).toBe(200)
    expect(byPost.headers.get('content-security-policy')).toContain(`frame-ancestors ${providerUrl};`)
    expect(byPost.headers.get('content-security-policy')).toMatch(/script-src '(?:sha256|nonce)-/)
  })

  it('SLO-28 shows nothing of the request, and escapes the relay state that goes back', async () => {
    const world = await createSamlWorld()
    const relayState = '"><script>alert(1)</script>\'&amp;'
    const nameId = '<b>ana</b>"&'
    const request = order({ binding: 'post', nameId, sessionIndexes: [], relayState })
    const message = await world.emulator.saml.logoutRequest(request)
    const page = await (await world.party('benefits').handle(message.toRequest())).text()
    expect(page).toContain('&lt;script&gt;alert(1)')
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page).not.toContain('ana')
    await deliver(world, await world.emulator.saml.logoutRequest(request))
    expect(world.emulator.saml.deliveries.at(-1)).toMatchObject({ status: ['Requester', 'UnknownPrincipal'] })
  })

  it.each(['redirect', 'post'] as const)(
    'SLO-11 answers by %s at the address for responses, where the metadata has one, with the relay state',
    async (binding) => {
      const world = await createSamlWorld()
      await world.signIn(world.browser(), 'benefits')
      const known = await world.sites.get(providerUrl)?.(new Request(world.emulator.saml.metadataUrl))
      const metadata = (await known?.text())?.replaceAll(
        /(<\w+:SingleLogoutService[^>]* Location="[^"]*")/g,
        `$1 ResponseLocation="${providerUrl}/responses"`,
      )
      const instance = world.instance('benefits', { saml: { metadataUrl: undefined, metadata } })
      const message = await world.emulator.saml.logoutRequest(order({ binding }))
      const answer = await instance.handle(message.toRequest())
      const { fields, xml } = await answerFrom(answer)
      expect(fields.get('action')).toBe(`${providerUrl}/responses`)
      expect(fields.get('RelayState')).toBe('state of the provider')
      expect(xml).toContain(`Destination="${providerUrl}/responses"`)
      expect(xml).toContain(`InResponseTo="${message.id}"`)
      expect(binding === 'post' ? xml.includes('<ds:SignatureValue>') : fields.has('Signature')).toBe(true)
    },
  )

  it('SLO-12 says UnknownPrincipal for a person nobody knows, and Success again once the sessions are gone', async () => {
    const world = await createSamlWorld()
    await world.signIn(world.browser(), 'benefits')
    const [participant] = world.emulator.saml.participants
    const { nameId, sessionIndex = '' } = participant ?? {}
    await deliver(
      world,
      await world.emulator.saml.logoutRequest(order({ nameId: 'somebody', sessionIndexes: [] })),
    )
    expect(lastStatus(world)).toEqual(['Requester', 'UnknownPrincipal'])
    for (let turn = 0; turn < 2; turn += 1) {
      await deliver(
        world,
        await world.emulator.saml.logoutRequest(order({ nameId, sessionIndexes: [sessionIndex] })),
      )
      expect(lastStatus(world)).toEqual(['Success'])
    }
  })

  it('SLO-12 does not say Success when the store cannot answer, and takes the request again then', async () => {
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
    const world = await createSamlWorld({ benefits: {} }, { store })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const message = await world.emulator.saml.logoutRequest(order({ binding: 'soap' }))
    isAway = true
    const failed = await world.party('benefits').handle(message.toRequest())
    expect(await failed.text()).toMatch(
      /status:Responder"><samlp:StatusCode Value="[^"]*status:PartialLogout"/,
    )
    isAway = false
    expect(await isActive(world, browser)).toBe(true)
    const done = await world.party('benefits').handle(message.toRequest())
    expect(await done.text()).toContain('status:Success"/>')
    expect(await isActive(world, browser)).toBe(false)
  })

  it('SLO-12 gives a request back whose work failed half way', async () => {
    let isBroken = false
    const store = (clock: () => number) => {
      const memory = memoryStore({ clock })
      const revoke: Store['revoke'] = (...given) => {
        if (isBroken) throw new StoreUnavailableError('away')
        return memory.revoke(...given)
      }
      return { ...memory, revoke }
    }
    const world = await createSamlWorld({ benefits: {} }, { store })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const message = await world.emulator.saml.logoutRequest(order({ binding: 'soap' }))
    isBroken = true
    const failed = await world.party('benefits').handle(message.toRequest())
    expect(await failed.text()).toContain('status:PartialLogout')
    isBroken = false
    const done = await world.party('benefits').handle(message.toRequest())
    expect(await done.text()).toContain('status:Success"/>')
    expect(await isActive(world, browser)).toBe(false)
  })

  it('SLO-06 takes a request once', async () => {
    const world = await createSamlWorld()
    await world.signIn(world.browser(), 'benefits')
    const nameId = world.emulator.saml.participants[0]?.nameId
    const request = order({ binding: 'redirect', nameId, sessionIndexes: [] })
    const message = await world.emulator.saml.logoutRequest(request)
    await deliver(world, message)
    world.travel(1)
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    expect(await isActive(world, browser)).toBe(true)
    expect((await deliver(world, message)).status).toBe(400)
    expect(world.party('benefits').events.at(-1)).toMatchObject({ problem: 'saml replay' })
    expect(await isActive(world, browser)).toBe(true)
  })

  it('SLO-09 a login that was under way starts nothing when it arrives after the logout', async () => {
    for (const sessionIndexes of [undefined, []] as const) {
      const world = await createSamlWorld()
      const browser = world.browser()
      const asked = await browser.open(at('login?returnTo=/private'))
      const form = await browser.press(asked, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      const nameId = world.emulator.saml.participants[0]?.nameId
      const request = sessionIndexes === undefined ? { username: 'ana' } : { nameId, sessionIndexes }
      await deliver(world, await world.emulator.saml.logoutRequest(order(request)))
      const late = await world.follow(browser, form)
      expect(late.status).toBe(401)
      expect(await isActive(world, browser)).toBe(false)
      world.travel(1)
      const again = await browser.open(at('login?returnTo=/private'))
      const pressed = again.url.startsWith(providerUrl) ? again : await browser.press(again, /Sign/)
      expect(pressed.status).toBe(200)
    }
  })

  it.each(
    (['redirect', 'post', 'soap'] as const).flatMap((binding) =>
      samlFaultNames.logoutRequest.map((fault) => [binding, fault as SamlMessageFault] as const),
    ),
  )('SLO-01 by %s refuses %s, and the session goes on', async (binding, fault) => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    if (fault === 'replayed') {
      const other = world.browser()
      await world.signIn(other, 'benefits')
      await deliver(world, await world.emulator.saml.logoutRequest(order({ binding })))
    }
    const message = await world.emulator.saml.logoutRequest(
      order({ binding, faults: [fault], username: 'ana' }),
    )
    const known = world.emulator.saml.deliveries.length
    const answer = await world.party('benefits').handle(message.toRequest())
    const isLegitimate = binding === 'soap' && fault === 'wrong-destination' && answer.status === 400
    expect(answer.status === 400 || isLegitimate).toBe(true)
    expect(await isActive(world, browser)).toBe(true)
    expect(world.emulator.saml.deliveries).toHaveLength(known)
  })
})
