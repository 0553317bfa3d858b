/** @module SAML in every engine: a sign-out that the provider leads through its other applications, over three origins. */
import { describe, expect, it } from 'vitest'
import type { HttpsSites } from '../support/https-sites.js'
import { logIn } from './cookie-place.js'
import type { Engine } from './engine.js'
import { openSamlPlace } from './saml-place.js'

export function testSaml(engine: () => Engine, sites: () => HttpsSites): void {
  describe.each(['Express', 'Koa'] as const)('on %s behind the defaults of helmet, by SAML', (framework) => {
    it.each(['redirect', 'post'] as const)(
      'FLD-02 a sign-out by %s goes on through the applications of the provider and comes back',
      async (binding) => {
        const emulator = await openSamlPlace(sites(), framework, binding)
        const [permits, benefits] = [sites().originOf('permits'), sites().originOf('benefits')]
        const tab = await (await engine().newPerson()).newTab()
        await tab.goto(`${permits}/session/login?returnTo=/private`)
        await logIn(tab)
        await tab.untilAt(`${permits}/private`)
        await tab.goto(`${benefits}/session/login?returnTo=/private`)
        await tab.untilAt(`${benefits}/private`)
        await tab.goto(`${benefits}/`)
        await tab.click('Leave')
        await tab.untilText('You are signed out here and at the sign-in service.')
        expect((await tab.url()).origin).toBe(benefits)
        expect(emulator.saml.deliveries).toMatchObject([{ state: 'done', status: ['Success'] }])
        await tab.goto(`${permits}/`)
        await tab.untilText('anonymous')
      },
    )
  })
}
