/** @module The methods that the routes of OpenID Connect and SAML take, and what the others are answered with. */
import { expect, it } from 'vitest'
import { createOidcWorld, urlOf as oidcUrlOf } from '../oidc/world.js'
import { createSamlWorld, urlOf as samlUrlOf } from '../saml/world.js'

it.each([
  ['HEAD', 'callback', 'GET, POST'],
  ['PUT', 'callback', 'GET, POST'],
  ['HEAD', 'frontchannel-logout', 'GET'],
  ['POST', 'frontchannel-logout', 'GET'],
  ['GET', 'backchannel-logout', 'POST'],
  ['HEAD', 'reauthenticate', 'GET, POST'],
])('FLD-06 %s %s gets 405 with what there is: %s', async (method, route, allow) => {
  const world = await createOidcWorld({ benefits: {} })
  const url = `${oidcUrlOf('benefits')}/session/${route}`
  const answer = await world.party('benefits').handle(new Request(url, { method }))
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
  expect(answer.headers.getSetCookie()).toEqual([])
})

it.each([
  ['HEAD', 'saml/slo', 'GET, POST'],
  ['DELETE', 'saml/slo', 'GET, POST'],
  ['HEAD', 'saml/acs', 'POST'],
  ['GET', 'saml/soap', 'POST'],
  ['POST', 'saml/metadata', 'GET, HEAD'],
])('FLD-06 %s %s gets 405 with what there is: %s', async (method, route, allow) => {
  const world = await createSamlWorld({ benefits: {} })
  const url = `${samlUrlOf('benefits')}/session/${route}`
  const answer = await world.party('benefits').handle(new Request(url, { method }))
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
  expect(answer.headers.getSetCookie()).toEqual([])
})

it('FLD-03 the metadata are there for a HEAD as for a GET', async () => {
  const world = await createSamlWorld({ benefits: {} })
  const ask = (method: string) =>
    world.party('benefits').handle(new Request(`${samlUrlOf('benefits')}/session/saml/metadata`, { method }))
  const [get, head] = [await ask('GET'), await ask('HEAD')]
  expect([head.status, ...head.headers]).toEqual([200, ...get.headers])
})
