/** @module Serves an application of the adapter contract from this process. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createSuite,
  memoryStore,
  type Store,
  StoreUnavailableError,
  type Suite,
  type SuiteOptions,
} from '../../../src/index.js'
import type { RunningApplication } from '../../contracts/adapter-harness.js'
import { gateSecret } from '../../gate/gate-world.js'
import { sharedEmulator } from '../site.js'

/** The two session layers of the application: its own, and the one below `/mounted`. */
export interface Suites {
  readonly main: Suite
  readonly mounted: Suite
}

/** Starts an application; `build` makes its listener. */
export async function startInProcess(
  build: (suites: Suites) => RequestListener,
): Promise<RunningApplication> {
  const emulator = await sharedEmulator()
  let listener: RequestListener = () => undefined
  const server = createServer((incoming, response) => listener(incoming, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://benefits.citizen.localhost:${port}`
  const { store, fail } = breakable(memoryStore({ clock: emulator.clock }))
  const suiteOf = (id: string, given: SuiteOptions = {}): Suite =>
    createSuite(
      {
        ...given,
        identityProvider: { url: emulator.url },
        sharedCookie: { domain: 'citizen.localhost' },
        application: { id, url, secrets: ['a secret of thirty-two bytes or more'] },
        store,
        clock: emulator.clock,
        fetch: emulator.fetch,
        onEvent: () => undefined,
      },
      {},
    )
  const suites = {
    main: suiteOf('benefits', { routes: { gate: { secret: gateSecret, cookies: 'numbered' } } }),
    mounted: suiteOf('mounted', { routes: { path: '/mounted/session' } }),
  }
  listener = build(suites)
  return {
    port,
    url,
    emulator,
    travel: emulator.travel,
    failStore: fail,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      for (const suite of Object.values(suites)) await suite.close()
      emulator.reset()
    },
  }
}

/** A store that can be let fail. */
export function breakable(healthy: Store): { readonly store: Store; fail(isFailing: boolean): void } {
  let isFailing = false
  const store = new Proxy(healthy, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (!isFailing || typeof member !== 'function') return member
      return () => {
        throw new StoreUnavailableError('the store is down')
      }
    },
  })
  return {
    store,
    fail(given) {
      isFailing = given
    },
  }
}
