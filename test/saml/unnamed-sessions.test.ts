/** @module Sessions of a provider that gives them no index, and its logout: who may come in after it. */
import { inflateRawSync } from 'node:zlib'
import { Cookie, CookieJar } from 'tough-cookie'
import { expect, it } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { signRedirect } from '../../src/saml/redirect-signature.js'
import { saml } from '../../src/saml/saml.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve, shown } from '../support/world.js'
import {
  assertion,
  idp,
  instant,
  logoutRequest,
  own,
  provider,
  response,
  signed,
  now as start,
} from './provider.js'

const home = 'https://benefits.citizen.example'
const { origin } = new URL(idp)
const metadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${idp}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${provider.certificate.base64}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${origin}/slo"/><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${origin}/sso"/></IDPSSODescriptor></EntityDescriptor>`

function createPlace() {
  let seconds = 0
  const clock = () => start + seconds * 1000
  const site: Site = async () => new Response('the provider')
  const suite = createSuite(
    {
      application: { id: 'benefits', url: home, secrets: ['a secret that is thirty-two bytes or more'] },
      protocols: [
        saml({
          identityProvider: idp,
          metadata,
          privateKey: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          certificate: own.pem,
        }),
      ],
      store: memoryStore({ clock }),
      clock,
    },
    {},
  )
  const sites = new Map<string, Site>([
    [origin, site],
    [home, (request) => serve(suite, request)],
  ])
  const browser = createBrowser(sites)
  let serial = 0
  return {
    browser,
    travel: (more: number) => {
      seconds += more
    },
    /** The provider answers the request that a visit has brought it, at once. */
    async answer(visit: Visit, authenticated: number, issued = seconds): Promise<Visit> {
      serial += 1
      const { id, state } = requestIn(visit)
      const context = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
      const times = { issueInstant: instant(issued), notBefore: instant(seconds - 10) }
      const xml = response(
        signed(
          assertion({
            ...times,
            id: `_assertion${serial}`,
            confirmedFor: id,
            confirmedUntil: instant(seconds + 300),
            notOnOrAfter: instant(seconds + 300),
            statement: `<saml:AuthnStatement AuthnInstant="${instant(authenticated)}"><saml:AuthnContext><saml:AuthnContextClassRef>${context}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
          }),
        ),
        { id: `_response${serial}`, issueInstant: instant(issued), inResponseTo: id },
      )
      const form = { SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: state }
      return follow(browser, await browser.post(`${home}/session/saml/acs`, form, { from: origin }))
    },
    /** The provider's own logout, by way of the browser, which does not get the answer: its cookies stay. */
    async logout(): Promise<void> {
      const kept = await browser.jar.serialize()
      const xml = logoutRequest({ issueInstant: instant(seconds), notOnOrAfter: instant(seconds + 300) })
      const query = signRedirect({ kind: 'SAMLRequest', xml, relayState: 'theirs', key: provider.privateKey })
      await browser.open(`${home}/session/saml/slo?${query}`, { from: origin })
      await browser.jar.removeAllCookies()
      for (const cookie of (await CookieJar.deserialize(kept)).toJSON()?.cookies ?? []) {
        const restored = Cookie.fromJSON(cookie)
        if (restored !== undefined) await browser.jar.setCookie(restored, home)
      }
    },
    who: () => shown(browser.fetch(`${home}/open`)),
  }
}

async function follow(browser: Browser, visit: Visit): Promise<Visit> {
  return /\bsubmit\b/.test(visit.body) ? follow(browser, await browser.press(visit, /./)) : visit
}

function requestIn({ path }: Visit) {
  const address = path.findLast((url) => url.includes('SAMLRequest=')) ?? 'https://none.example/'
  const { searchParams } = new URL(address)
  const xml = inflateRawSync(Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
  return {
    id: / ID="([^"]*)"/.exec(xml)?.[1] ?? '',
    state: searchParams.get('RelayState') ?? '',
    isForced: /ForceAuthn="true"/.test(xml),
  }
}

const login = `${home}/session/login?returnTo=/private`

it.each([
  ['is older than the logout', 260, 305],
  ['is later only by a clock that was put back since', 307, 304],
] as const)('lets nobody in again by an authentication that %s', async (_, authenticated, issued) => {
  const place = createPlace()
  await place.answer(await place.browser.open(login), -20)
  expect(await place.who()).toMatchObject({ state: 'active' })
  place.travel(300)
  await place.logout()
  expect(await place.who()).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  place.travel(5)
  const pressed = await place.browser.press(await place.browser.open(login), 'Sign in')
  const back = await place.answer(pressed, authenticated, issued)
  expect(await place.who()).toMatchObject({ state: 'anonymous' })
  expect([requestIn(pressed).isForced, requestIn(back).isForced]).toEqual([false, true])
})

it('takes one that is later', async () => {
  const place = createPlace()
  await place.answer(await place.browser.open(login), -20)
  place.travel(300)
  await place.logout()
  place.travel(20)
  const pressed = await place.browser.press(await place.browser.open(login), 'Sign in')
  await place.answer(pressed, 315)
  expect(requestIn(pressed).isForced).toBe(false)
  expect(await place.who()).toMatchObject({ state: 'active' })
})
