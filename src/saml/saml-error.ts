/** @module Why a SAML message or metadata is refused: one error, one word, never a piece of the message. */
import { CitizenSessionError } from '../errors.js'

/** What was wrong with a message, as a word for logs and events. */
export type SamlProblem =
  /** Not base64, not DEFLATE, not UTF-8, or a byte order mark. */
  | 'encoding'
  | 'too-large'
  /** The query is not exactly one message with its parameters. */
  | 'parameters'
  /** DOCTYPE, entity, CDATA, comment or processing instruction. */
  | 'markup'
  | 'malformed'
  | 'too-complex'
  /** A prefix or namespace that readers understand differently. */
  | 'namespace'
  | 'duplicate-id'
  /** Another root, or an element too many, too few or in a wrong place. */
  | 'structure'
  | 'unsigned'
  | 'signature'
  | 'signature-form'
  | 'algorithm'
  | 'version'
  | 'id'
  | 'issuer'
  | 'destination'
  | 'recipient'
  | 'audience'
  | 'condition'
  | 'time'
  | 'in-response-to'
  | 'replay'
  | 'name-id'
  | 'confirmation'
  | 'statement'
  | 'status'
  | 'decryption'
  /** A key of the message's sender is not to be had: metadata is missing or has expired. */
  | 'metadata'

/** A message is refused. Only `problem` says why; nothing of the message is in it. */
export class SamlError extends CitizenSessionError {
  override readonly name = 'SamlError'
  readonly problem: SamlProblem

  constructor(problem: SamlProblem) {
    super('saml-message', `the SAML message is refused: ${problem}`, { status: 400 })
    this.problem = problem
  }
}

/** Why metadata cannot be used. */
export type MetadataProblem =
  | 'timeout'
  | 'network'
  | 'status'
  | 'too-large'
  | 'malformed'
  | 'signature'
  | 'entity'
  | 'role'
  | 'no-usable-key'
  | 'endpoint'
  | 'expired'

/** Metadata of the identity provider cannot be had or used. `isTransient` where a later try may succeed. */
export class SamlMetadataError extends CitizenSessionError {
  override readonly name = 'SamlMetadataError'
  readonly problem: MetadataProblem
  /** `problem`, and what is meant by it where that is known: for the operator, who has chosen the document. */
  readonly explanation: string

  constructor(
    problem: MetadataProblem,
    { cause, detail }: { readonly cause?: unknown; readonly detail?: string | undefined } = {},
  ) {
    const explanation = detail === undefined ? problem : `${problem} (${detail})`
    super('saml-metadata', `the metadata of the identity provider cannot be used: ${explanation}`, {
      cause,
      status: 503,
      headers: { 'retry-after': '30' },
      isTransient: true,
    })
    this.problem = problem
    this.explanation = explanation
  }
}

/** @throws SamlError always. */
export function refuse(problem: SamlProblem): never {
  throw new SamlError(problem)
}

/** Somebody else's value in a text of ours: quoted, at most 100 characters of it, everything but ASCII escaped. */
export function quote(value: string): string {
  return JSON.stringify(value.slice(0, 100)).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
