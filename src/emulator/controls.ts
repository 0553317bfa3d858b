/** @module What can be steered from outside, and what a mode adds to it. */
import type { EndpointName, RequestCounts } from './endpoints.js'
import type { FaultSettings, Faults } from './faults.js'
import type { RotateKeysOptions } from './keys.js'
import type { Content } from './markup.js'
import type { IdentitySession, Level } from './sessions.js'
import type { SmsMessage } from './sms-codes.js'

/** What can be steered from outside; the emulator is one. */
export interface Controls {
  readonly url: string
  readonly internalUrl: string
  readonly faults: Faults
  readonly sessions: readonly IdentitySession[]
  readonly messages: readonly SmsMessage[]
  readonly requests: RequestCounts
  /** Reading it throws `emulator` where there is no SAML identity provider. */
  readonly saml: { rollOver(): Promise<unknown> }
  clock(): number
  travel(seconds: number): void
  revoke(jtiOrUsername: string): number
  rotateKeys(options?: RotateKeysOptions): Promise<string>
  cookiesFor(username: string, request?: { readonly level?: Level | undefined }): Promise<string>
  reset(): void
}

/** What a mode adds to the control interface. */
export interface ControlPart {
  /** Under which name its state is told. */
  readonly name: string
  /** Endpoints that the page can make fail; the others only through JSON. */
  readonly steered: readonly EndpointName[]
  /** What another process may want to look at. */
  state(): unknown
  /** Actions by path, for `POST` with JSON. */
  readonly actions?: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => unknown>>
  /** The fields for its faults. */
  fields(settings: FaultSettings): Content
  /** What the page shows of it. */
  section(): Content
}
