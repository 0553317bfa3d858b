/**
 * @module A process that offers approved algorithms only: `node --import ./test/fips/approved-only.mjs …`. Every function of
 * `node:crypto` and of WebCrypto that takes an algorithm refuses those that FIPS 140 does not allow, and key sizes below 112
 * bits of strength, before OpenSSL is asked. It stands in for OpenSSL's FIPS provider where none is to be had, and is no
 * validated module.
 *
 * | what | decision | why |
 * |---|---|---|
 * | SHA-2, SHA-3 | yes | FIPS 180-4, FIPS 202 |
 * | SHA-1 as a digest, in HMAC, in RSA-OAEP | yes | approved until the end of 2030 (SP 800-131A, FIPS 180-4; SP 800-56B) |
 * | SHA-1 under a signature | no, neither made nor verified | SP 800-131A, section 9: made disallowed, verified legacy |
 * | MD5, RIPEMD, BLAKE2, SM3 | no | in no list |
 * | HMAC with less than 112 bits of key | no | SP 800-131A, section 10 |
 * | AES in CBC, CTR, CCM, GCM | yes | FIPS 197, SP 800-38A, C, D |
 * | ChaCha20, 3DES, ARIA, Camellia, RC4 | no | in no list; 3DES disallowed since 2024 |
 * | PBKDF2 | SHA-1 or better, 1000 iterations, 128 bits of salt, 112 of key | SP 800-132 |
 * | HKDF | yes, from 112 bits | SP 800-56C |
 * | scrypt, Argon2 | no | in no list |
 * | RSA | 2048 bits or more, new keys with an exponent from 65537; PKCS #1 v1.5 for signatures alone | FIPS 186-5; SP 800-131A, section 6 |
 * | EC | P-256, P-384, P-521 | FIPS 186-5, SP 800-186 |
 * | Ed25519, Ed448 | yes | FIPS 186-5; modules that were validated by FIPS 186-4 do not have them |
 * | X25519, X448 | no | SP 800-56A, revision 3, does not have them |
 * | DSA, finite-field Diffie-Hellman of one's own | no | FIPS 186-5; SP 800-56A wants safe primes that are listed |
 */
