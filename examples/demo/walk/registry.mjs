/** @module Registry, which signs in by SAML: its single logout ends what knows the shared cookie and nothing of SAML. */
import { cookieLines, expect, receiptLines, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function registrySteps({
  emulator,
  providersOwn,
  applications,
  museum,
  registry,
  newBrowser,
  signIn,
  statusAt,
  sharedCookiesOf,
  expectActive,
  expectPage,
}) {
  if (registry === undefined) return []
  const emil = newBrowser()
  const home = `${registry.url}/private`
  const others = applications.filter((one) => one !== registry)

  async function signInBySaml(browser) {
    const page = await browser.sendOn(await signIn(browser, registry))
    expect(page.url === home && page.status === 200, 'the page of Registry')
    return page
  }

  async function expectAtProviders(text) {
    for (const path of providersOwn) expectPage(await emil.open(emulator.url + path), text, path)
  }

  return [
    {
      what: 'Sign in at Registry by SAML; open the others, the service dashboard and Business connect',
      proves:
        'one sign-in by SAML is one for all: by the shared cookie, which comes with it, and by OpenID Connect',
      async go(tell) {
        tell(wayOf(await signInBySaml(emil)))
        for (const application of others) {
          await application.keepTime?.()
          await emil.open(`${application.url}/private`)
        }
        await expectActive(emil, ...applications)
        await expectAtProviders('You are signed in.')
      },
    },
    {
      what: 'Press "Sign out everywhere" at Registry',
      proves:
        'SAML single sign-out logs out all JWT dependent applications, including the service dashboard and Business connect',
      async go(tell) {
        const page = await emil.press(await emil.open(home), 'Sign out everywhere')
        tell(wayOf(page))
        for (const line of [...cookieLines(page.setCookies), ...receiptLines(page)]) tell(line)
        expectPage(page, 'You are signed out here and at the sign-in service', 'the receipt')
        expect((await sharedCookiesOf(emil)).length === 0, 'no shared cookie left')
        for (const application of others) {
          const { state, reason } = await statusAt(emil, application)
          expect(state === 'anonymous', `nobody signed in at ${application.title}, and not ${state}`)
          tell(`${application.title}: ${reason}`)
        }
        await expectAtProviders('You are not signed in.')
        for (const path of providersOwn) tell(`${path}: You are not signed in.`)
      },
    },
    {
      what: 'Sign in at Registry and Museum, and press "Sign out everywhere" at the provider itself',
      proves:
        'the provider tells each by its own protocol, from server to server: SOAP, and the back channel',
      async go(tell) {
        const browser = newBrowser()
        await signInBySaml(browser)
        await browser.open(`${museum.url}/private`)
        await browser.press(await browser.open(`${emulator.url}/`), 'Sign out everywhere')
        const { state } = emulator.saml.deliveries.at(-1)
        expect(state === 'done', `Registry to have said Success, and not ${state}`)
        for (const application of [registry, museum]) {
          const { reason } = await statusAt(browser, application)
          expect(reason === 'identity-ended', `identity-ended at ${application.title}, and not ${reason}`)
        }
        tell(`Registry and Museum: identity-ended; the call to Registry: ${state}`)
      },
    },
  ]
}
