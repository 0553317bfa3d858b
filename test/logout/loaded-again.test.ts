/** @module The receipt of a sign-out that is loaded again, or come back to by the back button: it is over, and no sign-in. */
import { describe, expect, it } from 'vitest'
import { english } from '../../src/pages/texts-english.js'
import { createPlural, type Given, home } from '../protocol-sessions/plural.js'

const signOut = async (protocol: Given['protocol']) => {
  const place = await createPlural({ [protocol]: { protocol } })
  const browser = place.browser()
  await place.signIn(browser, protocol)
  const receipt = await place.follow(browser, await browser.post(`${home}/session/logout`))
  expect(receipt.body).toContain(english['title.signed-out'])
  expect(receipt.url.startsWith(`${home}/session/`)).toBe(true)
  return { place, browser, receipt }
}

describe.each(['shared-cookie', 'oidc', 'saml'] as const)('a receipt of a sign-out by %s', (protocol) => {
  it('that is loaded again does not tell of a sign-in that failed', async () => {
    const { place, browser, receipt } = await signOut(protocol)
    const again = await browser.open(receipt.url)
    expect(again.status).toBe(400)
    expect(again.body).toContain(english['title.not-done'])
    expect(again.body).toContain('sign-out')
    expect(again.body).not.toContain(english['title.sign-in-incomplete'])
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous' })
  })

  it('ends nothing of whoever has signed in since, and tells them of no failure', async () => {
    const { place, browser, receipt } = await signOut(protocol)
    await place.signIn(browser, protocol)
    const again = await browser.open(receipt.url)
    expect(again.body).not.toContain(english['title.sign-in-incomplete'])
    expect(await place.who(browser)).toMatchObject({ state: 'active' })
  })
})
