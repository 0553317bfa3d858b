/** @module People by the hundred thousand: their signed tokens, kept in a file, because signing takes minutes. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { cache } from '../../examples/set-up.mjs'
import { issuer } from '../issuer.mjs'

const folder = join(cache, 'bench-scale')
const keyFile = join(folder, 'key.json')
const signatureFile = join(folder, 'signatures.bin')
const signatureBytes = 256
/** Tokens that one worker signs before they are written down. */
const chunk = 2000
const day = 86_400

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** All of one length, so that a token is found by its number. */
const padded = (number) => String(number).padStart(8, '0')

/** What a token of that number holds; the same in every process. */
export function unsignedToken({ iat, exp }, number) {
  const header = encode({ alg: 'RS256', typ: 'JWT', kid: 'bench' })
  const claims = {
    iss: issuer,
    sub: `person-${padded(number)}`,
    jti: `session-${padded(number)}`,
    iat,
    exp,
    mfaRequired: false,
    isMfa: false,
    isDidAuth: false,
    name: 'Ana Example',
  }
  return { header, payload: encode(claims) }
}

/** The key and the times of the tokens that are signed already; new ones where there are none, or they are too old. */
function openKey() {
  const now = Math.floor(Date.now() / 1000)
  if (existsSync(keyFile)) {
    const kept = JSON.parse(readFileSync(keyFile, 'utf8'))
    if (now - kept.iat < 8 * day && now > kept.iat) return kept
  }
  mkdirSync(folder, { recursive: true })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const made = {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    iat: now - 60,
    // No refresh is due before half of it is over.
    exp: now - 60 + 20 * day,
  }
  writeFileSync(keyFile, JSON.stringify(made), { mode: 0o600 })
  writeFileSync(signatureFile, '')
  return made
}

const signedUntilNow = () =>
  existsSync(signatureFile) ? Math.floor(statSync(signatureFile).size / signatureBytes) : 0

/** Signs tokens until there are `count`: one RSA signature each, on every processor. */
export async function signPeople(count, say) {
  const key = openKey()
  let signed = signedUntilNow()
  if (signed >= count) return
  say(`signing ${count - signed} tokens (RS256); they are kept for a week`)
  const script = fileURLToPath(new URL('sign-worker.mjs', import.meta.url))
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(script, { workerData: key }),
  )
  const signChunk = (worker, from) =>
    new Promise((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', (bytes) => {
        worker.off('error', reject)
        resolve(bytes)
      })
      worker.postMessage({ from, to: Math.min(from + chunk, count) })
    })
  while (signed < count) {
    const open = workers.filter((_, index) => signed + index * chunk < count)
    const chunks = await Promise.all(open.map((worker, index) => signChunk(worker, signed + index * chunk)))
    for (const bytes of chunks) appendFileSync(signatureFile, bytes)
    signed = signedUntilNow()
  }
  for (const worker of workers) await worker.terminate()
}

/** The first `count` people: `token(number)`, and the key that signed theirs. */
export function readPeople(count) {
  const key = openKey()
  const signatures = Buffer.alloc(count * signatureBytes)
  const file = openSync(signatureFile, 'r')
  let read = 0
  while (read < signatures.length) {
    const more = readSync(file, signatures, read, Math.min(signatures.length - read, 2 ** 26), read)
    if (more === 0) throw new Error('fewer tokens are signed than are asked for')
    read += more
  }
  closeSync(file)
  const publicKey = createPublicKey(createPrivateKey(key.privateKey))
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }
  return {
    jwks: JSON.stringify({ keys: [jwk] }),
    now: key.iat * 1000 + 600_000,
    token(number) {
      const from = number * signatureBytes
      const signature = signatures.toString('base64url', from, from + signatureBytes)
      return { ...unsignedToken(key, number), signature }
    },
  }
}
