/** @module The application of the adapter contract as one `fetch` function, with settings from outside its process. */
import {
  createSuite,
  type GateOptions,
  memoryStore,
  type Store,
  StoreUnavailableError,
  type Suite,
} from '../../../src/index.js'
import { honoApplication } from '../applications/hono.js'

/** Where the application is, and who its provider is. */
export interface Settings {
  readonly url: string
  readonly providerUrl: string
  readonly providerInternalUrl: string
  /** What proxies send. */
  readonly gateSecret: string
  /** Milliseconds since the epoch, at which the clock stands until it is moved. */
  readonly now: number
}

/** Makes the application. `/-/travel?seconds=` and `/-/store?failing=` steer it. */
export function createApplication(settings: Settings): (request: Request) => Promise<Response> {
  let { now } = settings
  let isFailing = false
  const clock = () => now
  const store: Store = new Proxy(memoryStore({ clock }), {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (!isFailing || typeof member !== 'function') return member
      return () => {
        throw new StoreUnavailableError('the store is down')
      }
    },
  })
  const suiteOf = (id: string, path: string, gate?: GateOptions): Suite =>
    createSuite(
      {
        identityProvider: { url: settings.providerUrl, internalUrl: settings.providerInternalUrl },
        sharedCookie: { domain: 'citizen.localhost' },
        application: { id, url: settings.url, secrets: ['a secret of thirty-two bytes or more'] },
        routes: { path, gate },
        store,
        clock,
        onEvent: () => undefined,
      },
      {},
    )
  const serve = honoApplication({
    main: suiteOf('benefits', '/session', { secret: settings.gateSecret, cookies: 'numbered' }),
    mounted: suiteOf('mounted', '/mounted/session'),
  })
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/-/travel') now += Number(searchParams.get('seconds')) * 1000
    else if (pathname === '/-/store') isFailing = searchParams.get('failing') === 'true'
    else return serve(request)
    return new Response(null, { status: 204 })
  }
}
