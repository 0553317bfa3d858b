/** @module The clients that have registered themselves, and the token by which each keeps its registration. */
import type { RegisteredClient } from './clients.js'
import type { Provider } from './provider.js'
import { digestOf, isSecretOf } from './secrets.js'

/** What is known of a registration besides the client itself. */
export interface Registration {
  readonly client: RegisteredClient
  /** Seconds since the epoch. */
  readonly issuedAt: number
}

/** The registrations. */
export interface Registrations {
  /** Takes a client up, or in the place of what it was; answers with the token that is good from now on, and no other. */
  keep(client: RegisteredClient): { readonly registration: Registration; readonly token: string }
  /** The registration that a token opens. */
  find(clientId: string, token: string): Registration | undefined
  remove(clientId: string): void
  readonly isFull: boolean
  /** Forgets them all; clients of the option stay. */
  clear(): void
}

/** More than any test or any company of developers has. */
const mostRegistrations = 1000

/** Makes an empty register over the clients of a provider. */
export function createRegistrations(
  { context, grants }: Provider,
  clients: Map<string, RegisteredClient>,
): Registrations {
  const kept = new Map<string, Registration & { readonly token: Buffer }>()

  function remove(clientId: string): void {
    const found = kept.get(clientId)
    if (!found) return
    grants.revokeAllOf(found.client)
    kept.delete(clientId)
    clients.delete(clientId)
  }
  return {
    keep(client) {
      const token = Buffer.from(context.options.random(32)).toString('base64url')
      const issuedAt = kept.get(client.client_id)?.issuedAt ?? Math.floor(context.now() / 1000)
      kept.set(client.client_id, { client, issuedAt, token: digestOf(token) })
      clients.set(client.client_id, client)
      return { registration: { client, issuedAt }, token }
    },
    find(clientId, token) {
      const found = kept.get(clientId)
      return found && isSecretOf(token, found.token) ? found : undefined
    },
    remove,
    get isFull() {
      return kept.size >= mostRegistrations
    },
    clear() {
      for (const clientId of [...kept.keys()]) remove(clientId)
    },
  }
}
