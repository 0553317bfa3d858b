/** @module `keys generate` and `keys rotate`: the two that write private keys. */
import type { KeyObject } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { CitizenSessionError } from '../../errors.js'
import { privateKeyOf } from '../../issuing/algorithms.js'
import { readKeyFile } from '../../issuing/key-file.js'
import type { KeyFolder } from '../../issuing/key-folder.js'
import type { Rotation } from '../../issuing/key-succession.js'
import type { RotateOptions } from '../../issuing/ring-options.js'
import {
  assertPolicy,
  defaultPolicy,
  isRingName,
  type RingPolicy,
  standingsOf,
} from '../../issuing/ring-state.js'
import { type Console, usageError } from '../command.js'
import { createPaint } from '../print.js'
import type { KeysArguments } from './arguments.js'
import { asOwner } from './as-owner.js'
import { openExistingRing, openRing } from './open.js'
import { assertOutsideWorkTree } from './work-tree.js'

/** `keys generate` */
export async function generateKeys(given: KeysArguments, console: Console): Promise<number> {
  if (given.name !== undefined && !isRingName(given.name))
    throw usageError('--name is letters, digits, - and _, 64 at most')
  checkPolicy({ ...defaultPolicy, ...given.policy })
  if (!given.isForced) await assertOutsideWorkTree(given.folder)
  const { ring, storage, state, owner } = await openRing(given)
  if (state !== undefined) {
    throw new CitizenSessionError(
      'key-ring',
      `there is a key ring in ${given.folder} already: \`citizen-session keys rotate\` makes its next key`,
    )
  }
  const options = await rotateOptions(given, storage)
  if (given.isDryRun) {
    console.out(`Would make a key ring in ${given.folder} with its first key; nothing was done.`)
    return 0
  }
  say(console, storage, await asOwner(given.folder, owner, () => ring.rotate(options)), Date.now())
  return 0
}

/** `keys rotate` */
export async function rotateKeys(given: KeysArguments, console: Console): Promise<number> {
  if (!given.isForced) await assertOutsideWorkTree(given.folder)
  const { ring, storage, state, owner } = await openExistingRing(given)
  checkPolicy({ ...state.policy, ...given.policy })
  const now = Date.now()
  const { compromised } = given
  if (compromised !== undefined) {
    if (!state.keys.some(({ jwk }) => jwk.kid === compromised)) {
      const isLeft = () => asOwner(given.folder, owner, () => storage.removeLeft(compromised))
      if (!given.isDryRun && (await isLeft())) {
        console.out(
          `${compromised} was out of the key set already; the private key that was left is removed.`,
        )
        return 0
      }
      throw usageError(`there is no key "${compromised}" in this ring`)
    }
    if (given.isDryRun) {
      console.out(`Would take ${compromised} out of the key set at once; nothing was done.`)
      return 0
    }
    const rotation = await asOwner(given.folder, owner, () => ring.revoke(compromised))
    console.out(`${compromised} is taken out of the key set, its private key is removed.`)
    if (rotation !== undefined) say(console, storage, rotation, now)
    console.out('Partners learn of it with their next look at the key set: ask them to look now.')
    return 0
  }
  const options = await rotateOptions(given, storage)
  const next = standingsOf(state, now).find(({ standing }) => standing === 'next')
  if (given.isDryRun) {
    const seconds = Math.max(state.policy.publishSeconds, given.policy.publishSeconds ?? 0)
    console.out(
      next === undefined
        ? `Would publish a next key, which signs from ${at(now + seconds * 1000)}; nothing was done.`
        : `${next.key.jwk.kid} waits already: nothing to do.`,
    )
    return 0
  }
  const rotation = await asOwner(given.folder, owner, async () => {
    const made = await ring.rotate(options)
    await ring.maintain()
    return made
  })
  say(console, storage, rotation, now)
  return 0
}

function checkPolicy(policy: RingPolicy): void {
  try {
    assertPolicy(policy)
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : 'these times cannot be', cause)
  }
}

async function rotateOptions(given: KeysArguments, storage: KeyFolder): Promise<RotateOptions> {
  const { algorithm, modulusLength, kid, policy } = given
  const privateKey =
    given.importFrom === undefined ? undefined : await importKey(given.importFrom, storage, given)
  return { algorithm, modulusLength, kid, privateKey, ...policy }
}

/** A key that others could read is no secret any more: it is refused here as it is when it is used. */
async function importKey(path: string, storage: KeyFolder, { groupRead }: KeysArguments): Promise<KeyObject> {
  // It may belong to whoever imports it, or to whom it is given.
  const owner = (await stat(path).catch(() => undefined))?.uid === storage.owner ? storage.owner : undefined
  return privateKeyOf(await readKeyFile(path, 'private', { groupRead, owner }))
}

function say(console: Console, storage: KeyFolder, rotation: Rotation, now: number): void {
  const paint = createPaint(console)
  const { kid, activatesAt, isNew } = rotation
  const when = activatesAt <= Math.max(now, Date.now()) ? 'signs now' : `signs from ${at(activatesAt)}`
  console.out(`${paint('bold', kid)} ${isNew ? '' : 'waits already, '}${when}`)
  if (!isNew) return
  console.out(`  private  ${storage.fileOf(kid, 'private')}`)
  console.out(`  public   ${storage.fileOf(kid, 'public')}`)
}

/** A moment as people and programs read it. */
export function at(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}Z`
}
