/** @module The sessions that a request belongs to, whatever became of them: what a logout ends. */
import type { ResolvedSharedCookieOptions } from '../config/options.js'
import { StoreUnavailableError } from '../errors.js'
import type { SharedRequestSessions } from '../logout/request-sessions.js'
import type { RecordAddress } from '../session-record.js'
import type { Store } from '../stores/store.js'
import type { HintCookie } from './hint-cookie.js'
import type { TokenReader } from './read-token.js'
import { tokenState } from './token-state.js'

/** Makes the finder of one application. */
export function createSessionFinder(options: {
  readonly resolved: ResolvedSharedCookieOptions
  readonly reader: TokenReader
  readonly hintCookie: HintCookie
  readonly store: Store
}): SharedRequestSessions {
  const { reader, hintCookie, store } = options
  const { application, identityProvider, clock } = options.resolved

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
    async sessionsOf(exchange) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return { sessions: [] }
      const scanned = reader.scan(cookies)
      const hint = scanned.hint === undefined ? undefined : hintCookie.open(scanned.hint)
      const hinted = hint && { person: hint.person, session: hint.session, application: application.id }
      let tokens: Awaited<ReturnType<TokenReader['readEach']>>
      try {
        tokens = await reader.readEach(scanned, clock())
      } catch (error) {
        // Whether the token is good nobody can say now; the hint is ours.
        if (hinted === undefined) throw error
        tokens = []
      }
      if (tokens !== 'too-many' && tokens.length > 0) {
        const { afterSeconds } = identityProvider.refresh
        const sessions = tokens.map(async (token) => ({
          address: await rootOf(tokenState(token, application.id, afterSeconds).address),
          tokenExpiresAt: token.expiresAt,
        }))
        return { sessions: await Promise.all(sessions) }
      }
      const sessions = hinted === undefined ? [] : [{ address: hinted, generation: hint?.generation }]
      if (tokens !== 'too-many') return { sessions }
      return { sessions, missed: scanned.oversized ? 'cookies-too-large' : 'ambiguous-cookie' }
    },

    sendsShared(exchange) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return false
      const { header, payload, signature } = reader.scan(cookies)
      return header !== undefined || payload !== undefined || signature !== undefined
    },
  }
}
