/** @module The process that measures what one session weighs, in heap and in Redis. Runs with `--expose-gc`. */
import { randomBytes } from 'node:crypto'
import { createSuite, memoryStore } from 'citizen-session'
import { cookieHeader, createIssuer, plainExchange } from './issuer.mjs'

const setting = JSON.parse(process.argv[2])
const { sessions, redisPort } = setting
/** Signed in before the heap is looked at, so that code which is compiled meanwhile does not count as sessions. */
const early = 3000
const settle = () => new Promise((resolve) => setImmediate(resolve))

async function heapUsed() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc()
    await settle()
  }
  return process.memoryUsage().heapUsed
}

/** Signs in that many people; the tokens are forgotten before the heap is looked at again. */
async function ours() {
  const issuer = createIssuer('ES256')
  const store = redisPort === undefined ? memoryStore() : `redis://127.0.0.1:${redisPort}`
  const suite = createSuite(issuer.options(store), {})
  await suite.ready()
  const signIn = async (name) => {
    const citizen = await suite.authenticate(
      plainExchange(cookieHeader(issuer.token(`sub-${name}`, `jti-${name}`))),
    )
    if (citizen.state !== 'active') throw new Error(`the citizen is ${citizen.state}: ${citizen.reason}`)
  }
  for (let each = 0; each < early; each += 1) await signIn(`before-${each}`)
  suite.purgeKeys()
  const before = await heapUsed()
  for (let each = 0; each < sessions; each += 1) await signIn(each)
  const withTokens = await heapUsed()
  suite.purgeKeys()
  const after = await heapUsed()
  // The suite must be alive when the heap is looked at.
  if (suite.options.store === null) throw new Error('no store')
  return {
    heap: (after - before) / sessions,
    token: (withTokens - after) / Math.min(sessions, 10_000),
    close: () => suite.close(),
  }
}

const set = (store, id, session) =>
  new Promise((resolve, reject) => {
    store.set(id, session, (error) => (error ? reject(error) : resolve()))
  })

async function expressSession() {
  const { default: session } = await import('express-session')
  let store = new session.MemoryStore()
  let close = async () => undefined
  if (redisPort !== undefined) {
    const [{ RedisStore }, { Redis }] = await Promise.all([import('connect-redis'), import('ioredis')])
    const client = new Redis({ port: redisPort })
    store = new RedisStore({ client })
    close = () => client.quit()
  }
  const signIn = (name) => {
    const cookie = {
      originalMaxAge: 600_000,
      expires: new Date(Date.now() + 600_000),
      httpOnly: true,
      path: '/',
    }
    return set(store, randomBytes(24).toString('base64url'), { cookie, person: `sub-${name}` })
  }
  for (let each = 0; each < early; each += 1) await signIn(`before-${each}`)
  const before = await heapUsed()
  for (let each = 0; each < sessions; each += 1) await signIn(each)
  const after = await heapUsed()
  if (typeof store.set !== 'function') throw new Error('no store')
  return { heap: (after - before) / sessions, close }
}

const subjects = { ours, 'express-session': expressSession }

process.on('message', async ({ id }) => {
  try {
    const { close, ...answer } = await subjects[setting.subject]()
    await close()
    process.send({ id, answer: { ...answer, written: sessions + early } })
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) })
  }
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
