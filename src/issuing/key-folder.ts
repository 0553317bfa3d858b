/** @module A ring in a folder, which several instances may share: a state file, and two files for each key. */
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CitizenSessionError } from '../errors.js'
import { privateKeyOf } from './algorithms.js'
import { underLock } from './folder-lock.js'
import {
  codeOf,
  folderFaults,
  inspectKeyFile,
  isMissing,
  type KeyFileFault,
  type KeyFileRules,
  readKeyFile,
  toError,
  writeNewFile,
} from './key-file.js'
import { findLeftovers } from './leftovers.js'
import { isKid } from './public-jwk.js'
import { parseRing, type RingState, serializeRing } from './ring-state.js'
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
  const folder = resolve(path)
  const stateFile = join(folder, 'ring.json')
  const rules: KeyFileRules = { groupRead: options.groupRead, owner: options.owner ?? options.giveTo?.uid }
  const privateMode = options.groupRead === true ? 0o640 : 0o600

  function fileOf(kid: string, kind: 'private' | 'public'): string {
    if (!isKid(kid)) throw new CitizenSessionError('usage', 'this is no name of a key')
    return join(folder, kind === 'private' ? `${kid}.pem` : `${kid}.public.pem`)
  }

  async function read(): Promise<RingState | undefined> {
    try {
      return parseRing(await readKeyFile(stateFile, 'public', rules))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  const write = (file: string, text: string, mode: number): Promise<void> =>
    writeNewFile(file, text, { mode, owner: options.giveTo })

  async function writeState(state: RingState): Promise<void> {
    const temporary = join(folder, `.ring-${randomUUID()}.json`)
    await write(temporary, serializeRing(state), 0o644)
    try {
      await rename(temporary, stateFile)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(folder)
  }

  /** Both files of a key, or neither. `false`: something is there under one of the names. */
  async function writeKey(kid: string, key: KeyObject): Promise<boolean> {
    const written: string[] = []
    try {
      const files = [
        [fileOf(kid, 'private'), key.export({ format: 'pem', type: 'pkcs8' }), privateMode],
        [fileOf(kid, 'public'), createPublicKey(key).export({ format: 'pem', type: 'spki' }), 0o644],
      ] as const
      for (const [file, pem, mode] of files) {
        await write(file, pem.toString(), mode)
        written.push(file)
      }
      return true
    } catch (error) {
      for (const file of written) await rm(file, { force: true })
      if (codeOf(error) === 'EEXIST') return false
      throw error
    }
  }

  async function replace({ state, added, needed }: RingChange): Promise<RingChangeOutcome> {
    await makeFolder()
    const [fault] = await folderFaults(folder, rules.owner)
    if (fault !== undefined) throw toError(fault)
    const lock = { mode: 0o600, owner: options.giveTo }
    return underLock(join(folder, 'ring.lock'), lock, async (held) => {
      const before = await read()
      if (state.revision !== (before?.revision ?? 0) + 1) return 'changed'
      const written: string[] = []
      const undo = async (): Promise<void> => {
        for (const kid of written) for (const kind of ['private', 'public'] as const) await remove(kid, kind)
      }
      try {
        for (const [kid, key] of added) {
          if (!(await writeKey(kid, key))) {
            await undo()
            return 'taken'
          }
          written.push(kid)
        }
        if (!(await held.isHeld())) {
          await undo()
          return 'changed'
        }
        await writeState(state)
      } catch (error) {
        await undo()
        throw error
      }
      const kept = new Set(state.keys.map(({ jwk }) => jwk.kid))
      for (const { jwk } of before?.keys ?? []) {
        if (!needed.has(jwk.kid)) await remove(jwk.kid, 'private')
        if (!kept.has(jwk.kid)) await remove(jwk.kid, 'public')
      }
      // A machine that goes down now must not come back with a key that was taken out.
      await syncFolder(folder)
      return 'done'
    })
  }

  const remove = (kid: string, kind: 'private' | 'public'): Promise<void> =>
    rm(fileOf(kid, kind), { force: true })

  async function makeFolder(): Promise<void> {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    if (made === undefined) return
    // It may have been exchanged since: for a link, or for a folder of somebody else.
    const flags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0)
    const handle = await open(folder, flags)
    try {
      const user = process.geteuid?.()
      if (user !== undefined && (await handle.stat()).uid !== user)
        throw new CitizenSessionError('key-file', `${folder} is not the folder that was just made`)
      await handle.chmod(options.groupRead === true ? 0o750 : 0o700)
      if (options.giveTo !== undefined) await handle.chown(options.giveTo.uid, options.giveTo.gid)
    } finally {
      await handle.close()
    }
  }

  async function inspect(): Promise<readonly KeyFileFault[]> {
    const state = await stateAsItIs()
    const files = [{ path: stateFile, kind: 'public' as const }]
    const faults: KeyFileFault[] = []
    for (const { jwk } of state?.keys ?? []) {
      for (const kind of ['private', 'public'] as const) {
        const path = fileOf(jwk.kid, kind)
        // The private key of a key that signs no more is removed.
        if (await exists(path)) faults.push(...(await inspectKeyFile(path, kind, rules)))
      }
    }
    for (const { path, kind } of files) {
      if (await exists(path)) faults.push(...(await inspectKeyFile(path, kind, rules)))
    }
    const expected = new Set((state?.keys ?? []).map(({ jwk }) => fileOf(jwk.kid, 'private')))
    faults.push(...(await findLeftovers(folder, expected)))
    const seen = new Set<string>()
    return faults.filter(({ remedy }) => !seen.has(remedy) && seen.add(remedy))
  }

  async function removeLeft(kid: string): Promise<boolean> {
    const path = fileOf(kid, 'private')
    const lock = { mode: 0o600, owner: options.giveTo }
    return underLock(join(folder, 'ring.lock'), lock, async () => {
      const state = await read()
      const isOurs = state === undefined || state.keys.some(({ jwk }) => jwk.kid === kid)
      if (isOurs || !(await exists(path))) return false
      for (const kind of ['private', 'public'] as const) await remove(kid, kind)
      await syncFolder(folder)
      return true
    })
  }

  /** For a look at everything that is wrong, a wrong mode of the state file must not hide the rest. */
  async function stateAsItIs(): Promise<RingState | undefined> {
    if (!(await exists(stateFile))) return undefined
    const handle = await open(stateFile, 'r')
    try {
      return parseRing(await handle.readFile('utf8'))
    } finally {
      await handle.close()
    }
  }

  return {
    folder,
    owner: rules.owner,
    read,
    replace,
    inspect,
    removeLeft,
    fileOf,
    privateKey: async (kid) => privateKeyOf(await readKeyFile(fileOf(kid, 'private'), 'private', rules)),
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch {
    // Some file systems do not know this for folders; the rename itself is done.
  } finally {
    await handle.close()
  }
}
