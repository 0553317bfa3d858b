/** @module The files of a ring in a folder: their names, and how they are read, written and removed. */
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CitizenSessionError } from '../errors.js'
import { codeOf, isMissing, type KeyFileRules, readKeyFile, writeNewFile } from './key-file.js'
import { isKid } from './public-jwk.js'
import { parseRing, type RingState, serializeRing } from './ring-state.js'

/** A file holds the private key (PKCS#8) or the public one (SPKI), both as PEM. */
export type KeyFileKind = 'private' | 'public'

/** Both files of a key. */
export const keyFileKinds: readonly KeyFileKind[] = ['private', 'public']

/** A folder with a ring. */
export interface RingFolder {
  /** The absolute path. */
  readonly path: string
  readonly stateFile: string
  readonly rules: KeyFileRules
  /** Who gets new files; `undefined`: whoever runs this process. */
  readonly giveTo: { readonly uid: number; readonly gid: number } | undefined
}

/** The file of a key. @throws CitizenSessionError `usage` for what no key can be called */
export function fileOf({ path }: RingFolder, kid: string, kind: KeyFileKind): string {
  if (!isKid(kid))
    throw new CitizenSessionError(
      'usage',
      'the name of a key is not valid: write 1 to 128 letters, digits, dots, dashes and underscores, a letter or digit first',
    )
  return join(path, kind === 'private' ? `${kid}.pem` : `${kid}.public.pem`)
}

/** The state of the ring; `undefined` where none was made yet. */
export async function readState({ stateFile, rules }: RingFolder): Promise<RingState | undefined> {
  try {
    return parseRing(await readKeyFile(stateFile, 'public', rules))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Puts a state in the place of the one that is there. */
export async function writeState(folder: RingFolder, state: RingState): Promise<void> {
  const { path, stateFile, giveTo } = folder
  const temporary = join(path, `.ring-${randomUUID()}.json`)
  await writeNewFile(temporary, serializeRing(state), { mode: 0o644, owner: giveTo })
  try {
    await rename(temporary, stateFile)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(path)
}

/** Both files of a key, or neither. `false`: something is there under one of the names. */
export async function writeKey(folder: RingFolder, kid: string, key: KeyObject): Promise<boolean> {
  const { rules, giveTo } = folder
  const written: string[] = []
  try {
    const privateMode = rules.groupRead === true ? 0o640 : 0o600
    const files = [
      [fileOf(folder, kid, 'private'), key.export({ format: 'pem', type: 'pkcs8' }), privateMode],
      [fileOf(folder, kid, 'public'), createPublicKey(key).export({ format: 'pem', type: 'spki' }), 0o644],
    ] as const
    for (const [file, pem, mode] of files) {
      await writeNewFile(file, pem.toString(), { mode, owner: giveTo })
      written.push(file)
    }
    return true
  } catch (error) {
    for (const file of written) await rm(file, { force: true })
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes a file of a key, if it is there. */
export function removeKeyFile(folder: RingFolder, kid: string, kind: KeyFileKind): Promise<void> {
  return rm(fileOf(folder, kid, kind), { force: true })
}

/** Makes the folder where it is missing, for its owner alone. */
export async function makeFolder({ path, rules, giveTo }: RingFolder): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 })
  if (made === undefined) return
  // It may have been exchanged since: for a link, or for a folder of somebody else.
  const flags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0)
  const handle = await open(path, flags)
  try {
    const user = process.geteuid?.()
    if (user !== undefined && (await handle.stat()).uid !== user)
      throw new CitizenSessionError('key-file', `${path} is not the folder that was just made`)
    await handle.chmod(rules.groupRead === true ? 0o750 : 0o700)
    if (giveTo !== undefined) await handle.chown(giveTo.uid, giveTo.gid)
  } finally {
    await handle.close()
  }
}

/** Whether something is there under this path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Waits until what was renamed or removed in a folder is on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch {
    // Some file systems do not know this for folders; the rename itself is done.
  } finally {
    await handle.close()
  }
}
