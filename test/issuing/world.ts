/** @module What the tests of the issuing side share: keys that are made once, people, folders, partners. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ActiveCitizen } from '../../src/citizen.js'
import type { KeyRing } from '../../src/issuing/ring.js'
import type { RotateOptions } from '../../src/issuing/ring-options.js'
import { forAllFiles } from '../support/rsa-keys.js'

/** Keys cost a second each: these are made when they are first needed. */
const made: KeyObject[] = []

/** The n-th RSA key of 2048 bits. */
export function rsaKey(index: number): KeyObject {
  while (made.length <= index)
    made.push(forAllFiles(() => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey))
  const key = made[index]
  if (key === undefined) throw new Error('no key')
  return key
}

/** An Ed25519 key, where any key will do. */
export function quickKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

/** Rotates with a key that is made in no time. */
export function rotateQuickly(ring: KeyRing, options: RotateOptions = {}) {
  return ring.rotate({ privateKey: quickKey(), ...options })
}

/** A folder that is removed after the test, with mode 0700. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'citizen-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs openssl. */
export function openssl(args: readonly string[], input?: Uint8Array | string): Buffer {
  return execFileSync('openssl', [...args], { input, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Somebody who is signed in. */
export function citizen(sub = 'ana', more: Readonly<Record<string, unknown>> = {}): ActiveCitizen {
  return {
    state: 'active',
    provider: 'shared-cookie',
    reason: undefined,
    claims: { iss: 'https://id.example', sub, iat: 0, exp: 2_000_000_000, ...more },
    session: { publicId: 'p', startedAt: 0, lastSeenAt: 0, idleEndsAt: 0, endsAt: 0 },
    assurance: { level: 1, method: 'password' },
    degraded: false,
    ended: new AbortController().signal,
    refresh: async () => true,
    accessToken: async () => undefined,
    logout: async () => ({ outcome: 'global', legs: [] }),
  }
}

/** A clock that stands still until it is moved. */
export function createTestClock(start = Date.UTC(2025, 9, 8, 9, 0, 0)) {
  let now = start
  return {
    clock: () => now,
    travel(seconds: number) {
      now += seconds * 1000
    },
    set(time: number) {
      now = time
    },
  }
}
