/** @module A protocol whose provider says what the test wants: for what the core owes to every plug-in. */
import { digest } from '../../src/digest.js'
import type { Citizen, Claims } from '../../src/index.js'
import type { LoginTransaction } from '../../src/login/login.js'
import { redirect } from '../../src/pages/redirect.js'
import type { ProviderLogoutResult } from '../../src/protocols/logout-participant.js'
import type { Protocol, ProtocolHost } from '../../src/protocols/protocol.js'
import type { SessionIndexKey, VerifiedLogin } from '../../src/protocols/sessions.js'
import type { TokenOutcome } from '../../src/protocols/token-refresh.js'

/** What the provider says next. */
export interface Script {
  person: string
  /** `undefined`: each login is a session of its own. */
  sid: string | undefined
  /** When the person authenticated; `undefined`: in the course of this login. */
  authenticatedAt: number | undefined
  level: number
  endsAt: number | undefined
  /** Seconds that tokens live; 0: there is nothing to renew. */
  tokenSeconds: number
  /** What a renewal comes to; `undefined`: new tokens. */
  renewal: TokenOutcome | undefined
  parting: Partial<ProviderLogoutResult>
  /** Runs before the session begins. */
  beforeBegin: () => Promise<void> | void
}

/** The plug-in with its script, and what it saw. */
export interface ScriptedProtocol {
  readonly protocol: Protocol
  readonly script: Script
  readonly renewed: string[]
  readonly parted: { readonly tokens: string | undefined; readonly state: string }[]
  host(): ProtocolHost
}

/** Issuer of everybody by this protocol. */
export const issuer = 'https://provider.example'
/** Address of the provider's logout page. */
export const endSession = `${issuer}/end`

/** What a logout message names a session of the provider by. */
export function sidPointer(sid: string): SessionIndexKey {
  return { key: digest('sid', issuer, sid), kind: 'session' }
}

/** Makes the plug-in. `at`: its provider's origin; `by`: its issuer, where it is one of several tenants there. */
export function scriptedProtocol(name = 'scripted', at = issuer, by = at): ScriptedProtocol {
  let installed: ProtocolHost | undefined
  const script: Script = {
    person: 'ana',
    sid: undefined,
    authenticatedAt: undefined,
    level: 1,
    endsAt: undefined,
    tokenSeconds: 0,
    renewal: undefined,
    parting: {},
    beforeBegin: () => undefined,
  }
  const renewed: string[] = []
  const parted: { tokens: string | undefined; state: string }[] = []
  let serial = 0

  const protocol: Protocol = {
    name,
    install(host) {
      installed = host
      const { clock } = host.options
      const transactions = host.transactions<LoginTransaction>(name)
      const tokensFor = () => {
        serial += 1
        return JSON.stringify({ serial, expiresAt: clock() + script.tokenSeconds * 1000 })
      }
      const claims = (): Claims => ({
        iss: by,
        sub: script.person,
        iat: Math.floor(clock() / 1000),
        exp: Math.floor(clock() / 1000) + 300,
      })
      const beginning = (transaction: LoginTransaction, since: number): VerifiedLogin => ({
        issuer: by,
        subject: script.person,
        sessionValue: script.sid,
        indexKeys: script.sid === undefined ? [] : [sidPointer(script.sid)],
        claims: claims(),
        level: script.level,
        method: script.level > 1 ? 'mfa' : 'password',
        authenticatedAt: script.authenticatedAt ?? clock(),
        tokens: tokensFor(),
        tokensIssuedAt: clock(),
        tokensExpireAt: script.tokenSeconds === 0 ? 0 : clock() + script.tokenSeconds * 1000,
        endsAt: script.endsAt,
        since,
        askedReauthentication: transaction.reauthenticate,
        mayResume: transaction.mayResume,
      })
      return {
        issuer: by,
        target: at,
        startLogin(exchange, { request: loginRequest, reauthenticate, mayResume }) {
          const state = transactions.set(exchange, { ...loginRequest, reauthenticate, mayResume }, clock())
          const asks = reauthenticate ? '&prompt=login' : ''
          return redirect(`${at}/authorize?state=${state}${asks}`, exchange.method === 'POST' ? 303 : 302)
        },
        endpoints: {
          [`${name}/callback`]: {
            async GET(exchange) {
              const state = new URLSearchParams(exchange.target.split('?')[1]).get('state') ?? undefined
              const transaction = await transactions.take(exchange, state, clock())
              if (transaction === undefined) return host.unknownStatePage(exchange)
              await script.beforeBegin()
              const citizen: Citizen = await host.sessions.start(
                exchange,
                beginning(transaction.content, transaction.since),
              )
              return host.finishLogin(exchange, citizen, transaction.content)
            },
          },
        },
        async endProviderSession({ tokens, state }) {
          parted.push({ tokens, state })
          return {
            legs: [],
            visit: {
              action: `${at}/end`,
              method: 'post',
              fields: { state, hint: 'a hint that is no address’s' },
            },
            identity: { state: 'unknown', reason: 'browser-not-back-yet' },
            ...script.parting,
          }
        },
        refresh: {
          afterSeconds: undefined,
          timeoutSeconds: 5,
          waitMilliseconds: 500,
          onUnavailable: 'keep',
          keepSeconds: 3600,
          async renew(tokens) {
            renewed.push(tokens)
            return (
              script.renewal ?? {
                kind: 'tokens',
                tokens: tokensFor(),
                expiresAt: clock() + script.tokenSeconds * 1000,
              }
            )
          },
          accessTokenOf(tokens) {
            const { serial: number, expiresAt } = JSON.parse(tokens) as { serial: number; expiresAt: number }
            return script.tokenSeconds === 0 ? undefined : { value: `access-${number}`, expiresAt }
          },
        },
      }
    },
  }

  return {
    protocol,
    script,
    renewed,
    parted,
    host() {
      if (installed === undefined) throw new Error('the plug-in is not installed yet')
      return installed
    },
  }
}

/** The provider as a site: its login comes straight back, its logout too. */
export function providerSite(returnUrl: string, callbackUrl: string) {
  return async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/authorize') {
      const query = new URLSearchParams({ state: searchParams.get('state') ?? '' })
      return Response.redirect(`${callbackUrl}?${query}`, 302)
    }
    const state = new URLSearchParams(await request.text()).get('state') ?? ''
    return Response.redirect(`${returnUrl}?${new URLSearchParams({ state })}`, 303)
  }
}
