/** @module The provider's own applications on the base domain: the shared cookie is all that they know. */
import { describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { createBrowser } from './browser.js'

const pages = [
  ['Service dashboard', '/service-dashboard'],
  ['Business connect', '/business-connect'],
] as const
const parts = ['c1_header', 'c1_payload', 'c1_signature']

const textOf = async (emulator: Emulator, path: string, cookie: string) =>
  (await emulator.fetch(path, { headers: { cookie } })).text()

describe.each(pages)('%s', (name, path) => {
  it('has its name, says who is signed in and since when, and is linked from home', async () => {
    const emulator = await createEmulator({ clock: () => Date.UTC(2026, 0, 15, 12) })
    const browser = createBrowser(emulator)
    expect(await (await browser.get(path)).text()).toContain('You are not signed in.')
    await browser.signIn('ana')
    expect(await (await browser.get('/')).text()).toContain(`<a href="${path}" lang="en">${name}</a>`)
    emulator.travel(60)
    await browser.get(path)
    emulator.travel(60)
    const page = await (await browser.get(path)).text()
    expect(page).toContain(`<h1>${name}</h1>`)
    expect(page).toContain('<td>Ana')
    expect(page).toContain('2026-01-15 12:01:00 UTC')
    emulator.reset()
    expect(await (await browser.get(path)).text()).not.toContain('12:01:00')
  })

  it('signs nobody in without the shared cookie, whoever the provider knows', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    browser.forget(...parts)
    expect(browser.names()).toEqual(['c1_identity'])
    expect(await (await browser.get(path)).text()).toContain('You are not signed in.')
  })

  it('waits for the second factor', async () => {
    const emulator = await createEmulator()
    const cookie = await emulator.cookiesFor('ben', { level: 'password' })
    expect(await textOf(emulator, path, cookie)).toContain('A second factor is missing.')
  })

  it('takes a copy of the cookie until its exp, also when the provider’s session has ended; it is not renewed', async () => {
    const emulator = await createEmulator({ tokenSeconds: 1800 })
    const cookie = await emulator.cookiesFor('ana')
    expect(emulator.revoke('ana')).toBe(1)
    emulator.travel(1790)
    const response = await emulator.fetch(path, { headers: { cookie } })
    expect(await response.text()).toContain('You are signed in.')
    expect(response.headers.getSetCookie()).toEqual([])
    emulator.travel(20)
    expect(await textOf(emulator, path, cookie)).toContain('You are not signed in.')
  })

  it('takes no token that is not the provider’s', async () => {
    const emulator = await createEmulator()
    const claims = { iss: emulator.url, sub: 'x', jti: 'j', exp: 9_999_999_999 }
    const forged = emulator.cookieHeader(await emulator.signToken(claims, { key: 'stranger' }))
    expect(await textOf(emulator, path, forged)).toContain('You are not signed in.')
  })
})
