/** @module What a visit to a provider comes to where the store is away: the person goes on, and their page says what is so. */
import { StoreUnavailableError } from '../errors.js'
import { type Report, storeUnavailable } from '../events.js'
import type { Reply } from '../exchange.js'

/**
 * Does what a visit needs the store for, which the person has not asked for. Where the store is away, that is reported, and
 * the answer is `otherwise`: nobody is left at an address of ours who was on the way to a page.
 */
export async function whileStored(
  report: Report,
  work: () => Promise<Reply>,
  otherwise: () => Reply,
): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    report(storeUnavailable(error))
    return otherwise()
  }
}
