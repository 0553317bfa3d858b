/** @module The identity provider fails, or ends a session by itself. */
import { setTimeout } from 'node:timers/promises'
import { expect, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function outageSteps({
  emulator,
  benefits,
  library,
  pass,
  signedInAtBoth,
  statusAt,
  expectActive,
  expectPage,
  longestWay,
}) {
  return [
    {
      what: 'Take the identity provider down while a refresh is due, and go on working for 24 s',
      proves: 'an outage of the provider signs nobody out while the token lasts',
      async go(tell) {
        const browser = await signedInAtBoth()
        await pass(28, 7, () => browser.open(`${benefits.url}/private`))
        emulator.faults.set({ down: true })
        let wasDegraded = false
        await pass(24, 6, async () => {
          for (const { url, title } of [benefits, library]) {
            const page = await browser.open(`${url}/private`)
            expect(page.status === 200 && page.way.length === 1, `${title} to serve on`)
          }
          wasDegraded ||= (await statusAt(browser, benefits)).degraded
        })
        emulator.faults.clear()
        expect(wasDegraded, 'Benefits to know that it could not reach the provider')
        tell('Benefits and Library: served throughout; Benefits: degraded, by its own status')
      },
    },
    {
      what: 'End the session at the identity provider, and go on working until a refresh is due',
      proves: 'what the provider ends, ends at the application with its next refresh, and the page says so',
      async go(tell) {
        const browser = await signedInAtBoth()
        const [{ jti }] = emulator.sessions.slice(-1)
        emulator.revoke(jti)
        await expectActive(browser, benefits)
        await pass(28, 7, () => browser.open(`${benefits.url}/private`))
        emulator.travel(4)
        // The first refusal could be the first sign of an outage: it is repeated before it is believed.
        await pass(14, 7, () => browser.open(`${benefits.url}/private`))
        let page = await browser.open(`${benefits.url}/private`)
        // On a Redis the wait between two tries is measured by the server, whose clock does not travel.
        for (
          let tries = 0;
          tries < 32 && (await statusAt(browser, benefits)).state === 'active';
          tries += 1
        ) {
          await setTimeout(250)
          page = await browser.open(`${benefits.url}/private`)
        }
        tell(wayOf(page))
        expectPage(page, 'The sign-in service has signed you out', 'a page of Benefits')
        const { reason } = await statusAt(browser, benefits)
        expect(reason === 'identity-ended', `identity-ended, and not ${reason}`)
      },
    },
    {
      what: 'Look back at every way that was gone',
      proves: 'nothing loops',
      async go(tell) {
        tell(`redirects in the longest way: ${longestWay()}`)
        expect(longestWay() <= 5, 'five redirects at most')
      },
    },
  ]
}
