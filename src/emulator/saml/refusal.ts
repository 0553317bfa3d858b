/** @module Why the SAML identity provider does not take a message: an error with a stable word for the reason. */
import { CitizenSessionError } from '../../errors.js'

/** What can be wrong with a message of a service provider. */
export type SamlProblem =
  | 'malformed'
  | 'unknown-issuer'
  | 'unsigned'
  | 'algorithm'
  | 'signature'
  | 'destination'
  | 'time'
  | 'replayed'
  | 'in-response-to'
  | 'relay-state'
  | 'acs-url'
  | 'unreachable'

/** A message that is refused. Its code is `emulator`, its status 400. */
export class SamlRefusal extends CitizenSessionError {
  readonly problem: SamlProblem

  constructor(problem: SamlProblem, message: string, cause?: unknown) {
    super('emulator', `saml: ${message}`, { status: 400, ...(cause === undefined ? {} : { cause }) })
    this.problem = problem
  }
}
