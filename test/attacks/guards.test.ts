import { describe, expect, it } from 'vitest'
import type { Citizen } from '../../src/index.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld } from '../support/world.js'

const url = 'https://benefits.citizen.example'

async function asked(level: unknown, path: string): Promise<number> {
  const assuranceLevel = () => level as number
  const world = await createWorld({ applications: { benefits: { identityProvider: { assuranceLevel } } } })
  const cookie = await world.emulator.cookiesFor('ana')
  const response = await world
    .application('benefits')
    .handle(new Request(`${url}${path}`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } }))
  return response.status
}

describe('a guard fails closed', () => {
  it.each([Number.NaN, undefined, null, 'two', '9', {}, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'when assuranceLevel answers %s, which is no level',
    async (level) => {
      expect(await asked(level, '/level2')).toBe(401)
    },
  )

  it('when assuranceLevel throws: no answer of the application, and no session', async () => {
    const world = await createWorld({
      applications: {
        benefits: {
          identityProvider: {
            assuranceLevel: () => {
              throw new Error('a mistake of the application')
            },
          },
        },
      },
    })
    const cookie = await world.emulator.cookiesFor('ana')
    const { suite } = world.application('benefits')
    const exchange = new TestExchange(new Request(`${url}/private`, { headers: { cookie } }))
    await expect(async () => suite.authenticate(exchange)).rejects.toThrow('a mistake of the application')
    expect(world.application('benefits').events).toEqual([])
  })

  it.each<[string, unknown]>([
    ['an error', new Error('not a citizen')],
    ['an empty object', {}],
    ['an unknown state', { state: 'signed-in', reason: undefined }],
    ['a list', []],
  ])('peers: on %s instead of a citizen', async (_, value) => {
    const { suite } = (await createWorld()).application('benefits')
    const exchange = new TestExchange(new Request(`${url}/private`))
    expect(suite.guard(exchange, value as Citizen)?.status).toBe(401)
  })

  it.each([undefined, null])('peers: on %s instead of a citizen', async (value) => {
    const { suite } = (await createWorld()).application('benefits')
    const exchange = new TestExchange(new Request(`${url}/private`))
    expect(() => suite.guard(exchange, value as unknown as Citizen)).toThrow(TypeError)
  })

  it.each<[string, object]>([
    ['a level that is no number', { level: Number.NaN }],
    ['an age that is no number', { maxAgeSeconds: Number.NaN }],
  ])('on %s in its demand', async (_, demand) => {
    const world = await createWorld()
    const cookie = await world.emulator.cookiesFor('ana')
    const { suite } = world.application('benefits')
    const exchange = new TestExchange(new Request(`${url}/private`, { headers: { cookie } }))
    const citizen = await suite.authenticate(exchange)
    expect(citizen.state).toBe('active')
    expect(suite.guard(exchange, citizen, demand)?.status).toBe(401)
  })
})