import crypto, { KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'
import { promisify } from 'node:util'

/** Code of the errors. */
export const notApproved = 'ERR_NOT_APPROVED'

/**
 * The emulator's fault `sha1` and tests do what attackers do: they make old signatures and weak keys, to be refused, and have
 * the emulator write certificates of such keys. The emulator's own are of 2048 bits: it could not make another.
 */
const fault = /\/src\/emulator\/saml\/(?:signature|certificate)\.ts/
const test = /\/test\/(?!fips\/)[\w/.-]+\.ts/
const product = /\/(?:src|adapters)\/[\w/.-]+\.ts/
const productBesideEmulator = /\/(?:src\/(?!emulator\/)|adapters\/)[\w/.-]+\.ts/

/** Whether nobody asks for it but such a part. */
function isAttack() {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 100
  const { stack = '' } = new Error('who asks')
  Error.stackTraceLimit = stackTraceLimit
  return fault.test(stack) ? !productBesideEmulator.test(stack) : test.test(stack) && !product.test(stack)
}

function refuse(what) {
  if (isAttack()) return
  throw Object.assign(new Error(`FIPS 140 does not approve of ${what}`), { code: notApproved })
}

const digests =
  /^(?:rsa-)?sha-?(?:1|224|256|384|512|512-224|512-256|512\/224|512\/256|3-224|3-256|3-384|3-512)$/i
const sha1 = /^(?:rsa-)?sha-?1$/i
const ciphers = /^(?:id-)?aes-?(?:128|192|256)-(?:cbc|ctr|ccm|gcm)$/i
const curves = /^(?:prime256v1|secp384r1|secp521r1|P-256|P-384|P-521)$/
const leastKeyBytes = 14
const leastSaltBytes = 16
const leastIterations = 1000
const leastModulus = 2048
const leastExponent = 65_537

const bytesOf = (value) => {
  if (value instanceof KeyObject) return value.symmetricKeySize ?? 0
  if (typeof value === 'string') return Buffer.byteLength(value)
  return value?.byteLength ?? 0
}

function checkDigest(name) {
  if (typeof name === 'string' && !digests.test(name)) refuse(name)
}

function checkSignatureDigest(name) {
  checkDigest(name)
  if (typeof name === 'string' && sha1.test(name)) refuse('SHA-1 under a signature')
}

function checkHmac(digest, key) {
  checkDigest(digest)
  if (bytesOf(key) < leastKeyBytes) refuse('a key of HMAC of less than 112 bits')
}

function checkPbkdf2(salt, iterations, keyBytes, digest) {
  checkDigest(digest)
  if (bytesOf(salt) < leastSaltBytes) refuse('PBKDF2 with a salt of less than 128 bits')
  if (iterations < leastIterations) refuse('PBKDF2 with less than 1000 iterations')
  if (keyBytes < leastKeyBytes) refuse('PBKDF2 for less than 112 bits')
}

function checkKind(kind, { modulusLength, namedCurve, hashAlgorithm, mgf1HashAlgorithm } = {}) {
  if (kind === 'rsa' || kind === 'rsa-pss') {
    if (modulusLength < leastModulus) refuse(`RSA of ${modulusLength} bits`)
    for (const name of [hashAlgorithm, mgf1HashAlgorithm]) checkSignatureDigest(name)
  } else if (kind === 'ec') {
    if (!curves.test(namedCurve)) refuse(`the curve ${namedCurve}`)
  } else if (!/^ed(?:25519|448)$|^ml-(?:dsa|kem)-|^slh-dsa-/.test(kind)) refuse(kind)
}

const checkCipher = (name) => ciphers.test(name) || refuse(name)

/** A new pair: also with which exponent, and by what the private key is kept. */
function checkNewPair(kind, options = {}) {
  checkKind(kind, options)
  if (options.publicExponent < leastExponent) refuse(`RSA with the exponent ${options.publicExponent}`)
  checkEncoding(options.privateKeyEncoding)
}

function checkEncoding(encoding) {
  if (encoding?.cipher !== undefined) checkCipher(encoding.cipher)
}

function checkNewSecret(kind, { length } = {}) {
  if (kind === 'hmac' && length < leastKeyBytes * 8) refuse('a key of HMAC of less than 112 bits')
}

/** A key as any function takes it; what is no key is left to the function. */
function keyOf(given, isPrivate) {
  const key = given?.key ?? given
  if (key instanceof KeyObject) return key
  try {
    return isPrivate ? originals.createPrivateKey(given) : originals.createPublicKey(given)
  } catch {
    return undefined
  }
}

function checkAsymmetric(given, isPrivate) {
  const key = keyOf(given, isPrivate)
  if (key?.asymmetricKeyType !== undefined) checkKind(key.asymmetricKeyType, key.asymmetricKeyDetails)
}

function checkEncryption(given, isPrivate) {
  checkAsymmetric(given, isPrivate)
  checkDigest(given?.oaepHash)
  if (given?.padding === crypto.constants.RSA_PKCS1_PADDING) refuse('encryption by PKCS #1 v1.5')
  if (given?.padding === crypto.constants.RSA_NO_PADDING) refuse('encryption without padding')
}

const checkSignature = (isPrivate) => (digest, _data, key) => {
  checkSignatureDigest(digest)
  checkAsymmetric(key, isPrivate)
}

const ownGroup = 'a Diffie-Hellman group of one’s own'
const checkCurve = (curve) => curves.test(curve) || refuse(`the curve ${curve}`)
const never = (what) => () => refuse(what)

/** What each function of `node:crypto` is asked before. */
const checks = {
  createHash: checkDigest,
  hash: checkDigest,
  createHmac: checkHmac,
  createSign: checkSignatureDigest,
  createVerify: checkSignatureDigest,
  sign: checkSignature(true),
  verify: checkSignature(false),
  createCipheriv: checkCipher,
  createDecipheriv: checkCipher,
  Hash: checkDigest,
  Hmac: checkHmac,
  Sign: checkSignatureDigest,
  Verify: checkSignatureDigest,
  Cipheriv: checkCipher,
  Decipheriv: checkCipher,
  pbkdf2: (_secret, salt, iterations, length, digest) => checkPbkdf2(salt, iterations, length, digest),
  pbkdf2Sync: (_secret, salt, iterations, length, digest) => checkPbkdf2(salt, iterations, length, digest),
  hkdf: checkHmac,
  hkdfSync: checkHmac,
  scrypt: never('scrypt'),
  scryptSync: never('scrypt'),
  argon2: never('Argon2'),
  argon2Sync: never('Argon2'),
  generateKey: checkNewSecret,
  generateKeySync: checkNewSecret,
  generateKeyPair: checkNewPair,
  generateKeyPairSync: checkNewPair,
  publicEncrypt: (key) => checkEncryption(key, false),
  privateDecrypt: (key) => checkEncryption(key, true),
  privateEncrypt: never('a bare private operation of RSA'),
  publicDecrypt: never('a bare public operation of RSA'),
  createDiffieHellman: never(ownGroup),
  createDiffieHellmanGroup: never(ownGroup),
  getDiffieHellman: never(ownGroup),
  DiffieHellman: never(ownGroup),
  DiffieHellmanGroup: never(ownGroup),
  createECDH: checkCurve,
  ECDH: checkCurve,
  diffieHellman: ({ privateKey }) => checkAsymmetric(privateKey, true),
  encapsulate: (key) => checkAsymmetric(key, false),
  decapsulate: (key) => checkAsymmetric(key, true),
}

const originals = { ...crypto }

/** The same function, or class, behind the check. */
function guarded(work, check) {
  function guard(...given) {
    check(...given)
    return new.target === undefined ? Reflect.apply(work, this, given) : Reflect.construct(work, given)
  }
  // What is made is still one of its class.
  guard.prototype = work.prototype
  return guard
}

for (const [name, check] of Object.entries(checks)) {
  const original = originals[name]
  if (typeof original !== 'function') continue
  crypto[name] = guarded(original, check)
  // Of a pair of keys Node makes one object, and says so to nobody else.
  if (name === 'generateKeyPair') crypto[name][promisify.custom] = guarded(promisify(original), check)
}
syncBuiltinESMExports()

/** What stands in a prototype, and is asked only when a key is there. */
function guardMethod(prototype, name, check) {
  prototype[name] = guarded(prototype[name], check)
}
guardMethod(originals.Sign.prototype, 'sign', (key) => checkAsymmetric(key, true))
guardMethod(originals.Verify.prototype, 'verify', (key) => checkAsymmetric(key, false))
const { privateKey } = originals.generateKeyPairSync('ec', { namedCurve: 'P-256' })
guardMethod(Object.getPrototypeOf(privateKey), 'export', checkEncoding)

const nameOf = (algorithm) => (typeof algorithm === 'string' ? algorithm : algorithm?.name)
const hashOf = (algorithm) => nameOf(algorithm?.hash)

/** What an algorithm of WebCrypto says by itself. */
function checkAlgorithm(algorithm) {
  const name = nameOf(algorithm)
  if (/^(?:x25519|x448|chacha20-poly1305|argon2\w*)$/i.test(name)) refuse(name)
  if (algorithm?.hash !== undefined) checkDigest(hashOf(algorithm))
  if (algorithm?.modulusLength < leastModulus) refuse(`RSA of ${algorithm.modulusLength} bits`)
  const isHmac = typeof algorithm === 'object' && /^hmac$/i.test(name ?? '')
  if (isHmac && algorithm.length < leastKeyBytes * 8) refuse('a key of HMAC of less than 112 bits')
  if (algorithm?.namedCurve !== undefined && !curves.test(algorithm.namedCurve)) {
    refuse(`the curve ${algorithm.namedCurve}`)
  }
}

function checkWebSignature(algorithm, key) {
  checkAlgorithm(algorithm)
  checkAlgorithm(key?.algorithm)
  const isHmac = /^hmac$/i.test(nameOf(key?.algorithm) ?? '')
  if (!isHmac) checkSignatureDigest(hashOf(algorithm) ?? hashOf(key?.algorithm))
}

function checkDerivation(algorithm, _key, bits) {
  checkAlgorithm(algorithm)
  if (!/^pbkdf2$/i.test(nameOf(algorithm) ?? '')) return
  const length = typeof bits === 'number' ? bits / 8 : leastKeyBytes
  checkPbkdf2(algorithm.salt, algorithm.iterations, length, hashOf(algorithm))
}

function checkWebEncryption(algorithm, key) {
  checkAlgorithm(algorithm)
  checkAlgorithm(key?.algorithm)
}

function checkImport(_format, data, algorithm) {
  checkAlgorithm(algorithm)
  if (/^hkdf$/i.test(nameOf(algorithm) ?? '') && data?.byteLength < leastKeyBytes)
    refuse('HKDF from less than 112 bits')
}

/** The same for WebCrypto. What it refuses, a promise refuses. */
const webChecks = {
  digest: (algorithm) => checkDigest(nameOf(algorithm)),
  sign: checkWebSignature,
  verify: checkWebSignature,
  encrypt: checkWebEncryption,
  decrypt: checkWebEncryption,
  wrapKey: (_format, _key, wrapping, algorithm) => checkWebEncryption(algorithm, wrapping),
  deriveBits: checkDerivation,
  deriveKey: checkDerivation,
  generateKey: checkAlgorithm,
  importKey: checkImport,
  unwrapKey: (_format, _data, wrapping, algorithm, wrapped) => {
    checkWebEncryption(algorithm, wrapping)
    checkAlgorithm(wrapped)
  },
}

const subtle = Object.getPrototypeOf(crypto.webcrypto.subtle)
for (const [name, check] of Object.entries(webChecks)) {
  const work = subtle[name]
  subtle[name] = async function (...given) {
    check(...given)
    return Reflect.apply(work, this, given)
  }
}

// Handshakes are OpenSSL's: what Node offers and accepts in them unless a server says otherwise.
tls.DEFAULT_CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')
tls.DEFAULT_ECDH_CURVE = 'P-256:P-384:P-521'
