/** @module What the answer to a silent check (`prompt=none`) means for the session: the whole decision table. */

/** Where the check was made: a frame may be kept from the provider's cookies. */
export type CheckPlace = 'frame' | 'top'

/** The circumstances of a check. */
export interface CheckCircumstances {
  readonly place: CheckPlace
  /** Whether the request named the session's person by `id_token_hint`. */
  readonly withHint: boolean
  /** Whether the same check, at the same place, was answered `login_required` for a hint that had not expired. */
  readonly isHintRefused?: boolean | undefined
  readonly current: { readonly issuer: string; readonly subject: string }
}

/** The answer to a check. */
export type CheckAnswer =
  | { readonly kind: 'identity'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'error'; readonly error: string }
  /** No answer in time: also a provider that shows its login page in the frame. */
  | { readonly kind: 'timeout' }
  /** An answer that failed validation. */
  | { readonly kind: 'invalid' }

/** What to do next. */
export type CheckStep =
  /** The same person: take up session state and ID token, keep the session. */
  | 'renew'
  /** Somebody else has signed in at the provider: the session ends as `identity-changed`. */
  | 'identity-changed'
  /** Ask once more, without hint: is somebody else signed in, or nobody? */
  | 'ask-without-hint'
  /** Nobody, as seen from a frame, which may be kept from the cookies: ask at top level before any end. */
  | 'confirm-at-top'
  /** Nobody: the session at the provider is over. */
  | 'identity-ended'
  /** The provider wants the person: nothing is known; the next login is interactive. */
  | 'keep-until-login'
  /** Nothing is known; try again later. */
  | 'back-off'
  /** Something is set up wrongly: stop checking, keep the session. */
  | 'stop'

/** Errors by which the provider says that it would have to show something. Source: OpenID Connect Core 1.0, 3.1.2.6. */
const wantsPerson: ReadonlySet<string> = new Set([
  'interaction_required',
  'consent_required',
  'account_selection_required',
])
/** Source: RFC 6749, section 4.1.2.1. */
const passing: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

/**
 * Decides. A session ends only by proof: an ID token of somebody else, `login_required` without hint at top level, or
 * there `login_required` for a hint that has not expired and `consent_required` without.
 * Never leads to a logout at the provider, whose session may be another person's by now.
 * Source: OpenID Connect Session Management 1.0, section 3.1; OpenID Connect Core 1.0, section 3.1.2.6;
 * `SES-09` to `SES-14`, `SES-19`; Safewhere, "Advanced federation and SLO issue".
 */
export function decideCheck(answer: CheckAnswer, circumstances: CheckCircumstances): CheckStep {
  const { place, withHint, isHintRefused, current } = circumstances
  switch (answer.kind) {
    case 'identity':
      return answer.issuer === current.issuer && answer.subject === current.subject
        ? 'renew'
        : 'identity-changed'
    case 'timeout':
      return 'back-off'
    case 'invalid':
      return 'stop'
    case 'error':
      if (answer.error === 'login_required') {
        // With a hint it may only mean that somebody else is signed in.
        if (withHint) return 'ask-without-hint'
        return place === 'frame' ? 'confirm-at-top' : 'identity-ended'
      }
      // Somebody is signed in who has agreed to nothing here yet, and it is not the person of the hint.
      if (answer.error === 'consent_required' && !withHint && isHintRefused === true) {
        return place === 'frame' ? 'confirm-at-top' : 'identity-changed'
      }
      if (wantsPerson.has(answer.error)) return 'keep-until-login'
      return passing.has(answer.error) ? 'back-off' : 'stop'
  }
}
