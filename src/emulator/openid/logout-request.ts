/** @module A logout request of a client: read, checked, and which sessions it means. */
import type { SignedIn } from '../visit.js'
import type { RegisteredClient } from './clients.js'
import type { Signing } from './signing.js'
import type { SsoRegister } from './sso-register.js'

/** A logout request that can be followed. */
export interface LogoutRequest {
  readonly client: RegisteredClient | undefined
  /** Where the browser goes in the end; `state` is in it already. */
  readonly target: string | undefined
  /** What a hint said of the session. */
  readonly hint: { readonly sub: string; readonly sid: string | undefined } | undefined
}

/** What a request is read against. */
export interface LogoutRules {
  readonly options: { readonly clients: ReadonlyMap<string, RegisteredClient> }
  readonly signing: Pick<Signing, 'read'>
  /** Whose `url` is the issuer of every hint. */
  readonly context: { url(): string }
}

const known = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const

/**
 * Reads it; a text says what is wrong. The hint may have expired, but must be ours and of a key that we still publish.
 * Source: RP-Initiated Logout 1.0, sections 2 to 4.
 */
export async function readLogoutRequest(
  { context, options, signing }: LogoutRules,
  parameters: URLSearchParams,
): Promise<LogoutRequest | string> {
  for (const name of known) if (parameters.getAll(name).length > 1) return `the parameter ${name} came twice`
  const read = (name: (typeof known)[number]) => parameters.get(name) || undefined
  const token = read('id_token_hint')
  const claims = token === undefined ? undefined : await signing.read(token)
  if (token !== undefined && (claims?.iss !== context.url() || claims.sub === undefined)) {
    return 'id_token_hint is not an id_token of ours'
  }
  const audience = typeof claims?.aud === 'string' ? claims.aud : claims?.aud?.[0]
  const clientId = read('client_id') ?? audience
  if (audience !== undefined && audience !== clientId)
    return 'client_id and id_token_hint name different clients'
  const client = clientId === undefined ? undefined : options.clients.get(clientId)
  if (clientId !== undefined && !client) return `no client is registered as "${clientId}"`
  const uri = read('post_logout_redirect_uri')
  if (uri !== undefined && !client) return 'post_logout_redirect_uri needs id_token_hint or client_id'
  if (uri !== undefined && !client?.post_logout_redirect_uris.includes(uri)) {
    return `post_logout_redirect_uri "${uri}" is not registered for "${clientId}"`
  }
  const hint = claims?.sub === undefined ? undefined : { sub: claims.sub, sid: textOf(claims.sid) }
  return { client, target: uri === undefined ? undefined : withState(uri, read('state')), hint }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

function withState(uri: string, state: string | undefined) {
  if (state === undefined) return uri
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}

/** The sessions that a request means: that of the hint, else those of the client, else all of this browser. */
export function meantSessions(
  { register }: { readonly register: Pick<SsoRegister, 'of'> },
  { client, hint }: LogoutRequest,
  living: readonly SignedIn[],
): readonly SignedIn[] {
  if (hint) {
    const bySid = living.filter(({ session }) => register.of(session).sid === hint.sid)
    return hint.sid === undefined ? living.filter(({ person }) => person.sub === hint.sub) : bySid
  }
  const own = living.filter(({ session }) => register.of(session).participants.has(client?.client_id ?? ''))
  return own.length > 0 ? own : living
}
