/** @module The faults of SAML messages: their names, their check, and what each does to a message. */

/** What can be wrong with any message. */
const anyMessage = [
  'unsigned',
  'wrong-key',
  'sha1',
  'wrong-destination',
  'wrong-issuer',
  'expired',
  'replayed',
  'wrapped',
  'two-roots',
  'comment',
  'doctype',
] as const
const anyAnswer = ['wrong-in-response-to'] as const
const loginOnly = ['wrong-audience', 'wrong-recipient', 'late'] as const
const metadataFaults = ['unsigned', 'wrong-key', 'expired'] as const

/** A fault of a message of the SAML identity provider. */
export type SamlMessageFault =
  | (typeof anyMessage)[number]
  | (typeof anyAnswer)[number]
  | (typeof loginOnly)[number]

/** The faults of each kind of message; one or several at once. */
export interface SamlFaults {
  readonly response?: SamlFaultList<SamlMessageFault> | undefined
  readonly logoutRequest?: SamlFaultList<(typeof anyMessage)[number]> | undefined
  readonly logoutResponse?:
    | SamlFaultList<(typeof anyMessage)[number] | (typeof anyAnswer)[number]>
    | undefined
  readonly metadata?: SamlFaultList<(typeof metadataFaults)[number]> | undefined
}

/** One fault, or several. */
export type SamlFaultList<Fault extends string> = Fault | readonly Fault[]

/** A kind of thing that can be faulty. */
export type SamlFaultKind = keyof SamlFaults

/** What each kind can have. */
export const samlFaultNames: Readonly<Record<SamlFaultKind, readonly string[]>> = {
  response: [...anyMessage, ...anyAnswer, ...loginOnly],
  logoutRequest: anyMessage,
  logoutResponse: [...anyMessage, ...anyAnswer],
  metadata: metadataFaults,
}

/** Whether a value from outside is such a setting. */
export const isSamlFaults = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(
    ([kind, given]) =>
      Object.hasOwn(samlFaultNames, kind) &&
      (given === undefined ||
        [given].flat().every((one) => samlFaultNames[kind as SamlFaultKind].includes(String(one)))),
  )

/** What is expected of the setting. */
export const samlFaultsExpected = `an object of faults by message: ${Object.entries(samlFaultNames)
  .map(([kind, names]) => `${kind} (${names.join(', ')})`)
  .join('; ')}`

/** The faults of a kind, as a set. */
export const faultSet = (faults: SamlFaults | undefined, kind: SamlFaultKind): ReadonlySet<string> =>
  new Set<string>([faults?.[kind] ?? []].flat())
