/** @module Behind nginx with TLS: cookies that are Secure, headers that fit its buffers, addresses that nobody bends. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { longestReturnTarget } from '../../src/login/return-target.js'
import { type Browser, refreshOf } from '../support/browser.js'
import { headerBytes } from '../support/wire.js'
import { type BehindNginx, startBehindNginx } from './behind-nginx.js'

/** nginx answers 502 when the header of an upstream's answer is longer than its buffer: a page of memory. */
const proxyBuffer = 4096
const partNames = ['c1_header', 'c1_payload', 'c1_signature']

/** What an application sends besides, about as much as helmet's defaults. */
const ownHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';" +
    "img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' https: " +
    "'unsafe-inline';upgrade-insecure-requests",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
}

let behind: BehindNginx
beforeEach(async () => {
  behind = await startBehindNginx([
    (_request, response, next) => {
      response.set(ownHeaders)
      next()
    },
  ])
})
afterEach(() => behind.close())

async function signedIn(username = 'ana'): Promise<Browser> {
  const browser = behind.browser()
  const page = await browser.open(`${behind.benefits.url}/private`)
  const done = await browser.press(page, /^Sign in$/, { username, password: `${username}-password` })
  expect(done).toMatchObject({ status: 200, url: `${behind.benefits.url}/private` })
  return browser
}

const setLines = (headers: Headers, prefix: RegExp) =>
  headers.getSetCookie().filter((line) => prefix.test(line))

describe('behind nginx with TLS', () => {
  it('CK-01 CK-13 signs in, refreshes and signs out over https, with Secure cookies and the prefix on our own', async () => {
    const browser = behind.browser()
    const first = await browser.fetch(`${behind.benefits.url}/session/login?returnTo=/private`, {
      headers: { 'sec-fetch-mode': 'navigate', accept: 'text/html' },
    })
    for (const line of first.headers.getSetCookie()) {
      expect(line).toMatch(
        /^__Host-benefits\.login\.[\w-]+=[^;]+; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
      )
    }
    const user = await signedIn()
    const page = await user.open(`${behind.benefits.url}/private`)
    expect(JSON.parse(page.body)).toEqual({
      protocol: 'https',
      hostname: 'benefits.citizen.localhost',
      ip: '127.0.0.1',
      state: 'active',
    })
    expect((await user.open(`${behind.library.url}/private`)).path).toHaveLength(1)
    for (const { key, secure, httpOnly, domain, hostOnly } of await user.jar.getCookies(
      behind.benefits.url,
    )) {
      const isOurs = key.startsWith('__Host-')
      const shape = { key, secure, httpOnly, hostOnly, domain }
      expect(shape).toEqual({
        key,
        secure: true,
        httpOnly: key !== 'c1_payload',
        hostOnly: isOurs,
        domain: isOurs ? 'benefits.citizen.localhost' : 'citizen.localhost',
      })
    }
    behind.travel(1000)
    const refreshed = await user.open(`${behind.benefits.url}/private`)
    expect(refreshed.status).toBe(200)
    const parts = setLines(refreshed.headers, /^c1_/)
    expect(parts.map((line) => line.split('=', 1)[0])).toEqual(partNames)
    for (const line of parts) expect(line).toMatch(/; Domain=citizen\.localhost;.*; Secure; SameSite=Lax/)
    expect(refreshed.headers.get('cache-control')).toBe('private, no-store')
    const receipt = await user.press(
      await user.open(`${behind.benefits.url}/session/logout`),
      'Sign out everywhere',
    )
    expect(receipt.body).toContain('You are signed out of all applications')
    for (const { url } of [behind.benefits, behind.library, behind.emulator]) {
      expect((await user.cookieNames(url)).filter((name) => partNames.includes(name))).toEqual([])
    }
    expect(JSON.parse((await user.open(`${behind.library.url}/open`)).body)).toMatchObject({
      state: 'anonymous',
    })
  })

  it('a hostile Host, X-Forwarded-Host, Forwarded or X-Forwarded-Proto changes no address that we build', async () => {
    const { benefits } = behind
    const hostile = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '81',
      forwarded: 'host=evil.example;proto=http',
      'x-original-url': '/evil',
    }
    const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }
    const headers = { ...navigation, ...hostile }
    const login = await behind.send(
      new Request(`${benefits.url}/session/login?returnTo=/private`, { headers }),
    )
    const location = new URL(login.headers.get('location') ?? '')
    expect(location.origin).toBe(behind.emulator.url)
    expect(new URL(location.searchParams.get('returnTo') ?? '').origin).toBe(benefits.url)
    expect(login.headers.getSetCookie().join()).not.toContain('evil')
    // Past the proxy, as from a neighbour on the network: the Host itself is a lie.
    const port = behind.nginx.port
    const foreign = await behind.send(
      new Request(`https://evil.citizen.localhost:${port}/session/login`, { headers }),
    )
    expect(foreign.status).toBe(421)
    const cookie = await behind.emulator.cookiesFor('ana')
    const post = await behind.send(
      new Request(`${benefits.url}/session/logout`, {
        method: 'POST',
        headers: { ...hostile, cookie, 'sec-fetch-site': 'same-origin', accept: 'application/json' },
      }),
    )
    const { continueAt } = (await post.json()) as { continueAt: string }
    expect(continueAt).not.toContain('evil')
    expect(new URL(continueAt).origin).toBe(benefits.url)
  })
})

describe('the header of an answer fits the default buffer of nginx', () => {
  /** The same part under every variant that a sibling, or an older release, can have set for this path. */
  async function plant(browser: Browser): Promise<void> {
    const { url } = behind.benefits
    const cookies = await browser.jar.getCookies(url)
    for (const name of partNames) {
      const value = cookies.find(({ key }) => key === name)?.value ?? ''
      for (const path of ['/', '/session', '/session/logout', '/session/return']) {
        for (const domain of ['', '; Domain=benefits.citizen.localhost', '; Domain=citizen.localhost']) {
          await browser.jar.setCookie(`${name}=${value}${domain}; Path=${path}; Secure`, `${url}${path}`)
        }
      }
    }
  }

  it.each([
    ['five logins in flight', '/private'],
    ['the longest way back', `/${'a'.repeat(longestReturnTarget - 1)}`],
  ])('CK-06 CK-09 on a logout with every variant planted and %s', async (_name, returnTo) => {
    const { url } = behind.benefits
    const browser = await signedIn()
    for (let count = 0; count < 7; count += 1) {
      const login = await browser.fetch(`${url}/session/login?level=2&returnTo=${returnTo}`, {
        headers: { 'sec-fetch-mode': 'navigate', accept: 'text/html' },
      })
      expect(login.status).toBeLessThan(400)
      expect(headerBytes(login)).toBeLessThan(proxyBuffer)
    }
    expect((await browser.cookieHeader(url)).length).toBeLessThan(2 * proxyBuffer)
    await plant(browser)
    const answer = await browser.fetch(`${url}/session/logout`, {
      method: 'POST',
      headers: {
        accept: 'text/html',
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ returnTo }).toString(),
    })
    expect(answer.status).toBe(200)
    expect(headerBytes(answer)).toBeLessThan(proxyBuffer)
    const back = await browser.open(refreshOf(await answer.text()) ?? '')
    expect(back.status).toBe(200)
    for (const path of ['/', '/session', '/session/status', '/session/return']) {
      const names = await browser.cookieNames(`${url}${path}`)
      expect(names.filter((name) => partNames.includes(name))).toEqual([])
    }
  })
})
