/** @module A person with a browser at a consumer: signs in at the package's own emulator, looks, signs out, is out. */
import { expect } from 'vitest'
import { type Browser, createBrowser, type Visit } from '../support/browser.js'
import { siteOn } from '../support/wire.js'
import { type Consumer, type Environment, freePort } from './consumer.js'

/** Where a consumer is served, and the provider beside it. */
export interface Place {
  readonly port: number
  readonly url: string
  readonly identityProvider: string
  /** The variables that README names. */
  readonly env: Environment
  readonly browser: Browser
}

/** Starts the emulator of the installed package on a port, and says how to reach both. */
export async function createPlace(consumer: Consumer): Promise<Place> {
  const [port, providerPort] = [await freePort(), await freePort()]
  await consumer.start('citizen-session', ['emulator', '--port', String(providerPort)], {
    port: providerPort,
  })
  const url = `http://benefits.citizen.localhost:${port}`
  const identityProvider = `http://id.citizen.localhost:${providerPort}`
  const sites = new Map([
    [url, siteOn({ port })],
    [identityProvider, siteOn({ port: providerPort })],
  ])
  return {
    port,
    url,
    identityProvider,
    env: {
      CITIZEN_IDENTITY_PROVIDER_URL: identityProvider,
      CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: `http://127.0.0.1:${providerPort}`,
      CITIZEN_SHARED_COOKIE_DOMAIN: 'citizen.localhost',
      CITIZEN_APPLICATION_ID: 'benefits',
      CITIZEN_APPLICATION_URL: url,
    },
    browser: createBrowser(sites),
  }
}

/** Goes on where a page goes on by itself. */
async function settle(browser: Browser, visit: Visit): Promise<Visit> {
  const target = /<meta http-equiv="refresh" content="0; ?url=([^"]+)"/i.exec(visit.body)?.[1]
  if (target === undefined) return visit
  const url = new URL(target.replaceAll('&amp;', '&'), visit.url).href
  return await settle(browser, await browser.open(url, { from: new URL(visit.url).origin }))
}

/**
 * The whole visit: nobody sees the guarded page without signing in; ana signs in and sees it; she signs out, at the
 * provider too, and is out.
 */
export async function visit({ browser, url, identityProvider }: Place, guarded: string): Promise<void> {
  const login = await settle(browser, await browser.open(url + guarded))
  expect(new URL(login.url).origin).toBe(identityProvider)
  const typed = { username: 'ana', password: 'ana-password' }
  const seen = await settle(browser, await browser.press(login, /sign in/i, typed))
  expect({ url: seen.url, status: seen.status }).toEqual({ url: url + guarded, status: 200 })
  expect(seen.body).toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)

  const receipt = await settle(browser, await browser.post(`${url}/session/logout`))
  expect(receipt.status).toBe(200)
  expect(new URL(receipt.url).origin).toBe(new URL(url).origin)
  const after = await settle(browser, await browser.open(url + guarded))
  expect(new URL(after.url).origin).toBe(identityProvider)
  expect(after.body).toContain('password')
}
