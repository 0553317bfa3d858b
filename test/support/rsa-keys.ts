/**
 * @module RSA keys that `node:crypto` makes in tests: each is made once on a machine, and every test file takes them
 * from the first on, so that no file meets one twice. Making one takes a fifth of a second of a processor, and nearly
 * every test wants an emulated provider with one: that was half of the quick tests.
 * Tests make theirs by `generateKeyPairSync`, which gives others than `generateKeyPair` gives to the code under test.
 * What outlives a test file must not hold a key of it: it is made `perFile`, or `forAllFiles`.
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
type MakeSync = (kind: string, options?: object) => Pair
type Done = (error: Error | null, publicKey?: KeyObject, privateKey?: KeyObject) => void

let isShared = false
let isForAllFiles = false
const inMemory = new Map<string, Pair | Promise<Pair>>()
/** How many of each size the test file has taken. */
const takenInFile = perFile(() => new Map<string, number>())
const takenForAllFiles = new Map<string, number>()

/** Replaces how `node:crypto` makes key objects of RSA by what takes them from the folder. */
export function shareRsaKeys(folder: string): void {
  if (isShared) return
  isShared = true
  const fileOf = (options: RsaOptions, way: string) => join(folder, `${nextName(options, way)}.der`)
  shareAsynchronous((options) => fileOf(options, 'promised'))
  const make = crypto.generateKeyPairSync as MakeSync
  const takeSync: MakeSync = (kind, options) => {
    if (!isPlainRsa(kind, options)) return make(kind, options)
    const file = fileOf(options, 'at-once')
    const pair = (inMemory.get(file) as Pair | undefined) ?? read(file) ?? keep(file, make(kind, options))
    inMemory.set(file, pair)
    return pair
  }
  crypto.generateKeyPairSync = takeSync as typeof crypto.generateKeyPairSync
  syncBuiltinESMExports()
}

/** Runs what makes keys that outlive the test file: no test file takes them by itself. */
export function forAllFiles<Value>(make: () => Value): Value {
  isForAllFiles = true
  try {
    return make()
  } finally {
    isForAllFiles = false
  }
}

function shareAsynchronous(fileOf: (options: RsaOptions) => string): void {
  const make = promisify(crypto.generateKeyPair) as unknown as Make
  const take: Make = (kind, options) => {
    if (!isPlainRsa(kind, options)) return make(kind, options)
    const file = fileOf(options)
    const pair = inMemory.get(file) ?? read(file) ?? make(kind, options).then((made) => keep(file, made))
    inMemory.set(file, pair)
    return Promise.resolve(pair)
  }
  const withCallback = (kind: string, options: object, done: Done) => {
    take(kind, options).then(
      ({ publicKey, privateKey }) => done(null, publicKey, privateKey),
      (error: Error) => done(error),
    )
  }
  Object.defineProperty(withCallback, promisify.custom, { value: take })
  crypto.generateKeyPair = withCallback as typeof crypto.generateKeyPair
}

function isPlainRsa(kind: string, options: object = {}): options is RsaOptions {
  return (
    kind === 'rsa' &&
    Object.keys(options).every((name) => name === 'modulusLength' || name === 'publicExponent')
  )
}

/** The next key that the test file has not taken yet. */
function nextName({ modulusLength, publicExponent = 65_537 }: RsaOptions, way: string): string {
  const series = `${isForAllFiles ? 'for-all-files-' : ''}${way}-${modulusLength}-${publicExponent}`
  const taken = isForAllFiles ? takenForAllFiles : takenInFile()
  const index = taken.get(series) ?? 0
  taken.set(series, index + 1)
  return `${series}-${index}`
}

/** The key of a file, unless there is none that can be read. */
function read(file: string): Pair | undefined {
  if (!existsSync(file)) return undefined
  try {
    const privateKey = createPrivateKey({ key: readFileSync(file), format: 'der', type: 'pkcs8' })
    return { privateKey, publicKey: createPublicKey(privateKey) }
  } catch {
    return undefined
  }
}

function keep(file: string, pair: Pair): Pair {
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
