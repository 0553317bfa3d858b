/**
 * @module Writes `vectors.json`: what 0.1.0 itself writes. It was run once, with 0.1.0 as it was packed:
 *
 *     node test/vectors/0.1.0/make.mjs <folder of the installed package citizen-session 0.1.0> <redis://…, emptied>
 *
 * `ioredis` must be installed beside that package. Secrets, clock and random bytes of the applications are given here;
 * the keys of the identity provider and the fencing numbers of leases are not, so a second run writes other vectors.
 */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, redisUrl] = process.argv.slice(2)
if (folder === undefined || redisUrl === undefined) throw new Error('usage: make.mjs <package> <redis://…>')
const home = resolve(folder)
const from = (file) => import(pathToFileURL(join(home, 'dist', file)).href)
const { Redis } = createRequire(join(home, 'package.json'))('ioredis')
const { createSuite, serializeCookie } = await from('src/index.js')
const { redisStore } = await from('src/redis.js')
const { oidc } = await from('src/oidc/oidc.js')
const { saml } = await from('src/saml/saml.js')
const { createEmulator } = await from('src/emulator/index.js')
const { selfSignedCertificate } = await from('src/emulator/saml/certificate.js')
const { createSealer } = await from('src/seal.js')
const { personOf, sessionOf, publicIdOf } = await from('src/sessions/record.js')
const { sessionPointer } = await from('src/oidc/context.js')
const { scripts } = await from('src/stores/redis/scripts.js')

const start = Date.UTC(2026, 0, 15, 12)
const secrets = ['the secret of 0.1.0, thirty-two bytes or more']
const application = { id: 'benefits', url: 'https://benefits.citizen.example', secrets, sensitivity: 'basic' }
const providerUrl = 'https://id.citizen.example'
let now = start
const clock = () => now
let serial = 0
const random = (bytes) => {
  serial += 1
  return new Uint8Array(createHash('sha512').update(`0.1.0 ${serial}`).digest().subarray(0, bytes))
}
const redis = new Redis(redisUrl)
const store = () => redisStore(new Redis(redisUrl), { clock, deadlineMilliseconds: 5000 })

