/** @module What tests and programs see of the OpenID provider. */
import { CitizenSessionError } from '../../errors.js'
import type { LogoutTokenFault } from '../faults/openid.js'
import type { SignTokenOptions } from '../keys.js'
import type { OpenidClient } from './clients.js'
import { metadataOf } from './discovery.js'
import { signLogoutToken } from './logout-token.js'
import type { LogoutDelivery } from './notices.js'
import type { Provider } from './provider.js'

/** A client that takes part in an identity session. */
export interface Participant {
  readonly clientId: string
  /** The session's `sid` in id_tokens and logout tokens. */
  readonly sid: string
  readonly sub: string
  readonly username: string
  /** Session value of the identity session. */
  readonly jti: string
  /** Milliseconds since the epoch. */
  readonly joinedAt: number
}

/** Which logout token to sign. */
export interface LogoutTokenRequest {
  /** Default: of the newest session that the client takes part in. */
  readonly sub?: string | undefined
  readonly sid?: string | undefined
  /** Default: only the one kind of claims that the client registered. */
  readonly hasSid?: boolean | undefined
  readonly fault?: LogoutTokenFault | undefined
  /** Claims on top; `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  readonly signature?: SignTokenOptions | undefined
}

/** The OpenID provider. */
export interface Openid {
  /** Those of the option, and those that have registered themselves. */
  readonly clients: readonly OpenidClient[]
  /** What discovery says now. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** Who takes part; of one session by its `jti`, `sid` or username. */
  participants(session?: string): readonly Participant[]
  /** Every back-channel request, newest first. */
  readonly deliveries: readonly LogoutDelivery[]
  /** Resolves when every back-channel request that is under way has its answer. */
  settled(): Promise<void>
  /** A signed logout token for this client, to post it by yourself. @throws `emulator` */
  logoutToken(clientId: string, request?: LogoutTokenRequest): Promise<string>
}

/** Makes it. */
export function createOpenid(provider: Provider): Openid {
  const { context, options, register, notices } = provider
  function participants(session?: string): readonly Participant[] {
    return register.list().flatMap((sso) => {
      const { sid, username, session: kept } = sso
      if (session !== undefined && ![sid, username, kept.jti].includes(session)) return []
      const sub = context.people.find(username)?.sub ?? ''
      return [...sso.participants].map(([clientId, joinedAt]) => ({
        clientId,
        sid,
        sub,
        username,
        jti: kept.jti,
        joinedAt,
      }))
    })
  }
  return {
    get clients() {
      return [...options.clients.values()]
    },
    get metadata() {
      return metadataOf(provider)
    },
    participants,
    get deliveries() {
      return notices.deliveries
    },
    settled: () => notices.settled(),
    async logoutToken(clientId, { sub, sid, ...rest } = {}) {
      const client = options.clients.get(clientId)
      if (!client) throw wrong(`no client is registered as "${clientId}"`)
      const newest = participants().findLast((one) => one.clientId === clientId)
      if (!newest && sub === undefined && sid === undefined) {
        throw wrong(`"${clientId}" takes part in no session: say whose logout token with sub or sid`)
      }
      return signLogoutToken(provider, {
        client,
        sub: sub ?? newest?.sub ?? '',
        sid: sid ?? newest?.sid ?? '',
        ...rest,
      })
    },
  }
}

const wrong = (message: string) => new CitizenSessionError('emulator', `openid: ${message}`)
