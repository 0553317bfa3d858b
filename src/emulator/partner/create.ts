/** @module The partner mode put together. */
import type { Context } from '../context.js'
import type { ControlPart } from '../controls.js'
import type { Mode } from '../mode.js'
import type { RoutedMode } from '../route.js'
import { createPartnerPart } from './control-part.js'
import type { ResolvedPartnerOptions } from './options.js'
import { createPartner, type Partner } from './partner.js'
import { createPartnerSessions } from './sessions.js'
import { createKeySetFile, createSettings } from './settings.js'
import { createHome, createSignIn } from './sign-in.js'
import { createUsers } from './users.js'

/** The partner, as the emulator is put together with it. */
export interface PartnerMode extends Mode, RoutedMode {
  /** What tests see of it. */
  readonly partner: Partner
  readonly controlPart: ControlPart
  /** Forgets uploaded keys, sign-ins and sessions; accounts and address are those of the options again. */
  reset(): void
}

/** Makes the mode over the parts of an emulator. */
export function createPartnerMode(context: Context, options: ResolvedPartnerOptions): PartnerMode {
  const partner = createPartner(context, options)
  const sessions = createPartnerSessions(context)
  return {
    routes: {
      partner: createHome(partner, sessions),
      'partner-sign-in': createSignIn(partner, sessions),
      'partner-settings': createSettings(partner),
      'partner-keys': createKeySetFile(partner),
      'partner-users': createUsers(partner),
    },
    partner,
    controlPart: createPartnerPart(partner),
    // It is no part of the identity provider: its sessions neither begin nor end with that one's.
    origins: [],
    carry() {},
    reset() {
      partner.reset()
      sessions.clear()
    },
    ownOrigins: () => [new URL(partner.ssoUrl).origin],
  }
}
