/** @module The timers of the applications, and the identity session that outlives them. */
import { attributesOf, cookieLines, expect, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function timerSteps({
  emulator,
  benefits,
  library,
  ana,
  pass,
  statusAt,
  sharedCookiesOf,
  isSharedCookie,
  expectActive,
  expectPage,
}) {
  let firstSession
  return [
    {
      what: 'Be idle at Benefits for 21 s, with its status read and Library in use meanwhile',
      proves: 'each application has its own idle timer, and looking at the status is no activity',
      async go(tell) {
        firstSession = (await statusAt(ana, benefits)).session.publicId
        await ana.open(`${benefits.url}/private`)
        await pass(18, 6, async () => {
          await expectActive(ana, benefits)
          await ana.open(`${library.url}/private`)
        })
        await pass(3, 3, async () => {})
        const { state, reason } = await statusAt(ana, benefits)
        expect(reason === 'idle-timeout', `idle-timeout at Benefits, and not ${reason ?? state}`)
        await expectActive(ana, library)
        tell('Benefits: idle-timeout; Library: active')
      },
    },
    {
      what: 'Open the guarded page of Benefits again',
      proves:
        'the shared cookie is still good, and does not bring an ended session back; the page says why it ended',
      async go(tell) {
        const page = await ana.open(`${benefits.url}/private`)
        tell(wayOf(page))
        expectPage(page, 'You were away for a while', 'a page of Benefits')
        expect((await sharedCookiesOf(ana)).length === 3, 'all three shared cookies still there')
      },
    },
    {
      what: 'Press "Sign in" on that page, and sign in',
      proves:
        'a sensitive application wants a new proof after its idle timer, and begins a new session with it',
      async go(tell) {
        const form = await ana.press(await ana.open(`${benefits.url}/private`), 'Sign in')
        tell(wayOf(form))
        expect(form.url.includes('prompt=login'), 'the provider to be asked for a new sign-in')
        const page = await ana.press(form, 'Sign in', { username: 'ana', password: 'ana-password' })
        tell(wayOf(page))
        expect(page.url === `${benefits.url}/private`, 'the page that was asked for')
        const { session } = await statusAt(ana, benefits)
        expect(session.publicId !== firstSession, 'a new public id')
        const recent = await ana.open(`${benefits.url}/recent`)
        expect(recent.status === 200 && recent.way.length === 1, 'the page for recent proofs to open now')
        await ana.open(`${library.url}/private`)
        await expectActive(ana, library)
      },
    },
    {
      what: 'Be active at Benefits until half of the token is over, then send six requests at once',
      proves:
        'the identity session is extended by one POST, the browser gets all three cookies, the absolute end stays',
      async go(tell) {
        const before = await statusAt(ana, benefits)
        const posts = emulator.requests.refresh
        await pass(28, 7, () => ana.open(`${benefits.url}/private`))
        expect(emulator.requests.refresh === posts, 'no refresh before it is due')
        emulator.travel(4)
        const open = () => ana.open(`${benefits.url}/private`)
        const pages = await Promise.all([open(), open(), open(), open(), open(), open()])
        expect(
          pages.every(({ status }) => status === 200),
          'all six served',
        )
        tell(`POSTs to the refresh endpoint: ${emulator.requests.refresh - posts}`)
        expect(emulator.requests.refresh === posts + 1, 'one POST')
        const carrier = pages.find(({ setCookies }) => setCookies.length > 0)
        for (const line of cookieLines(carrier?.setCookies ?? [])) tell(line)
        const carried = carrier?.setCookies.map(attributesOf).filter(isSharedCookie) ?? []
        expect(carried.length === 3, 'all three cookies on an answer')
        const after = await statusAt(ana, benefits)
        expect(after.session.endsAt === before.session.endsAt, 'the same absolute end')
        await ana.open(`${library.url}/private`)
      },
    },
  ]
}
