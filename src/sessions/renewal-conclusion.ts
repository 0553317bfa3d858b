/** @module What follows from a provider's answer to a renewal: written, waited, or the session ended. */
import { backoffSeconds } from '../backoff.js'
import { digest } from '../digest.js'
import { CitizenSessionError } from '../errors.js'
import type { Report } from '../events.js'
import type { LiveRecord } from '../session-record.js'
import type { Store } from '../stores/store.js'
import { type Breaker, createBreaker } from './circuit-breaker.js'
import { releaseQuietly } from './lease.js'
import type { Lifecycle } from './lifecycle.js'
import { publicIdOf } from './record.js'
import type {
  Renewal,
  RenewalAnswer,
  RenewalFailure,
  RenewalMethod,
  RenewalRequest,
  RenewalResult,
  RenewalTypes,
} from './renewal-method.js'
import type { Unwritten } from './unwritten-renewals.js'

/** What all renewals of one kind stand on. */
export interface RenewalContext<T extends RenewalTypes> {
  readonly method: RenewalMethod<T>
  readonly store: Store
  readonly lifecycle: Pick<Lifecycle, 'end'>
  readonly report: Report
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly unwritten: Unwritten<RenewalResult<T['result']>>
  /** By provider. */
  readonly breakers: Map<string, Breaker>
}

/** Does what an answer asks for. */
export async function concludeRenewal<T extends RenewalTypes>(
  context: RenewalContext<T>,
  renewal: Renewal<T>,
  answer: RenewalAnswer<T>,
): Promise<RenewalResult<T['result']>> {
  switch (answer.kind) {
    case 'fresh':
      noteAccepted(context, renewal)
      return acceptFresh(context, renewal, answer.fresh)
    case 'extended':
      noteAccepted(context, renewal)
      return acceptExtension(context, renewal, answer)
    case 'refused':
      return acceptRefusal(context, renewal, answer.status)
    case 'failed':
      if (answer.successor !== undefined) {
        return acceptSuccessor(context, renewal, answer.successor, answer.failure)
      }
      if (!answer.mayBeSpent) await renewal.attempt.settle()
      return degrade(context, renewal, answer.failure)
  }
}

function breakerOf<T extends RenewalTypes>({ breakers, method }: RenewalContext<T>, request: T['request']) {
  const { provider } = method.termsOf(request)
  const breaker = breakers.get(provider) ?? createBreaker()
  breakers.set(provider, breaker)
  return breaker
}

function noteAccepted<T extends RenewalTypes>(
  context: RenewalContext<T>,
  { request, began }: Renewal<T>,
): void {
  breakerOf(context, request).noteAccepted(request.address.person, began, context.clock())
}

/** Writes new tokens. The old ones may be spent, whatever the new ones are worth. */
async function acceptFresh<T extends RenewalTypes>(
  context: RenewalContext<T>,
  renewal: Renewal<T>,
  fresh: T['fresh'],
): Promise<RenewalResult<T['result']>> {
  const { method, store, clock, report } = context
  const { request, fence, attempt, began } = renewal
  const milliseconds = clock() - began
  return writeSafely(context, renewal, async (isAgain) => {
    const write = await method.write(renewal, fresh, isAgain)
    if (write.kind === 'unusable') return degrade(context, renewal, write)
    await attempt.settle()
    await releaseQuietly(store, method.leaseKey(request.address), fence)
    if (write.kind === 'replaced') return { kind: 'newer' }
    if (write.kind === 'ended') return { kind: 'ended' }
    // The last look before cookies are set, with nothing to wait for after it: a logout may have come since.
    if (method.isForBrowser && (await store.read(request.address))?.state !== 'live') return { kind: 'ended' }
    const publicId = publicIdOf(request.record.generation)
    report({
      type: 'identity.refreshed',
      publicId,
      result: 'token',
      milliseconds,
      ...nameOf(context, request),
    })
    return write.result
  })
}

/** Whose tokens they are, for an event. */
function nameOf<T extends RenewalTypes>(
  { method }: RenewalContext<T>,
  request: T['request'],
): { readonly provider?: string } {
  const { name } = method.termsOf(request)
  return name === undefined ? {} : { provider: name }
}

/** Writes what replaces the old tokens, of an answer that is of no use otherwise. */
async function acceptSuccessor<T extends RenewalTypes>(
  context: RenewalContext<T>,
  renewal: Renewal<T>,
  successor: T['fresh'],
  failure: RenewalFailure,
): Promise<RenewalResult<T['result']>> {
  return writeSafely(context, renewal, async (isAgain) => {
    const { kind } = await context.method.write(renewal, successor, isAgain)
    if (kind === 'ended') return { kind: 'ended' }
    await renewal.attempt.settle()
    return degrade(context, renewal, failure)
  })
}

