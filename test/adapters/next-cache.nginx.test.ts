/** @module Two people behind one careless caching proxy: neither ever sees the other's session. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBrowser } from '../support/browser.js'
import { startNginx, type TestNginx } from '../support/nginx.js'
import { siteOn } from '../support/wire.js'
import { buildNext, installExample, type NextSite, startNext } from './next-site.js'

const build = { name: 'with-proxy', hasProxy: true, cacheComponents: true } as const
let site: NextSite
let nginx: TestNginx

beforeAll(async () => {
  await installExample()
  site = await startNext(await buildNext(build), build)
  nginx = await startNginx([{ name: new URL(site.url).hostname, port: site.port, isCaching: true }])
}, 300_000)
afterAll(async () => {
  await nginx?.stop()
  await site?.close()
})

/** A browser that reaches the application only through nginx. */
async function behindNginx(username: string) {
  const browser = createBrowser(
    new Map([
      [site.url, siteOn({ port: nginx.port, certificate: nginx.certificate })],
      [site.emulator.url, (request: Request) => site.emulator.handle(request)],
    ]),
  )
  const page = await browser.open(`${site.url}/session/login?returnTo=/private`)
  const done = await browser.press(page, /^Sign in$/, { username, password: `${username}-password` })
  expect(done.url).toBe(`${site.url}/private`)
  const status = (await (await browser.fetch(`${site.url}/api/me`)).json()) as { readonly sub: string }
  return { browser, sub: status.sub }
}

it('keeps two people apart on every page and route', async () => {
  const [ana, dan] = [await behindNginx('ana'), await behindNginx('dan')]
  expect(ana.sub).not.toBe(dan.sub)
  const paths = ['/', '/private', '/who', '/fr/who', '/api/me', '/api/optional', '/session/status', '/static']
  for (const path of paths) {
    for (const [one, other] of [
      [ana, dan],
      [dan, ana],
      [ana, dan],
    ] as const) {
      const response = await one.browser.open(site.url + path)
      expect([path, response.status, response.body.includes(other.sub)]).toEqual([path, 200, false])
      expect(response.headers.getSetCookie().filter((line) => line.startsWith('c1_'))).toEqual([])
    }
  }
})

it('keeps a refreshed token to its person, also on a page that the proxy stores', async () => {
  const [ana, dan] = [await behindNginx('ana'), await behindNginx('dan')]
  for (const path of ['/static', '/api/public', '/api/cookies', '/who']) {
    await site.travel(500)
    for (const { browser } of [ana, dan])
      await browser.fetch(`${site.url}/session/extend`, { method: 'POST' })
    await site.travel(500)
    const address = `${site.url}${path}?fresh=${path.length}`
    const refreshed = await ana.browser.open(address)
    expect(refreshed.headers.getSetCookie().some((line) => line.startsWith('c1_signature='))).toBe(true)
    const saved = await ana.browser.cookieHeader(site.url)
    const stranger = createBrowser(
      new Map([[site.url, siteOn({ port: nginx.port, certificate: nginx.certificate })]]),
    )
    const seen = await stranger.fetch(address)
    expect(seen.headers.get('x-cache')).not.toBe('HIT')
    expect(seen.headers.getSetCookie().filter((line) => line.startsWith('c1_'))).toEqual([])
    expect(await seen.text()).not.toContain(ana.sub)
    const others = await dan.browser.open(address)
    expect(others.body).not.toContain(ana.sub)
    expect(
      others.headers.getSetCookie().filter((line) => saved.includes(line.split(';', 1)[0] ?? '')),
    ).toEqual([])
  }
})

it('does store what is the same for everybody, or this would show nothing', async () => {
  const address = `${site.url}/api/public?stored`
  const nobody = createBrowser(
    new Map([[site.url, siteOn({ port: nginx.port, certificate: nginx.certificate })]]),
  )
  await nobody.fetch(address)
  expect((await nobody.fetch(address)).headers.get('x-cache')).toBe('HIT')
})
