/** @module What lies in a folder of keys besides the ring's own: private keys that an interrupted change has left. */
import { createPrivateKey } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf, type KeyFileFault, quote } from './key-file.js'

/** A longer file is no key file; so much of it is looked at. */
const looked = 64 * 1024
/** Folders in folders that are looked at, and entries in all of them. */
const mostDepth = 4
const mostEntries = 1000
/** What only a change that was interrupted leaves under these names. `ring.lock` itself may be held right now. */
const temporary = /^(?:\.ring-[\w-]+\.json|ring\.lock\.[\w-]+)$/

/**
 * Looks at every file of the folder and of the folders in it: one that holds a private key (PEM, DER or JWK) and is none of
 * `expected` was left behind by a crash, or put there by somebody. Other files do no harm, and are not mentioned. Links are
 * not followed, as a mounted secret has them for its own files; what the ring itself names is judged where it is read.
 */
export async function findLeftovers(
  folder: string,
  expected: ReadonlySet<string>,
): Promise<readonly KeyFileFault[]> {
  const faults: KeyFileFault[] = []
  const { files, unseen } = await filesIn(folder)
  for (const { path, isOfRing } of files) {
    if (expected.has(path)) continue
    const problem =
      isOfRing && temporary.test(basename(path))
        ? 'was left behind by a change that was interrupted'
        : await problemOf(path)
    if (problem !== undefined) faults.push({ path, problem, remedy: `rm ${quote(path)}` })
  }
  return [...faults, ...unseen]
}

/** The files, and the folders in which not everything was looked at. */
async function filesIn(folder: string) {
  const files: { readonly path: string; readonly isOfRing: boolean }[] = []
  const unseen: KeyFileFault[] = []
  const skip = (path: string, why: string) =>
    unseen.push({ path, problem: `was not looked at: ${why}`, remedy: `ls -lR ${quote(path)}` })
  let folders: readonly string[] = [folder]
  let left = mostEntries
  for (let depth = 0; folders.length > 0; depth += 1) {
    const deeper: string[] = []
    for (const each of folders) {
      if (depth > mostDepth) {
        skip(each, `it lies more than ${mostDepth} folders deep`)
        continue
      }
      for (const entry of await entriesOf(each, depth === 0, skip)) {
        left -= 1
        if (left === 0) skip(folder, `there are more than ${mostEntries} files and folders in it`)
        if (left <= 0) return { files, unseen }
        const path = join(each, entry.name)
        if (entry.isFile()) files.push({ path, isOfRing: depth === 0 })
        else if (entry.isDirectory()) deeper.push(path)
      }
    }
    folders = deeper
  }
  return { files, unseen }
}

async function entriesOf(folder: string, isOfRing: boolean, skip: (path: string, why: string) => void) {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return []
    if (isOfRing) throw error
    skip(folder, `it cannot be read (${code})`)
    return []
  }
}

async function problemOf(path: string): Promise<string | undefined> {
  let bytes: Buffer
  try {
    bytes = await beginningOf(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    return /\.(?:pem|der|key|jwk)$/.test(path)
      ? `is no file of the ring, and cannot be read (${codeOf(error)})`
      : undefined
  }
  const text = bytes.toString('latin1')
  const isPrivate =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) || isPrivateJwk(text) || isPrivateDer(bytes)
  return isPrivate
    ? 'holds a private key that is none of the ring: left behind by a change that was interrupted'
    : undefined
}

/** PKCS #8, also encrypted, PKCS #1 and SEC 1 (RFC 5208, RFC 8017, RFC 5915); each of them is a SEQUENCE. */
function isPrivateDer(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false
  return (['pkcs8', 'pkcs1', 'sec1'] as const).some((type) => {
    try {
      createPrivateKey({ key: bytes, format: 'der', type })
      return true
    } catch (error) {
      return codeOf(error) === 'ERR_MISSING_PASSPHRASE'
    }
  })
}

function isPrivateJwk(text: string): boolean {
  return text.includes('"kty"') && /"[dk]"\s*:/.test(text)
}

async function beginningOf(path: string): Promise<Buffer> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const handle = await open(path, flags)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(looked), 0, looked, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