// ---------------------------------------------------------------- the store's keys, and the commands of a step
async function dump() {
  const keys = (await redis.keys('*')).sort()
  const entries = keys.map(async (key) => {
    const isHash = (await redis.type(key)) === 'hash'
    const value = isHash ? await redis.hgetall(key) : await redis.get(key)
    return [key, { value, milliseconds: await redis.pttl(key) }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

const names = new Map(Object.entries(scripts).map(([name, { digest }]) => [digest, name]))
const texts = Object.fromEntries(Object.entries(scripts).map(([name, { source }]) => [name, source]))
/** The scripts of pointers are told apart by the number of their arguments. */
const ofPointers = { 2: 'readPointer', 4: 'point', 5: 'revokePointer' }
let commands = []
const { call } = Redis.prototype
Redis.prototype.call = function (verb, ...words) {
  const [script, , ...given] = words
  if (verb === 'EVALSHA') {
    if (!names.has(script)) names.set(script, ofPointers[given.length])
    commands.push({ script: names.get(script), given })
  }
  if (verb === 'EVAL') texts[names.get(createHash('sha1').update(script).digest('hex'))] = script
  return call.apply(this, [verb, ...words])
}
/** The scripts that a step runs, with keys and arguments. */
async function commandsOf(step) {
  // A server that knows no script is sent every text.
  await redis.script('FLUSH')
  commands = []
  await step()
  return [...commands]
}

// ---------------------------------------------------------------- a browser, the provider, an application
class Browser {
  jar = new Map()
  header = (url) => {
    const { hostname } = new URL(url)
    const meant = [...this.jar.values()].filter(
      ({ host, domain }) => host === hostname || hostname.endsWith(domain),
    )
    return meant.map(({ name, value }) => `${name}=${value}`).join('; ')
  }
  async send({ method = 'GET', url, form, isTop = true }) {
    const { origin, hostname } = new URL(url)
    const headers = {
      accept: isTop ? 'text/html' : 'application/json',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': isTop ? 'navigate' : 'cors',
      'sec-fetch-dest': isTop ? 'document' : 'empty',
      cookie: this.header(url),
      origin,
    }
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded'
    const body = form === undefined ? undefined : new URLSearchParams(form).toString()
    const response = await this.sites.get(origin)(new Request(url, { method, headers, body }))
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim())
      const [name] = pair.split('=', 1)
      const domain = attributes.find((each) => /^domain=/i.test(each))?.slice(7)
      const key = `${name} ${domain ?? hostname}`
      if (attributes.some((each) => /^max-age=0$/i.test(each))) this.jar.delete(key)
      else
        this.jar.set(key, { name, value: pair.slice(name.length + 1), host: hostname, domain: domain ?? ' ' })
    }
    const text = await response.text()
    const location = response.headers.get('location')
    if (location !== null) return { url, text, next: { method: 'GET', url: new URL(location, url).href } }
    const [, attributes, content] = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(text) ?? []
    if (attributes === undefined) return { url, text }
    const plain = (value) => value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
    const fields = [...content.matchAll(/<input\b[^>]*>/g)].map(([input]) => [
      /name="([^"]*)"/.exec(input)?.[1] ?? '',
      plain(/value="([^"]*)"/.exec(input)?.[1] ?? ''),
    ])
    const typed = { username: 'ana', password: 'ana-password' }
    const filled = Object.fromEntries(fields.map(([name, value]) => [name, typed[name] ?? value]))
    const action = new URL(plain(/action="([^"]*)"/.exec(attributes)?.[1] ?? ''), url).href
    return {
      url,
      text,
      next: { method: /method="post"/i.test(attributes) ? 'POST' : 'GET', url: action, form: filled },
    }
  }
  /** Goes on, through forms and redirects, until `isThere(next)` or nothing leads on. */
  async go(request, isThere) {
    let step = request
    for (let hop = 0; hop < 20 && step !== undefined && !isThere?.(step); hop += 1)
      step = (await this.send(step)).next
    return step
  }
}

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const own = {
  privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  certificate: selfSignedCertificate({
    commonName: 'benefits',
    ...pair,
    notBefore: start - 86_400_000,
    notAfter: start + 3_650 * 86_400_000,
    random: randomBytes,
  }),
}
const at = (route) => `${application.url}/session/${route}`
const sites = new Map()
Browser.prototype.sites = sites
const reach = async (input, init) => {
  const request = new Request(input, init)
  return sites.get(new URL(request.url).origin)(request)
}
/** Reaches the provider, and writes its answers down. */
const recorder = (answers) => async (input, init) => {
  const request = new Request(input, init)
  const response = await reach(request)
  const [url, status] = [request.url, response.status]
  const type = response.headers.get('content-type') ?? ''
  const cookies = response.headers.getSetCookie()
  answers.push({ method: request.method, url, status, type, cookies, text: await response.clone().text() })
  return response
}
const client = {
  client_id: 'benefits',
  client_secret: 'the secret of the client',
  redirect_uris: [at('callback')],
  post_logout_redirect_uris: [at('return')],
}
const emulator = await createEmulator({
  url: providerUrl,
  domain: 'citizen.example',
  clock,
  fetch: reach,
  openid: { clients: [client] },
  saml: { serviceProviders: [{ metadataUrl: at('saml/metadata') }] },
})
sites.set(providerUrl, (request) => emulator.handle(request))

const kinds = {
  'shared-cookie': { identityProvider: { url: providerUrl }, sharedCookie: { domain: 'citizen.example' } },
  oidc: {
    protocols: () => [
      oidc({
        issuer: providerUrl,
        clientId: client.client_id,
        clientSecret: client.client_secret,
        scope: 'openid offline_access',
      }),
    ],
  },
  saml: {
    protocols: () => [
      saml({ identityProvider: emulator.saml.entityId, metadataUrl: emulator.saml.metadataUrl, ...own }),
    ],
  },
}

