/**
 * @module What counts as the person's activity. `activity.browser.test.ts` has the requests that Chromium sends; here
 * are those that it does not send over http, and those of other and older browsers, by their documentation.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { type CitizenEvent, createSuite, memoryStore, type SuiteOptions } from '../../src/index.js'
import { isActivity } from '../../src/sessions/activity.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, serve, type World } from '../support/world.js'
import { origin, page, rows } from './activity-rows.js'

describe('HLD-04 activity', () => {
  it.each(rows)('%s: %s', (_name, touches, method, headers) => {
    // A web Request drops some of these names: an exchange has them as they came.
    const exchange = Object.assign(new TestExchange(new Request(`${origin}/x`, { method })), {
      header: (name: string) => headers[name],
    })
    expect(isActivity(exchange, origin)).toBe(touches)
  })
})

it('ASV-09 what no person has done begins no session, and what a person does begins one', async () => {
  const world = await createWorld({ applications: {} })
  const { emulator, now: clock } = world
  const begun: [string, boolean][] = []
  for (const [name, , method, headers] of rows) {
    const events: CitizenEvent[] = []
    const options = optionsOf('benefits', { emulator, clock, store: memoryStore({ clock }) }, {})
    const suite = createSuite({ ...options, onEvent: (event) => events.push(event) }, {})
    const cookie = await emulator.cookiesFor('ana')
    const exchange = Object.assign(new TestExchange(new Request(`${origin}/open`, { method })), {
      header: (header: string) => (header === 'cookie' ? cookie : headers[header]),
    })
    await suite.authenticate(exchange)
    begun.push([name, events.some(({ type }) => type === 'session.started')])
  }
  expect(begun).toEqual(rows.map(([name, touches]) => [name, touches]))
})

describe('HLD-04 routes.touch and routes.skip', () => {
  const answers: readonly (readonly [string, () => unknown])[] = [
    ['a promise of yes', async () => true],
    ['a promise of no', async () => false],
    ['a promise that is broken', () => Promise.reject(new Error('no'))],
    ['a text', () => 'yes'],
  ]

  let world: World
  beforeAll(async () => {
    world = await createWorld({ applications: {} })
  })
  const suiteWith = (routes: SuiteOptions['routes']) => {
    const events: CitizenEvent[] = []
    const { emulator, now: clock } = world
    const options = optionsOf('benefits', { emulator, clock, store: memoryStore({ clock }) }, { routes })
    const suite = createSuite({ ...options, onEvent: (event) => events.push(event) }, {})
    return { suite, warnings: () => events.filter(({ type }) => type === 'warning') }
  }
  const arrival = async () => {
    const headers = { cookie: await world.emulator.cookiesFor('ana'), ...page }
    return new Request(`${origin}/open`, { headers })
  }

  it.each(answers)('%s is not yes, and is warned of once', async (_, answer) => {
    const { suite, warnings } = suiteWith({ touch: answer as () => boolean })
    for (let count = 0; count < 2; count += 1) {
      const citizen = await (await serve(suite, await arrival())).json()
      expect(citizen).toMatchObject({ state: 'anonymous', reason: 'not-started' })
    }
    expect(warnings()).toMatchObject([{ code: 'not-a-boolean' }])
  })

  it.each(answers)('%s leaves no request alone', async (_, answer) => {
    const { suite, warnings } = suiteWith({ skip: answer as () => boolean })
    expect(suite.skips(new TestExchange(await arrival()))).toBe(false)
    expect(warnings()).toMatchObject([{ code: 'not-a-boolean' }])
  })

  it('true is yes', async () => {
    const { suite } = suiteWith({ touch: () => true, skip: () => true })
    const exchange = new TestExchange(await arrival())
    expect(suite.skips(exchange)).toBe(true)
    expect((await suite.authenticate(exchange)).state).toBe('active')
  })
})
