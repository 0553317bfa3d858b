/** @module When a session ends at the latest: by our absolute limit, and by the end that the provider has set for it. */
import type { LiveRecord, RecordAddress } from '../session-record.js'
import type { LifecycleContext } from './lifecycle-context.js'
import type { RecordDetails } from './record.js'
import { openDetails } from './record.js'
import { reviseDetails } from './revise.js'

/** The end of a session, and its absolute limit where the provider ends it sooner. */
export interface BoundedEnd {
  readonly endsAt: number
  readonly limit?: number | undefined
}

/** The sooner of our limit and the provider's end; `undefined`: it has set none. */
export function boundedEnd(limit: number, providerEnd: number | undefined): BoundedEnd {
  return providerEnd === undefined || providerEnd >= limit
    ? { endsAt: limit }
    : { endsAt: providerEnd, limit }
}

/** The absolute limit of a session, whatever its provider says. */
export function limitOf({ endsAt }: Pick<LiveRecord, 'endsAt'>, { limit }: RecordDetails): number {
  return limit ?? endsAt
}

/**
 * Takes up the end that the provider has set for a live session: sooner, or later up to the absolute limit; never before
 * the person was last seen. Nothing is written where nothing changes, or where the record is another one by now.
 * @throws StoreUnavailableError
 */
export async function moveProviderEnd(
  context: Pick<LifecycleContext, 'store' | 'sealer' | 'absoluteMilliseconds'>,
  address: RecordAddress,
  record: LiveRecord,
  { providerEnd, now }: { readonly providerEnd: number; readonly now: number },
): Promise<void> {
  const boundOf = (details: RecordDetails, found: LiveRecord): BoundedEnd => {
    // A clock that was put back: the limit would lie further ahead than any that begins now.
    const limit = Math.min(limitOf(found, details), now + context.absoluteMilliseconds)
    return boundedEnd(limit, Math.max(providerEnd, found.lastSeenAt))
  }
  const known = openDetails(context.sealer, address, record.sealed)
  const bound = boundOf(known, record)
  if (bound.endsAt === record.endsAt && bound.limit === known.limit) return
  await reviseDetails(context, address, record, (details, found) => {
    const { endsAt, limit } = boundOf(details, found)
    return { endsAt, details: { ...details, limit } }
  })
}
