import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callListener } from '../../src/events.js'
import { createSuite } from '../../src/index.js'
import { createWorld, optionsOf, serve } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const warnings: Error[] = []
const note = (warning: Error): void => {
  if (/^a listener/.test(warning.message)) warnings.push(warning)
}

beforeEach(() => {
  warnings.length = 0
  process.on('warning', note)
})
afterEach(() => process.off('warning', note))

/** What has no text, or breaks when it is read. */
const unreadable: readonly [string, unknown][] = [
  ['an object without a prototype', Object.create(null)],
  ['a symbol', Symbol('none')],
  [
    'an object whose text throws',
    {
      toString() {
        throw new Error('no')
      },
    },
  ],
  ['an error without a text', Object.assign(new Error('gone'), { message: Object.create(null) })],
  [
    'an error whose stack throws',
    Object.defineProperty(new Error('gone'), 'stack', {
      get() {
        throw new Error('no')
      },
    }),
  ],
  ['nothing', undefined],
]

const mistakes: readonly [string, () => unknown][] = [
  [
    'throws',
    () => {
      throw new Error('a listener made a mistake')
    },
  ],
  ['rejects', () => Promise.reject(new Error('a listener made a mistake'))],
]

describe('a listener of the application', () => {
  it.each(mistakes)('for ended sessions that %s stops no logout', async (_, mistake) => {
    const world = await createWorld()
    const { suite } = world.application('benefits')
    let called = 0
    suite.onSessionEnded(mistake as () => void)
    suite.onSessionEnded(() => {
      called += 1
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(url)
    const page = await browser.post(`${url}/session/logout`)
    expect(page.body).toContain('You are signed out of all applications')
    expect(await browser.cookieNames(url)).not.toContain('c1_signature')
    const replayed = await serve(suite, new Request(`${url}/private`, { headers: { cookie } }))
    expect(replayed.status).toBe(401)
    expect(called).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toHaveLength(1)
  })

  it.each(mistakes)('for events that %s harms nobody', async (_, mistake) => {
    const world = await createWorld()
    const parts = { emulator: world.emulator, clock: world.now, store: world.store }
    const suite = createSuite({ ...optionsOf('benefits', parts), onEvent: mistake as () => void }, {})
    const headers = { cookie: await world.emulator.cookiesFor('ana'), 'sec-fetch-site': 'same-origin' }
    expect((await serve(suite, new Request(`${url}/private`, { headers }))).status).toBe(200)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings.length).toBeGreaterThan(0)
  })
})

describe.each(unreadable)('HLD-17 a listener for events whose mistake is %s', (_, thrown) => {
  const ways: Readonly<Record<string, () => unknown>> = {
    throws() {
      throw thrown
    },
    rejects: () => Promise.reject(thrown),
    'answers with what throws when it is waited for': () => ({
      // biome-ignore lint/suspicious/noThenProperty: it is what is tried
      get then() {
        throw thrown
      },
    }),
  }
  it.each(Object.keys(ways))('that %s ends neither the call nor the process', async (way) => {
    const seen: Error[] = []
    const see = (warning: Error): void => void seen.push(warning)
    process.on('warning', see)
    expect(() => callListener(() => ways[way]?.(), 'event')).not.toThrow()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', see)
    expect(seen).toHaveLength(1)
    expect(typeof seen[0]?.message).toBe('string')
  })
})
