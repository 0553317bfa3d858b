/** @module `keys export-jwks` and `keys export-public`: what partners may have, and nothing else. */
import { dirname, resolve } from 'node:path'
import { CitizenSessionError } from '../../errors.js'
import { codeOf, writeNewFile } from '../../issuing/key-file.js'
import { toPublicKey } from '../../issuing/public-jwk.js'
import { publishedKeys, standingsOf } from '../../issuing/ring-state.js'
import { type Console, usageError } from '../command.js'
import type { KeysArguments } from './arguments.js'
import { asOwner } from './as-owner.js'
import { openExistingRing } from './open.js'

/** `keys export-jwks` */
export async function exportJwks(given: KeysArguments, console: Console): Promise<number> {
  const { state } = await openExistingRing(given)
  return put(JSON.stringify({ keys: publishedKeys(state, Date.now()) }, undefined, 2), given, console)
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

async function put(text: string, given: KeysArguments, console: Console): Promise<number> {
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
