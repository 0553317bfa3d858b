/** @module What the answer to a passive request means for the session: the whole decision table. */
import type { StatusCode } from '../status.js'

/** Where the provider was asked: a frame may be kept from its cookies. */
export type Place = 'frame' | 'top'

/** What is known where an answer comes. */
export interface PassiveCircumstances {
  readonly place: Place
  /** Whether the provider has answered such a request of this session at top level before, with success. */
  readonly isExtendedAtTop: boolean
  /** Whether the request went as a form: of a form from another site browsers leave the provider's `Lax` cookies out. */
  readonly isSentAsForm: boolean
  /** Whether the provider was asked again, and has answered, since the request was made. */
  readonly isOvertaken: boolean
}

/** The answer, verified. */
export type PassiveAnswer =
  | {
      readonly kind: 'assertion'
      /** Whether it names the session's person; `unknown`: its name is another one each time. */
      readonly isSamePerson: 'yes' | 'no' | 'unknown'
    }
  | {
      readonly kind: 'status'
      readonly subcode: StatusCode | undefined
      readonly isSigned: boolean
    }
  /** An answer that is not to be believed, or none that could be verified now. */
  | { readonly kind: 'invalid' }

/** What to do. */
export type PassiveStep =
  /** The same person: the provider's session is extended, ours goes on as it is. */
  | 'kept'
  /** Somebody else has signed in at the provider in this browser: the session ends. */
  | 'identity-changed'
  /** The provider's session of this browser is over: the session ends. */
  | 'identity-ended'
  /** The provider would have to show something: it knows nobody, or wants the person, or gets no cookies. Ends nothing. */
  | 'no-passive'
  /** Nothing is known; tried again later. */
  | 'failed'

/**
 * Decides. Nothing is ever begun, raised or replaced by an answer here. `NoPassive` is the provider's word for "not without
 * a page", whatever the reason; it proves that there is no session any more only at top level and to an address,
 * where cookies come, signed, with no later answer before it, and by a provider that has answered this very request of this
 * very session without a page before. An outage ends nobody. Source: SAML Core, sections 3.2.2.2 and 3.4.1.
 */
export function decidePassive(
  answer: PassiveAnswer,
  { place, isExtendedAtTop, isSentAsForm, isOvertaken }: PassiveCircumstances,
): PassiveStep {
  switch (answer.kind) {
    case 'assertion':
      if (answer.isSamePerson === 'no') return 'identity-changed'
      return answer.isSamePerson === 'yes' ? 'kept' : 'failed'
    case 'status': {
      if (answer.subcode !== 'NoPassive') return 'failed'
      const bringsCookies = place === 'top' && !isSentAsForm
      const isProof = bringsCookies && answer.isSigned && isExtendedAtTop && !isOvertaken
      return isProof ? 'identity-ended' : 'no-passive'
    }
    case 'invalid':
      return 'failed'
  }
}
