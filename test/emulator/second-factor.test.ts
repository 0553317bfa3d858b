import { decodeJwt } from 'jose'
import { Secret, TOTP } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { createPeople } from '../../src/emulator/people.js'
import { systemRandom } from '../../src/emulator/random.js'
import { createSmsCodes } from '../../src/emulator/sms-codes.js'
import { createBrowser } from './browser.js'

const app = 'http://benefits.citizen.localhost:3000/permits'
const next = `/second-factor?returnTo=${encodeURIComponent(app)}`
const start = Date.parse('2026-01-01T00:00:00Z')

type Browser = ReturnType<typeof createBrowser>
const claimsOf = (browser: Browser) => decodeJwt(`e30.${browser.cookie('c1_payload')}.`)
const codeOf = (emulator: Emulator) => emulator.messages[0]?.code ?? ''
const wrongCode = (code: string) => (code === '000000' ? '000001' : '000000')

async function afterPassword(username: string) {
  const emulator = await createEmulator({ clock: () => start })
  const browser = createBrowser(emulator)
  const response = await browser.signIn(username, { returnTo: app })
  expect([response.status, response.headers.get('location')]).toEqual([303, next])
  return { emulator, browser }
}

describe('a code by SMS', () => {
  it('stands between password and sign-in: the token says that a factor is missing', async () => {
    const { emulator, browser } = await afterPassword('ben')
    expect(claimsOf(browser)).toMatchObject({ mfaRequired: true, isMfa: false, isDidAuth: false })
    expect(codeOf(emulator)).toMatch(/^[0-9]{6}$/)
    expect(await (await browser.get('/messages')).text()).toContain(codeOf(emulator))
    const login = await browser.get(`/login?returnTo=${encodeURIComponent(app)}`)
    expect(login.headers.get('location')).toBe(next)
  })

  it('raises the session, which keeps its session value, and returns', async () => {
    const { emulator, browser } = await afterPassword('ben')
    const { jti } = claimsOf(browser)
    const response = await browser.post('/second-factor', { code: codeOf(emulator), returnTo: app })
    expect([response.status, response.headers.get('location')]).toEqual([303, app])
    expect(claimsOf(browser)).toMatchObject({ mfaRequired: true, isMfa: true, jti })
    expect((await browser.get(next)).headers.get('location')).toBe(app)
  })

  it('counts once, also when it comes twice at the same moment', async () => {
    const { emulator, browser } = await afterPassword('ben')
    const form = { code: codeOf(emulator), returnTo: app }
    const both = await Promise.all([1, 2].map(() => browser.post('/second-factor', form)))
    expect(both.filter(({ headers }) => headers.get('location') === app)).toHaveLength(1)

    const codes = createSmsCodes({ now: () => start, random: systemRandom, cost: 1000 })
    const [ben] = createPeople([{ username: 'ben', password: 'x' }], 1000).all
    if (ben) await codes.send('jti', ben)
    const code = codes.messages[0]?.code ?? ''
    expect([await codes.use('jti', code), await codes.use('jti', code)]).toEqual([true, false])
  })

  it('is replaced by the next one, and counts for five minutes', async () => {
    const { emulator, browser } = await afterPassword('ben')
    const older = codeOf(emulator)
    await browser.post('/second-factor', { resend: '1', returnTo: app })
    expect(emulator.messages).toHaveLength(2)
    if (older !== codeOf(emulator)) {
      expect((await browser.post('/second-factor', { code: older, returnTo: app })).status).toBe(403)
    }
    emulator.travel(300)
    expect((await browser.post('/second-factor', { code: codeOf(emulator), returnTo: app })).status).toBe(403)
    await browser.get(next)
    expect(emulator.messages).toHaveLength(3)
    expect((await browser.post('/second-factor', { code: codeOf(emulator), returnTo: app })).status).toBe(303)
  })

  it('ends the session after five wrong ones, also when they come at once', async () => {
    const { emulator, browser } = await afterPassword('ben')
    const form = { code: wrongCode(codeOf(emulator)), returnTo: app }
    const answers = await Promise.all(Array.from({ length: 8 }, () => browser.post('/second-factor', form)))
    expect(answers.every(({ headers }) => headers.get('location') !== app)).toBe(true)
    expect(emulator.sessions).toEqual([])
    expect(browser.names()).toEqual([])
  })
})

