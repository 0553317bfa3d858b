import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { samlFaultNames } from '../../src/emulator/faults/saml.js'
import type { SamlFaults } from '../../src/emulator/index.js'
import type { Receipt } from '../../src/index.js'
import type { Visit } from '../support/browser.js'
import { createSamlWorld, entityOf, keyOf, providerUrl, type SamlWorld, urlOf } from './world.js'

const at = (route: string, name = 'benefits') => `${urlOf(name)}/session/${route}`

/** The address of the last visit on the way that carries a message. */
function messageIn(path: readonly string[], kind: 'SAMLRequest' | 'SAMLResponse') {
  const address = new URL(path.findLast((url) => url.includes(`${kind}=`)) ?? 'https://none.example/')
  const packed = Buffer.from(address.searchParams.get(kind) ?? '', 'base64')
  return { address, xml: packed.length === 0 ? '' : inflateRawSync(packed).toString() }
}

const identityLeg = (visit: Visit) =>
  />Session at the sign-in service<\/dt><dd>([^<]*)</.exec(visit.body)?.[1]
const lastLeg = (world: SamlWorld) =>
  world.party('benefits').events.findLast((event) => event.type === 'logout.leg' && event.leg === 'identity')

describe('single logout that begins here', () => {
  it.each(['redirect', 'post', 'soap'] as const)(
    'SLO-15 ends everything by %s and says so',
    async (logoutBinding) => {
      const world = await createSamlWorld({ benefits: { saml: { logoutBinding } } })
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      const visit = await world.signOut(browser, 'benefits')
      expect(visit.status).toBe(200)
      expect(visit.body).toContain('You are signed out here and at the sign-in service.')
      expect(lastLeg(world)).toMatchObject({ state: 'done' })
      expect(world.emulator.saml.participants).toEqual([])
      expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
    },
  )

  it('SLO-13 names the person as the assertion did, and the session', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const [participant] = world.emulator.saml.participants
    const visit = await world.signOut(browser, 'benefits')
    const { address, xml } = messageIn(visit.path, 'SAMLRequest')
    const { value, format, nameQualifier, spNameQualifier } = participant?.nameId ?? { value: '' }
    expect(xml).toContain(
      `Format="${format}" NameQualifier="${nameQualifier}" SPNameQualifier="${spNameQualifier}">${value}</saml:NameID>`,
    )
    expect(xml).toContain(`<samlp:SessionIndex>${participant?.sessionIndex}</samlp:SessionIndex>`)
    expect(xml).toContain(`NotOnOrAfter="${new Date(world.now() + 300_000).toISOString()}"`)
    expect(address.searchParams.get('Signature')).not.toBeNull()
  })

  it('SLO-27 sends a relay state of 32 characters that says nothing, and goes to no address in it', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const visit = await world.signOut(browser, 'benefits')
    expect(messageIn(visit.path, 'SAMLRequest').address.searchParams.get('RelayState')).toMatch(/^[\w-]{32}$/)
    const other = world.browser()
    for (const relayState of ['https://other.example/', '//other.example', '/private', undefined]) {
      const message = await world.emulator.saml.logoutResponse({
        serviceProvider: entityOf('benefits'),
        binding: 'redirect',
        inResponseTo: '_1',
        relayState,
      })
      const led = await other.open(message.url, { from: providerUrl })
      expect(led.status).toBe(400)
      expect(new URL(led.url).origin).toBe(urlOf('benefits'))
    }
  })

  it('SLO-15 is partial where the provider could not reach another application', async () => {
    const permits = {
      entityId: entityOf('permits'),
      acsUrl: at('saml/acs', 'permits'),
      logout: { soap: at('saml/soap', 'permits') },
      certificate: keyOf('permits').certificate,
    }
    const serviceProviders = [{ metadataUrl: entityOf('benefits') }, permits]
    const world = await createSamlWorld({ benefits: {}, permits: {} }, { provider: { serviceProviders } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    await world.signIn(browser, 'permits')
    world.sites.delete(urlOf('permits'))
    const visit = await world.signOut(browser, 'benefits')
    expect(visit.body).toContain('Some other part could not be confirmed')
    expect(lastLeg(world)).toMatchObject({ state: 'unknown', reason: 'partial-logout' })
    expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
  })

  it.each([
    [['Success'], 'done'],
    [['Success', 'PartialLogout'], 'unknown'],
    [['Responder'], 'refused'],
    [['Requester', 'UnknownPrincipal'], 'refused'],
  ] as const)(
    'SLO-15 the status %j makes the leg %s, and the session here is gone',
    async (status, state) => {
      for (const binding of ['redirect', 'post'] as const) {
        const world = await createSamlWorld({ benefits: { saml: { logoutBinding: 'redirect' } } })
        const browser = world.browser()
        await world.signIn(browser, 'benefits')
        world.sites.set(providerUrl, async () => new Response('away'))
        const sent = await browser.post(at('logout'))
        expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
        const { xml, address } = messageIn(sent.path, 'SAMLRequest')
        const message = await world.emulator.saml.logoutResponse({
          serviceProvider: entityOf('benefits'),
          binding,
          inResponseTo: / ID="([^"]*)"/.exec(xml)?.[1] ?? '',
          relayState: address.searchParams.get('RelayState') ?? '',
          status,
        })
        const visit =
          binding === 'redirect'
            ? await browser.open(message.url, { from: providerUrl })
            : await world.follow(
                browser,
                await browser.post(message.url, message.fields, { from: providerUrl }),
              )
        expect(visit.status).toBe(200)
        expect(identityLeg(visit) ?? 'ended').toBe(
          { done: 'ended', unknown: 'not confirmed', refused: 'refused' }[state],
        )
        expect(lastLeg(world)).toMatchObject({ state })
      }
    },
  )

  it('FLD-06 shows the receipt for an answer that nobody has signed, and believes nothing of it', async () => {
    for (const binding of ['redirect', 'post'] as const) {
      const world = await createSamlWorld({ benefits: { saml: { logoutBinding: binding } } })
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      world.emulator.faults.set({ saml: { logoutResponse: 'unsigned' } as SamlFaults })
      const visit = await world.signOut(browser, 'benefits')
      expect(visit.status).toBe(200)
      expect(visit.body).toContain('Finish signing out')
      expect(identityLeg(visit)).toBe('not confirmed')
      expect(lastLeg(world)).toMatchObject({ state: 'unknown', reason: 'unsigned' })
      expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
    }
  })

  it('FLD-06 leaves an event of an answer that nobody here has asked for', async () => {
    const world = await createSamlWorld()
    const message = await world.emulator.saml.logoutResponse({
      serviceProvider: entityOf('benefits'),
      binding: 'redirect',
      inResponseTo: '_nothing',
      relayState: 'x'.repeat(32),
      status: ['Success'],
    })
    expect((await world.browser().open(message.url, { from: providerUrl })).status).toBe(400)
    expect(world.party('benefits').events.map((event) => 'problem' in event && event.problem)).toHaveLength(1)
  })

  const believed = samlFaultNames.logoutResponse.filter((fault) => !['replayed', 'unsigned'].includes(fault))
  it.each(believed)('SLO-14 refuses an answer with %s, and the session here stays gone', async (fault) => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.emulator.faults.set({ saml: { logoutResponse: fault } as SamlFaults })
    const visit = await world.signOut(browser, 'benefits')
    expect(visit.status).toBe(400)
    expect(lastLeg(world)).toBeUndefined()
    expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
  })

  it('SLO-14 takes an answer once, in the browser that asked, and none that nobody asked for', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const visit = await world.signOut(browser, 'benefits')
    const { address } = messageIn(visit.path, 'SAMLResponse')
    const other = world.browser()
    expect((await other.open(address.href, { from: providerUrl })).status).toBe(400)
    expect((await browser.open(address.href, { from: providerUrl })).status).toBe(400)
  })

  it('HLD-13 SLO-14 a return without the provider’s message proves nothing, and takes nothing', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const response = await browser.fetch(at('logout'), { method: 'POST' })
    const { continueAt = '' } = (await response.json()) as Receipt
    const state = new URL(continueAt).searchParams.get('state') ?? ''
    expect(state).toMatch(/^[\w-]{32}$/)
    const back = await browser.open(`${at('return')}?state=${state}`)
    expect(back.status).toBe(400)
    expect(back.body).not.toContain('of the sign-in service.')
    expect(lastLeg(world)).toBeUndefined()
    // The answer that comes then concludes it.
    const visit = await browser.open(continueAt, { from: urlOf('benefits') })
    expect(visit.status).toBe(200)
    expect(lastLeg(world)).toMatchObject({ state: 'done' })
  })

  it('HLD-11 the button "Finish signing out" names the person as the first request did', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const [participant] = world.emulator.saml.participants
    const response = await browser.fetch(at('logout'), { method: 'POST' })
    expect(response.status).toBe(200)
    // The browser does not go on to the provider.
    const visit = await browser.post(at('logout'))
    const { xml } = messageIn(visit.path, 'SAMLRequest')
    expect(xml).toContain(`${participant?.nameId.value}</saml:NameID>`)
    expect(xml).toContain(`<samlp:SessionIndex>${participant?.sessionIndex}</samlp:SessionIndex>`)
    expect(lastLeg(world)).toMatchObject({ state: 'done' })
    expect(world.emulator.saml.participants).toEqual([])
  })

  it('says that it is not known what became of the session where the provider cannot be reached', async () => {
    const world = await createSamlWorld({ benefits: { saml: { logoutBinding: 'soap' } } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.sites.set(providerUrl, async () => new Response('', { status: 502 }))
    const answer = await browser.fetch(at('logout'), { method: 'POST' })
    const receipt = (await answer.json()) as Receipt
    expect(receipt).toMatchObject({ outcome: 'partial' })
    expect(receipt.legs.find(({ leg }) => leg === 'identity')).toMatchObject({
      state: 'unknown',
      reason: 'status',
    })
  })

  it('SLO-31 follows no redirect with its request by SOAP', async () => {
    const world = await createSamlWorld({ benefits: { saml: { logoutBinding: 'soap' } } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const asked: string[] = []
    const elsewhere = 'https://other.example'
    for (const origin of [providerUrl, elsewhere]) {
      world.sites.set(origin, async ({ url }) => {
        asked.push(url)
        return new Response('', { status: 307, headers: { location: `${elsewhere}/` } })
      })
    }
    const receipt = (await (await browser.fetch(at('logout'), { method: 'POST' })).json()) as Receipt
    expect(receipt.legs.find(({ leg }) => leg === 'identity')).toMatchObject({ state: 'unknown' })
    expect(asked.filter((url) => url.startsWith(elsewhere))).toEqual([])
    expect(asked).toHaveLength(1)
    expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
  })

  it('gives a script the address to go on to, which works once', async () => {
    const world = await createSamlWorld({ benefits: { saml: { logoutBinding: 'post' } } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const answer = await browser.fetch(at('logout'), { method: 'POST' })
    const { continueAt = '', outcome } = (await answer.json()) as Receipt
    expect(outcome).toBe('partial')
    const visit = await world.follow(browser, await browser.open(continueAt))
    expect(visit.body).toContain('You are signed out here and at the sign-in service')
  })
})

describe('FLD-06 an answer that comes without the relay state', () => {
  const answered = async (
    more: { readonly binding?: 'redirect' | 'post'; readonly inResponseTo?: string } = {},
  ) => {
    const { binding = 'redirect' } = more
    const world = await createSamlWorld({ benefits: { saml: { logoutBinding: 'redirect' } } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const provider = world.sites.get(providerUrl)
    world.sites.set(providerUrl, async () => new Response('away'))
    const sent = await browser.post(at('logout'))
    const { xml } = messageIn(sent.path, 'SAMLRequest')
    const message = await world.emulator.saml.logoutResponse({
      serviceProvider: entityOf('benefits'),
      binding,
      inResponseTo: more.inResponseTo ?? / ID="([^"]*)"/.exec(xml)?.[1] ?? '',
    })
    if (provider !== undefined) world.sites.set(providerUrl, provider)
    const bring = async (by = browser) =>
      binding === 'redirect'
        ? by.open(message.url, { from: providerUrl })
        : world.follow(by, await by.post(message.url, message.fields, { from: providerUrl }))
    return { world, browser, bring }
  }

  it.each(['redirect', 'post'] as const)('is known by the request that it names: %s', async (binding) => {
    const { world, bring } = await answered({ binding })
    const visit = await bring()
    expect([visit.status, identityLeg(visit) ?? 'ended']).toEqual([200, 'ended'])
    expect(lastLeg(world)).toMatchObject({ state: 'done' })
  })

  it.each([
    ['to another request', { inResponseTo: '_0123456789abcdef0123456789abcdef' }, false],
    ['in another browser', {}, true],
  ] as const)('SLO-14 is refused where it comes %s', async (_, more, isElsewhere) => {
    for (const binding of ['redirect', 'post'] as const) {
      const { world, browser, bring } = await answered({ ...more, binding })
      const visit = await bring(isElsewhere ? world.browser() : browser)
      expect(visit.status).toBe(400)
      expect(lastLeg(world)).not.toMatchObject({ state: 'done' })
    }
  })

  it('SLO-14 is taken once', async () => {
    const { bring } = await answered()
    expect((await bring()).status).toBe(200)
    expect((await bring()).status).toBe(400)
  })
})
