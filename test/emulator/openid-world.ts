/** @module Relying parties that we did not write, a browser, and the emulator as their OpenID provider. */
import * as oidc from 'openid-client'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type OpenidClient,
  type OpenidOptions,
} from '../../src/emulator/index.js'
import { loopbackFetch } from '../../src/emulator/loopback-fetch.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'

/** How requests get to the emulator. */
export type Transport = 'handle' | 'http'

export interface OpenidWorld {
  readonly emulator: Emulator
  readonly transport: typeof globalThis.fetch
  /** Requests that reached clients, in order: back-channel ones, frames, returns. */
  readonly seen: { readonly url: string; readonly method: string; readonly body: string }[]
  browser(): Browser
  party(clientId: string, authentication?: oidc.ClientAuth): Promise<Party>
}

/** A relying party with its own checks. */
export interface Party {
  readonly configuration: oidc.Configuration
  /** An authorization address, with what has to be checked when the browser comes back. */
  begin(parameters?: Readonly<Record<string, string>>): Promise<Begun>
  /** The tokens of an answer. */
  finish(begun: Begun, answer: string | Request): ReturnType<typeof oidc.authorizationCodeGrant>
}

export interface Begun {
  readonly url: string
  readonly checks: {
    readonly pkceCodeVerifier: string
    readonly expectedState: string
    readonly expectedNonce: string
  }
}

/** The redirect address of a client. */
export const callbackOf = (clientId: string) => `https://${clientId}.example/callback`

/** A confidential client with every kind of logout. */
export const clientOf = (clientId: string, more: Partial<OpenidClient> = {}): OpenidClient => ({
  client_id: clientId,
  client_secret: `${clientId}-secret+/ %`,
  redirect_uris: [callbackOf(clientId)],
  post_logout_redirect_uris: [`https://${clientId}.example/bye`],
  backchannel_logout_uri: `https://${clientId}.example/backchannel?own=1`,
  backchannel_logout_session_required: true,
  performSessionStatusNotification: true,
  ...more,
})

export interface WorldRequest {
  readonly openid: OpenidOptions
  readonly emulator?: EmulatorOptions | undefined
  readonly transport?: Transport | undefined
  /** What a client answers to the provider and to the browser. Default: 200. */
  readonly answer?: ((request: Request) => Response | Promise<Response>) | undefined
}

/** Makes a world. Close the emulator of one with the transport `http`. */
export async function createOpenidWorld(request: WorldRequest): Promise<OpenidWorld> {
  const { openid, transport = 'handle', answer = () => new Response('arrived') } = request
  const seen: { url: string; method: string; body: string }[] = []
  const client: Site = async (incoming) => {
    const body = await incoming.clone().text()
    seen.push({ url: incoming.url, method: incoming.method, body })
    return answer(incoming)
  }
  const emulator = await createEmulator({
    ...(transport === 'http'
      ? { port: 0 }
      : { url: 'https://id.citizen.example', domain: 'citizen.example' }),
    openid,
    fetch: (input, init) => client(new Request(input, init)),
    ...request.emulator,
  })
  const reach: typeof globalThis.fetch =
    transport === 'http' ? loopbackFetch : (input, init) => emulator.handle(new Request(input, init))
  const origins = openid.clients.flatMap(({ redirect_uris }) =>
    redirect_uris.map((uri) => new URL(uri).origin),
  )
  const sites = new Map<string, Site>([
    [emulator.url, (incoming) => reach(incoming)],
    ...origins.map((origin): [string, Site] => [origin, client]),
  ])

  async function party(clientId: string, authentication?: oidc.ClientAuth): Promise<Party> {
    const registered = openid.clients.find((one) => one.client_id === clientId)
    const configuration = await oidc.discovery(
      new URL(emulator.url),
      clientId,
      {
        client_secret: registered?.client_secret,
        id_token_signed_response_alg: registered?.id_token_signed_response_alg ?? 'RS256',
      },
      authentication,
      {
        [oidc.customFetch]: (url, init) => reach(url, init as RequestInit),
        execute: [oidc.allowInsecureRequests],
      },
    )
    return {
      configuration,
      async begin(parameters = {}) {
        const verifier = oidc.randomPKCECodeVerifier()
        const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
        const all = {
          redirect_uri: callbackOf(clientId),
          scope: 'openid profile email offline_access',
          code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          state,
          nonce,
          ...parameters,
        }
        return {
          url: oidc.buildAuthorizationUrl(configuration, all).href,
          checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
        }
      },
      finish: (begun, back) =>
        oidc.authorizationCodeGrant(configuration, typeof back === 'string' ? new URL(back) : back, {
          ...begun.checks,
          idTokenExpected: true,
        }),
    }
  }
  return { emulator, transport: reach, seen, browser: () => createBrowser(sites), party }
}

/** Types a person's password into the login page that the browser shows. */
export const typePassword = (browser: Browser, visit: Visit, username = 'ana'): Promise<Visit> =>
  browser.press(visit, 'Sign in', { username, password: `${username}-password` })

/** Signs somebody in at a client, and gives what the client got. */
export async function signInAt(world: OpenidWorld, browser: Browser, clientId: string, username = 'ana') {
  const party = await world.party(clientId)
  const begun = await party.begin()
  let visit = await browser.open(begun.url)
  if (!visit.url.startsWith(callbackOf(clientId))) visit = await typePassword(browser, visit, username)
  const tokens = await party.finish(begun, visit.url)
  return { party, visit, tokens, claims: tokens.claims() }
}

/** The parameters of an answer, in the query or the fragment. */
export function answerOf(visit: Visit): Readonly<Record<string, string>> {
  const { search, hash } = new URL(visit.url)
  return Object.fromEntries(new URLSearchParams(search === '' ? hash.slice(1) : search))
}
