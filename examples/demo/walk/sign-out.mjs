/** @module Signing out, everywhere and here only. */
import { send } from './browser.mjs'
import { attributesOf, cookieLines, expect, receiptLines, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function signOutSteps({
  emulator,
  providersOwn,
  benefits,
  library,
  ana,
  signedInAtBoth,
  statusAt,
  sharedCookiesOf,
  expectActive,
  expectPage,
}) {
  let oldCookies
  return [
    {
      what: 'Let a page of Library post to the logout of Benefits',
      proves: 'a sibling cannot sign anybody out of us without their doing: they are asked first',
      async go(tell) {
        const page = await ana.post(`${benefits.url}/session/logout`, { from: library.url })
        tell(`${wayOf(page)} (${page.status})`)
        expect(page.status === 403 && page.body.includes('Do you want to sign out?'), 'a page that asks')
        await expectActive(ana, benefits, library)
      },
    },
    {
      what: 'Press "Sign out everywhere" at Library',
      proves:
        'one logout ends all applications, the shared cookies and the session at the provider, with a receipt',
      async go(tell) {
        oldCookies = await ana.cookieHeader(benefits.url)
        for (const path of providersOwn)
          expectPage(await ana.open(`${emulator.url}${path}`), 'You are signed in.', path)
        const page = await ana.press(await ana.open(`${library.url}/`), 'Sign out everywhere')
        tell(wayOf(page))
        for (const line of cookieLines(page.setCookies)) tell(line)
        for (const line of receiptLines(page)) tell(line)
        expectPage(page, 'You are signed out of all applications and of the sign-in service', 'the receipt')
        expect((await sharedCookiesOf(ana)).length === 0, 'no shared cookie left')
      },
    },
    {
      what: 'Open Benefits, the identity provider, and its service dashboard and Business connect',
      proves:
        'the person is out there too, Benefits says why, and no cookie of any site is left that opens anything',
      async go(tell) {
        const page = await ana.open(`${benefits.url}/`)
        expectPage(page, 'signed-out', 'Benefits')
        for (const path of ['/', ...providersOwn]) {
          const own = await ana.open(`${emulator.url}${path}`)
          expectPage(own, 'You are not signed in.', `the provider at ${path}`)
          tell(`${path}: You are not signed in.`)
        }
        const names = await ana.cookieNames(benefits.url, library.url, emulator.url)
        // What the provider tells its OpenID clients: that nobody is signed in.
        const left = names.filter((name) => name !== 'OPBS')
        expect(left.length === 0, `no cookie left, and not ${left.join(', ')}`)
        tell('cookies left in the browser: 0')
      },
    },
    {
      what: 'Send the cookies from before the logout again, to both applications',
      proves: 'a token whose signature is still good is refused after a logout, however often it is replayed',
      async go(tell) {
        for (const application of [benefits, library, benefits]) {
          const headers = { cookie: oldCookies, accept: 'application/json' }
          const answer = await send(`${application.url}/private`, { headers })
          const { reason } = JSON.parse(answer.body)
          tell(`${application.title}: ${answer.status}, ${reason}`)
          expect(answer.status === 401 && reason === 'signed-out', '401 with the reason signed-out')
          const isGiven = answer.setCookies.map(attributesOf).some(({ isDeletion }) => !isDeletion)
          expect(!isGiven, 'no cookie to be set again')
        }
      },
    },
    {
      what: 'Sign in again, and press "Sign out here only" at Benefits',
      proves: 'an end of one application leaves its sibling, the cookies and the provider alone',
      async go(tell) {
        const browser = await signedInAtBoth()
        const page = await browser.press(await browser.open(`${benefits.url}/`), 'Sign out here only')
        tell(wayOf(page))
        expectPage(page, 'Only this application has signed you out', 'the receipt')
        const { reason } = await statusAt(browser, benefits)
        expect(reason === 'application-sign-out', `application-sign-out at Benefits, and not ${reason}`)
        await expectActive(browser, library)
        const again = await browser.open(`${benefits.url}/private`)
        expectPage(again, 'You signed out of this application', 'Benefits')
      },
    },
  ]
}
