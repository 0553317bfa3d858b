/**
 * @module Where a registered client is kept: a file with all that opens it and its registration, and one with its secret
 * alone, for the application. Both are of mode 0600 from their first moment.
 */
import { randomUUID } from 'node:crypto'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isMissing, readKeyFile, writeNewFile } from '../../issuing/key-file.js'
import { usageError } from '../command.js'
import { parseObject } from '../doctor/key-set.js'
import { codeOf } from '../environment.js'

/** Both files, by absolute paths. */
export interface ClientFiles {
  readonly file: string
  /** What `CITIZEN_OIDC_CLIENT_SECRET_FILE` names. */
  readonly secretFile: string
}

/** A client as it is kept. */
export interface KeptClient {
  readonly issuer: string
  /** The name of the provider among several: its addresses lie below it. */
  readonly provider?: string | undefined
  readonly client_id: string
  /** How it proves itself, as it is registered. */
  readonly token_endpoint_auth_method?: string | undefined
  readonly client_secret?: string | undefined
  /** Seconds since the epoch; 0: never. */
  readonly client_secret_expires_at?: number | undefined
  /** Where its registration is read and changed, and by what token; absent where the provider offers neither. */
  readonly registration_client_uri?: string | undefined
  readonly registration_access_token?: string | undefined
}

/** The files of a path that was given. */
export function clientFilesOf(path: string): ClientFiles {
  const file = resolve(path)
  return { file, secretFile: `${file.replace(/\.json$/, '')}.secret` }
}

/** Whether a secret is the same once it has been read from a file or a variable, which both lose blanks at its ends. */
export const fitsSecretFile = (secret: string): boolean =>
  /^[^\p{Cc}\p{Cs}]+$/u.test(secret) && secret.trim() === secret

/** Bytes that a client has at most, with what is escaped in it. */
const mostClientBytes = 65_536

/**
 * Makes sure that what a provider is about to give can be kept beside the file: a secret or a token that comes all the
 * same would be lost. @throws `usage`
 */
export async function assertRoom({ file }: ClientFiles): Promise<void> {
  const temporary = temporaryOf(file)
  try {
    await writeNewFile(temporary, ' '.repeat(mostClientBytes), { mode: 0o600 })
    await rm(temporary)
  } catch (cause) {
    throw usageError(`${file} cannot be written (${codeOf(cause)}): the provider was not asked`, cause)
  }
}

/**
 * Makes sure that a client can be kept before there is one. The empty file is to be written, or removed.
 * @throws `usage` where something is there, or nothing can be
 */
export async function reserveFiles({ file, secretFile }: ClientFiles): Promise<void> {
  try {
    await writeNewFile(file, '', { mode: 0o600 })
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') {
      const unfinished = await unfinishedIn({ file, secretFile })
      if (unfinished !== undefined) throw usageError(unfinished, cause)
      throw usageError(
        `${file} is there already: --update changes the client that is kept in it, --delete deletes it`,
        cause,
      )
    }
    throw usageError(`${file} cannot be written (${codeOf(cause)})`, cause)
  }
  try {
    await assertFree(secretFile)
    await assertRoom({ file, secretFile })
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}

/**
 * What an empty file means, with what to do: a run has reserved it, and goes on or was killed, perhaps after the provider has
 * registered a client. `undefined`: it is not empty, or no file.
 */
async function unfinishedIn({ file, secretFile }: ClientFiles): Promise<string | undefined> {
  const reserved = await lstat(file).catch(() => undefined)
  if (reserved === undefined || !reserved.isFile() || reserved.size > 0) return undefined
  const folder = dirname(file)
  const ours = [basename(secretFile), ...[file, secretFile].map((path) => `.${basename(path)}-`)]
  const names = await readdir(folder).catch(() => [])
  const left = names.filter(
    (name) => name === ours[0] || ours.slice(1).some((start) => name.startsWith(start)),
  )
  const all = [file, ...left.map((name) => join(folder, name))].join(' ')
  const began = reserved.mtime.toISOString()
  return `${file} is empty: a --register that began at ${began} still runs, or was ended before it was done. Whether a client was registered cannot be told: look at the provider, and delete it there. Then remove ${all}, and begin anew`
}

/** A link that leads nowhere is there, too. @throws `usage` */
async function assertFree(path: string): Promise<void> {
  const problem = await lstat(path).then(
    () => 'is there already',
    (error: unknown) => (isMissing(error) ? undefined : `cannot be looked at (${codeOf(error)})`),
  )
  if (problem !== undefined) throw usageError(`${path} ${problem}: name another --file`)
}

/**
 * Puts a client in the place of what is there, each file whole or not at all. The secret comes first: while the other file
 * is not replaced, nothing that it holds has changed.
 */
export async function writeClient({ file, secretFile }: ClientFiles, client: KeptClient): Promise<void> {
  const { client_secret: secret } = client
  if (secret === undefined || !fitsSecretFile(secret)) await rm(secretFile, { force: true })
  else await replaceFile(secretFile, secret)
  await replaceFile(file, `${JSON.stringify(client, undefined, 2)}\n`)
}

const temporaryOf = (path: string): string => join(dirname(path), `.${basename(path)}-${randomUUID()}`)

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = temporaryOf(path)
  await writeNewFile(temporary, text, { mode: 0o600 })
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Removes both. */
export async function removeFiles({ file, secretFile }: ClientFiles): Promise<void> {
  for (const path of [secretFile, file]) await rm(path, { force: true })
}

/** The client that is kept. @throws `usage`, or `key-file` for a file that others can read or replace */
export async function readClient({ file, secretFile }: ClientFiles): Promise<KeptClient> {
  const text = await readKeyFile(file, 'private').catch((cause: unknown) => {
    if (isMissing(cause)) throw usageError(`${file} is not there: --register makes it`, cause)
    throw cause
  })
  const kept = parseObject(text)
  if (isKept(kept)) return kept
  const problem = await unfinishedIn({ file, secretFile })
  throw usageError(problem ?? `${file} holds no client that --register has kept`)
}

const optionalTexts = [
  'provider',
  'token_endpoint_auth_method',
  'client_secret',
  'registration_client_uri',
  'registration_access_token',
]

function isKept(value: Readonly<Record<string, unknown>> | undefined): value is KeptClient & typeof value {
  if (value === undefined) return false
  const { client_secret_expires_at: end } = value
  return (
    ['issuer', 'client_id'].every((name) => typeof value[name] === 'string') &&
    optionalTexts.every((name) => value[name] === undefined || typeof value[name] === 'string') &&
    (end === undefined || typeof end === 'number')
  )
}
