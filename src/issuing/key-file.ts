/** @module Key files: read only where nobody else can read or replace them, written so from the first moment. */
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, realpath, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CitizenSessionError } from '../errors.js'

/** Who may read key files. */
export interface KeyFileRules {
  /**
   * Lets the file's group read it (0640), as mounted secrets need it, and then also lets the file belong to root.
   * Default no: 0600.
   */
  readonly groupRead?: boolean | undefined
  /** The user id that files and folders must belong to. Default: that of this process. */
  readonly owner?: number | undefined
}

/** What is wrong with a file, and the command that mends it. */
export interface KeyFileFault {
  /** The file or folder itself, after all links. */
  readonly path: string
  readonly problem: string
  /** A shell command. */
  readonly remedy: string
}

/** `private`: only the owner reads. `public`: everybody reads, only the owner writes. */
export type KeyFileKind = 'private' | 'public'

/** More is read of no key file: 64 KiB. */
export const largestKeyFile = 64 * 1024

/** Systems without user ids (Windows) have no modes that we could judge. */
function ownUser(): number | undefined {
  return process.geteuid?.()
}

/**
 * Reads a key file, if its mode, its owner and its folder keep others out. What counts is the file that links lead to;
 * it is judged when it is open, so that it cannot be exchanged in between.
 * @throws CitizenSessionError `key-file` with the `chmod` or `chown` that mends it.
 */
export async function readKeyFile(
  path: string,
  kind: KeyFileKind,
  rules: KeyFileRules = {},
): Promise<string> {
  const file = await openFile(path)
  try {
    const [fault] = await faultsOf(path, file, kind, rules)
    if (fault !== undefined) throw toError(fault)
    const { size } = await file.handle.stat()
    if (size > largestKeyFile)
      throw new CitizenSessionError('key-file', `${file.path} is too large for a key file`)
    return await file.handle.readFile('utf8')
  } finally {
    await file.handle.close()
  }
}

/** Everything that is wrong with a key file; empty if nothing. @throws CitizenSessionError `key-file` if it is not there. */
export async function inspectKeyFile(
  path: string,
  kind: KeyFileKind,
  rules: KeyFileRules = {},
): Promise<readonly KeyFileFault[]> {
  const file = await openFile(path)
  try {
    return await faultsOf(path, file, kind, rules)
  } finally {
    await file.handle.close()
  }
}

interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
}

async function openFile(path: string): Promise<OpenFile> {
  try {
    const target = await realpath(path)
    // Not blocking: a pipe under this name would wait for ever.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    return { handle: await open(target, flags), path: target }
  } catch (cause) {
    const code = codeOf(cause)
    const why =
      code === 'ENOENT'
        ? 'is not there'
        : code === 'EACCES'
          ? 'may not be read by this user: give it to the user that runs the application, with chown'
          : `cannot be opened (${code})`
    throw new CitizenSessionError('key-file', `the key file ${path} ${why}`, { cause })
  }
}

/** Whether an error says that a file is not there. */
export function isMissing(error: unknown): boolean {
  if (codeOf(error) === 'ENOENT') return true
  return error instanceof CitizenSessionError && error.code === 'key-file' && codeOf(error.cause) === 'ENOENT'
}

/** The code that the file system gives an error. */
export function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : 'unknown'
}

async function faultsOf(
  path: string,
  file: OpenFile,
  kind: KeyFileKind,
  rules: KeyFileRules,
): Promise<readonly KeyFileFault[]> {
  const user = rules.owner ?? ownUser()
  const stats = await file.handle.stat()
  const { mode, uid } = stats
  if (!stats.isFile())
    return [{ path: file.path, problem: 'is no ordinary file', remedy: `ls -l ${quote(file.path)}` }]
  if (user === undefined) return []
  const faults: KeyFileFault[] = []
  const { groupRead = false } = rules
  const add = (problem: string, remedy: string): void => {
    faults.push({ path: file.path, problem, remedy: `${remedy} ${quote(file.path)}` })
  }
  const allowed = kind === 'public' ? 0o644 : groupRead ? 0o640 : 0o600
  const extra = mode & 0o177 & ~allowed & ~0o100
  if (extra !== 0) {
    const who = (extra & 0o007) !== 0 ? 'others' : 'its group'
    const what = (extra & 0o022) !== 0 ? 'be changed' : (extra & 0o044) !== 0 ? 'be read' : 'be run'
    add(`can ${what} by ${who} (mode ${inOctal(mode)})`, `chmod ${inOctal(allowed)}`)
  }
  if (uid !== user && !(uid === 0 && (groupRead || kind === 'public')))
    add(`belongs to the user ${uid}, not to ${user}`, `chown ${user}`)
  const folders = new Set([dirname(file.path)])
  if ((await lstat(path)).isSymbolicLink()) folders.add(await realpath(dirname(path)))
  for (const folder of folders) faults.push(...(await folderFaults(folder, user)))
  return faults
}

/**
 * What is wrong with a folder of keys: whoever may write it may exchange what is in it. With the sticky bit only what
 * belongs to them, so it counts as not writable. @throws Error of the file system
 */
export async function folderFaults(folder: string, user = ownUser()): Promise<readonly KeyFileFault[]> {
  if (user === undefined) return []
  const { mode, uid } = await stat(folder)
  const faults: KeyFileFault[] = []
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) {
    const who = (mode & 0o002) !== 0 ? 'others' : 'its group'
    const problem = `is a folder that can be written by ${who} (mode ${inOctal(mode)})`
    faults.push({ path: folder, problem, remedy: `chmod go-w ${quote(folder)}` })
  }
  if (uid !== user && uid !== 0) {
    const problem = `is a folder of the user ${uid}, not of ${user}`
    faults.push({ path: folder, problem, remedy: `chown ${user} ${quote(folder)}` })
  }
  return faults
}

/** The fault as an error. */
export function toError({ path, problem, remedy }: KeyFileFault): CitizenSessionError {
  return new CitizenSessionError('key-file', `${path} ${problem}; mend it with: ${remedy}`)
}

function inOctal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

/** A path as a shell takes it. */
export function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** How a new file is to be. */
export interface NewFile {
  readonly mode: number
  /** Default: whoever runs this process. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

/**
 * Writes a new file that has its owner and mode before anything is in it, whatever the umask says. It is on the disk
 * when this resolves, and gone when it fails. @throws Error `EEXIST` of the file system if something is there.
 */
export async function writeNewFile(path: string, text: string, { mode, owner }: NewFile): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    if (owner !== undefined) await handle.chown(owner.uid, owner.gid)
    await handle.chmod(mode)
    await handle.writeFile(text)
    await handle.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}
