/** @module The session that a request belongs to, whatever became of it: what a logout ends. */
import type { ResolvedOptions } from '../config/options.js'
import type { HintCookie } from '../cookies/hint.js'
import { StoreUnavailableError } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { tokenState } from '../sessions/token-state.js'
import type { RecordAddress, Store } from '../stores/store.js'
import type { Authenticator } from './authenticate.js'
import type { TokenReader } from './read-token.js'

/** Finds the session of a request. */
export interface SessionFinder {
  /** Its address, by the token, else by the hint; the root's, where the session value is an alias. */
  addressOf(exchange: Exchange): Promise<RecordAddress | undefined>
  /** Whether the request carries any part of the shared cookie. */
  sendsShared(exchange: Exchange): boolean
}

/** Makes the finder of one application. */
export function createSessionFinder(options: {
  readonly resolved: ResolvedOptions
  readonly authenticator: Authenticator
  readonly reader: TokenReader
  readonly hintCookie: HintCookie
  readonly store: Store
}): SessionFinder {
  const { authenticator, reader, hintCookie, store } = options
  const { application, identityProvider } = options.resolved

  const rootOf = async (address: RecordAddress): Promise<RecordAddress> => {
    try {
      const record = await store.read(address)
      return record?.state === 'alias' ? { ...address, session: record.session } : address
    } catch (error) {
      if (error instanceof StoreUnavailableError) return address
      throw error
    }
  }

  return {
    async addressOf(exchange) {
      const token = await authenticator.tokenOf(exchange)
      if (token !== undefined) {
        const state = tokenState(token, application.id, identityProvider.refresh.afterSeconds)
        return rootOf(state.address)
      }
      const cookies = exchange.header('cookie')
      const value = cookies === undefined ? undefined : reader.scan(cookies).hint
      const hint = value === undefined ? undefined : hintCookie.open(value)
      return hint && { person: hint.person, session: hint.session, application: application.id }
    },

    sendsShared(exchange) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return false
      const { header, payload, signature } = reader.scan(cookies)
      return header !== undefined || payload !== undefined || signature !== undefined
    },
  }
}
