/** @module Runs the modules of the certification on the package, as source or as packed. */
import { afterEach, describe, expect, it } from 'vitest'
import { modules, type Played, type Refusal } from './modules.js'
import { adapters, createPlace, type Place, type PlaceOptions, type Product } from './place.js'
import { otherModules, plans } from './plans.js'

/** What the first sign-in came to: nobody is in, the page says so, the event says why, and nothing more was asked. */
async function isRefused(
  place: Place,
  refusal: Refusal,
  visit: Awaited<ReturnType<Place['visit']>>,
): Promise<void> {
  const heading = /<h1[^>]*>(.*?)<\/h1>/.exec(visit.body)?.[1]
  expect([visit.status, heading]).toEqual([refusal.status, refusal.heading])
  expect(await place.state()).toMatchObject({ state: 'anonymous' })
  expect(place.events.filter(({ type }) => type === refusal.event.type).at(-1)).toMatchObject(refusal.event)
  expect(place.events.some(({ type }) => type === 'session.started')).toBe(false)
  expect(refusal.asked).toEqual(expect.arrayContaining(place.provider.asked))
  for (const jwt of JSON.stringify(place.events).matchAll(/eyJ/g))
    throw new Error(`a token in an event: ${jwt}`)
}

async function runModule(
  product: Product,
  { oidc, bend, tells, refusal, path = '/private', play }: Played,
  { adapter, responseMode }: Pick<PlaceOptions, 'adapter' | 'responseMode'>,
  keep: (place: Place) => void,
): Promise<void> {
  const place = await createPlace(product, { adapter, responseMode, oidc, bend, tells })
  keep(place)
  const visit = await place.visit(path)
  if (refusal !== undefined) await isRefused(place, refusal, visit)
  else {
    expect([visit.status, place.provider.asked.filter((name) => name === 'userinfo')]).toEqual([
      200,
      ['userinfo'],
    ])
    expect(await place.state()).toMatchObject({ state: 'active', claims: { sub: 'ana' } })
  }
  await play?.(place)
  expect(place.provider.complaints).toEqual([])
}

/** Registers a test for each module of each plan, on each adapter. */
export function runModules(product: () => Product): void {
  let place: Place | undefined
  afterEach(() => place?.close())
  const keep = (made: Place) => {
    place = made
  }
  const one = (name: string, responseMode: PlaceOptions['responseMode']) => {
    const module = modules[name]
    if (module === undefined || 'reason' in module) return
    const mode = module.oidc?.responseType === 'code id_token' ? 'form_post' : responseMode
    for (const adapter of adapters) {
      it(`${name}, ${adapter}: ${module.demand}`, () =>
        runModule(product(), module, { adapter, responseMode: mode }, keep))
    }
  }
  for (const { profile, plan, responseMode, modules: names } of plans) {
    describe(`${profile}: ${plan}`, () => {
      for (const name of names) one(name, responseMode)
    })
  }
  describe('other profiles', () => {
    for (const name of otherModules) one(name, 'query')
  })
}
