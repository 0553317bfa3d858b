/** @module How a ring in a folder changes: under its lock, wholly or not at all. */
import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import {
  exists,
  fileOf,
  keyFileKinds,
  makeFolder,
  type RingFolder,
  readState,
  removeKeyFile,
  syncFolder,
  writeKey,
  writeState,
} from './folder-files.js'
import { type Held, underLock } from './folder-lock.js'
import { folderFaults, toError } from './key-file.js'
import type { RingState } from './ring-state.js'
import type { RingChange, RingChangeOutcome } from './storage.js'

/** Changes the ring in one step, and removes the files that are no longer needed. */
export async function replaceRing(folder: RingFolder, change: RingChange): Promise<RingChangeOutcome> {
  await makeFolder(folder)
  const [fault] = await folderFaults(folder.path, folder.rules.owner)
  if (fault !== undefined) throw toError(fault)
  return underRingLock(folder, async (held) => {
    const { state, added } = change
    const before = await readState(folder)
    if (state.revision !== (before?.revision ?? 0) + 1) return 'changed'
    const outcome = await writeRing(folder, { state, added }, held)
    if (outcome !== 'done') return outcome
    await removeUnneeded(folder, before, change)
    // A machine that goes down now must not come back with a key that was taken out.
    await syncFolder(folder.path)
    return 'done'
  })
}

/** Writes the new keys, then the state; where the state is not written, no new key is left behind. */
async function writeRing(
  folder: RingFolder,
  { state, added }: { readonly state: RingState; readonly added: ReadonlyMap<string, KeyObject> },
  held: Held,
): Promise<RingChangeOutcome> {
  const written: string[] = []
  const undo = async (): Promise<void> => {
    for (const kid of written) for (const kind of keyFileKinds) await removeKeyFile(folder, kid, kind)
  }
  try {
    for (const [kid, key] of added) {
      if (!(await writeKey(folder, kid, key))) {
        await undo()
        return 'taken'
      }
      written.push(kid)
    }
    if (!(await held.isHeld())) {
      await undo()
      return 'changed'
    }
    await writeState(folder, state)
    return 'done'
  } catch (error) {
    await undo()
    throw error
  }
}

async function removeUnneeded(
  folder: RingFolder,
  before: RingState | undefined,
  { state, needed }: RingChange,
): Promise<void> {
  const kept = new Set(state.keys.map(({ jwk }) => jwk.kid))
  for (const { jwk } of before?.keys ?? []) {
    if (!needed.has(jwk.kid)) await removeKeyFile(folder, jwk.kid, 'private')
    if (!kept.has(jwk.kid)) await removeKeyFile(folder, jwk.kid, 'public')
  }
}

/** Removes the files of a key that the ring does not have. `false`: there is none, or the ring has it. */
export async function removeLeftKey(folder: RingFolder, kid: string): Promise<boolean> {
  const path = fileOf(folder, kid, 'private')
  return underRingLock(folder, async () => {
    const state = await readState(folder)
    const isOurs = state === undefined || state.keys.some(({ jwk }) => jwk.kid === kid)
    if (isOurs || !(await exists(path))) return false
    for (const kind of keyFileKinds) await removeKeyFile(folder, kid, kind)
    await syncFolder(folder.path)
    return true
  })
}

function underRingLock<Value>(
  { path, giveTo }: RingFolder,
  work: (held: Held) => Promise<Value>,
): Promise<Value> {
  return underLock(join(path, 'ring.lock'), { mode: 0o600, owner: giveTo }, work)
}
