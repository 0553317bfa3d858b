/** @module `keys list` and `keys check`: look, and change nothing. */
import { createPublicKey } from 'node:crypto'
import { CitizenSessionError } from '../../errors.js'
import { publicKeyOf } from '../../issuing/algorithms.js'
import { readKeyFile } from '../../issuing/key-file.js'
import type { KeyFolder } from '../../issuing/key-folder.js'
import { toPublicKey } from '../../issuing/public-jwk.js'
import { type StandingKey, standingsOf } from '../../issuing/ring-state.js'
import type { Console } from '../command.js'
import { createPaint } from '../print.js'
import type { KeysArguments } from './arguments.js'
import { at } from './make.js'
import { openExistingRing, openFolder } from './open.js'

/** `keys list` */
export async function listKeys(given: KeysArguments, console: Console): Promise<number> {
  const { state } = await openExistingRing(given)
  const standings = standingsOf(state, Date.now())
  if (given.isJson) {
    const keys = standings.map(({ key, standing, retiresAt, goneAt }) => {
      const { jwk, createdAt, activatesAt } = key
      return { kid: jwk.kid, alg: jwk.alg, standing, createdAt, activatesAt, retiresAt, goneAt }
    })
    console.out(JSON.stringify({ name: state.name, policy: state.policy, keys }, undefined, 2))
    return 0
  }
  const paint = createPaint(console)
  const width = Math.max(...standings.map(({ key }) => key.jwk.kid.length))
  for (const each of standings) {
    const { kid, alg } = each.key.jwk
    const standing = each.standing.padEnd(7)
    const shown = each.standing === 'active' ? paint('green', standing) : paint('dim', standing)
    console.out(`${kid.padEnd(width)}  ${shown}  ${alg}  ${inWords(each)}`)
  }
  const { cacheSeconds, publishSeconds, tokenSeconds } = state.policy
  console.out(
    `key set kept ${cacheSeconds} s, keys published ${publishSeconds} s before use, tokens live ${tokenSeconds} s at most`,
  )
  return 0
}

function inWords({ key, standing, retiresAt, goneAt }: StandingKey): string {
  switch (standing) {
    case 'next':
      return `signs from ${at(key.activatesAt)}`
    case 'active':
      return `signs since ${at(key.activatesAt)}${retiresAt === undefined ? '' : ` until ${at(retiresAt)}`}`
    case 'retired':
      return `published until ${goneAt === undefined ? '?' : at(goneAt)}`
    case 'gone':
      return 'published no more; the next rotation removes it'
  }
}

interface Finding {
  readonly path: string
  readonly problem: string
  readonly remedy: string
}

/** `keys check` */
export async function checkKeys(given: KeysArguments, console: Console): Promise<number> {
  const findings = await findKeyFaults(given)
  if (given.isJson) console.out(JSON.stringify({ ok: findings.length === 0, findings }, undefined, 2))
  else {
    const paint = createPaint(console)
    for (const { path, problem, remedy } of findings) {
      console.out(`${paint('red', 'wrong')}  ${path} ${problem}`)
      console.out(`       ${remedy}`)
    }
    if (findings.length === 0) console.out(`${paint('green', 'right')}  ${given.folder}`)
  }
  return findings.length === 0 ? 0 : 1
}

/** Everything that is wrong with the ring in a folder; empty if nothing is. */
export async function findKeyFaults(given: KeysArguments): Promise<readonly Finding[]> {
  let opened: Awaited<ReturnType<typeof openExistingRing>>
  try {
    opened = await openExistingRing(given)
  } catch (error) {
    if (!(error instanceof CitizenSessionError) || error.code !== 'key-file') throw error
    const faults = await (await openFolder(given)).inspect()
    return faults.length > 0 ? faults : [{ path: given.folder, problem: error.message, remedy: '' }]
  }
  const { storage, state } = opened
  const findings: Finding[] = [...(await storage.inspect())]
  if (findings.length > 0) return findings
  const standings = standingsOf(state, Date.now())
  for (const { key, standing } of standings) {
    if (standing !== 'active' && standing !== 'next') continue
    const problem = await mismatch(storage, key.jwk.kid, toPublicKey(key.jwk))
    if (problem !== undefined) {
      findings.push({
        path: storage.fileOf(key.jwk.kid, 'private'),
        problem,
        remedy: `citizen-session keys rotate --folder ${given.folder} --compromised ${key.jwk.kid}`,
      })
    }
  }
  if (!standings.some(({ standing }) => standing === 'active'))
    findings.push({
      path: given.folder,
      problem: 'has no key that signs now',
      remedy: 'citizen-session keys rotate',
    })
  return findings
}

async function mismatch(
  storage: KeyFolder,
  kid: string,
  published: ReturnType<typeof toPublicKey>,
): Promise<string | undefined> {
  try {
    if (!createPublicKey(await storage.privateKey(kid)).equals(published))
      return 'is not the private key of the published one'
    const pem = await readKeyFile(storage.fileOf(kid, 'public'), 'public', { owner: storage.owner })
    return publicKeyOf(pem).equals(published) ? undefined : 'does not fit the public key beside it'
  } catch (error) {
    if (error instanceof CitizenSessionError) return error.message
    throw error
  }
}
