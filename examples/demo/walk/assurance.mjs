/** @module A second proof. */
import { expect, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function assuranceSteps({
  emulator,
  benefits,
  library,
  newBrowser,
  signIn,
  signedInAtBoth,
  statusAt,
  expectActive,
  expectPage,
}) {
  return [
    {
      what: 'As ana, open the page of Benefits that wants level 2',
      proves: 'who cannot show a second proof does not get in, and stays signed in',
      async go(tell) {
        const browser = await signedInAtBoth()
        const page = await browser.open(`${benefits.url}/strong`)
        tell(wayOf(page))
        expect(page.url.startsWith(`${emulator.url}/second-factor`), 'the second step at the provider')
        expectPage(page, 'No second factor yet', 'the provider')
        await expectActive(browser, benefits, library)
      },
    },
    {
      what: 'As ben, sign in with a password and a code by SMS, and open that page',
      proves:
        'a password alone signs nobody in who has a second factor; with the code the level is 2, everywhere',
      async go(tell) {
        const browser = newBrowser()
        const second = await signIn(browser, benefits, { username: 'ben', path: '/strong' })
        tell(wayOf(second))
        expect(second.url.startsWith(`${emulator.url}/second-factor`), 'the second step at the provider')
        const { state } = await statusAt(browser, library)
        expect(state === 'mfa-required', `mfa-required at Library, and not ${state}`)
        const phone = await browser.open(`${emulator.url}/messages`)
        const [code] = /\b\d{6}\b(?= is your)/.exec(phone.body)
        const page = await browser.press(second, 'Continue', { code })
        tell(wayOf(page))
        expect(page.url === `${benefits.url}/strong` && page.status === 200, 'the page for level 2')
        await browser.open(`${library.url}/strong`)
        const levels = [await statusAt(browser, benefits), await statusAt(browser, library)]
        expect(
          levels.every(({ assurance }) => assurance?.level === 2),
          'level 2 at both',
        )
      },
    },
  ]
}
