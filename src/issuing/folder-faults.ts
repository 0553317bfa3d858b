/** @module Everything that is wrong with the files of a ring in a folder. */
import { open } from 'node:fs/promises'
import { exists, fileOf, keyFileKinds, type RingFolder } from './folder-files.js'
import { inspectKeyFile, type KeyFileFault } from './key-file.js'
import { findLeftovers } from './leftovers.js'
import { parseRing, type RingState } from './ring-state.js'

/** Every fault of modes, owners and folders of the ring's files, each once; empty if there is none. */
export async function findFolderFaults(folder: RingFolder): Promise<readonly KeyFileFault[]> {
  const { path, stateFile, rules } = folder
  const kids = ((await stateAsItIs(folder))?.keys ?? []).map(({ jwk }) => jwk.kid)
  const files = kids.flatMap((kid) => keyFileKinds.map((kind) => ({ file: fileOf(folder, kid, kind), kind })))
  const faults: KeyFileFault[] = []
  for (const { file, kind } of [...files, { file: stateFile, kind: 'public' as const }]) {
    // The private key of a key that signs no more is removed.
    if (await exists(file)) faults.push(...(await inspectKeyFile(file, kind, rules)))
  }
  const expected = new Set(kids.map((kid) => fileOf(folder, kid, 'private')))
  faults.push(...(await findLeftovers(path, expected)))
  const seen = new Set<string>()
  return faults.filter(({ remedy }) => !seen.has(remedy) && seen.add(remedy))
}

/** For a look at everything that is wrong, a wrong mode of the state file must not hide the rest. */
async function stateAsItIs({ stateFile }: RingFolder): Promise<RingState | undefined> {
  if (!(await exists(stateFile))) return undefined
  const handle = await open(stateFile, 'r')
  try {
    return parseRing(await handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}