/** A new instance of the application, which answers from now on. Returns what it asks of the provider. */
function instance(kind) {
  const answers = []
  const { protocols, ...options } = kinds[kind]
  const more = protocols === undefined ? {} : { protocols: protocols() }
  const suite = createSuite(
    { ...options, ...more, application, store: store(), clock, random, fetch: recorder(answers) },
    {},
  )
  sites.set(application.url, async (request) => {
    const cookies = []
    const url = new URL(request.url)
    const exchange = {
      method: request.method,
      target: `${url.pathname}${url.search}`,
      remoteAddress: '127.0.0.1',
      header: (name) => request.headers.get(name) ?? undefined,
      body: async () => new Uint8Array(await request.arrayBuffer()),
      form: async () => new URLSearchParams(await request.text()),
      setCookie: (cookie) => cookies.push(cookie),
    }
    const handler = suite.endpoint(exchange)
    const reply = (await handler?.(exchange)) ?? { status: 200, headers: {}, body: undefined }
    if (handler === undefined) {
      const { state, reason, claims } = await suite.authenticate(exchange)
      reply.body = JSON.stringify({ state, reason, subject: claims?.sub })
    }
    const headers = new Headers(reply.headers)
    for (const cookie of cookies) headers.append('set-cookie', serializeCookie(cookie))
    return new Response(reply.body ?? null, { status: reply.status, headers })
  })
  return answers
}

// ---------------------------------------------------------------- what is written down
const who = { url: `${application.url}/private` }
const login = { url: at('login?returnTo=/private') }
const logout = { method: 'POST', url: at('logout'), form: {} }
const isBack = ({ url }) => /\/session\/(return|callback|saml\/acs|saml\/slo)\b/.test(url)

async function fresh(kind) {
  await redis.flushall()
  emulator.reset()
  now = start
  instance(kind)
  return new Browser()
}

/** What a browser and the store hold now, and then what the next instance asks of the provider to finish `step`. */
async function capture(kind, browser, request, step) {
  const captured = { cookies: cookiesOf(kind, browser), store: await dump(), now, request }
  const answers = instance(kind)
  const { text } = await step()
  return { ...captured, answers, shows: JSON.parse(text) }
}

/** The provider sets its shared cookie for everybody below its domain. */
function cookiesOf(kind, browser) {
  const all = browser.header(application.url)
  if (kind === 'shared-cookie') return all
  return all
    .split('; ')
    .filter((cookie) => cookie.startsWith('__Host-'))
    .join('; ')
}

async function scenariosOf(kind) {
  let browser = await fresh(kind)
  await browser.go(login)
  if (kind === 'shared-cookie') await browser.send(who)
  const session = await capture(kind, browser, who, async () => {
    // Later the tokens are due: what the provider answers then is written down too.
    const shown = await browser.send(who)
    now += (kind === 'shared-cookie' ? 16 : 6) * 60_000
    await browser.send(who)
    return shown
  })

  browser = await fresh(kind)
  const back = await browser.go(login, isBack)
  const signingIn = await capture(kind, browser, back, async () => {
    await browser.go(back)
    return browser.send(who)
  })

  browser = await fresh(kind)
  await browser.go(login)
  await browser.send(who)
  const away = await browser.go(logout, isBack)
  const signingOut = await capture(kind, browser, away, () => browser.go(away).then(() => browser.send(who)))

  return {
    session,
    signingIn,
    signingOut,
    ended: await endedBy(kind, {}),
    endedHere: await endedBy(kind, { scope: 'application' }),
  }
}

/** A session before its end, and the commands that end it. */
async function endedBy(kind, form) {
  const browser = await fresh(kind)
  await browser.go(login)
  await browser.send(who)
  const captured = { cookies: cookiesOf(kind, browser), now, request: who, before: await dump() }
  const written = await commandsOf(() => browser.send({ ...logout, form, isTop: false }))
  return { ...captured, commands: written, store: await dump() }
}

