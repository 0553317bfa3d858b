/** @module Next.js behind a proxy that takes a path prefix away: its route handlers, its proxy, its server actions. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBrowser } from '../support/browser.js'
import { type StrippingProxy, startStrippingProxy } from '../support/stripping-proxy.js'
import { siteOn } from '../support/wire.js'
import { buildNext, installExample, type NextSite, startNext } from './next-site.js'

const build = { name: 'with-proxy', hasProxy: true, cacheComponents: true } as const
let site: NextSite
let proxy: StrippingProxy
beforeAll(async () => {
  await installExample()
  site = await startNext(await buildNext(build), build, { CITIZEN_APPLICATION_PATH: '/app' })
  proxy = await startStrippingProxy('/app', () => site.port)
}, 400_000)
afterAll(async () => {
  await proxy.close()
  await site.close()
})

const browser = () =>
  createBrowser(
    new Map([
      [site.url, siteOn({ port: proxy.port })],
      [site.emulator.url, (request: Request) => site.emulator.handle(request)],
    ]),
  )

it('FLD-01 leads from guards of route handlers and of the proxy to the provider, and back below the path', async () => {
  for (const path of ['/private?a=b', '/kept?a=b']) {
    const arriving = browser()
    const asked = await arriving.open(`${site.url}/app${path}`)
    expect([path, asked.url.startsWith(site.emulator.url)]).toEqual([path, true])
    const typed = { username: 'ana', password: 'ana-password' }
    const done = await arriving.press(asked, /^Sign in$/, typed)
    expect([done.url, done.status]).toEqual([`${site.url}/app${path}`, 200])
  }
})

it('FLD-01 says its public addresses, keeps the session alive and signs out below the path', async () => {
  const person = browser()
  const asked = await person.open(`${site.url}/app/private`)
  await person.press(asked, /^Sign in$/, { username: 'ana', password: 'ana-password' })
  const extended = await person.fetch(`${site.url}/app/session/extend`, { method: 'POST' })
  const expected = { state: 'active', login: '/app/session/login', logout: '/app/session/logout' }
  expect(await extended.json()).toMatchObject(expected)
  const page = await person.open(`${site.url}/app/session/logout`)
  const receipt = await person.press(page, 'Sign out everywhere')
  expect([receipt.url.split('?')[0], receipt.status]).toEqual([`${site.url}/app/session/return`, 200])
  expect((await person.press(receipt, /start page/i)).url).toBe(`${site.url}/app/`)
})

it('FLD-01 leads a server action to the login and back to the page that called it', async () => {
  const nobody = browser()
  const { body } = await nobody.open(`${site.url}/app/act`)
  const action = /<form id="plain".*?\$ACTION_ID_([0-9a-f]+)/.exec(body)?.[1] ?? ''
  const answer = await nobody.fetch(`${site.url}/app/act`, {
    method: 'POST',
    body: '[]',
    headers: {
      'next-action': action,
      'content-type': 'text/plain;charset=UTF-8',
      accept: 'text/x-component',
      referer: `${site.url}/app/act?x=1`,
    },
  })
  expect(answer.headers.get('x-action-redirect')).toContain(
    '/app/session/login?returnTo=%2Fapp%2Fact%3Fx%3D1',
  )
})
