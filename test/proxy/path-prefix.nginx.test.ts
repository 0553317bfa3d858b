/** @module Below a path that nginx takes away, by the slash at the end of its `proxy_pass`. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type BehindNginx, startBehindNginx } from './behind-nginx.js'

let behind: BehindNginx
beforeEach(async () => {
  behind = await startBehindNginx([], '/app')
})
afterEach(() => behind.close())

it('FLD-01 signs in, keeps the session alive and signs out below a path that nginx takes away', async () => {
  const { url } = behind.benefits
  const browser = behind.browser()
  expect((await browser.open(`${url}/private`)).status).toBe(404)
  const asked = await browser.open(`${url}/app/private?a=b`)
  const done = await browser.press(asked, /^Sign in$/, { username: 'ana', password: 'ana-password' })
  expect([done.status, done.url]).toEqual([200, `${url}/app/private?a=b`])
  const seen = (await browser.cookieNames(`${url}/`)).filter((name) => name.startsWith('__Host-'))
  expect(seen).toContain('__Host-benefits.seen')
  const extended = await browser.fetch(`${url}/app/session/extend`, { method: 'POST' })
  expect(await extended.json()).toMatchObject({ state: 'active', logout: '/app/session/logout' })
  const page = await browser.open(`${url}/app/session/logout`)
  const receipt = await browser.press(page, 'Sign out everywhere')
  expect([receipt.status, receipt.url.split('?')[0]]).toEqual([200, `${url}/app/session/return`])
  expect((await browser.press(receipt, /start page/i)).url).toBe(`${url}/app/`)
  const status = await browser.fetch(`${url}/app/session/status`)
  expect(await status.json()).toMatchObject({ state: 'anonymous', login: '/app/session/login' })
})

it('FLD-01 takes an application with the same id below another path of the origin for another one', async () => {
  const { url, auth } = behind.benefits
  const { store } = auth.suite.options
  const again = (path: string | undefined) => async () => {
    const { createSuite } = await import('../../src/index.js')
    await createSuite(
      {
        identityProvider: { url: behind.emulator.url },
        sharedCookie: { domain: 'citizen.localhost' },
        application: { id: 'benefits', url, path, secrets: ['a secret of thirty-two bytes or more'] },
        store,
      },
      {},
    ).close()
  }
  await expect(again('/other')()).rejects.toMatchObject({ code: 'application-id-taken' })
  await expect(again(undefined)()).rejects.toMatchObject({ code: 'application-id-taken' })
  await again('/app')()
})
