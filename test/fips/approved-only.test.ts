/** @module The process that offers approved algorithms only: what it refuses, and that the quick tests run in it where they say so. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { openssl } from '../issuing/world.js'

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
  'classes of old': `new Hash('sha256').update('a').digest() && new Verify('sha256').update('a').verify(rsa, Buffer.alloc(256))`,
  'a hash that is one of its class': `if (!(createHash('sha256') instanceof Hash)) throw new Error('it is none')`,
  'a key for HMAC': `generateKeySync('hmac', { length: 256 })`,
  'a key that is kept encrypted': `rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })`,
  'WebCrypto: HMAC': `await subtle.sign('HMAC', await subtle.importKey('raw', Buffer.alloc(14), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']), Buffer.from('a'))`,
  'WebCrypto: HKDF': `await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new Uint8Array() }, await subtle.importKey('raw', Buffer.alloc(32), 'HKDF', false, ['deriveBits']), 256)`,
  'WebCrypto: RSA-OAEP': `await subtle.encrypt('RSA-OAEP', await webKey(rsa, 'RSA-OAEP', 'SHA-256', ['encrypt']), Buffer.from('a'))`,
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
  'MD5 by the class of old': `new Hash('md5')`,
  'MD5 by the function of the class': `Hash('md5')`,
  'HMAC with MD5 by its class': `new Hmac('md5', 'k'.repeat(20))`,
  'SHA-1 under a signature by its class': `new Sign('RSA-SHA1')`,
  'a signature with SHA-1, verified by its class': `new Verify('RSA-SHA1')`,
  'ChaCha20 by its class': `new Cipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 })`,
  '3DES by its class': `new Decipheriv('des-ede3-cbc', Buffer.alloc(24), Buffer.alloc(8))`,
  'secp256k1 by its class': `ECDH('secp256k1')`,
  'a group of Diffie-Hellman by its class': `DiffieHellman(512)`,
  'a group of Diffie-Hellman by its name': `getDiffieHellman('modp1')`,
  'the same by its other name': `createDiffieHellmanGroup('modp14')`,
  'RSA of 1024 bits, that signs what was written to it': `createSign('sha256').update('a').sign(small)`,
  'RSA of 1024 bits, that verifies it': `createVerify('sha256').update('a').verify(small, Buffer.alloc(128))`,
  'secp256k1, that signs what was written to it': `createSign('sha256').update('a').sign(koblitz)`,
  'secp256k1 in one call': `sign('sha256', Buffer.from('a'), koblitz)`,
  'RSA-OAEP with MD5': `publicEncrypt({ key: rsa, oaepHash: 'md5' }, Buffer.from('a'))`,
  'RSA-OAEP with MD5, opened': `privateDecrypt({ key: rsa, oaepHash: 'md5' }, Buffer.alloc(256))`,
  'RSA without padding': `publicEncrypt({ key: rsa, padding: constants.RSA_NO_PADDING }, Buffer.alloc(256))`,
  'RSA with the exponent 3': `generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })`,
  'RSA-PSS for SHA-1': `generateKeyPairSync('rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha1' })`,
  'a short key for HMAC': `generateKeySync('hmac', { length: 64 })`,
  'a key that is kept by 3DES': `rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'des-ede3-cbc', passphrase: 'x' })`,
  'a new key that is kept by 3DES': `generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'des-ede3-cbc', passphrase: 'x' } })`,
  'WebCrypto: MD5': `await subtle.digest('MD5', Buffer.from('a'))`,
  'WebCrypto: HKDF of a short key': `await subtle.importKey('raw', Buffer.alloc(5), 'HKDF', false, ['deriveBits'])`,
  'WebCrypto: RSA of 1024 bits that encrypts': `await subtle.encrypt('RSA-OAEP', await webKey(small, 'RSA-OAEP', 'SHA-256', ['encrypt']), Buffer.from('a'))`,
  'WebCrypto: RSA of 1024 bits that wraps': `await subtle.wrapKey('raw', await subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']), await webKey(small, 'RSA-OAEP', 'SHA-256', ['wrapKey']), 'RSA-OAEP')`,
  'WebCrypto: HMAC with a short key': `await subtle.sign('HMAC', await subtle.importKey('raw', Buffer.alloc(13), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']), Buffer.from('a'))`,
  'WebCrypto: a short key for HMAC': `await subtle.generateKey({ name: 'HMAC', hash: 'SHA-256', length: 64 }, true, ['sign'])`,
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
  // What such a process makes none of is made here, and read there.
  const made = (...args: string[]) => JSON.stringify(openssl(['genpkey', '-algorithm', ...args]).toString())
  const small = made('RSA', '-pkeyopt', 'rsa_keygen_bits:1024')
  const koblitz = made('EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1')
  const script = `
    import { Cipheriv, constants, createCipheriv, createDecipheriv, createDiffieHellmanGroup, createHash, createHmac,
      createPrivateKey, createPublicKey, createSign, createVerify, Decipheriv, DiffieHellman, ECDH, generateKeyPair,
      generateKeyPairSync, generateKeySync, getDiffieHellman, Hash, hkdfSync, Hmac, pbkdf2Sync, privateDecrypt, publicEncrypt,
      scrypt, scryptSync, Sign, sign, Verify, verify, webcrypto } from 'node:crypto'
    import * as all from 'node:crypto'
    import { promisify } from 'node:util'
    const { subtle } = webcrypto
    const hash = all.hash ?? ((name, text) => createHash(name).update(text).digest())
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const [small, koblitz] = [createPrivateKey(${small}), createPrivateKey(${koblitz})]
    const webKey = (key, name, hash, uses) =>
      subtle.importKey('jwk', createPublicKey(key).export({ format: 'jwk' }), { name, hash }, false, uses)
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