/** One record, mark and lock of every kind, and how it was written. */
async function everyKind() {
  await redis.flushall()
  now = start
  const place = store()
  const person = personOf(providerUrl, 'ana')
  const other = personOf(providerUrl, 'ben')
  const addressOf = (session, owner = person) => ({
    person: owner,
    session: sessionOf(providerUrl, session),
    application: 'benefits',
  })
  const retainUntil = start + 86_400_000
  const live = (generation, sealed) => ({
    state: 'live',
    generation,
    startedAt: start,
    lastSeenAt: start,
    endsAt: start + 43_200_000,
    idleMilliseconds: 3_600_000,
    tokenExpiresAt: start + 900_000,
    level: 1,
    authenticatedAt: start - 5000,
    retainUntil,
    sealed,
  })
  const end = {
    state: 'ended',
    reason: 'idle-timeout',
    at: start + 1000,
    generation: 'b'.repeat(22),
    retainUntil,
    sealed: '',
  }
  const kept = { token: 't'.repeat(22), sealed: 'c2VhbGVk', fence: 7, until: start + 900_000 }
  const revocation = { reason: 'signed-out', at: start + 2000, retainUntil }
  const pointer = sessionPointer(providerUrl, 's1').key
  const calls = [
    ['start', addressOf('live'), { record: live('a'.repeat(22), 'c2VhbGVk'), issuedAt: start, now: start }],
    ['start', addressOf('ended'), { record: live('b'.repeat(22), ''), issuedAt: start, now: start }],
    ['end', addressOf('ended'), { generation: 'b'.repeat(22) }, end],
    ['alias', addressOf('live'), 'a'.repeat(22), addressOf('other-name').session],
    ['keep', addressOf('live'), 'a'.repeat(22), kept, start + 1_800_000],
    ['revoke', person, { kind: 'session', session: addressOf('revoked').session }, revocation],
    ['start', addressOf('live', other), { record: live('c'.repeat(22), ''), issuedAt: start, now: start }],
    ['revoke', other, { kind: 'person' }, { ...revocation, reason: 'revoked' }],
    ['point', pointer, person, retainUntil],
    ['revokePointer', pointer, revocation],
    ['claim', 'oidc:benefits:claimed'],
    ['claim', 'oidc:benefits:settled'],
    ['settle', 'oidc:benefits:settled', 900],
    ['lease', `refresh:${person}:${addressOf('live').session}`, 60],
    ['register', 'benefits', 'fingerprint', 3600],
  ]
  const written = await commandsOf(async () => {
    for (const [method, ...given] of calls) await place[method](...given)
    await place.pointerRevocation(pointer)
  })
  return { calls, commands: written, store: await dump() }
}

const sealer = createSealer({ application: application.id, secrets, random })
const seal = (purpose, place, text) => ({ purpose, place, text, sealed: sealer.seal(purpose, place, text) })
const vectors = {
  release: '0.1.0',
  start,
  secrets,
  providerUrl,
  samlEntityId: emulator.saml.entityId,
  samlMetadataUrl: emulator.saml.metadataUrl,
  client,
  digests: [
    { of: 'person', parts: [providerUrl, 'ana'], is: personOf(providerUrl, 'ana') },
    { of: 'person', parts: [providerUrl, 'Żaneta 🌲'], is: personOf(providerUrl, 'Żaneta 🌲') },
    { of: 'session', parts: [providerUrl, 's1'], is: sessionOf(providerUrl, 's1') },
    { of: 'public', parts: ['a'.repeat(22)], is: publicIdOf('a'.repeat(22)) },
    { of: 'sid', parts: [providerUrl, 's1'], is: sessionPointer(providerUrl, 's1').key },
  ],
  seals: [
    seal('record', 'person session benefits', JSON.stringify({ startedAt: start, endsAt: start + 1 })),
    seal('tokens', 'person session benefits', JSON.stringify({ accessToken: 'at', refreshToken: 'rt' })),
    seal('kept', 'person session', 'header.payload.signature'),
    seal('hint', '__Host-benefits.seen', 'person session generation'),
    seal('session', '__Host-benefits.sid', 'person session generation oidc'),
    seal(
      'login',
      '__Host-benefits.login.abcdefgh',
      JSON.stringify({ secret: 's', since: start, content: {} }),
    ),
  ],
  everyKind: await everyKind(),
  scenarios: {
    'shared-cookie': await scenariosOf('shared-cookie'),
    oidc: await scenariosOf('oidc'),
    saml: await scenariosOf('saml'),
  },
  scripts: texts,
  /** The reader of the texts in the store, as it was. */
  format: readFileSync(join(home, 'dist/src/stores/redis/format.js'), 'utf8').replace(
    /\n\/\/# sourceMap.*\n?$/,
    '\n',
  ),
}
writeFileSync(new URL('vectors.json', import.meta.url), `${JSON.stringify(vectors, null, 1)}\n`)
process.exit(0)
