/** @module What lies in a folder of keys besides the ring's own: private keys that an interrupted change has left. */
import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, type KeyFileFault, quote } from './key-file.js'

/** A longer file is no key file; so much of it is looked at. */
const looked = 64 * 1024
/** What only a change that was interrupted leaves under these names. `ring.lock` itself may be held right now. */
const temporary = /^(?:\.ring-[\w-]+\.json|ring\.lock\.[\w-]+)$/

/**
 * Looks at every file of the folder: one that holds a private key and is none of `expected` was left behind by a crash,
 * or put there by somebody. Other files do no harm, and are not mentioned. Links are not followed, as a mounted secret
 * has them for its own files; what the ring itself names is judged where it is read.
 */
export async function findLeftovers(
  folder: string,
  expected: ReadonlySet<string>,
): Promise<readonly KeyFileFault[]> {
  const faults: KeyFileFault[] = []
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    if (expected.has(path)) continue
    const problem = temporary.test(name)
      ? 'was left behind by a change that was interrupted'
      : await problemOf(path)
    if (problem !== undefined) faults.push({ path, problem, remedy: `rm ${quote(path)}` })
  }
  return faults
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

async function problemOf(path: string): Promise<string | undefined> {
  let text: string
  try {
    text = await beginningOf(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    return path.endsWith('.pem') ? `is no file of the ring, and cannot be read (${codeOf(error)})` : undefined
  }
  const isPrivate = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) || isPrivateJwk(text)
  return isPrivate
    ? 'holds a private key that is none of the ring: left behind by a change that was interrupted'
    : undefined
}

function isPrivateJwk(text: string): boolean {
  return text.includes('"kty"') && /"[dk]"\s*:/.test(text)
}

async function beginningOf(path: string): Promise<string> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const handle = await open(path, flags)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(looked), 0, looked, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
