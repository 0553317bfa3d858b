/** @module Opens the ring in a folder for the command: whose files they are to be, and whether it is there. */
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CitizenSessionError } from '../../errors.js'
import { codeOf } from '../../issuing/key-file.js'
import { type KeyFolder, keyFolder } from '../../issuing/key-folder.js'
import { createKeyRing, type KeyRing } from '../../issuing/ring.js'
import type { RingState } from '../../issuing/ring-state.js'
import type { KeysArguments } from './arguments.js'

/** A ring, its folder, and how it was when the command began. */
export interface OpenRing {
  readonly ring: KeyRing
  readonly storage: KeyFolder
  readonly state: RingState | undefined
  /** Whose the files are; `undefined`: whoever runs this. */
  readonly owner: KeysArguments['owner']
}

/** The folder alone, whatever is in it. */
export async function openFolder(given: KeysArguments): Promise<KeyFolder> {
  return folderOf(given, await ownerFor(given))
}

function folderOf(given: KeysArguments, owner: KeysArguments['owner']): KeyFolder {
  return keyFolder(given.folder, { groupRead: given.groupRead, giveTo: owner })
}

/** Opens a ring that may not be there yet. */
export async function openRing(given: KeysArguments): Promise<OpenRing> {
  const owner = await ownerFor(given)
  const storage = folderOf(given, owner)
  const { name, algorithm, modulusLength } = given
  const ring = createKeyRing({ storage, name, algorithm, modulusLength })
  return { ring, storage, state: await ring.state(), owner }
}

/** Opens a ring that must be there. @throws CitizenSessionError `key-ring` */
export async function openExistingRing(
  given: KeysArguments,
): Promise<OpenRing & { readonly state: RingState }> {
  const { ring, storage, state, owner } = await openRing(given)
  if (state !== undefined) return { ring, storage, state, owner }
  throw new CitizenSessionError(
    'key-ring',
    `there is no key ring in ${given.folder}: make one with \`citizen-session keys generate\``,
  )
}

/** Whoever keeps the folder reads the files: root gives them away, so that nobody forgets the chown. */
async function ownerFor(given: KeysArguments): Promise<KeysArguments['owner']> {
  if (given.owner !== undefined) return given.owner
  if (process.geteuid?.() !== 0) return undefined
  const { uid, gid } = (await statOf(given.folder)) ??
    (await statOf(dirname(given.folder))) ?? { uid: 0, gid: 0 }
  return { uid, gid }
}

async function statOf(path: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
