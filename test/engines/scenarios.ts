/** @module What holds in one engine holds in each: the scenarios, run in one browser of the engine. */
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { type HttpsSites, openHttpsSites } from '../support/https-sites.js'
import { testEngine } from './contract.js'
import { testSharedCookie } from './cookie-scenarios.js'
import type { Engine } from './engine.js'
import { testOpenId } from './openid-scenarios.js'
import { testSaml } from './saml-scenarios.js'

export function runScenarios(start: () => Promise<Engine>): void {
  let engine: Engine
  let sites: HttpsSites
  beforeAll(async () => {
    engine = await start()
    console.log(`${engine.name} ${engine.version}`)
  })
  afterAll(() => engine?.close())
  beforeEach(async () => {
    sites = await openHttpsSites()
  })
  afterEach(() => sites.close())

  const parts = [() => engine, () => sites] as const
  testEngine(...parts)
  describe('FLD-14 what holds in Chromium holds in Firefox and WebKit:', () => {
    testSharedCookie(...parts)
    testOpenId(...parts)
    testSaml(...parts)
  })
}
