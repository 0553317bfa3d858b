/** @module A sign-out at an instance that has another provider under the name by which the session began. */
import { expect, it } from 'vitest'
import { createPlural, type Given, home, originOf } from '../protocol-sessions/plural.js'
import type { Browser } from '../support/browser.js'

const names = ['saml', 'eduid', 'oidc', 'adfs'] as const
type Name = (typeof names)[number]
const protocolOf = (name: Name): Given['protocol'] => (name === 'saml' || name === 'eduid' ? 'saml' : 'oidc')

/** A sign-out as a script begins it, with its receipt. */
async function signOut(browser: Browser) {
  const response = await browser.fetch(`${home}/session/logout`, {
    method: 'POST',
    headers: { accept: 'application/json' },
  })
  const receipt = (await response.json()) as { legs: { leg: string; state: string; reason?: string }[] }
  return { receipt, identity: receipt.legs.filter(({ leg }) => leg === 'identity') }
}

/** Somebody signed in at one provider, and an instance that has another one under its name. */
async function lagging(name: Name) {
  const protocol = protocolOf(name)
  const providers = { [name]: { protocol }, other: { protocol }, third: { protocol } }
  const place = await createPlural(providers, { installed: [name] })
  const browser = place.browser()
  await place.signIn(browser, name)
  expect(await place.who(browser)).toMatchObject({ state: 'active', provider: name })
  const instance = place.instance(['third'])
  const other = place.emulator('other')
  const replaced =
    protocol === 'saml'
      ? { saml: { identityProvider: other.saml.entityId, metadataUrl: other.saml.metadataUrl } }
      : { oidc: { issuer: other.url } }
  await instance.suite.protocols.add(place.plugIn(name, replaced))
  const asked: string[] = []
  place.sites.set(originOf('other'), async (request) => {
    asked.push(`${request.url} ${await request.clone().text()}`)
    return place.emulator('other').handle(request)
  })
  return {
    place,
    browser,
    instance,
    told: () => asked.filter((text) => /SAMLRequest|id_token_hint|\/logout/.test(text)),
  }
}

it.each(names)('names nobody to the other one, and says that it could not be told: %s', async (name) => {
  const { place, browser, instance, told } = await lagging(name)
  place.sites.set(home, instance.handle)
  const { receipt, identity } = await signOut(browser)
  expect(identity).toMatchObject([{ state: 'unknown', reason: 'provider-unknown' }])
  expect(receipt).not.toHaveProperty('continueAt')
  expect(told()).toEqual([])
  expect(await place.who(browser)).toMatchObject({ state: 'anonymous' })
})

it.each(names)(
  'nor where a sign-out was begun by the right one, and is finished by that: %s',
  async (name) => {
    const { place, browser, instance, told } = await lagging(name)
    const first = await signOut(browser)
    expect(first.identity).toMatchObject([{ state: 'unknown', reason: 'browser-not-back-yet' }])
    place.sites.set(home, instance.handle)
    const { identity } = await signOut(browser)
    expect(identity).toMatchObject([{ state: 'unknown', reason: 'provider-unknown' }])
    expect(told()).toEqual([])
  },
)