/** Does what keeps an answer, now or as soon as the store, or the key that verifies it, can be had again. */
async function writeSafely<T extends RenewalTypes>(
  context: RenewalContext<T>,
  renewal: Renewal<T>,
  work: (isAgain: boolean) => Promise<RenewalResult<T['result']>>,
): Promise<RenewalResult<T['result']>> {
  const { address, record } = renewal.request
  let tries = 0
  let isKeyMissing = false
  const result = await context.unwritten.run(context.method.leaseKey(address), async () => {
    tries += 1
    try {
      return await work(tries > 1)
    } catch (error) {
      isKeyMissing = error instanceof CitizenSessionError && error.code === 'keys-unavailable'
      throw error
    }
  })
  if (result !== undefined) return result
  if (isKeyMissing) return degrade(context, renewal, { problem: 'token' })
  const publicId = publicIdOf(record.generation)
  const outage = { problem: 'store', retryAfterSeconds: 1, ...nameOf(context, renewal.request) }
  context.report({ type: 'identity.degraded', publicId, ...outage })
  return { kind: 'elsewhere' }
}

/** The old tokens go on. The lease is held through the pause: no instance asks before. */
async function acceptExtension<T extends RenewalTypes>(
  context: RenewalContext<T>,
  { request, fence, attempt, began }: Renewal<T>,
  { pauseSeconds, result }: Extract<RenewalAnswer<T>, { kind: 'extended' }>,
): Promise<RenewalResult<T['result']>> {
  const { method, store, clock, report } = context
  const milliseconds = clock() - began
  await attempt.settleAll()
  await store.renewLease(method.leaseKey(request.address), fence, pauseSeconds)
  const publicId = publicIdOf(request.record.generation)
  report({
    type: 'identity.refreshed',
    publicId,
    result: 'extended',
    milliseconds,
    ...nameOf(context, request),
  })
  return result
}

/** Ends the session where the refusal is believed, and concerns its newest tokens. */
async function acceptRefusal<T extends RenewalTypes>(
  context: RenewalContext<T>,
  renewal: Renewal<T>,
  status: number | undefined,
): Promise<RenewalResult<T['result']>> {
  const { method, store, report } = context
  const { request, fence, tokens, attempt } = renewal
  const { address } = request
  // What was sent before without an answer is perhaps spent: that it is refused then ends nothing.
  if (attempt.isRepeated) return degrade(context, renewal, { problem: 'answer-lost', status })
  const refusal = { person: address.person, tokens: digest(tokens), until: method.endsWithout(request) }
  const verdict = breakerOf(context, request).judgeRefusal(refusal, context.clock())
  await attempt.settle()
  if (verdict.kind === 'outage') return degrade(context, renewal, { problem: 'outage', status })
  if (verdict.kind === 'unconfirmed') {
    return degrade(context, renewal, { problem: 'refused', status }, verdict.milliseconds / 1000)
  }
  const record = await store.read(address)
  const isLive = record?.state === 'live'
  const isNewest = isLive && (await method.tokensFor(request, record)) === tokens
  await store.releaseLease(method.leaseKey(address), fence)
  if (!isLive) return { kind: 'ended' }
  // A refusal of what has been replaced meanwhile says nothing about the newest.
  if (!isNewest) return { kind: 'newer' }
  // RFC 6749, section 5.2: a refusal without a status of its own is a 400.
  const publicId = publicIdOf(record.generation)
  report({ type: 'identity.refused', publicId, status: status ?? 400, ...nameOf(context, request) })
  return endSession(context, request, record)
}

/** Leaves the session as it is until the next try, at most `mostSeconds` from now, or ends it where that is wanted. */
async function degrade<T extends RenewalTypes>(
  context: RenewalContext<T>,
  { request, fence }: Renewal<T>,
  { problem, status, retryAfterSeconds: wanted }: RenewalFailure,
  mostSeconds = Number.POSITIVE_INFINITY,
): Promise<RenewalResult<T['result']>> {
  const { method, store, report } = context
  const { address, record } = request
  const key = method.leaseKey(address)
  const retryAfterSeconds = Math.min(backoffSeconds(request.failures, wanted, context.random), mostSeconds)
  const publicId = publicIdOf(record.generation)
  const named = nameOf(context, request)
  report({ type: 'identity.degraded', publicId, problem, status, retryAfterSeconds, ...named })
  if (method.termsOf(request).onUnavailable === 'end') {
    await store.releaseLease(key, fence)
    return endSession(context, request, record)
  }
  // The lease is held through the wait: no instance tries before.
  await store.renewLease(key, fence, retryAfterSeconds)
  // A sign-out may have come while the provider was asked.
  const current = await store.read(address)
  return current?.state === 'live' ? method.degraded(request, current, retryAfterSeconds) : { kind: 'ended' }
}

/** Not written is not ended: a login in another tab may have begun a generation meanwhile. */
async function endSession<T extends RenewalTypes>(
  { method, lifecycle, clock }: RenewalContext<T>,
  { address }: RenewalRequest,
  record: LiveRecord,
): Promise<RenewalResult<T['result']>> {
  const now = clock()
  const { record: after } = await lifecycle.end(address, record, { reason: 'identity-ended', at: now }, now)
  return after?.state === 'live' ? method.rekeyed : { kind: 'ended' }
}
