/** @module What the frames of the session management module say to each other, in Chromium. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as express from '../../../adapters/express.js'
import * as fetchAdapter from '../../../adapters/fetch.js'
import { memoryStore } from '../../../src/index.js'
import { oidc } from '../../../src/oidc/oidc.js'
import { launchChromium } from '../../support/chromium.js'
import { createPlace, type Place } from './place.js'

const product = { express, fetch: fetchAdapter, oidc, memoryStore }
let place: Place
beforeAll(async () => {
  const sessionManagement = { pollSeconds: 1 }
  place = await createPlace(product, {
    adapter: 'express',
    responseMode: 'query',
    oidc: { sessionManagement },
  })
})
afterAll(() => place?.close())

it('oidcc-client-test-session-management: unchanged before the sign-out, changed after it', async () => {
  const browser = await launchChromium()
  try {
    const context = await browser.newContext()
    const watched = await context.newPage()
    await watched.goto(`${place.home}/watched`)
    const told = (word: string) =>
      watched.waitForFunction(
        (expected) => (globalThis as unknown as { told: string[] }).told.includes(expected),
        word,
      )
    await told('unchanged')
    expect(new Set(place.provider.frameAnswers)).toEqual(new Set(['unchanged']))
    const other = await context.newPage()
    await other.goto(`${place.home}/session/logout`)
    await other.click('text=Sign out everywhere')
    await other.waitForURL(`${place.home}/session/return**`)
    await watched.bringToFront()
    await told('changed')
    expect(place.provider.frameAnswers.at(-1)).toBe('changed')
    expect(place.provider.complaints).toEqual([])
  } finally {
    await browser.close()
  }
})
