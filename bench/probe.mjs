/** @module The process of one probe: something measured without a server. */
import { verify } from 'node:crypto'
import { createSuite } from 'citizen-session'
import { createJwksCache } from '../dist/src/tokens/jwks-cache.js'
import { createTokenVerifier } from '../dist/src/tokens/verify.js'
import { cookieHeader, createIssuer, plainExchange } from './issuer.mjs'

const setting = JSON.parse(process.argv[2])
const issuer = createIssuer()

const splitToken = (cookies) => {
  const [, header, payload, signature] = /c1_header=(.*); c1_payload=(.*); c1_signature=([^;]*)/.exec(cookies)
  return { header, payload, signature }
}

/** Signing is slow: to find its pace, code meets the same tokens so often, each time after they were forgotten. */
const warmUpPasses = 8

const microsecondsOf = (before) => {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function assertActive(citizen) {
  if (citizen.state !== 'active') throw new Error(`the citizen is ${citizen.state}: ${citizen.reason}`)
}

async function createOurs() {
  const store = setting.redisPort === undefined ? undefined : `redis://127.0.0.1:${setting.redisPort}`
  const suite = createSuite(issuer.options(store), {})
  await suite.ready()
  return suite
}

/** Repeats `batch` for some time; `size` requests each. */
async function repeat(milliseconds, size, batch) {
  const end = performance.now() + milliseconds
  let count = 0
  const before = process.cpuUsage()
  while (performance.now() < end) {
    await batch()
    count += size
  }
  return microsecondsOf(before) / count
}

/** V: one synchronous RS256-2048 verification. */
async function createVerification() {
  const { header, payload, signature } = issuer.token('sub', 'jti')
  const data = Buffer.from(`${header}.${payload}`)
  const bytes = Buffer.from(signature, 'base64url')
  return (milliseconds) =>
    repeat(milliseconds, 16, () => {
      for (let each = 0; each < 16; each += 1) {
        if (!verify('sha256', data, issuer.publicKey, bytes)) throw new Error('the signature must be good')
      }
    })
}

/** A token seen before, without any server. */
async function createSeen() {
  const suite = await createOurs()
  const cookie = cookieHeader(issuer.token('sub', 'jti'))
  const first = plainExchange(cookie)
  assertActive(await suite.authenticate(first))
  const [hint] = first.setCookies
  const exchange = plainExchange(`${cookie}; ${hint.name}=${hint.value}`)
  const check = (citizen) => {
    if (suite.guard(exchange, citizen) !== undefined) throw new Error(`refused: ${citizen.reason}`)
  }
  return (milliseconds) =>
    repeat(milliseconds, 16, async () => {
      const waiting = []
      for (let each = 0; each < 16; each += 1) {
        const citizen = suite.authenticate(exchange)
        if (citizen instanceof Promise) waiting.push(citizen.then(check))
        else check(citizen)
      }
      if (waiting.length > 0) await Promise.all(waiting)
    })
}

/** The verifier by itself: tokens never seen before, of one key that is known. */
async function createVerifierAlone() {
  const { identityProvider, fetch, clock } = (await createOurs()).options
  const keys = createJwksCache({
    ...identityProvider.keys,
    url: identityProvider.endpoints.jwks,
    algorithms: identityProvider.algorithms,
    fetch,
    clock,
    report: () => undefined,
  })
  const issuers = new Map(identityProvider.issuers.map((each) => [each, keys]))
  const verifier = createTokenVerifier({ ...identityProvider, issuers })
  let serial = 0
  const next = () => {
    serial += 1
    // As they lie in a request: parts of one long text.
    return splitToken(cookieHeader(issuer.token('sub', 'jti', serial)))
  }
  await verifier.verify(next(), clock())
  let isWarm = false
  return async (milliseconds) => {
    const tokens = Array.from({ length: Math.ceil(milliseconds) }, next)
    for (let pass = 0; !isWarm && pass < warmUpPasses; pass += 1) {
      verifier.purge()
      for (const parts of tokens) await verifier.verify(parts, clock())
    }
    if (!isWarm) verifier.purge()
    isWarm = true
    await verifier.verify(next(), clock())
    const before = process.cpuUsage()
    for (const parts of tokens) {
      if (!verifier.verify(parts, clock()).valid) throw new Error('the token must be good')
    }
    return microsecondsOf(before) / tokens.length
  }
}

/**
 * Tokens never seen before: `nextOf(serial)` makes the parts, `isKnown`: of a session that the browser has met. They
 * are signed beforehand, and their number is what was wanted, whatever the time: an RSA signature costs twenty times
 * its verification.
 */
async function createUnseen(nextOf, { isKnown }) {
  const suite = await createOurs()
  const first = plainExchange(cookieHeader(nextOf(0)))
  assertActive(await suite.authenticate(first))
  const [hint] = first.setCookies
  const more = isKnown ? `; ${hint.name}=${hint.value}` : ''
  let serial = 0
  let isWarm = !isKnown
  return async (milliseconds) => {
    const count = Math.ceil(milliseconds)
    const exchanges = Array.from({ length: count }, () => {
      serial += 1
      return plainExchange(cookieHeader(nextOf(serial), more))
    })
    for (let pass = 0; !isWarm && pass < warmUpPasses; pass += 1) {
      for (const exchange of exchanges) assertActive(await suite.authenticate(exchange))
      suite.purgeKeys()
    }
    isWarm = true
    const before = process.cpuUsage()
    for (const exchange of exchanges) assertActive(await suite.authenticate(exchange))
    return microsecondsOf(before) / count
  }
}

const probes = {
  verification: createVerification,
  seen: createSeen,
  verifier: createVerifierAlone,
  'new-token': () => createUnseen((serial) => issuer.token('sub', 'jti', serial), { isKnown: true }),
  'first-request': () =>
    createUnseen((serial) => issuer.token(`sub-${serial}`, `jti-${serial}`), { isKnown: false }),
}

const run = await probes[setting.probe]()

process.on('message', async ({ id, given }) => {
  try {
    process.send({ id, answer: await run(given.milliseconds) })
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) })
  }
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
