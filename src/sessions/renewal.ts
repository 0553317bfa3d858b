/** @module The renewal of a session at its provider: one call for all requests, processes and instances. */

import type { RecordAddress } from '../session-record.js'
import { createSingleFlight, type SingleFlight } from '../single-flight.js'
import { closeRenewals } from './close-renewals.js'
import { holdLease, releaseQuietly } from './lease.js'
import { beginAttempt } from './renewal-attempts.js'
import { concludeRenewal, type RenewalContext } from './renewal-conclusion.js'
import type { Renewal, RenewalResult, RenewalTypes } from './renewal-method.js'
import { createUnwritten } from './unwritten-renewals.js'

/** Renews sessions of one kind. */
export interface Renewals<T extends RenewalTypes> {
  /** Whether a renewal of this session is under way in this process. */
  isUnderWay(address: RecordAddress): boolean
  /**
   * Renews, or joins the renewal that is under way in this process.
   * @throws StoreUnavailableError
   */
  renew(request: T['request']): Promise<RenewalResult<T['result']>>
  /** Begins no renewal any more, and resolves when the results of those under way are kept. */
  close(): Promise<void>
}

/** How soon a request looks again after another instance was found at work. */
export const lookAgainMilliseconds = 1000

/** So much longer than a call a renewal holds its lease: the answer may have to wait for the store. */
const unwrittenSeconds = 30

/** Renewals of one kind, and whether more may begin. */
interface RunningContext<T extends RenewalTypes> extends RenewalContext<T> {
  readonly flights: SingleFlight<RenewalResult<T['result']>>
  isClosing: boolean
  /** The longest that a renewal which has begun may wait for its provider. */
  longestCallSeconds: number
}

/** Makes the renewals of one kind for one application. */
export function createRenewals<T extends RenewalTypes>(
  options: Omit<RenewalContext<T>, 'unwritten' | 'breakers'>,
): Renewals<T> {
  const context: RunningContext<T> = {
    ...options,
    flights: createSingleFlight(),
    unwritten: createUnwritten(),
    breakers: new Map(),
    isClosing: false,
    longestCallSeconds: 0,
  }
  const { method, flights, unwritten, report } = context
  return {
    isUnderWay: (address) => flights.current(method.leaseKey(address)) !== undefined,
    renew: (request) => flights.run(method.leaseKey(request.address), () => renew(context, request)),
    async close() {
      context.isClosing = true
      await closeRenewals({ flights, unwritten, report, seconds: context.longestCallSeconds })
    },
  }
}

/** What an earlier renewal has brought is written before anything else is asked for. */
async function renew<T extends RenewalTypes>(
  context: RunningContext<T>,
  request: T['request'],
): Promise<RenewalResult<T['result']>> {
  const { method, unwritten } = context
  const key = method.leaseKey(request.address)
  if (unwritten.has(key)) {
    const result = (await unwritten.retry(key)) ?? { kind: 'elsewhere' }
    // What whoever asks has already is no news: their own renewal is due.
    if (method.isNews(result, request)) return result
  }
  return context.isClosing || unwritten.isFull ? { kind: 'elsewhere' } : runRenewal(context, request)
}

/** Lease, read again, call, conclude. */
async function runRenewal<T extends RenewalTypes>(
  context: RunningContext<T>,
  request: T['request'],
): Promise<RenewalResult<T['result']>> {
  const { method, store } = context
  const { timeoutSeconds } = method.termsOf(request)
  // Before the lease: a stop waits also for the call of a renewal that has only just begun.
  context.longestCallSeconds = Math.max(context.longestCallSeconds, timeoutSeconds)
  const key = method.leaseKey(request.address)
  const seconds = timeoutSeconds + 2 + unwrittenSeconds
  const fence = await store.lease(key, seconds)
  if (fence === undefined) return { kind: 'elsewhere' }
  let prepared: Prepared<T>
  try {
    prepared = await prepare(context, request, fence)
  } catch (error) {
    // Nothing has been sent: whoever comes next need not wait for the lease.
    await releaseQuietly(store, key, fence)
    throw error
  }
  const { renewal } = prepared
  if (renewal === undefined) return prepared.result
  // A lease that ran out during a slow answer would let another instance spend the same tokens (`REF-1`).
  const answer = await holdLease(store, { key, fence, seconds }, () =>
    method.call(renewal.tokens, renewal.request),
  )
  return concludeRenewal(context, renewal, answer)
}

type Prepared<T extends RenewalTypes> =
  | { readonly renewal: Renewal<T> }
  | { readonly renewal?: undefined; readonly result: RenewalResult<T['result']> }

/** What is left before the call; the lease is given back where it does not come to one. */
async function prepare<T extends RenewalTypes>(
  { method, store, clock }: RunningContext<T>,
  asked: T['request'],
  fence: number,
): Promise<Prepared<T>> {
  const { address } = asked
  // Another instance may have been through between our read and our lease.
  const record = await store.read(address)
  const tokens = record?.state === 'live' ? await method.tokensFor(asked, record) : undefined
  if (record?.state !== 'live' || tokens === undefined) {
    await store.releaseLease(method.leaseKey(address), fence)
    return { result: { kind: record?.state === 'live' ? 'newer' : 'ended' } }
  }
  const request = { ...asked, record }
  const attempt = await beginAttempt(store, tokens, (method.endsWithout(request) - clock()) / 1000)
  return { renewal: { request, fence, tokens, attempt, began: clock() } }
}
