/** @module `NODE_DEBUG=citizen-session`: each decision in a line, and nothing secret in any. */
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type CitizenEvent, createSuite, memoryStore } from '../../src/index.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, type World } from '../support/world.js'

const lines: string[] = []
let world: World
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(() => {
  lines.length = 0
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line))
})
afterEach(() => vi.restoreAllMocks())

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }

async function asked(environment: Record<string, string>, onEvent: (event: CitizenEvent) => void = () => {}) {
  const { emulator, now: clock } = world
  const parts = { emulator, clock, store: memoryStore({ clock }) }
  const suite = createSuite({ ...optionsOf('told', parts), onEvent }, environment)
  const cookie = emulator.cookieHeader(await emulator.tokenFor('ana'))
  const exchange = (path: string, headers: Record<string, string> = {}) =>
    new TestExchange(new Request(`https://told.citizen.example${path}`, { headers: { ...page, ...headers } }))
  const active = exchange('/benefits?code=very-secret', { cookie })
  suite.guard(active, await suite.authenticate(active), { level: 3 })
  const nobody = exchange('/benefits')
  suite.guard(nobody, await suite.authenticate(nobody))
  const login = exchange('/session/login?returnTo=/very-secret')
  await suite.endpoint(login)?.(login)
  await suite.peek(exchange('/peeked', { cookie }))
  await suite.logout(exchange('/goodbye'))
  return { cookie }
}

it('FLD-08 tells who is there, what a guard says and what a route of ours answers', async () => {
  await asked({ NODE_DEBUG: 'http, Citizen-Session' })
  expect(lines).toEqual([
    expect.stringMatching(/^CITIZEN-SESSION event session\.started \{.*"cause":"first"/),
    expect.stringMatching(/^CITIZEN-SESSION GET \/benefits: active, session \S+$/),
    'CITIZEN-SESSION GET /benefits: guard {"level":3} keeps out, 302 to /session/login',
    'CITIZEN-SESSION GET /benefits: anonymous, not-signed-in',
    'CITIZEN-SESSION GET /benefits: guard {} keeps out, 302 to /session/login',
    expect.stringMatching(
      /^CITIZEN-SESSION GET \/session\/login: ours, 30\d to https:\/\/id\.citizen\.example\/login$/,
    ),
    expect.stringMatching(/^CITIZEN-SESSION GET \/peeked: read only, active, session \S+$/),
    'CITIZEN-SESSION GET /goodbye: logout, 200',
  ])
})

it('FLD-08 has no token, cookie or query in it', async () => {
  const { cookie } = await asked({ NODE_DEBUG: '*' })
  const text = lines.join('\n')
  expect(text).not.toContain('very-secret')
  for (const [, value = ''] of cookie.matchAll(/=([^;]+)/g)) expect(text).not.toContain(value)
})

it('FLD-08 names a person as events do: by the key, where there is one', async () => {
  const persons: unknown[] = []
  const note = (event: CitizenEvent) => void ('person' in event && persons.push(event.person))
  const plain = async () => {
    await asked({ NODE_DEBUG: 'citizen-session' }, note)
    return persons.splice(0)[0]
  }
  const unkeyed = await plain()
  lines.length = 0
  const key = Buffer.alloc(32, 7).toString('base64')
  await asked({ NODE_DEBUG: 'citizen-session', CITIZEN_EVENTS_PERSON_KEY: key }, note)
  expect(persons[0]).not.toBe(unkeyed)
  expect(lines.join('\n')).toContain(persons[0])
  expect(lines.join('\n')).not.toContain(unkeyed)
})

it('FLD-08 is silent where nobody asks', async () => {
  await asked({ NODE_DEBUG: 'http' })
  await asked({})
  expect(lines).toEqual([])
})
