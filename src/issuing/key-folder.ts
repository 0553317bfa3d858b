/** @module A ring in a folder, which several instances may share: a state file, and two files for each key. */
import { join, resolve } from 'node:path'
import { privateKeyOf } from './algorithms.js'
import { removeLeftKey, replaceRing } from './folder-change.js'
import { findFolderFaults } from './folder-faults.js'
import { fileOf, type RingFolder, readState } from './folder-files.js'
import { type KeyFileFault, type KeyFileRules, readKeyFile } from './key-file.js'
import type { KeyStorage, RingChange, RingChangeOutcome } from './storage.js'

/** Options of {@link keyFolder}. */
export interface KeyFolderOptions extends KeyFileRules {
  /** Who gets new files, where this process may give them away. Default: whoever runs this process. */
  readonly giveTo?: { readonly uid: number; readonly gid: number } | undefined
}

/** A ring in a folder. */
export interface KeyFolder extends KeyStorage {
  /** The absolute path. */
  readonly folder: string
  /** The user id that everything in it must belong to; `undefined`: that of this process. */
  readonly owner: number | undefined
  replace(change: RingChange): Promise<RingChangeOutcome>
  /** Everything that is wrong with modes, owners and folders of the ring's files; empty if nothing. */
  inspect(): Promise<readonly KeyFileFault[]>
  /** Removes a private key that an interrupted change has left behind. `false`: there is none, or the ring has it. */
  removeLeft(kid: string): Promise<boolean>
  /** The file of a key. `private` holds PKCS#8, `public` SPKI, both as PEM. */
  fileOf(kid: string, kind: 'private' | 'public'): string
}

/**
 * Keeps a ring in a folder: `ring.json` (0644, nothing secret), `<kid>.pem` (0600) and `<kid>.public.pem` (0644).
 * The state changes by renaming a complete file, under a lock: no reader ever sees half of it.
 */
export function keyFolder(path: string, options: KeyFolderOptions = {}): KeyFolder {
  const { groupRead, giveTo, owner = giveTo?.uid } = options
  const absolute = resolve(path)
  const folder: RingFolder = {
    path: absolute,
    stateFile: join(absolute, 'ring.json'),
    rules: { groupRead, owner },
    giveTo,
  }
  return {
    folder: absolute,
    owner,
    read: () => readState(folder),
    replace: (change) => replaceRing(folder, change),
    inspect: () => findFolderFaults(folder),
    removeLeft: (kid) => removeLeftKey(folder, kid),
    fileOf: (kid, kind) => fileOf(folder, kid, kind),
    async privateKey(kid) {
      return privateKeyOf(await readKeyFile(fileOf(folder, kid, 'private'), 'private', folder.rules))
    },
  }
}
