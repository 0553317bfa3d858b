/** @module Keeps private keys out of git: a folder in a work tree is refused unless git ignores it. */
import { execFile } from 'node:child_process'
import { realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CitizenSessionError } from '../../errors.js'

/** @throws CitizenSessionError `key-file` if files in the folder could be committed. */
export async function assertOutsideWorkTree(folder: string): Promise<void> {
  const root = await workTreeOf(folder)
  if (root === undefined || (await isIgnored(root, join(folder, 'key.pem')))) return
  throw new CitizenSessionError(
    'key-file',
    `${folder} is in the git work tree ${root}, where a private key is committed sooner or later: take another folder, ` +
      'add this one to .gitignore, or say --force',
  )
}

/** The nearest folder above with a `.git`, a folder or a file, whether or not git is installed. */
async function workTreeOf(folder: string): Promise<string | undefined> {
  for (let path = await nearest(folder); ; path = dirname(path)) {
    if (await exists(join(path, '.git'))) return path
    if (dirname(path) === path) return undefined
  }
}

/** The nearest folder that is there, after all links. */
async function nearest(folder: string): Promise<string> {
  let path = folder
  while (!(await exists(path)) && dirname(path) !== path) path = dirname(path)
  return realpath(path)
}

async function isIgnored(root: string, path: string): Promise<boolean> {
  try {
    await promisify(execFile)('git', ['-C', root, 'check-ignore', '-q', '--', path])
    return true
  } catch {
    // Not ignored (1), not to be told (128), or no git here: then nobody says that it is ignored.
    return false
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
