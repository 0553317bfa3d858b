/** @module What can be said of a key ring when it is opened or rotated, and what is refused. */
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import { assertModulusLength, type SigningAlgorithm, signingAlgorithms } from './algorithms.js'
import { isRingName, type RingPolicy } from './ring-state.js'
import type { KeyStorage } from './storage.js'

/** Options of `createKeyRing`. */
export interface KeyRingOptions extends Partial<RingPolicy> {
  /** Where the ring is kept: `keyFolder`, `pemKeys`, `memoryKeys`, or `redisKeys` of `citizen-session/redis`. */
  readonly storage: KeyStorage
  /** Begins each `kid`, as in `vivoldi-sso`. Needed only where this call may make the ring. Default `sso`. */
  readonly name?: string | undefined
  /** Algorithm of new keys. Default `RS256`, the one that every partner knows. */
  readonly algorithm?: SigningAlgorithm | undefined
  /** Bits of new RSA keys. Default 3072, the least is 2048. */
  readonly modulusLength?: number | undefined
  /**
   * Makes a new key when the active one has signed for so long, and the first one in an empty place. Not set: keys
   * change only by `rotate()` or the command line.
   */
  readonly rotateEverySeconds?: number | undefined
  /** How often the place is read again, in seconds. Default 30. */
  readonly refreshSeconds?: number | undefined
  /** Hears of a reading or a rotation by schedule that failed; it is tried again. Default: a process warning. */
  readonly onProblem?: ((error: unknown) => void) | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** Options of `KeyRing.rotate`. */
export interface RotateOptions extends Partial<RingPolicy> {
  /** Default: that of the ring's options. */
  readonly algorithm?: SigningAlgorithm | undefined
  /** Default: that of the ring's options. */
  readonly modulusLength?: number | undefined
  /** Takes this private key instead of a new one. */
  readonly privateKey?: KeyObject | undefined
  /** The `kid` of that private key, where the partner knows it under one. Default: dated, as all others. */
  readonly kid?: string | undefined
}

/** The times among options, without those that are not given. */
export function pickPolicy(given: Partial<RingPolicy>): Partial<RingPolicy> {
  const { cacheSeconds, publishSeconds, tokenSeconds, clockSkewSeconds } = given
  const all = { cacheSeconds, publishSeconds, tokenSeconds, clockSkewSeconds }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** @throws TypeError for options that cannot be. */
export function assertOptions(options: KeyRingOptions): void {
  const {
    name = 'sso',
    algorithm = 'RS256',
    modulusLength,
    rotateEverySeconds,
    refreshSeconds = 30,
  } = options
  if (!isRingName(name)) throw new TypeError('the name of a key ring is letters, digits, - and _, 64 at most')
  if (!signingAlgorithms.includes(algorithm))
    throw new TypeError(`algorithm of a key ring is one of ${signingAlgorithms.join(', ')}`)
  if (modulusLength !== undefined) assertModulusLength(modulusLength)
  if (!(refreshSeconds > 0)) throw new TypeError('refreshSeconds of a key ring is above 0')
  if (rotateEverySeconds !== undefined && !(rotateEverySeconds >= 3_600))
    throw new TypeError('rotateEverySeconds of a key ring is at least 3600')
}

/**
 * The ring's own times win silently over nobody's: who says others must hear that they are not in force.
 * @throws CitizenSessionError `key-ring`
 */
export function assertSame(policy: RingPolicy, given: Partial<RingPolicy>): void {
  const wrong = Object.entries(given).find(([name, value]) => Reflect.get(policy, name) !== value)
  if (wrong === undefined) return
  const [name, value] = wrong
  throw new CitizenSessionError(
    'key-ring',
    `the key ring was made with ${name} ${Reflect.get(policy, name)}, and here is ${value}: leave the option out, ` +
      'or change the ring with `citizen-session keys rotate`',
  )
}
