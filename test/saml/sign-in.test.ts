import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { samlFaultNames } from '../../src/emulator/faults/saml.js'
import type { SamlMessageFault } from '../../src/emulator/index.js'
import { createKeyPair } from './provider.js'
import { createSamlWorld, entityOf, keyOf, providerUrl, type SamlWorld, urlOf } from './world.js'

const at = (route: string, name = 'benefits') => `${urlOf(name)}/session/${route}`

/** The request that the browser carries to the provider by redirect. */
function requestIn(path: readonly string[]) {
  const address = path.find((url) => url.includes('SAMLRequest='))
  const { searchParams } = new URL(address ?? '')
  const packed = Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')
  return { xml: inflateRawSync(packed).toString(), searchParams }
}

/** The form with which the provider answers, not yet sent. */
async function answerOf(world: SamlWorld, browser = world.browser(), username = 'ana') {
  const asked = await browser.open(at('login?returnTo=/private'))
  const visit = await browser.press(asked, /^Sign in$/, { username, password: `${username}-password` })
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(visit.body)?.[1] ?? ''
  return { browser, visit, form: { SAMLResponse: field('SAMLResponse'), RelayState: field('RelayState') } }
}

describe('sign-in by SAML', () => {
  it('goes to the provider and comes back to where the person wanted to go', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    const visit = await world.signIn(browser, 'benefits')
    expect(visit).toMatchObject({ url: `${urlOf('benefits')}/private`, status: 200 })
    const who = await world.who(browser, 'benefits')
    expect(who).toMatchObject({ state: 'active', assurance: { level: 1, method: 'password' } })
    expect(who.assurance.authenticatedAt).toBe(world.now())
    const [participant] = world.emulator.saml.participants
    expect(participant).toMatchObject({ serviceProvider: entityOf('benefits') })
    expect(who.sub).toBe(participant?.nameId.value)
  })

  it('sends a signed request whose relay state is an opaque token of ours', async () => {
    const world = await createSamlWorld()
    const { path } = await world.browser().open(at('login?returnTo=/private'))
    const { xml, searchParams } = requestIn(path)
    expect([...searchParams.keys()]).toEqual(['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'])
    expect(searchParams.get('RelayState')).toMatch(/^[\w-]{32}$/)
    expect(xml).toContain(`AssertionConsumerServiceURL="${at('saml/acs')}"`)
    expect(xml).not.toContain('ForceAuthn')
  })

  it.each([
    ['the request by POST', { saml: { signInBinding: 'post' } }, {}],
    ['the response signed', {}, { signs: 'response' }],
    ['response and assertion signed', {}, { signs: 'both' }],
    [
      'an assertion that is encrypted',
      {},
      { serviceProviders: [{ metadataUrl: entityOf('benefits'), encrypt: true }] },
    ],
    [
      'an assertion that is encrypted in a signed response',
      {},
      { signs: 'response', serviceProviders: [{ metadataUrl: entityOf('benefits'), encrypt: 'aes256-cbc' }] },
    ],
    ['metadata that is signed by a pinned certificate', { pins: true }, {}],
  ] as const)('works with %s', async (_, application, provider) => {
    const { saml = {}, pins = false } = application as { saml?: object; pins?: boolean }
    const world = await createSamlWorld({ benefits: { saml } }, { provider })
    if (pins) {
      const metadataCertificates = [...world.emulator.saml.certificates]
      world.sites.set(
        urlOf('benefits'),
        world.instance('benefits', { saml: { metadataCertificates } }).handle,
      )
    }
    const browser = world.browser()
    expect(await world.signIn(browser, 'benefits')).toMatchObject({ status: 200 })
    expect((await world.who(browser, 'benefits')).state).toBe('active')
  })

  it('refuses metadata that another key signed', async () => {
    const world = await createSamlWorld({
      benefits: { saml: { metadataCertificates: [createKeyPair().pem] } },
    })
    const visit = await world.browser().open(at('login'))
    expect(visit.status).toBe(503)
    await expect(world.party('benefits').suite.ready()).rejects.toMatchObject({ problem: 'signature' })
  })

  it('asks for a second factor by its class, and knows it again', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits', 'dan')
    const guarded = await browser.open(at('login?returnTo=/level2&level=2'))
    const { xml } = requestIn(guarded.path)
    expect(xml).toContain('<saml:AuthnContextClassRef')
    expect(xml).toContain('https://refeds.org/profile/mfa')
  })

  it('HLD-01 asks for the classes of two factors where a guard wants a second one', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const guarded = await browser.open(`${urlOf('benefits')}/mfa`)
    const { xml } = requestIn(guarded.path)
    expect(xml).toContain('https://refeds.org/profile/mfa')
    expect(xml).not.toMatch(/TimeSyncToken|Smartcard<|SoftwarePKI|X509/)
  })

  it('asks for a new authentication when the person was idle, and takes no old one for it', async () => {
    const world = await createSamlWorld({
      benefits: {
        suite: { application: { id: 'benefits', url: urlOf('benefits'), sensitivity: 'sensitive' } },
      },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(601)
    expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })
    const page = await browser.open(at('login?returnTo=/private'))
    const pressed = await browser.press(page, /^Sign in/)
    expect(requestIn(pressed.path).xml).toContain('ForceAuthn="true"')
    const typed = { username: 'ana', password: 'ana-password' }
    const done = await world.follow(browser, await browser.press(pressed, /^Sign in$/, typed))
    expect(done).toMatchObject({ url: `${urlOf('benefits')}/private`, status: 200 })
  })

  it('does not take an old authentication for the new one that it asked for', async () => {
    const application = { id: 'benefits', url: urlOf('benefits'), sensitivity: 'sensitive' } as const
    const world = await createSamlWorld({ benefits: { suite: { application } } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const [participant] = world.emulator.saml.participants
    world.travel(601)
    const page = await browser.open(at('login?returnTo=/private'))
    const { xml, searchParams } = requestIn((await browser.press(page, /^Sign in/)).path)
    const { fields } = await world.emulator.saml.response({
      serviceProvider: entityOf('benefits'),
      username: 'ana',
      session: participant?.session,
      inResponseTo: / ID="([^"]*)"/.exec(xml)?.[1],
      relayState: searchParams.get('RelayState') ?? '',
    })
    const visit = await browser.post(at('saml/acs'), fields, { from: providerUrl })
    expect((await world.follow(browser, visit)).status).toBe(401)
    expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
  })

  it('keeps no claims that would not fit, and says so', async () => {
    const claims = () => ({ attributes: 'é'.repeat(8200) })
    const world = await createSamlWorld({ benefits: { saml: { claims } }, permits: {} })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    expect((await world.who(browser, 'benefits')).state).toBe('active')
    const warnings = world.party('benefits').events.filter(({ type }) => type === 'warning')
    expect(warnings).toMatchObject([{ code: 'saml-claims-too-large' }])
  })

  it('ends the session when the provider says that it must', async () => {
    const world = await createSamlWorld()
    const { browser, form } = await answerOf(world)
    const xml = Buffer.from(form.SAMLResponse, 'base64').toString()
    const until = Date.parse(/SessionNotOnOrAfter="([^"]*)"/.exec(xml)?.[1] ?? '')
    await world.follow(browser, await browser.post(at('saml/acs'), form, { from: providerUrl }))
    expect((await world.who(browser, 'benefits')).session.endsAt).toBeLessThanOrEqual(until)
  })

  it('FLD-06 tells a refusal of the provider on a page and in an event, and nobody is signed in', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    const { path } = await browser.open(at('login'))
    const { xml, searchParams } = requestIn(path)
    const message = await world.emulator.saml.response({
      serviceProvider: entityOf('benefits'),
      username: 'ana',
      inResponseTo: / ID="([^"]*)"/.exec(xml)?.[1],
      relayState: searchParams.get('RelayState') ?? '',
      response: { status: ['Responder', 'AuthnFailed'] },
    })
    const visit = await browser.post(at('saml/acs'), message.fields, { from: providerUrl })
    expect((await world.follow(browser, visit)).status).toBe(401)
    expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
    expect(world.party('benefits').events).toMatchObject([
      { type: 'token.rejected', problem: 'saml status Responder AuthnFailed', credential: 'saml-message' },
    ])
  })

  it.each(samlFaultNames.response)('starts nothing with the fault %s', async (fault) => {
    const world = await createSamlWorld()
    const browser = world.browser()
    world.emulator.faults.set({ saml: { response: fault as SamlMessageFault } })
    let visit = await world.signIn(browser, 'benefits')
    if (fault === 'replayed') {
      expect(visit.status).toBe(200)
      await world.signOut(browser, 'benefits')
      visit = await world.signIn(browser, 'benefits')
    }
    expect([400, 401]).toContain(visit.status)
    expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
  })

  it('NIST-07 asks anew in the same press where an idle session has passed its absolute limit since', async () => {
    const application = { onIdle: 'resume', idleSeconds: 600, absoluteSeconds: 900 } as const
    const world = await createSamlWorld({ benefits: { suite: { application } } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(1000)
    const page = await browser.open(at('login?returnTo=/private'))
    expect(page.body).toContain('You were away for a while')
    const asked = await world.follow(browser, await browser.press(page, 'Sign in'))
    expect(asked.url).toContain(`${providerUrl}/login`)
    const typed = { username: 'ana', password: 'ana-password' }
    const done = await world.follow(browser, await browser.press(asked, /^Sign in$/, typed))
    expect([done.url, done.status]).toEqual([`${urlOf('benefits')}/private`, 200])
    expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('takes a response once, and only in the browser that asked', async () => {
    const world = await createSamlWorld()
    const { browser, form } = await answerOf(world)
    const other = world.browser()
    const stolen = await other.post(at('saml/acs'), form, { from: providerUrl })
    expect((await world.follow(other, stolen)).status).toBe(400)
    expect((await world.who(other, 'benefits')).state).toBe('anonymous')
    const done = await world.follow(browser, await browser.post(at('saml/acs'), form, { from: providerUrl }))
    expect(done.status).toBe(200)
    const again = await world.follow(browser, await browser.post(at('saml/acs'), form))
    expect(again.status).toBe(400)
  })

  it('FLD-06 takes no response that nobody asked for, and leaves an event', async () => {
    const world = await createSamlWorld()
    const order = { serviceProvider: entityOf('benefits'), username: 'ana' }
    for (const relayState of [undefined, 'x'.repeat(32), '/private', 'https://other.example/']) {
      const { fields } = await world.emulator.saml.response({ ...order, relayState })
      const browser = world.browser()
      const visit = await browser.post(at('saml/acs'), fields, { from: providerUrl })
      expect((await world.follow(browser, visit)).status).toBe(400)
      expect((await world.who(browser, 'benefits')).state).toBe('anonymous')
    }
    const problems = world.party('benefits').events.map((event) => 'problem' in event && event.problem)
    expect(problems).toEqual(Array(4).fill('saml unsolicited'))
  })

  it.each([
    ['no form', {}, 'saml-message'],
    ['a request', { SAMLRequest: 'x' }, 'saml-message'],
    ['both', { SAMLRequest: 'x', SAMLResponse: 'y' }, 'saml-message'],
  ] as const)('answers %s with 400', async (_, form, code) => {
    const world = await createSamlWorld()
    const browser = world.browser()
    const visit = await browser.post(at('saml/acs'), form, { from: providerUrl })
    expect(visit.status).toBe(400)
    expect(visit.body).toContain('Your sign-in did not complete')
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const init = { method: 'POST', body: new URLSearchParams(form).toString(), headers }
    const told = await browser.fetch(at('saml/acs'), init)
    expect([told.status, await told.json()]).toMatchObject([400, { code }])
    const event = { type: 'token.rejected', problem: 'saml parameters' }
    expect(world.party('benefits').events).toMatchObject([event, event])
  })

  it('SLO-30 goes on through a roll-over of the provider without one failed login', async () => {
    const world = await createSamlWorld()
    const steps: string[] = []
    for (let turn = 0; turn < 4; turn += 1) {
      const browser = world.browser()
      expect(await world.signIn(browser, 'benefits')).toMatchObject({ status: 200 })
      steps.push(await world.emulator.saml.rollOver())
      world.travel(60)
      expect(await world.signIn(world.browser(), 'benefits')).toMatchObject({ status: 200 })
      world.travel(3600)
    }
    expect(steps).toEqual(['published', 'switched', 'dropped', 'published'])
  })

  it('FLD-07 takes the key of a roll-over that nobody announced, with the next login, however lately it was fetched', async () => {
    const world = await createSamlWorld()
    await world.signIn(world.browser(), 'benefits')
    for (let step = 0; step < 3; step += 1) await world.emulator.saml.rollOver()
    expect(await world.signIn(world.browser(), 'benefits')).toMatchObject({ status: 200 })
  })

  it('warns before a certificate of its own ends', async () => {
    const { privateKey, pem } = createKeyPair(Date.UTC(2026, 0, 25))
    const key = {
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      certificate: pem,
    }
    const world = await createSamlWorld({ benefits: { saml: key }, permits: {} })
    const warnings = (name: string) => world.party(name).events.filter(({ type }) => type === 'warning')
    await world.browser().open(at('saml/metadata'))
    expect(warnings('benefits')).toMatchObject([{ code: 'saml-own-certificate-expires' }])
    expect(warnings('permits')).toEqual([])
  })

  it('publishes its metadata, signed, with both keys of its own roll-over', async () => {
    const { privateKey, certificate } = keyOf('next key')
    const world = await createSamlWorld({ benefits: { saml: { otherKeys: [{ privateKey, certificate }] } } })
    const visit = await world.browser().open(at('saml/metadata'))
    expect(visit.headers.get('content-type')).toBe('application/samlmetadata+xml')
    expect(visit.body.match(/<md:KeyDescriptor use="signing">/g)).toHaveLength(2)
    expect(visit.body).toContain('<ds:Signature')
    expect(visit.body).toContain(certificate.replace(/-----[^-]+-----|\s/g, ''))
    await world.signIn(world.browser(), 'benefits')
    expect(world.emulator.saml.participants).toHaveLength(1)
  })
})
