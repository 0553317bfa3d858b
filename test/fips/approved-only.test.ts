/** @module The process that offers approved algorithms only: what it refuses, and that the quick tests run in it where they say so. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const preload = fileURLToPath(new URL('./approved-only.mjs', import.meta.url))

/** Calls that are made in such a process, as text: names are imported as the product imports them. */
const calls = {
  'SHA-256': `createHash('sha256').update('a').digest()`,
  'hash in one call': `hash('sha256', 'a')`,
  'SHA-1 as a digest': `createHash('sha1').update('a').digest()`,
  'HMAC with SHA-1': `createHmac('sha1', 'k'.repeat(20)).update('a').digest()`,
  'AES-256-GCM': `createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12)).final()`,
  PBKDF2: `pbkdf2Sync('a', Buffer.alloc(16), 1000, 32, 'sha256')`,
  HKDF: `hkdfSync('sha256', 'k'.repeat(32), '', 'info', 32)`,
  'RSA of 2048 bits': `sign('sha256', Buffer.from('a'), rsa)`,
  'a pair of keys, promised': `(await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })).privateKey.export({ format: 'jwk' })`,
  'RSA-OAEP': `publicEncrypt({ key: rsa, oaepHash: 'sha1' }, Buffer.from('a'))`,
  Ed25519: `sign(null, Buffer.from('a'), generateKeyPairSync('ed25519').privateKey)`,
  'WebCrypto: SHA-256': `await subtle.digest('SHA-256', Buffer.from('a'))`,
  'WebCrypto: ECDSA': `await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])`,
} as const

const refused = {
  MD5: `createHash('md5')`,
  'MD5 in one call': `hash('md5', 'a')`,
  'HMAC with MD5': `createHmac('md5', 'k'.repeat(20))`,
  'HMAC with a short key': `createHmac('sha256', 'k'.repeat(13))`,
  scrypt: `scryptSync('a', Buffer.alloc(16), 32)`,
  'scrypt with a callback': `scrypt('a', Buffer.alloc(16), 32, () => {})`,
  'PBKDF2 with few iterations': `pbkdf2Sync('a', Buffer.alloc(16), 999, 32, 'sha256')`,
  'PBKDF2 with a short salt': `pbkdf2Sync('a', Buffer.alloc(15), 1000, 32, 'sha256')`,
  'HKDF of a short key': `hkdfSync('sha256', 'k', '', 'info', 32)`,
  ChaCha20: `createCipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 })`,
  '3DES': `createDecipheriv('des-ede3-cbc', Buffer.alloc(24), Buffer.alloc(8))`,
  'SHA-1 under a signature': `createSign('RSA-SHA1')`,
  'SHA-1 under a signature, in one call': `sign('sha1', Buffer.from('a'), rsa)`,
  'a signature with SHA-1, verified': `verify('sha1', Buffer.from('a'), rsa, Buffer.alloc(256))`,
  'RSA of 1024 bits': `generateKeyPairSync('rsa', { modulusLength: 1024 })`,
  secp256k1: `generateKeyPairSync('ec', { namedCurve: 'secp256k1' })`,
  X25519: `generateKeyPairSync('x25519')`,
  'PKCS #1 v1.5': `publicEncrypt({ key: rsa, padding: constants.RSA_PKCS1_PADDING }, Buffer.from('a'))`,
  'WebCrypto: X25519': `await subtle.generateKey('X25519', true, ['deriveBits'])`,
  'WebCrypto: SHA-1 under a signature': `await subtle.sign('RSASSA-PKCS1-v1_5', await subtle.importKey('jwk', rsa.export({ format: 'jwk' }), { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }, true, ['sign']), Buffer.from('a'))`,
  'WebCrypto: PBKDF2 with few iterations': `await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: Buffer.alloc(16), iterations: 10 }, await subtle.importKey('raw', Buffer.from('a'), 'PBKDF2', false, ['deriveBits']), 256)`,
} as const

/** Outcomes by name: `done`, or the code of the error. */
let outcomes: Readonly<Record<string, string>> = {}
beforeAll(async () => {
  const script = `
    import { constants, createCipheriv, createDecipheriv, createHash, createHmac, createSign, generateKeyPair,
      generateKeyPairSync, hkdfSync, pbkdf2Sync, publicEncrypt, scrypt, scryptSync, sign, verify, webcrypto } from 'node:crypto'
    import * as all from 'node:crypto'
    import { promisify } from 'node:util'
    const { subtle } = webcrypto
    const hash = all.hash ?? ((name, text) => createHash(name).update(text).digest())
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const outcomes = {}
    const attempt = async (name, work) => {
      try { await work(); outcomes[name] = 'done' } catch (error) { outcomes[name] = error.code ?? String(error) }
    }
    ${Object.entries({ ...calls, ...refused })
      .map(([name, call]) => `await attempt(${JSON.stringify(name)}, async () => { ${call} })`)
      .join('\n')}
    console.log(JSON.stringify(outcomes))`
  const args = ['--import', pathToFileURL(preload).href, '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  outcomes = JSON.parse(stdout) as typeof outcomes
})

describe('a process that offers approved algorithms only', () => {
  it.each(Object.keys(calls))('does %s', (name) => expect(outcomes[name]).toBe('done'))
  it.each(Object.keys(refused))('refuses %s', (name) => expect(outcomes[name]).toBe('ERR_NOT_APPROVED'))

  it('is the one that these tests run in where CITIZEN_TEST_APPROVED_ONLY says so, and else is not', () => {
    const isSaid = process.env.CITIZEN_TEST_APPROVED_ONLY === 'true'
    let isRefused = false
    try {
      createHash('md5')
    } catch (error) {
      isRefused = Reflect.get(error as object, 'code') === 'ERR_NOT_APPROVED'
    }
    expect(isRefused).toBe(isSaid)
  })
})
