/** @module An application over https behind helmet, and the provider of its shared cookie, which asks another one first. */
import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type CitizenEvent, memoryStore } from '../../src/index.js'
import type { HttpsSites } from '../support/https-sites.js'
import { applications, type Framework } from './applications.js'
import type { Tab } from './engine.js'

/** Everything that one scenario needs. */
export interface CookiePlace {
  readonly url: string
  readonly emulator: Emulator
  readonly events: readonly CitizenEvent[]
  /** Addresses of other origins that the browser was led over, in their order. */
  readonly ledOver: readonly string[]
  /** Signs in as Ana on a page of the application. */
  signIn(tab: Tab, path?: string): Promise<void>
}

const detour = 'upstream'

/** What a proxy does that serves an application below a path, and takes the path away. */
function strip(path: string, behind: RequestListener): RequestListener {
  return (request, response) => {
    const address = request.url ?? '/'
    if (!address.startsWith(`${path}/`)) {
      response.writeHead(404).end('another application')
      return
    }
    request.url = address.slice(path.length)
    behind(request, response)
  }
}

/** Serves everything; the clock of the servers is the real one, and can be moved. `path`: in front of the application. */
export async function openCookiePlace(
  sites: HttpsSites,
  framework: Framework,
  path = '',
): Promise<CookiePlace> {
  const origin = sites.originOf('benefits.citizen')
  const url = origin + path
  const provider = sites.originOf('id.citizen')
  const emulator = await createEmulator({ url: provider })
  const answer = getRequestListener((request) => emulator.handle(request))
  const ledOver: string[] = []
  const events: CitizenEvent[] = []
  // On a site of its own.
  sites.serve(detour, (request, response) => {
    ledOver.push(`${detour}${new URL(request.url ?? '/', provider).pathname}`)
    response.writeHead(302, { location: provider + request.url }).end()
  })
  sites.serve('id.citizen', (request, response) => {
    const { pathname } = new URL(request.url ?? '/', provider)
    const last = ledOver.at(-1)
    if (request.method === 'GET' && /^\/log(?:in|out)$/.test(pathname) && last !== detour + pathname) {
      response.writeHead(302, { location: sites.originOf(detour) + request.url }).end()
      return
    }
    if (last === detour + pathname) ledOver.push(`id${pathname}`)
    void answer(request, response)
  })
  const application = applications[framework]({
    identityProvider: { url: provider },
    sharedCookie: { domain: 'citizen.localhost' },
    header: {
      applications: [
        { name: 'Benefits', url: origin },
        { name: 'Library', url: origin.replace('benefits', 'library') },
      ],
    },
    application: {
      id: 'benefits',
      url: origin,
      ...(path === '' ? {} : { path }),
      secrets: ['a secret of thirty-two bytes or more'],
    },
    store: memoryStore({ clock: emulator.clock }),
    clock: emulator.clock,
    fetch: emulator.fetch,
    onEvent: (event) => events.push(event),
  })
  sites.serve('benefits.citizen', path === '' ? application : strip(path, application))
  return {
    url,
    emulator,
    events,
    ledOver,
    async signIn(tab, path = '/private') {
      await tab.goto(url + path)
      await logIn(tab)
      await tab.untilAt(url + path)
      await tab.untilText('private')
    },
  }
}

/** Types what the provider's login page asks for. */
export async function logIn(tab: Tab): Promise<void> {
  await tab.untilText('Password')
  await tab.type('username', 'ana')
  await tab.type('password', 'ana-password')
  await tab.press('Enter')
}
