/** @module Museum, which signs in by OpenID Connect: single sign-on, one logout, and what follows another identity. */
import { send } from './browser.mjs'
import { expect, receiptLines, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function museumSteps({
  emulator,
  overview,
  benefits,
  library,
  museum,
  newBrowser,
  signIn,
  statusAt,
  expectActive,
  expectPage,
}) {
  const vera = newBrowser()
  const home = `${museum.url}/private`

  /** Signs in at the provider as somebody else, in the same browser. */
  async function switchTo(browser, username) {
    const form = await browser.open(
      `${emulator.url}/login?prompt=login&returnTo=${encodeURIComponent(museum.url)}`,
    )
    await browser.press(form, 'Sign in', { username, password: `${username}-password` })
  }

  /** What the frame of a page asks when the provider's session is another one. */
  async function check(browser) {
    const page = await browser.open(`${museum.url}/session/reauthenticate?begin=frame`, { from: home })
    return { page, step: /"step":"([a-z-]+)"/.exec(page.body)?.[1] }
  }

  const order = (action, isOn) =>
    send(`${overview}/demo/do`, {
      method: 'POST',
      headers: { origin: overview },
      body: JSON.stringify({ action, isOn }),
    })

  return [
    {
      what: 'Sign in at Benefits, then open Museum, which reads no shared cookie',
      proves:
        'by OpenID Connect the person is known there too, without a password; the session is of its own',
      async go(tell) {
        await signIn(vera, benefits)
        const page = await vera.open(home)
        tell(wayOf(page))
        expect(page.url === home && page.status === 200, 'the page of Museum')
        await expectActive(vera, benefits, museum)
        const [own] = (await vera.cookieNames(museum.url)).filter((name) => name.endsWith('.sid'))
        expect(own !== undefined, 'a session cookie of its own')
      },
    },
    {
      what: 'Press "Sign out everywhere" at the provider itself',
      proves: 'the provider tells Museum by the back channel, where no cookie of Museum comes along',
      async go(tell) {
        await vera.press(await vera.open(`${emulator.url}/`), 'Sign out everywhere')
        await emulator.openid.settled()
        const { reason } = await statusAt(vera, museum)
        expect(reason === 'identity-ended', `identity-ended at Museum, and not ${reason}`)
        const [{ clientId, outcome }] = emulator.openid.deliveries
        tell(`${clientId}: ${outcome}; status of Museum: ${reason}`)
      },
    },
    {
      what: 'Sign in at Museum and Library, and press "Sign out everywhere" at Museum',
      proves:
        'a logout by OpenID Connect ends the shared cookie and its applications, and says that all of it has ended',
      async go(tell) {
        const browser = newBrowser()
        await signIn(browser, museum)
        await browser.open(`${library.url}/private`)
        const page = await browser.press(await browser.open(home), 'Sign out everywhere')
        tell(wayOf(page))
        for (const line of receiptLines(page)) tell(line)
        expectPage(page, 'You are signed out here and at the sign-in service', 'the receipt')
        const { reason } = await statusAt(browser, library)
        expect(reason === 'signed-out', `signed-out at Library, and not ${reason}`)
      },
    },
    {
      what: 'Without the back channel: as ana at Museum, sign in at the provider as dan; then open Museum',
      proves:
        'the check finds another identity and ends the session; Museum says so, and the press sends the new login',
      async go(tell) {
        await order('back-channel', false)
        const browser = newBrowser()
        await signIn(browser, museum)
        await switchTo(browser, 'dan')
        await expectActive(browser, museum)
        const { page, step } = await check(browser)
        tell(wayOf(page))
        expect(step === 'identity-changed', `identity-changed, and not ${step}`)
        const asked = await browser.open(home)
        expect(asked.url.startsWith(`${museum.url}/session/login`), 'a page of Museum, and nothing asked yet')
        const back = await browser.press(asked, 'Sign in')
        tell(wayOf(back))
        expectPage(back, 'Signed in as <b>Dan Duval</b>', 'Museum')
        expect((await check(browser)).step === 'renew', 'the new session state to fit')
      },
    },
    {
      what: 'The same with "Follow the identity"',
      proves: 'the next visit sends the new login by itself, and is the new person',
      async go(tell) {
        await order('follow-identity', true)
        const browser = newBrowser()
        await signIn(browser, museum)
        await switchTo(browser, 'dan')
        const { step } = await check(browser)
        expect(step === 'identity-changed', `identity-changed, and not ${step}`)
        const page = await browser.open(home)
        tell(wayOf(page))
        expect(page.url === home, 'the page of Museum at once')
        expectPage(page, 'Signed in as <b>Dan Duval</b>', 'Museum')
        expect((await check(browser)).step === 'renew', 'the new session state to fit')
        await order('follow-identity', false)
        await order('back-channel', true)
      },
    },
  ]
}
