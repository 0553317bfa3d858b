/**
 * @module RSA keys that `node:crypto` makes for the code under test: each is made once in a run, and every test file
 * takes them from the first on, so that no file meets one twice. Making one takes a fifth of a second of a processor,
 * and nearly every test wants an emulated provider with one: that was about 40 % of the quick tests.
 * What outlives a test file must not hold one of them (`perFile`). Keys of `generateKeyPairSync` are others.
 */
import crypto, { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { perFile } from './per-file.js'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

interface RsaOptions {
  readonly modulusLength: number
  readonly publicExponent?: number
}

type Make = (kind: string, options?: object) => Promise<Pair>
type Done = (error: Error | null, publicKey?: KeyObject, privateKey?: KeyObject) => void

let isShared = false
const inMemory = new Map<string, Promise<Pair>>()
/** How many of each size the test file has taken. */
const takenInFile = perFile(() => new Map<string, number>())

/** Replaces `generateKeyPair` of `node:crypto`, where it makes key objects of RSA, by one that takes from the folder. */
export function shareRsaKeys(folder: string): void {
  if (isShared) return
  isShared = true
  const make = promisify(crypto.generateKeyPair) as unknown as Make
  const take: Make = (kind, options) => {
    if (!isPlainRsa(kind, options)) return make(kind, options)
    const size = `${options.modulusLength}-${options.publicExponent ?? 65_537}`
    const taken = takenInFile()
    const index = taken.get(size) ?? 0
    taken.set(size, index + 1)
    const file = join(folder, `${size}-${index}.der`)
    const known = inMemory.get(file) ?? readOrMake(file, () => make(kind, options))
    inMemory.set(file, known)
    return known
  }
  const withCallback = (kind: string, options: object, done: Done) => {
    take(kind, options).then(
      ({ publicKey, privateKey }) => done(null, publicKey, privateKey),
      (error: Error) => done(error),
    )
  }
  Object.defineProperty(withCallback, promisify.custom, { value: take })
  crypto.generateKeyPair = withCallback as typeof crypto.generateKeyPair
  syncBuiltinESMExports()
}

function isPlainRsa(kind: string, options: object = {}): options is RsaOptions {
  return (
    kind === 'rsa' &&
    Object.keys(options).every((name) => name === 'modulusLength' || name === 'publicExponent')
  )
}

async function readOrMake(file: string, make: () => Promise<Pair>): Promise<Pair> {
  if (existsSync(file)) {
    const privateKey = createPrivateKey({ key: readFileSync(file), format: 'der', type: 'pkcs8' })
    return { privateKey, publicKey: createPublicKey(privateKey) }
  }
  const pair = await make()
  try {
    // Another worker may be doing the same: it reads all of a file or none of it.
    const unfinished = `${file}.${process.pid}`
    writeFileSync(unfinished, pair.privateKey.export({ format: 'der', type: 'pkcs8' }), { mode: 0o600 })
    renameSync(unfinished, file)
  } catch {
    // Code under test may act with the rights of a user who cannot write here: the key is not shared.
  }
  return pair
}
