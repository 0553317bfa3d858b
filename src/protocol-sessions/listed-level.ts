/** @module The level that an administrator reads of a session: the one that guards of this application see. */
import type { InstalledProtocol } from '../protocols/protocol.js'
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { openDetails } from '../sessions/record.js'
import { shownLevel } from './state.js'

/** What is needed to open a record, and to know whom it is of. */
interface ListedLevelParts {
  /** Id of this application: what others have sealed opens nowhere else. */
  readonly application: string
  readonly protocols: ReadonlyMap<string, Pick<InstalledProtocol, 'issuer' | 'stillBelieved'>>
  readonly sealer: Sealer
}

/** The level that counts of a record; of another application's, and of the shared cookie's, what the record says. */
export function listedLevel(
  { application, protocols, sealer }: ListedLevelParts,
  address: RecordAddress,
  record: LiveRecord,
): number {
  if (address.application !== application) return record.level
  const { own } = openDetails(sealer, address, record.sealed)
  if (own === undefined) return record.level
  // Records of 0.1.0 do not say by which plug-in the person has signed in: it is the one of that issuer.
  const provider =
    own.provider === undefined
      ? [...protocols.values()].find(({ issuer }) => issuer === own.issuer)
      : protocols.get(own.provider)
  return shownLevel(record, own, provider)
}
