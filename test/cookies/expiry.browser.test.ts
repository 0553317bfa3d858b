/** @module Which cookies Chromium deletes by the variants that we send it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expiryVariants } from '../../src/cookies/expiry.js'
import { serializeCookie } from '../../src/index.js'
import { launchChromium } from '../support/chromium.js'

const host = 'benefits.citizen.localhost'
const names = ['c1_header', 'c1_payload', 'c1_signature']
const page = '/forms/letter/7'
let browser: Browser
let origin = ''
let rounds = 0

/** Answers `/plant?…` with that cookie; our return with the deletions of each batch, one redirect after the other. */
const server = createServer((incoming, outgoing) => {
  const url = new URL(incoming.url ?? '/', origin)
  const line = url.searchParams.get('plant')
  if (url.pathname === '/favicon.ico') {
    outgoing.writeHead(204).end()
    return
  }
  if (line !== null) {
    outgoing.writeHead(200, { 'set-cookie': names.map((name) => `${name}=planted; ${line}`) }).end('planted')
    return
  }
  const round = Number(url.searchParams.get('round') ?? -1)
  const cookies = expiryVariants(names, {
    domain: 'citizen.localhost',
    path: '/',
    sameSite: 'lax',
    secure: true,
    applicationHost: host,
    target: ['/session/return', page],
    ...(round < 0 ? { batch: 'likely' } : { batch: 'rest', round }),
  })
  rounds += 1
  if (cookies.length === 0) outgoing.writeHead(200).end('nothing is left')
  else {
    const location = `/session/return?round=${round + 1}`
    outgoing.writeHead(302, { 'set-cookie': cookies.map(serializeCookie), location }).end()
  }
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://${host}:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  server.close()
})

describe('HLD-11 CK-06 the variants, in Chromium', () => {
  it('HLD-11 delete a cookie of every path and domain that a page could send, partitioned ones too', async () => {
    const context = await browser.newContext()
    const tab = await context.newPage()
    const variants = ['', 'Domain=citizen.localhost; ', `Domain=${host}; `].flatMap((domain) =>
      [
        '/',
        '/forms',
        '/forms/',
        '/forms/letter',
        '/forms/letter/',
        page,
        '/session',
        '/session/return',
      ].flatMap((path) =>
        ['Secure', 'Secure; HttpOnly; SameSite=Strict', 'Secure; SameSite=None; Partitioned'].map(
          (rest) => `${domain}Path=${path}; ${rest}`,
        ),
      ),
    )
    for (const line of variants) await tab.goto(`${origin}${page}?plant=${encodeURIComponent(line)}`)
    const planted = await context.cookies()
    expect(planted.length).toBeGreaterThan(variants.length)
    expect(planted.some(({ partitionKey }) => partitionKey !== undefined)).toBe(true)
    await context.addCookies([{ name: 'other', value: 'mine', domain: host, path: '/' }])
    rounds = 0
    await tab.goto(`${origin}/session/return`)
    expect(await tab.textContent('body')).toBe('nothing is left')
    expect((await context.cookies()).map(({ name, domain, path }) => `${name} ${domain} ${path}`)).toEqual([
      `other ${host} /`,
    ])
    // With the way to the provider and back, and a login after it, a browser follows twenty.
    expect(rounds).toBeLessThanOrEqual(16)
    await context.close()
  })
})
