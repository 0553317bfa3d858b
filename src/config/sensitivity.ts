/** @module What the privacy of an application's data decides: how long an idle session lives, and what it needs then. */

/** How private an application's data is; decides how long an idle session may live. */
export type Sensitivity = 'sensitive' | 'basic' | 'public'

/** What happens when an idle session is found. */
export type OnIdle = 'reauthenticate' | 'resume' | 'end-everywhere'

/** What a sensitivity brings with it, and up to where that stays within the recommendation of its level. */
export interface SensitivityPreset {
  readonly idleSeconds: number
  readonly onIdle: OnIdle
  /** Authenticator assurance level whose time limits fit this sensitivity. */
  readonly level: 'aal1' | 'aal2' | 'aal3'
  /** Longest recommended times in seconds; `undefined` where none is recommended. */
  readonly recommended: { readonly idleSeconds: number | undefined; readonly absoluteSeconds: number }
}

/**
 * The presets behind `application.sensitivity`. Source: NIST SP 800-63B-4, sections 2.1.3, 2.2.3 and 2.3.3.
 */
export const sensitivities: Readonly<Record<Sensitivity, SensitivityPreset>> = {
  sensitive: {
    idleSeconds: 600,
    onIdle: 'reauthenticate',
    level: 'aal3',
    recommended: { idleSeconds: 900, absoluteSeconds: 43_200 },
  },
  basic: {
    idleSeconds: 3_600,
    onIdle: 'resume',
    level: 'aal2',
    recommended: { idleSeconds: 3_600, absoluteSeconds: 86_400 },
  },
  public: {
    idleSeconds: 28_800,
    onIdle: 'resume',
    level: 'aal1',
    recommended: { idleSeconds: undefined, absoluteSeconds: 2_592_000 },
  },
}
