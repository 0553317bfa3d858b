/** @module A fall that a token shows before, or without, any request that goes on with it. */
import { StoreUnavailableError } from '../errors.js'
import { type Report, storeUnavailable } from '../events.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import type { Store } from '../stores/store.js'
import { newsOf, type ShownToken } from './newest-token.js'
import { readRoot, type TokenState } from './token-state.js'

/** Writes what a newer token shows less. The record as it is then; `undefined`: it has changed meanwhile. */
export async function writeFall(
  store: Pick<Store, 'update'>,
  address: RecordAddress,
  record: LiveRecord,
  shown: ShownToken,
): Promise<LiveRecord | undefined> {
  const news = newsOf(shown, record)
  if (news?.isFall !== true) return record
  const change = { level: news.level, newestToken: news.newestToken }
  const isWritten = await store.update(address, record.generation, change)
  return isWritten ? { ...record, ...change } : undefined
}

/**
 * Notes that a provider asks for the second factor again: its token lets nobody in, and whoever has kept the one before is
 * asked as well. Once for each token. Of two tokens of one second this is the older one, as it is at every sign-in.
 */
export async function noteMissingFactor(
  { store, report }: { readonly store: Pick<Store, 'read' | 'update'>; readonly report: Report },
  state: TokenState,
  shown: ShownToken,
): Promise<void> {
  try {
    const record = await readRoot(store, state)
    const olderUntil = record?.state === 'live' ? (record.newestToken?.olderUntil ?? 0) : 0
    const isNewer = shown.token.issuedAt > olderUntil + 1
    const isNoted =
      record?.state !== 'live' ||
      !isNewer ||
      (await writeFall(store, state.address, record, shown)) !== undefined
    if (isNoted) state.isMissingFactorNoted = true
  } catch (error) {
    // Nobody is let in by this token: the next request with it tries again.
    if (!(error instanceof StoreUnavailableError)) throw error
    report(storeUnavailable(error))
  }
}
