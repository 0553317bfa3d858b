/** @module The routes of a provider that an instance does not know yet: what comes there is to be tried again. */
import { describe, expect, it } from 'vitest'
import { oidcRoutes } from '../../src/oidc/routes.js'
import { samlRoutes } from '../../src/saml/routes.js'
import { createPlural, routesOf } from './plural.js'

const providers = { adfs: { protocol: 'oidc' }, eduid: { protocol: 'saml' } } as const
const watched = {
  adfs: { ...providers.adfs, oidc: { sessionManagement: { enabled: true } } },
  eduid: { ...providers.eduid, saml: { keepAlive: { by: 'frame' } } },
} as const
const routes = { adfs: oidcRoutes, eduid: samlRoutes }
const each = Object.entries(routes).flatMap(([name, names]) => names.map((route) => [name, route] as const))

describe('a provider that is not known yet', () => {
  it.each(each)('answers 503 with Retry-After at %s/%s, by GET and POST', async (name, route) => {
    const { handle } = await createPlural(providers, { installed: [] })
    for (const method of ['GET', 'POST']) {
      const answer = await handle(new Request(`${routesOf(name)}${route}`, { method }))
      expect([method, answer.status, answer.headers.get('retry-after')]).toEqual([method, 503, '5'])
    }
  })

  it.each(each)('has %s/%s once it is', async (name, route) => {
    const { handle } = await createPlural(watched)
    const statuses = []
    for (const method of ['GET', 'POST']) {
      statuses.push((await handle(new Request(`${routesOf(name)}${route}`, { method }))).status)
    }
    // One of the two methods is refused at some of them; neither finds nothing.
    expect(statuses).not.toContain(404)
    expect(statuses).not.toContain(503)
  })

  it('has nothing anywhere else', async () => {
    const { handle } = await createPlural(providers, { installed: [] })
    for (const path of ['adfs/else', 'adfs/callback/more', 'login/callback', 'saml/acs', 'ADFS/callback']) {
      const answer = await handle(new Request(`${routesOf('oidc')}${path}`))
      expect([path, answer.status]).toEqual([path, 404])
    }
  })
})
