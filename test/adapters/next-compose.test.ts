/** @module The proxy of the Next.js adapter, as far as it needs no Next.js. */
import { afterEach, expect, it, vi } from 'vitest'
import { citizenSession } from '../../adapters/next.js'
import { memoryStore } from '../../src/index.js'
import { createWorld } from '../support/world.js'

vi.mock('next/headers.js', () => ({}))
vi.mock('next/server.js', () => ({ NextResponse: Response }))

afterEach(() => {
  vi.useRealTimers()
})

it('a part of the proxy that throws leaves nobody who watches over its session', async () => {
  let reads = 0
  const world = await createWorld({
    store(clock) {
      const store = memoryStore({ clock })
      return {
        ...store,
        read(address) {
          reads += 1
          return store.read(address)
        },
      }
    },
  })
  const { suite, url } = world.application('benefits')
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const failure = new Error('a mistake of the part')
  const proxy = citizenSession(suite).compose((_request, { citizen }) => {
    expect(citizen.state === 'active' && citizen.ended.aborted).toBe(false)
    expect(citizen.state).toBe('active')
    throw failure
  })
  const headers = { cookie: await browser.cookieHeader(url) }
  const request = new Request(`${url}/private`, { headers })
  await expect(proxy(request as never, {} as never)).rejects.toBe(failure)
  reads = 0
  await vi.advanceTimersByTimeAsync(20_000)
  expect(reads).toBe(0)
})
