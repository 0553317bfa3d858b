/**
 * @module What counts as the person's activity. `activity.browser.test.ts` has the requests that Chromium sends; here
 * are those that it does not send over http, and those of other and older browsers, by their documentation.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { type CitizenEvent, createSuite, memoryStore, type SuiteOptions } from '../../src/index.js'
import { isActivity } from '../../src/sessions/activity.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, serve, type World } from '../support/world.js'

const origin = 'https://benefits.citizen.example'
const own = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  accept: '*/*',
}
const page = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
}
const beacon = { ...own, 'sec-fetch-mode': 'no-cors', origin }

/** Whether it touches, the method, and what the browser sends. */
type Row = readonly [
  name: string,
  touches: boolean,
  method: string,
  headers: Readonly<Record<string, string>>,
]

const rows: readonly Row[] = [
  ['a page that is opened', true, 'GET', { ...page, 'sec-fetch-site': 'none', 'sec-fetch-user': '?1' }],
  [
    'a link from another site',
    true,
    'GET',
    { ...page, 'sec-fetch-site': 'cross-site', 'sec-fetch-user': '?1' },
  ],
  ['a form', true, 'POST', { ...page, origin, 'content-type': 'application/x-www-form-urlencoded' }],
  ['fetch', true, 'GET', own],
  ['fetch that sends JSON', true, 'POST', { ...own, origin, 'content-type': 'application/json' }],
  ['fetch, marked', false, 'GET', { ...own, 'citizen-activity': 'none' }],
  ['fetch of a sibling application', false, 'GET', { ...own, 'sec-fetch-site': 'same-site' }],
  ['an event stream', false, 'GET', { ...own, accept: 'text/event-stream', 'cache-control': 'no-cache' }],
  [
    'an event stream of a library',
    false,
    'POST',
    { ...own, origin, accept: 'application/json, text/event-stream' },
  ],
  ['a beacon', false, 'POST', { ...beacon, 'content-type': 'text/plain;charset=UTF-8' }],
  [
    'a beacon of a form',
    false,
    'POST',
    { ...beacon, 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
  ],
  ['a ping', false, 'POST', { ...beacon, 'content-type': 'text/ping', 'ping-to': `${origin}/x` }],
  ['a ping of an older browser', false, 'POST', { accept: '*/*', origin, 'content-type': 'text/ping' }],
  [
    'a report of the policy',
    false,
    'POST',
    { ...beacon, 'sec-fetch-dest': 'report', 'content-type': 'application/csp-report' },
  ],
  [
    'the same of an older browser',
    false,
    'POST',
    { accept: '*/*', 'content-type': 'application/csp-report' },
  ],
  [
    'a report',
    false,
    'POST',
    {
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'report',
      'content-type': 'application/reports+json',
    },
  ],
  ['a report without metadata', false, 'POST', { 'content-type': 'application/reports+json' }],
  [
    'a socket of Chromium over http',
    false,
    'GET',
    { connection: 'Upgrade', upgrade: 'websocket', origin, 'sec-websocket-version': '13' },
  ],
  [
    'a socket of Chromium',
    false,
    'GET',
    {
      upgrade: 'websocket',
      origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'websocket',
      'sec-fetch-dest': 'websocket',
    },
  ],
  [
    'a socket of Firefox',
    false,
    'GET',
    {
      upgrade: 'websocket',
      origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'websocket',
      'sec-fetch-dest': 'empty',
    },
  ],
  ['a prefetch by link', false, 'GET', { ...own, 'sec-fetch-mode': 'no-cors', 'sec-purpose': 'prefetch' }],
  [
    'a prefetch by rules',
    false,
    'GET',
    { ...page, 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch', 'sec-speculation-tags': 'null' },
  ],
  [
    'a prerendered page',
    false,
    'GET',
    { ...page, 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch;prerender' },
  ],
  ['fetch of a prerendered page', false, 'GET', { ...own, 'sec-purpose': 'prefetch;prerender' }],
  ['a prefetch of an older Firefox', false, 'GET', { accept: '*/*', 'x-moz': 'prefetch' }],
  ['a prefetch of an older Safari', false, 'GET', { accept: 'text/html', 'x-purpose': 'preview' }],
  ['a prefetch by the router of Next.js', false, 'GET', { ...own, rsc: '1', 'next-router-prefetch': '1' }],
  ['a navigation by the router of Next.js', true, 'GET', { ...own, rsc: '1' }],
  ...['iframe', 'frame', 'object', 'embed', 'fencedframe'].map(
    (name): Row => [`a ${name}`, false, 'GET', { ...page, 'sec-fetch-dest': name }],
  ),
  ...[
    'image',
    'script',
    'style',
    'font',
    'video',
    'audio',
    'track',
    'manifest',
    'worker',
    'serviceworker',
    'json',
  ].map(
    (name): Row => [
      `a ${name}`,
      false,
      'GET',
      { ...own, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': name },
    ],
  ),
  ['a client that is no browser of today', true, 'GET', { accept: '*/*' }],
  ['the same for another site', false, 'GET', { accept: '*/*', origin: 'https://evil.example' }],
]

describe('HLD-04 activity', () => {
  it.each(rows)('%s: %s', (_name, touches, method, headers) => {
    // A web Request drops some of these names: an exchange has them as they came.
    const exchange = Object.assign(new TestExchange(new Request(`${origin}/x`, { method })), {
      header: (name: string) => headers[name],
    })
    expect(isActivity(exchange, origin)).toBe(touches)
  })
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
