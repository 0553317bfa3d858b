/** @module What the endpoints of the SAML identity provider share. */
import type { Context } from '../context.js'
import type { createJudge } from './incoming.js'
import type { SamlKeys } from './keys.js'
import type { Metadata, SamlAddresses } from './metadata.js'
import type { ResolvedSamlOptions } from './options.js'
import type { Participations } from './participations.js'
import type { PendingCalls } from './pending-calls.js'
import type { Refusals } from './refusals.js'
import type { Registry } from './registry.js'
import type { Sender } from './sender.js'
import type { SingleLogout } from './single-logout.js'

/** The parts of the identity provider. */
export interface Parts {
  readonly context: Context
  readonly options: ResolvedSamlOptions
  readonly keys: SamlKeys
  readonly registry: Registry
  readonly participations: Participations
  readonly sender: Sender
  readonly judge: ReturnType<typeof createJudge>
  readonly singleLogout: SingleLogout
  readonly metadata: Metadata
  readonly refusals: Refusals
  /** Server calls that are under way. */
  readonly calls: PendingCalls
  addresses(): SamlAddresses
}
