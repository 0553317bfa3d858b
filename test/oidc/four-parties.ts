/** @module Four relying parties of one provider with two upstream providers, and Chromium with or without third-party cookies. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { citizenSession, requireCitizen } from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { loopbackFetch } from '../../src/emulator/loopback-fetch.js'
import { type CitizenEvent, memoryStore } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { findProgram } from '../programs.mjs'
import { chromiumArguments } from '../support/chromium.js'

const names = ['sp1', 'sp2', 'sp3', 'sp4'] as const
export type Name = (typeof names)[number]

export interface FourParties {
  readonly emulator: Emulator
  readonly events: ReadonlyMap<Name, CitizenEvent[]>
  /** Calls to the provider, each as name and path. */
  readonly asked: string[]
  urlOf(name: Name): string
  /** A browser with a fresh profile; closed by `reset`. */
  open(thirdPartyCookies: 'allowed' | 'blocked'): Promise<BrowserContext>
  signIn(tab: Page, name: Name, username: string): Promise<void>
  reset(): Promise<void>
  close(): Promise<void>
}

interface Parts {
  readonly url: string
  readonly issuer: string
  readonly asked: string[]
  readonly events: CitizenEvent[]
}

/** A page that keeps what our frame tells it. */
const page = (who: string) => `<!doctype html><title>${who}</title><h1>${who}</h1><script>
window.told=[];addEventListener('message',({origin,data})=>{if(origin===location.origin)told.push(data.state+' '+(data.step||''))})
</script><iframe id="check" src="/session/check-session"></iframe>`

function application(name: Name, parts: Parts): express.Express {
  const app = express()
  app.use(
    citizenSession({
      application: {
        id: name,
        url: parts.url,
        sensitivity: 'basic',
        secrets: [`a secret of ${name} that is thirty-two bytes or more`],
      },
      protocols: [
        oidc({
          issuer: parts.issuer,
          clientId: name,
          clientSecret: `${name}-secret`,
          sessionManagement: { pollSeconds: 1, timeoutSeconds: 5 },
          ...(name === 'sp3' && { responseType: 'code id_token' }),
        }),
      ],
      store: memoryStore(),
      fetch: (input, init) => {
        parts.asked.push(`${name} ${new URL(input instanceof Request ? input.url : input).pathname}`)
        return loopbackFetch(input, init)
      },
      onEvent: (event) => parts.events.push(event),
    }),
  )
  app.get('/', requireCitizen(), (request, response) => {
    response.type('html').send(page(String(request.citizen.claims.sub)))
  })
  // Nothing in it is for session management, and nothing of another origin is allowed.
  app.get('/strict', requireCitizen(), (request, response) => {
    response.set('Content-Security-Policy', "default-src 'self'")
    response.type('html').send(`<!doctype html><title>strict</title><h1>${request.citizen.claims.sub}</h1>
<script src="/session/client.js" data-is-private defer></script>`)
  })
  return app
}

/** Starts everything. SP1 and SP2 take people of both upstream providers, SP3 and SP4 those of one; SP3 by the hybrid flow. */
export async function createFourParties(): Promise<FourParties> {
  const sites = new Map<string, express.Express>()
  const events = new Map<Name, CitizenEvent[]>()
  const asked: string[] = []
  let context: BrowserContext | undefined
  let profile = ''
  const server = createServer((request, response) => {
    const app = sites.get((request.headers.host ?? '').split('.')[0] ?? '')
    if (app === undefined) response.writeHead(404).end()
    else app(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  // Another site than the provider's, which lies below citizen.localhost.
  const urlOf = (name: Name) => `http://${name}.parties.localhost:${port}`
  const emulator = await createEmulator({
    port: 0,
    people: [
      { username: 'ana', password: 'ana-password', sub: 'ana', upstream: 'adfs' },
      { username: 'ida', password: 'ida-password', sub: 'ida', upstream: 'idpdemo' },
    ],
    openid: {
      clients: names.map((name) => ({
        client_id: name,
        client_secret: `${name}-secret`,
        redirect_uris: [`${urlOf(name)}/session/callback`, `${urlOf(name)}/session/reauthenticate`],
        post_logout_redirect_uris: [`${urlOf(name)}/session/return`],
        performSessionStatusNotification: true,
        ...(name === 'sp3' && { response_types: ['code id_token'] }),
        ...(name === 'sp4' && {
          frontchannel_logout_uri: `${urlOf(name)}/session/frontchannel-logout`,
          frontchannel_logout_session_required: true,
        }),
        allowedUpstreams: name === 'sp1' || name === 'sp2' ? ['adfs', 'idpdemo'] : ['idpdemo'],
      })),
    },
  })
  for (const name of names) {
    const seen: CitizenEvent[] = []
    events.set(name, seen)
    sites.set(name, application(name, { url: urlOf(name), issuer: emulator.url, asked, events: seen }))
  }

  /** A fresh profile; Chromium's own default blocks third-party cookies. */
  async function open(thirdPartyCookies: 'allowed' | 'blocked'): Promise<BrowserContext> {
    profile = await mkdtemp(join(tmpdir(), 'citizen-session-profile-'))
    await mkdir(join(profile, 'Default'))
    const mode = thirdPartyCookies === 'allowed' ? 0 : 1
    await writeFile(
      join(profile, 'Default', 'Preferences'),
      JSON.stringify({ profile: { cookie_controls_mode: mode, block_third_party_cookies: mode === 1 } }),
    )
    context = await chromium.launchPersistentContext(profile, {
      executablePath: findProgram('browser') ?? '',
      args: chromiumArguments(),
    })
    context.setDefaultTimeout(20_000)
    return context
  }

  async function signIn(tab: Page, name: Name, username: string): Promise<void> {
    await tab.goto(`${urlOf(name)}/`)
    if (new URL(tab.url()).origin === emulator.url) {
      await tab.fill('#username', username)
      await tab.fill('#password', `${username}-password`)
      await tab.press('#password', 'Enter')
    }
    await tab.waitForURL(`${urlOf(name)}/`)
    await tab.waitForSelector(`h1:text-is("${username}")`)
  }

  async function reset(): Promise<void> {
    await context?.close()
    context = undefined
    if (profile !== '') await rm(profile, { recursive: true, force: true })
    profile = ''
    asked.length = 0
    for (const seen of events.values()) seen.length = 0
    emulator.reset()
  }

  return {
    emulator,
    events,
    asked,
    urlOf,
    open,
    signIn,
    reset,
    async close() {
      await reset()
      await emulator.close()
      server.close()
      server.closeAllConnections()
    },
  }
}
