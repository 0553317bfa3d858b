/** @module What the suite notes of a request behind a proxy that takes a path prefix away. */
import { expect, it } from 'vitest'
import { withPublicPath } from '../../src/compose/public-path.js'
import type { Exchange } from '../../src/exchange.js'
import { createSuite } from '../../src/index.js'
import { asReceived } from '../../src/public-path.js'

const received: Exchange = {
  method: 'GET',
  target: '/benefits',
  remoteAddress: undefined,
  header: () => undefined,
  body: async () => new Uint8Array(),
  form: async () => new URLSearchParams(),
  setCookie() {},
}

it('a request is one exchange to the suite, whichever of its calls it comes with', async () => {
  const suite = createSuite(
    {
      application: { id: 'benefits', url: 'https://benefits.citizen.example', path: '/app' },
      identityProvider: { url: 'https://id.citizen.example' },
      sharedCookie: { domain: 'citizen.example' },
    },
    {},
  )
  const exchanges: Exchange[] = []
  // The outer one adds the path to targets a second time: only which exchange it is matters here.
  const watched = withPublicPath({
    ...suite,
    authenticate(exchange) {
      exchanges.push(exchange)
      return suite.authenticate(exchange)
    },
    guard(exchange, citizen) {
      exchanges.push(exchange)
      return suite.guard(exchange, citizen)
    },
  })
  const citizen = await watched.authenticate(received)
  expect(watched.guard(received, citizen)?.status).toBe(401)
  expect(exchanges[0]).toBe(exchanges[1])
  expect(exchanges[0]?.target).toBe('/app/benefits')
  expect(exchanges.map(asReceived)).toEqual([received, received])
  await suite.close()
})
