/** @module The arguments of every command that asks somebody over the network: whom to trust, how long to wait. */
import { readFile } from 'node:fs/promises'
import { usageError } from './command.js'
import { codeOf } from './environment.js'

/** How long one answer is waited for. @throws `usage` */
export function readTimeout(text: string): number {
  if (!/^[0-9]{1,3}$/.test(text) || Number(text) === 0) throw usageError('--timeout must be 1 to 999 seconds')
  return Number(text)
}

/** The certificates of a file, which are trusted besides those of Node. @throws `usage` */
export async function readCertificates(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw usageError(`--ca: ${path} cannot be read (${codeOf(cause)})`, cause)
  })
}
