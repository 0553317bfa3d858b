import { expect, it } from 'vitest'
import { createSuite } from '../../src/index.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, serve } from '../support/world.js'

const url = 'https://benefits.citizen.example'

it('a pure read takes nothing from the request that comes next: that one brings the hint', async () => {
  const world = await createWorld()
  const parts = { emulator: world.emulator, clock: world.now, store: world.store }
  const twin = createSuite(optionsOf('benefits', parts), {})
  const headers = { cookie: await world.emulator.cookiesFor('ana'), 'sec-fetch-site': 'same-origin' }
  const request = () => new Request(`${url}/private`, { headers })
  expect((await world.application('benefits').handle(request())).status).toBe(200)
  expect(await twin.peek(new TestExchange(request()))).toMatchObject({ state: 'active' })
  const names = (await serve(twin, request())).headers.getSetCookie().map((line) => line.split('=', 1)[0])
  expect(names).toEqual(['__Host-benefits.seen'])
})
