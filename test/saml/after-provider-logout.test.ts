/** @module The next sign-in after the provider's own LogoutRequest: when it asks anew, and when it does not. */
import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { SamlLogoutRequestOrder } from '../../src/emulator/index.js'
import type { Browser } from '../support/browser.js'
import { createPlace, order as placeOrder, urlOf as placeUrlOf } from './place.js'
import { createSamlWorld, entityOf, providerUrl, type SamlWorld, urlOf } from './world.js'

const login = `${urlOf('benefits')}/session/login?returnTo=/private`
const order = (more: Partial<SamlLogoutRequestOrder> = {}): SamlLogoutRequestOrder => ({
  serviceProvider: entityOf('benefits'),
  binding: 'soap',
  ...more,
})

/** Somebody whose session the provider has ended from behind; the provider itself knows them still. */
async function ended(more: (world: SamlWorld) => Partial<SamlLogoutRequestOrder> = () => ({})) {
  const world = await createSamlWorld()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  world.travel(600)
  const message = await world.emulator.saml.logoutRequest(order(more(world)))
  const answer = await world.party('benefits').handle(message.toRequest())
  expect(await answer.text()).toContain('status:Success"/>')
  return { world, browser }
}

/** What the provider was asked, in their order: whether each request forced. */
const pressSignIn = async (world: SamlWorld, browser: Browser) => {
  const forced: boolean[] = []
  const provider = world.sites.get(providerUrl)
  world.sites.set(providerUrl, async (request) => {
    const { searchParams } = new URL(request.url)
    const packed = searchParams.get('SAMLRequest')
    if (packed !== null) forced.push(/ForceAuthn="true"/.test(inflate(packed)))
    return (await provider?.(request)) ?? new Response('', { status: 502 })
  })
  const page = await browser.open(login)
  expect(page.status).toBe(200)
  const visit = await world.follow(browser, await browser.press(page, 'Sign in'))
  return { forced, visit }
}

const inflate = (packed: string) => inflateRawSync(Buffer.from(packed, 'base64')).toString()
const isBenefits = ({ serviceProvider }: { readonly serviceProvider: string }) =>
  serviceProvider === entityOf('benefits')
const typed = { username: 'ana', password: 'ana-password' }

describe('after the provider’s own LogoutRequest', () => {
  it('takes an authentication that is later, without asking for it once more', async () => {
    const world = await createSamlWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(600)
    expect(await world.emulator.saml.logout({ username: 'ana' })).toMatchObject([{ state: 'done' }])
    expect(await world.who(browser, 'benefits')).toMatchObject({ reason: 'identity-ended' })
    world.travel(5)
    const { forced, visit } = await pressSignIn(world, browser)
    expect(forced).toEqual([false])
    expect(visit.url).toContain(`${providerUrl}/login`)
    const back = await world.follow(browser, await browser.press(visit, /^Sign in$/, typed))
    expect(back.url).toBe(`${urlOf('benefits')}/private`)
    expect(forced).toEqual([false])
    expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('forces, in the same press, where the provider brings an older one', async () => {
    const { world, browser } = await ended()
    world.travel(5)
    const { forced, visit } = await pressSignIn(world, browser)
    expect(forced).toEqual([false, true])
    expect(visit.url).toContain(`${providerUrl}/login`)
    expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
    world.travel(5)
    const back = await world.follow(browser, await browser.press(visit, /^Sign in$/, typed))
    expect(back.url).toBe(`${urlOf('benefits')}/private`)
    expect(await world.who(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('SLO-09 forces where the session has the index that the request named, however late the authentication', async () => {
    const world = await createSamlWorld({ benefits: {}, permits: {} })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const index = () => world.emulator.saml.participants.find(isBenefits)?.sessionIndex
    const named = index()
    world.travel(600)
    const message = await world.emulator.saml.logoutRequest(order())
    await world.party('benefits').handle(message.toRequest())
    world.travel(5)
    // Typed anew for another application, in the same session of the provider.
    const asked = await world.follow(
      browser,
      await browser.open(`${urlOf('permits')}/session/login?returnTo=/private&maxAge=60`),
    )
    await world.follow(browser, await browser.press(asked, /^Sign in$/, typed))
    expect(await world.who(browser, 'permits')).toMatchObject({ state: 'active' })
    world.travel(5)
    const { forced } = await pressSignIn(world, browser)
    expect([index(), forced]).toEqual([named, [false, true]])
  })

  it('forces as ever after an administrator’s', async () => {
    const { world, browser } = await ended(() => ({
      overrides: { reason: 'urn:oasis:names:tc:SAML:2.0:logout:admin' },
    }))
    expect(await world.who(browser, 'benefits')).toMatchObject({ reason: 'revoked' })
    world.travel(5)
    expect((await pressSignIn(world, browser)).forced).toEqual([true])
  })
})

describe('the shared cookie of the same person', () => {
  it('must be asked for anew: it may be good still, and says no time', async () => {
    const place = await createPlace()
    const browser = place.browser()
    await place.signIn(browser, 'permits', 'saml')
    await browser.open(`${placeUrlOf('benefits')}/private`)
    expect(await place.state(browser, 'benefits')).toBe('active')
    place.travel(60)
    const nameId = place.emulator.saml.participants[0]?.nameId
    const request = { ...placeOrder, binding: 'soap', nameId, sessionIndexes: [] } as const
    const { url, body = '' } = await place.emulator.saml.logoutRequest(request)
    await browser.fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/xml' } })
    expect(await place.state(browser, 'benefits')).toBe('anonymous')
    place.travel(5)
    const page = await browser.open(`${placeUrlOf('benefits')}/session/login?returnTo=/private`)
    const visit = await browser.press(page, /^Sign in$/)
    expect(visit.path.some((each) => each.includes('prompt=login'))).toBe(true)
    expect(await place.state(browser, 'benefits')).toBe('anonymous')
  })
})
