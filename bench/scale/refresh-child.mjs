/** @module A process with people whose tokens were issued in one second, on a clock that is moved, and their provider. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { createSuite, memoryStore } from 'citizen-session'
import { cookieHeader, createIssuer, issuer, plainExchange } from '../issuer.mjs'
import { serveQuestions } from './measure.mjs'

const { people, tokenSeconds, everySeconds } = JSON.parse(process.argv[2])
const atOnce = 16
const start = Math.floor(Date.now() / 1000)
let seconds = 0

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }
const jwks = JSON.stringify({ keys: [jwk] })
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = encode({ alg: 'ES256', typ: 'JWT', kid: 'bench' })

function tokenOf(number) {
  const payload = encode({
    iss: issuer,
    sub: `person-${number}`,
    jti: `session-${number}`,
    iat: start + seconds,
    exp: start + seconds + tokenSeconds,
    mfaRequired: false,
    isMfa: false,
    isDidAuth: false,
    name: 'Ana Example',
  })
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' }
  return {
    header,
    payload,
    signature: sign('sha256', Buffer.from(`${header}.${payload}`), key).toString('base64url'),
  }
}

/** POSTs by the second in which they came. */
const posts = new Map()

/** The provider: its keys, and a new token for each that is posted. */
async function answer(_address, request) {
  const headers = { 'content-type': 'application/json' }
  if (request?.method !== 'POST') return new Response(jwks, { headers })
  posts.set(seconds, (posts.get(seconds) ?? 0) + 1)
  const { token } = JSON.parse(request.body)
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
  const fresh = tokenOf(Number(sub.slice('person-'.length)))
  return Response.json({ token: `${fresh.header}.${fresh.payload}.${fresh.signature}` })
}

const options = createIssuer('ES256').options(memoryStore())
const suite = createSuite(
  {
    ...options,
    identityProvider: { ...options.identityProvider, refresh: { waitMilliseconds: 10_000 } },
    application: { ...options.application, sensitivity: 'basic' },
    fetch: answer,
    clock: () => (start + seconds) * 1000,
  },
  {},
)
await suite.ready()

/** What each browser has: its token, and the hint cookie. */
const browsers = []
let failed = 0
let requests = 0

async function visit(number) {
  const browser = browsers[number]
  const exchange = plainExchange(`${cookieHeader(browser.token)}${browser.hint}`)
  const citizen = await suite.authenticate(exchange)
  requests += 1
  if (citizen.state !== 'active' || citizen.degraded) failed += 1
  const set = new Map(exchange.setCookies.map(({ name, value }) => [name, value]))
  for (const part of ['header', 'payload', 'signature']) {
    const value = set.get(`c1_${part}`)
    if (value !== undefined) browser.token = { ...browser.token, [part]: value }
    set.delete(`c1_${part}`)
  }
  for (const [name, value] of set) browser.hint = `; ${name}=${value}`
}

async function everybody() {
  for (let from = 0; from < people; from += atOnce) {
    const length = Math.min(atOnce, people - from)
    await Promise.all(Array.from({ length }, (_, index) => visit(from + index)))
  }
}

serveQuestions({
  async signIn() {
    for (let number = 0; number < people; number += 1) browsers.push({ token: tokenOf(number), hint: '' })
    await everybody()
  },
  /** From a third of the tokens' life to two thirds; a visit before, so that nobody is idle. */
  async visit() {
    for (seconds = Math.floor(tokenSeconds / 3); seconds < (2 * tokenSeconds) / 3; seconds += everySeconds) {
      await everybody()
    }
    const times = [...posts.keys()]
    const counts = [...posts.values()]
    return {
      posts: counts.reduce((sum, count) => sum + count, 0),
      first: Math.min(...times),
      last: Math.max(...times),
      most: Math.max(...counts),
      failed,
      requests,
    }
  },
})
