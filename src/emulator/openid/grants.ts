/** @module What a client was granted: its code, its refresh tokens, its access tokens. */
import type { Random } from '../random.js'
import type { Level } from '../sessions.js'
import type { RegisteredClient } from './clients.js'
import type { ResolvedOpenidOptions } from './options.js'
import type { SsoRegister, SsoSession } from './sso-register.js'

/** What one authorization granted. All tokens that came of it live and die with it. */
export interface Grant {
  readonly client: RegisteredClient
  readonly sso: SsoSession
  readonly sid: string
  readonly username: string
  readonly sub: string
  readonly scope: readonly string[]
  readonly nonce: string | undefined
  readonly level: Level
  /** Seconds since the epoch. */
  readonly authTime: number
  readonly amr: readonly string[]
  readonly sessionState: string | undefined
  isRevoked: boolean
}

/** What the code was bound to. */
export interface CodeBinding {
  readonly redirectUri: string
  readonly codeChallenge: string | undefined
}

/** The grants of a provider. */
export interface Grants {
  issueCode(grant: Grant, binding: CodeBinding): string
  /** The grant of a code of this client, once: a second use revokes the grant. */
  spendCode(code: string, client: RegisteredClient): (CodeBinding & { readonly grant: Grant }) | undefined
  issueRefreshToken(grant: Grant): string
  /** The grant of a refresh token of this client; with rotation once: a second use revokes the grant. */
  spendRefreshToken(token: string, client: RegisteredClient): Grant | undefined
  keepAccessToken(token: string, grant: Grant): void
  /** The grant of an access token that is still good. */
  ofAccessToken(token: string): Grant | undefined
  /** Revokes a token of this client; of a refresh token the whole grant. Source: RFC 7009, section 2.1. */
  revoke(token: string, client: RegisteredClient): void
  /** Revokes everything that a client was granted. */
  revokeAllOf(client: RegisteredClient): void
  clear(): void
}

interface Kept {
  readonly grant: Grant
  readonly until: number
  isUsed: boolean
}

/** What {@link createGrants} needs. */
export interface GrantsOptions {
  readonly now: () => number
  readonly random: Random
  readonly options: ResolvedOpenidOptions
  readonly register: SsoRegister
}

/** A client whose registration was updated is the same one. */
const isOf = ({ grant }: Kept, client: RegisteredClient): boolean =>
  grant.client.client_id === client.client_id

/** Makes an empty box of grants. */
export function createGrants({ now, random, options, register }: GrantsOptions): Grants {
  const codes = new Map<string, Kept & CodeBinding>()
  const refreshTokens = new Map<string, Kept>()
  const accessTokens = new Map<string, Kept>()
  const secret = () => Buffer.from(random(32)).toString('base64url')
  const until = (seconds: number) => now() + seconds * 1000

  /** Only what was asked for with `offline_access` outlives the session. Source: Back-Channel Logout, section 2.7. */
  const isGood = ({ grant, until: end }: Kept) =>
    !grant.isRevoked && now() < end && (grant.scope.includes('offline_access') || register.isAlive(grant.sso))

  /** A long-lived emulator keeps no more than what can still be used, or be used wrongly. */
  function sweep() {
    for (const box of [codes, refreshTokens, accessTokens])
      for (const [token, { until: end }] of box) if (end <= now()) box.delete(token)
  }

  function take<Found extends Kept>(found: Found | undefined, client: RegisteredClient, isOnce: boolean) {
    if (!found || !isOf(found, client)) return undefined
    if (found.isUsed) found.grant.isRevoked = true
    if (!isGood(found)) return undefined
    found.isUsed = isOnce
    return found
  }
  return {
    issueCode(grant, binding) {
      sweep()
      const code = secret()
      codes.set(code, { grant, until: until(options.codeSeconds), isUsed: false, ...binding })
      return code
    },
    spendCode: (code, client) => take(codes.get(code), client, true),
    issueRefreshToken(grant) {
      const token = secret()
      refreshTokens.set(token, { grant, until: until(options.refreshTokenSeconds), isUsed: false })
      return token
    },
    spendRefreshToken: (token, client) =>
      take(refreshTokens.get(token), client, options.rotatesRefreshTokens)?.grant,
    keepAccessToken(token, grant) {
      accessTokens.set(token, { grant, until: until(options.accessTokenSeconds), isUsed: false })
    },
    ofAccessToken(token) {
      const found = accessTokens.get(token)
      return found && isGood(found) ? found.grant : undefined
    },
    revoke(token, client) {
      const refresh = refreshTokens.get(token)
      if (refresh && isOf(refresh, client)) refresh.grant.isRevoked = true
      const access = accessTokens.get(token)
      if (access && isOf(access, client)) accessTokens.delete(token)
    },
    revokeAllOf(client) {
      for (const box of [codes, refreshTokens, accessTokens])
        for (const kept of box.values()) if (isOf(kept, client)) kept.grant.isRevoked = true
    },
    clear() {
      for (const box of [codes, refreshTokens, accessTokens]) box.clear()
    },
  }
}