describe('a code of an authenticator app', () => {
  it('is what RFC 6238 says, one step early or late, and counts once', async () => {
    const { emulator, browser } = await afterPassword('cleo')
    const code = await emulator.totpCodeFor('cleo')
    expect(await (await browser.get('/messages')).text()).toContain(code)
    emulator.travel(30)
    const response = await browser.post('/second-factor', { code, returnTo: app })
    expect(response.headers.get('location')).toBe(app)
    expect(claimsOf(browser)).toMatchObject({ mfaRequired: true, isMfa: true })
    const other = createBrowser(emulator)
    await other.signIn('cleo')
    expect((await other.post('/second-factor', { code })).status).toBe(403)
    emulator.travel(90)
    expect((await other.post('/second-factor', { code: await emulator.totpCodeFor('cleo') })).status).toBe(
      303,
    )
  })

  it('is enrolled by a QR code on the profile page, and asked for from then on', async () => {
    const emulator = await createEmulator({ clock: () => start })
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    const { jti } = claimsOf(browser)
    expect(await (await browser.get('/profile')).text()).toContain('Add an authenticator app')
    await browser.post('/profile', { enrol: 'totp' })
    const page = await (await browser.get('/profile')).text()
    expect(page).toContain('<svg')
    const secret = /id="secret">([A-Z2-7]{32})</.exec(page)?.[1] ?? ''
    const totp = new TOTP({ secret: Secret.fromBase32(secret) })
    const code = totp.generate({ timestamp: start })
    expect((await browser.post('/profile', { code: wrongCode(code) })).status).toBe(403)
    expect((await browser.post('/profile', { code })).status).toBe(303)
    expect(claimsOf(browser)).toMatchObject({ mfaRequired: true, isMfa: true, jti })
    expect(await (await browser.get('/profile')).text()).toContain('Your authenticator app is set up')

    emulator.travel(60)
    const other = createBrowser(emulator)
    expect((await other.signIn('ana')).headers.get('location')).toContain('/second-factor')
    const later = totp.generate({ timestamp: emulator.clock() })
    expect((await other.post('/second-factor', { code: later })).status).toBe(303)

    emulator.reset()
    expect((await other.signIn('ana', { returnTo: app })).headers.get('location')).toBe(app)
  })
})

describe('the profile page', () => {
  it('has no option to add a factor after a sign-in with Eeze, and refuses one that is posted', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    await browser.post('/login', { eeze: 'dan' })
    const page = await (await browser.get('/profile')).text()
    expect(page).toContain('signed in with Eeze')
    expect(page).not.toContain('authenticator app')
    expect((await browser.post('/profile', { enrol: 'totp' })).status).toBe(403)
    expect(await (await browser.get('/profile')).text()).not.toContain('<svg')

    const byPassword = createBrowser(emulator)
    await byPassword.signIn('dan')
    expect(await (await byPassword.get('/profile')).text()).toContain('Add an authenticator app')
  })

  it('asks who is not signed in to sign in, and who lacks a factor for the factor', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    expect((await browser.get('/profile')).headers.get('location')).toBe('/login?returnTo=%2Fprofile')
    await browser.signIn('ben')
    expect((await browser.get('/profile')).headers.get('location')).toBe('/second-factor?returnTo=%2Fprofile')
    expect((await browser.post('/profile', { enrol: 'totp' })).headers.get('location')).toContain(
      '/second-factor',
    )
  })
})

describe('the second-factor page', () => {
  it('sends who is not signed in to the login, and tells who has no factor', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    expect((await browser.get(next)).headers.get('location')).toBe(
      `/login?returnTo=${encodeURIComponent(app)}`,
    )
    await browser.signIn('ana')
    const response = await browser.get(next)
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining('No second factor yet'),
    ])
  })
})
