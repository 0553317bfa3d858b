/** @module Chromium as the tests use it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { featuresOfPlaywright, launchChromium } from './chromium.js'

const server = createServer((_incoming, outgoing) => {
  outgoing.setHeader('set-cookie', [
    'shared=1; Domain=citizen.localhost; Path=/; HttpOnly',
    '__Host-own=1; Secure; Path=/; HttpOnly',
    'foreign=1; Domain=elsewhere.localhost; Path=/',
  ])
  outgoing.end('<!doctype html><title>up</title>')
})
let browser: Browser

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  server.close()
})

it('resolves sibling names to loopback and keeps a shared cookie for both', async () => {
  const { port } = server.address() as AddressInfo
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`http://benefits.citizen.localhost:${port}/`)
  expect(await page.title()).toBe('up')
  const atSibling = await context.cookies(`http://library.citizen.localhost:${port}/`)
  expect(atSibling.map(({ name }) => name)).toEqual(['shared'])
  const atSelf = await context.cookies(`https://benefits.citizen.localhost:${port}/`)
  expect(atSelf.map(({ name }) => name).sort()).toEqual(['__Host-own', 'shared'])
  await context.close()
})

it('has everything switched off that Playwright switches off by itself', () => {
  const bundle = readFileSync(
    createRequire(import.meta.url).resolve('playwright-core/lib/coreBundle'),
    'utf8',
  )
  const [, list = ''] = /disabledFeatures = \[([^\]]+)\]/.exec(bundle) ?? []
  const names = [...list.matchAll(/^\s*"(\w+)",?$/gm)].map(([, name]) => name)
  expect(featuresOfPlaywright).toEqual(names)
})
