/** @module `keys export-jwks`, `export-public` and `jwks`: what partners may have, and nothing else. */
import type { KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CitizenSessionError } from '../../errors.js'
import { defaultModulusLength, publicKeyOf } from '../../issuing/algorithms.js'
import { codeOf, largestKeyFile, writeNewFile } from '../../issuing/key-file.js'
import { type PublicJwk, toPublicJwk, toPublicKey } from '../../issuing/public-jwk.js'
import { publishedKeys, standingsOf } from '../../issuing/ring-state.js'
import { type Console, untilStopped, usageError } from '../command.js'
import type { JwksArguments, KeysArguments, OutputArguments } from './arguments.js'
import { asOwner } from './as-owner.js'
import { openExistingRing } from './open.js'

/** `keys export-jwks` */
export async function exportJwks(given: KeysArguments, console: Console): Promise<number> {
  const { state } = await openExistingRing(given)
  return put(renderKeySet(publishedKeys(state, Date.now())), given, console)
}

/** `keys jwks`: a set from bare public keys, where there is no ring. */
export async function publicJwks(
  { publicKeys, ...output }: JwksArguments,
  console: Console,
): Promise<number> {
  const keys: PublicJwk[] = []
  const known: KeyObject[] = []
  for (const { source, kid } of publicKeys) {
    const pem = await untilStopped(readPem(source, console), console)
    if (pem === undefined) return 1
    const key = inSource(source, () => publicKeyOf(pem))
    if (known.some((other) => other.equals(key)))
      throw usageError(`${nameOf(source)} holds a key that the set has already, under another name`)
    known.push(key)
    keys.push(toPublicJwk(key, kid))
    const { modulusLength } = key.asymmetricKeyDetails ?? {}
    if (modulusLength !== undefined && modulusLength < defaultModulusLength)
      console.err(
        `${kid} has ${modulusLength} bits; for the next key ${defaultModulusLength} are recommended.`,
      )
  }
  return put(renderKeySet(keys), output, console)
}

function renderKeySet(keys: readonly PublicJwk[]): string {
  return JSON.stringify({ keys }, undefined, 2)
}

const nameOf = (source: string): string => (source === '-' ? 'standard input' : source)

/** @throws CitizenSessionError with the file in front */
function inSource<Value>(source: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof CitizenSessionError)) throw error
    throw new CitizenSessionError(error.code, `${nameOf(source)}: ${error.message}`, { cause: error })
  }
}

/** A file, a pipe under its name, or standard input, as text. @throws CitizenSessionError `key-file`, `usage` */
async function readPem(source: string, { input }: Console): Promise<string> {
  if (source === '-' && input === undefined) throw usageError('there is no standard input to read')
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    const stream: AsyncIterable<Uint8Array> = source === '-' && input ? input : createReadStream(source)
    for await (const chunk of stream) {
      size += chunk.byteLength
      if (size > largestKeyFile) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new CitizenSessionError('key-file', `${nameOf(source)} cannot be read (${codeOf(cause)})`, {
      cause,
    })
  }
  if (size > largestKeyFile)
    throw new CitizenSessionError(
      'key-file',
      `${nameOf(source)} is longer than 64 KiB: give the file of one public key`,
    )
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** `keys export-public` */
export async function exportPublic(given: KeysArguments, console: Console): Promise<number> {
  const { state } = await openExistingRing(given)
  const standings = standingsOf(state, Date.now())
  const wanted = standings.find(({ key, standing }) =>
    given.kid === undefined ? standing === 'active' : key.jwk.kid === given.kid,
  )
  if (wanted === undefined)
    throw given.kid === undefined
      ? new CitizenSessionError('key-ring', 'no key of the ring signs now: name one with --kid')
      : usageError(`there is no key "${given.kid}" in this ring`)
  const pem = toPublicKey(wanted.key.jwk).export({ format: 'pem', type: 'spki' }).toString()
  return put(pem.trimEnd(), given, console)
}

async function put(text: string, given: OutputArguments, console: Console): Promise<number> {
  if (given.out === undefined) {
    console.out(text)
    return 0
  }
  const path = resolve(given.out)
  if (given.isDryRun) {
    console.out(`Would write ${path}; nothing was done.`)
    return 0
  }
  try {
    // What another user can exchange on the way would lead root astray, as in `keys generate`.
    await asOwner(dirname(path), given.owner, () =>
      writeNewFile(path, `${text}\n`, { mode: 0o644, owner: given.owner }),
    )
  } catch (cause) {
    if (cause instanceof CitizenSessionError) throw cause
    if (codeOf(cause) !== 'EEXIST')
      throw new CitizenSessionError('key-file', `${path} cannot be written (${codeOf(cause)})`, { cause })
    throw new CitizenSessionError('key-file', `${path} is there already: remove it, or name another file`, {
      cause,
    })
  }
  console.out(path)
  return 0
}
