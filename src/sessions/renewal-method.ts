/** @module The contract of a renewal: what is renewed, and what each kind of renewal does its own way. */
import type { MaybePromise } from '../exchange.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import type { Attempt } from './renewal-attempts.js'

/** The session that is to be renewed; each kind of renewal adds what it needs. */
export interface RenewalRequest {
  readonly address: RecordAddress
  readonly record: LiveRecord
  /** How many tries have failed in a row; lengthens the wait for the next one. */
  readonly failures: number
}

/** What belongs to one kind of renewal. */
export interface RenewalTypes {
  readonly request: RenewalRequest
  /** What a provider gives, before it is written. */
  readonly fresh: unknown
  /** Results that only this kind has. */
  readonly result: { readonly kind: string }
}

/** What a renewal comes to. */
export type RenewalResult<Own> =
  /** Somebody else is at it, or waits before the next try. */
  | { readonly kind: 'elsewhere' }
  /** Somebody else has been at it: newer tokens are there. */
  | { readonly kind: 'newer' }
  /** The session is no longer there: look at the record again. */
  | { readonly kind: 'ended' }
  | Own

/** Why a renewal does not succeed, without saying anything about the session. */
export interface RenewalFailure {
  /** A word for the event, as in `timeout`, `status`, `answer`, `outage`, `refused`, `answer-lost`. */
  readonly problem: string
  readonly status?: number | undefined
  /** How long the provider wants to be left alone. */
  readonly retryAfterSeconds?: number | undefined
}

/** What a provider's answer means. */
export type RenewalAnswer<T extends RenewalTypes> =
  | { readonly kind: 'fresh'; readonly fresh: T['fresh'] }
  /** A success that leaves the tokens as they are. Nobody asks again before the pause is over. */
  | { readonly kind: 'extended'; readonly pauseSeconds: number; readonly result: T['result'] }
  /** The provider says that the session is over. */
  | { readonly kind: 'refused'; readonly status?: number | undefined }
  | {
      readonly kind: 'failed'
      readonly failure: RenewalFailure
      /** Whether the tokens may be spent although nothing came of it: a later refusal says nothing. */
      readonly mayBeSpent: boolean
      /** What replaces the tokens all the same. */
      readonly successor?: T['fresh'] | undefined
    }

/** What became of the write of a provider's answer. */
export type RenewalWrite<Own> =
  | { readonly kind: 'written'; readonly result: Own }
  /** Newer tokens are there. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'ended' }
  /** It is nothing that the session could go on with. */
  | { readonly kind: 'unusable'; readonly problem: string }

/** A renewal whose tokens are sent, with what it stands on. */
export interface Renewal<T extends RenewalTypes> {
  /** With the record as it was read under the lease. */
  readonly request: T['request']
  /** Number of the lease under which it runs. */
  readonly fence: number
  /** The tokens that are sent. */
  readonly tokens: string
  readonly attempt: Attempt
  /** When the call began. */
  readonly began: number
}

/** By what rules a session is renewed. */
export interface RenewalTerms {
  /** Whom the tokens go to. One provider's outage says nothing about another provider. */
  readonly provider: string
  /** What events call it; absent: it is that of the shared cookie. */
  readonly name?: string | undefined
  /** A call takes no longer. */
  readonly timeoutSeconds: number
  readonly onUnavailable: 'keep' | 'end'
}

/** What one kind of renewal does its own way. */
export interface RenewalMethod<T extends RenewalTypes> {
  /** Name of the lease under which a session is renewed. */
  leaseKey(address: RecordAddress): string
  termsOf(request: T['request']): RenewalTerms
  /** When the session would end by itself without new tokens. Milliseconds since the epoch. */
  endsWithout(request: T['request']): number
  /** The tokens to be sent; `undefined`: those for which the renewal was asked are replaced in this record. */
  tokensFor(request: T['request'], record: LiveRecord): MaybePromise<string | undefined>
  /** Asks the provider. Never throws for what the provider does. */
  call(tokens: string, request: T['request']): Promise<RenewalAnswer<T>>
  /** Writes what has come. With `isAgain` an earlier write that seemed to fail may have been done. */
  write(renewal: Renewal<T>, fresh: T['fresh'], isAgain: boolean): Promise<RenewalWrite<T['result']>>
  /** Whether what was written is handed to the browser, where it could undo a logout that came meanwhile. */
  readonly isForBrowser: boolean
  /** Says of a session that it could not be renewed now. */
  degraded(
    request: T['request'],
    record: LiveRecord,
    retryAfterSeconds: number,
  ): MaybePromise<RenewalResult<T['result']>>
  /** Whether a result that was written late is more than what this request has already. */
  isNews(result: RenewalResult<T['result']>, request: T['request']): boolean
  /** The result where another generation has begun before the end of this one could be written. */
  readonly rekeyed: RenewalResult<T['result']>
}
