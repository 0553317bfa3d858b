/** @module Applications of an OpenID provider over https behind helmet: one on the provider's site, one on another. */
import { getRequestListener } from '@hono/node-server'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type CitizenEvent, memoryStore } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import type { HttpsSites } from '../support/https-sites.js'
import { applications, type Framework } from './applications.js'
import { logIn } from './cookie-place.js'
import type { Tab } from './engine.js'

/** `near` lies on the provider's site, `far` on another. */
export type Party = 'near' | 'far'
const hosts = { near: 'near.citizen', far: 'far.elsewhere' } as const

export interface OpenIdPlace {
  readonly emulator: Emulator
  readonly events: readonly CitizenEvent[]
  /** What the applications have answered, each as status and path. */
  readonly answers: readonly string[]
  urlOf(party: Party): string
  signIn(tab: Tab, party: Party): Promise<void>
}

export async function openOpenIdPlace(sites: HttpsSites, framework: Framework): Promise<OpenIdPlace> {
  const urlOf = (party: Party) => sites.originOf(hosts[party])
  const issuer = sites.originOf('id.citizen')
  const events: CitizenEvent[] = []
  const answers: string[] = []
  const parties = Object.keys(hosts) as readonly Party[]
  const emulator = await createEmulator({
    url: issuer,
    openid: {
      clients: parties.map((party) => ({
        client_id: party,
        client_secret: `${party}-secret`,
        redirect_uris: [`${urlOf(party)}/session/callback`, `${urlOf(party)}/session/reauthenticate`],
        post_logout_redirect_uris: [`${urlOf(party)}/session/return`],
        performSessionStatusNotification: true,
      })),
    },
  })
  sites.serve(
    'id.citizen',
    getRequestListener((request) => emulator.handle(request)),
  )
  for (const party of parties) {
    const listener = applications[framework]({
      application: { id: party, url: urlOf(party), secrets: ['a secret of thirty-two bytes or more'] },
      protocols: [
        oidc({
          issuer,
          clientId: party,
          clientSecret: `${party}-secret`,
          sessionManagement: { pollSeconds: 1, timeoutSeconds: 5 },
        }),
      ],
      store: memoryStore(),
      fetch: emulator.fetch,
      onEvent: (event) => events.push(event),
    })
    sites.serve(hosts[party], (request, response) => {
      const { pathname } = new URL(request.url ?? '/', issuer)
      response.once('finish', () => answers.push(`${response.statusCode} ${pathname}`))
      listener(request, response)
    })
  }
  return {
    emulator,
    events,
    answers,
    urlOf,
    async signIn(tab, party) {
      await tab.goto(`${urlOf(party)}/private?data-is-private&data-check-session`)
      if ((await tab.url()).origin === issuer) await logIn(tab)
      await tab.untilAt(`${urlOf(party)}/private`)
      await tab.untilText('private')
    },
  }
}
