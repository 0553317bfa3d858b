/** @module The bench from beginning to end: the interleaved run, memory, the herd, the report. */
import { createPublicKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createEmulator } from 'citizen-session/emulator'
import { startChild } from './child.mjs'
import { runHerd } from './herd.mjs'
import { runPairs } from './pairs.mjs'
import { runInterleaved } from './plan.mjs'
import { startRedisServer } from './redis-server.mjs'
import { budgetReport, checkBudgets, pairBudgets, pairReport, report } from './report.mjs'

const lengths = {
  full: {
    rounds: 5,
    milliseconds: 600,
    warmUpMilliseconds: 2500,
    sessions: 20_000,
    pairs: { rounds: 15, requests: 2000, warmUp: 20_000 },
  },
  quick: {
    rounds: 3,
    milliseconds: 150,
    warmUpMilliseconds: 400,
    sessions: 4_000,
    pairs: { rounds: 5, requests: 500, warmUp: 5000 },
  },
}

/** The person of the run, known to the emulator, with a token that needs no refresh while the bench runs. */
async function createContext(redis) {
  const emulator = await createEmulator({ port: 0, tokenSeconds: 43_200, sessionSeconds: 86_400 })
  const token = await emulator.tokenFor('ana')
  const [header, payload, signature] = token.split('.')
  const { iat, exp, sub } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const [jwk] = emulator.jwks().keys
  const idToken = await emulator.signToken({
    iss: emulator.url,
    sub,
    aud: 'bench',
    iat,
    exp,
    name: 'Ana Example',
  })
  const setting = {
    person: sub,
    idToken,
    redisPort: redis?.port,
    identityProvider: {
      url: emulator.url,
      internalUrl: emulator.internalUrl,
      jwks: `${emulator.internalUrl}/api/v1/authentication/.well-known/jwks.json`,
      publicKeyPem: createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
    },
  }
  return { emulator, redis, person: sub, parts: { header, payload, signature }, setting }
}

/** Bytes a session, in heap and in Redis. */
async function weigh(subject, { sessions, redis }) {
  const child = await startChild('memory.mjs', { subject, sessions, redisPort: redis?.port }, ['--expose-gc'])
  const before = await redis?.usedMemory()
  const answer = await child.ask('weigh')
  const after = await redis?.usedMemory()
  await child.close()
  return redis === undefined ? answer : { ...answer, redis: (after - before) / answer.written }
}

async function weighAll(sessions, redis) {
  const rows = new Map()
  for (const subject of ['ours', 'express-session']) {
    rows.set(subject, await weigh(subject, { sessions }))
    if (redis !== undefined) rows.set(`${subject}-redis`, await weigh(subject, { sessions, redis }))
  }
  return rows
}

/** The pairs alone: what the adapters cost. */
async function mainOfPairs(length, { say, isChecking }) {
  const context = await createContext(undefined)
  const pairs = await runPairs(context, { ...length, say })
  await context.emulator.close()
  const budgets = pairBudgets(pairs)
  console.log([...pairReport(pairs, length), ...budgetReport(budgets)].join('\n'))
  return isChecking && budgets.some(({ isMet }) => !isMet) ? 1 : 0
}

/** Runs the bench. Returns the exit code: 1 only with `--check` and a budget that is not met. */
export async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      pairs: { type: 'boolean', default: false },
      'no-file': { type: 'boolean', default: false },
    },
  })
  const length = values.quick ? lengths.quick : lengths.full
  const chosen = values.only
  const only = (name) => name === 'bare' || chosen === undefined || chosen.includes(name)
  const say = (line) => console.error(line)
  if (values.pairs) return mainOfPairs(length.pairs, { say, isChecking: values.check })
  const redis = await startRedisServer()
  if (redis === undefined)
    say('no redis-server here: the contenders that need one, and the herd, are left out')

  const context = await createContext(redis)
  const measured = await runInterleaved(context, { ...length, only, seed: 20_261_122, say })
  const pairs = only('ours') ? await runPairs(context, { ...length.pairs, say }) : undefined
  await context.emulator.close()
  say('weighing sessions')
  const memory = await weighAll(length.sessions, redis)
  say('letting the herd loose')
  const herd = redis === undefined ? undefined : await runHerd(redis.port)
  await redis?.close()

  const budgets = checkBudgets({ measured, memory, herd, pairs })
  const text = report({ measured, memory, herd, pairs, budgets, redis, length, isQuick: values.quick })
  console.log(text)
  if (!values['no-file'] && chosen === undefined) {
    writeFileSync(new URL('results.md', import.meta.url), text)
  }
  return values.check && budgets.some(({ isMet }) => !isMet) ? 1 : 0
}
