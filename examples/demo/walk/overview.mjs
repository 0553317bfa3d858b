/** @module The overview, which looks at all applications, and an administrator, who ends what others began. */
import { expect, receiptLines, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function overviewSteps({
  emulator,
  overview,
  applications,
  benefits,
  library,
  museum,
  newBrowser,
  pass,
  signIn,
  signedInAtBoth,
  statusAt,
  expectActive,
  expectPage,
}) {
  const look = async (browser) => (await browser.fetchJson(`${overview}/demo/statuses`)).json.applications
  const nameOf = ({ title }) => title.toLowerCase()
  return [
    {
      what: 'Open the overview, and let it look every 3 s while 21 s pass, with Library in use meanwhile',
      proves: 'it shows what each application knows, and looking is no activity',
      async go(tell) {
        const browser = await signedInAtBoth()
        expectPage(await browser.open(`${overview}/`), 'One person, several applications', 'the overview')
        const stateOf = async (application) => {
          const found = (await look(browser)).find(({ name }) => name === nameOf(application))
          return found.status.reason ?? found.status.state
        }
        expect((await stateOf(benefits)) === 'active', 'Benefits active on the overview')
        const atMuseum = await stateOf(museum)
        expect(atMuseum === 'not-signed-in', `nobody signed in at Museum, and not ${atMuseum}`)
        await pass(21, 3, async () => {
          await browser.open(`${library.url}/private`)
          await look(browser)
        })
        const states = [await stateOf(benefits), await stateOf(library)]
        expect(states[0] === 'idle-timeout', `idle-timeout at Benefits, and not ${states[0]}`)
        expect(states[1] === 'active', `Library active, and not ${states[1]}`)
        tell(`Benefits: ${states[0]}; Library: ${states[1]}`)
      },
    },
    {
      what: 'Sign in at every application, and press "Sign out of everything" on the overview',
      proves:
        'one click on a page that is no application goes the way of a person, by the first one, and ends all',
      async go(tell) {
        const browser = newBrowser()
        await signIn(browser, benefits)
        for (const application of applications) {
          await application.keepTime?.()
          await browser.sendOn(await browser.open(`${application.url}/private`))
        }
        await expectActive(browser, ...applications)
        const page = await browser.post(`${overview}/demo/sign-out-of-everything`, { from: overview })
        tell(wayOf(page))
        const end = await browser.press(page, 'Sign out everywhere')
        tell(wayOf(end))
        for (const line of receiptLines(end)) tell(line)
        expectPage(end, 'You are signed out of all applications and of the sign-in service', 'the receipt')
        for (const application of applications) {
          const { state } = await statusAt(browser, application)
          expect(state === 'anonymous', `nobody signed in at ${application.title}, and not ${state}`)
        }
      },
    },
    {
      what: 'As dan, sign in at every application, and let an administrator end every session of his',
      proves: 'what an administrator ends is over at once, in every application and process',
      async go(tell) {
        const browser = newBrowser()
        await signIn(browser, benefits, { username: 'dan' })
        for (const application of applications) {
          await application.keepTime?.()
          await browser.sendOn(await browser.open(`${application.url}/private`))
        }
        await expectActive(browser, ...applications)
        const { sub } = emulator.people.find(({ username }) => username === 'dan')
        await Promise.all(applications.map((application) => application.endAllOf(sub)))
        const reasons = []
        for (const application of applications) reasons.push((await statusAt(browser, application)).reason)
        tell(applications.map(({ title }, index) => `${title}: ${reasons[index]}`).join('; '))
        expect(
          reasons.every((reason) => reason === 'revoked'),
          'revoked everywhere',
        )
      },
    },
  ]
}
