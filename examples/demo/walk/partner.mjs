/** @module The partner, to which Benefits takes people over: by a key set, a token for one use, and an account there. */
import { expect, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function partnerSteps({ emulator, benefits, newBrowser, signIn, expectActive, expectPage }) {
  const { partner } = emulator
  const home = new URL('/partner', partner.dashboardUrl).href
  const users = new URL('/partner/settings/users', partner.dashboardUrl).href
  const guest = newBrowser()

  /** Presses the button of Benefits, and that of the page which sends itself where scripts run. */
  async function goOn(browser, page) {
    return await browser.press(await browser.press(page, 'Go on to the partner'), 'Continue')
  }

  return [
    {
      what: 'Open the dashboard of the partner, and the key set of Benefits',
      proves:
        'issuer and audience are what the partner has generated; it fetches public keys, and nothing else',
      async go(tell) {
        const dashboard = await guest.open(partner.dashboardUrl)
        for (const assigned of [partner.issuer, partner.audience])
          expectPage(dashboard, assigned, 'the dashboard')
        const { json } = await guest.fetchJson(partner.jwksUrl)
        const [key] = json.keys
        expect(Object.keys(key).join(' ') === 'kty use kid alg n e', 'a public key, and nothing private')
        tell(`issuer ${partner.issuer}, audience ${partner.audience}; key ${key.kid}, ${key.alg}`)
      },
    },
    {
      what: 'As ana, press "Go on to the partner" at Benefits',
      proves:
        'one click takes the person over, by a token that is in no address; the partner has a session of its own',
      async go(tell) {
        const browser = newBrowser()
        const page = await goOn(browser, await signIn(browser, benefits))
        tell(wayOf(page))
        expect(page.url === home && page.status === 200, 'the home of the partner')
        expectPage(page, 'Welcome, Ana Archer', 'the partner')
        expect(!page.way.some(({ href }) => href.includes('eyJ')), 'no token in an address')
        await browser.press(page, 'Sign out here')
        await expectActive(browser, benefits)
      },
    },
    {
      what: 'As dan, whom nobody has registered at the partner; register him there, and try again',
      proves: 'an account must be there before the person comes',
      async go(tell) {
        const page = await signIn(guest, benefits, { username: 'dan' })
        const refused = await goOn(guest, page)
        expect(refused.status === 403, `403, and not ${refused.status}`)
        expectPage(refused, 'There is no account for this person here', 'the partner')
        const { sub, name } = emulator.people.find(({ username }) => username === 'dan')
        await guest.press(await guest.open(users), 'Register', { sub, name })
        expectPage(await goOn(guest, page), `Welcome, ${name}`, 'the partner')
        tell(
          partner.logins
            .slice(0, 2)
            .map(({ outcome }) => outcome)
            .join(', then before: '),
        )
      },
    },
    {
      what: 'Send the form with the token once more',
      proves: 'a token is taken once',
      async go(tell) {
        const form = await guest.press(await guest.open(`${benefits.url}/private`), 'Go on to the partner')
        await guest.press(form, 'Continue')
        const again = await newBrowser().press(form, 'Continue')
        expect(again.status === 401, `401, and not ${again.status}`)
        expectPage(again, 'replayed', 'the partner')
        tell('the same token again: 401, replayed')
      },
    },
  ]
}
