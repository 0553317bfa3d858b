/** @module Sessions by their number, written to a store: by its own `start`, or in bulk as the same text. */
import { connect } from 'node:net'
import { digest } from '../../dist/src/digest.js'
import { personOf, sessionOf } from '../../dist/src/sessions/record.js'
import { serializeRecord } from '../../dist/src/stores/redis/format.js'
import { issuer } from '../issuer.mjs'

const application = 'probe'
const now = Date.now()
const hour = 3_600_000
const retainUntil = now + 24 * hour
/** Under way at once where the store writes: of many people, and of one, whose sessions each start looks through. */
const atOnce = { ofMany: 500, ofOne: 20 }
const chunk = 5000

export const subjectOf = (number) => `person-${number}`

/** Where session `number` lies: of a person of its own, or of the one that `person` names. */
export function addressOf(number, person = subjectOf(number)) {
  return { person: personOf(issuer, person), session: sessionOf(issuer, `session-${number}`), application }
}

/** As the shared cookie begins one. */
export function recordOf(number) {
  return {
    state: 'live',
    generation: digest('generation', String(number)),
    startedAt: now,
    lastSeenAt: now,
    endsAt: now + 12 * hour,
    idleMilliseconds: 600_000,
    tokenExpiresAt: now + hour / 2,
    level: 1,
    authenticatedAt: 0,
    retainUntil,
    sealed: '',
  }
}

/** The end of session `number`, as a sign-out writes it. */
export function endOf(number) {
  return {
    state: 'ended',
    reason: 'signed-out',
    at: now,
    generation: recordOf(number).generation,
    retainUntil,
    sealed: '',
  }
}

async function startOne(store, number, person, mostRecords) {
  const start = { record: recordOf(number), issuedAt: now, now, mostRecords }
  const { outcome } = await store.start(addressOf(number, person), start)
  if (outcome !== 'started') throw new Error(`session ${number} did not start: ${outcome}`)
}

/** Begins the sessions from `from` to `to` by the store's own start. */
export async function startSessions(store, from, to, { person, mostRecords } = {}) {
  const step = person === undefined ? atOnce.ofMany : atOnce.ofOne
  for (let first = from; first < to; first += step) {
    const length = Math.min(step, to - first)
    await Promise.all(
      Array.from({ length }, (_, index) => startOne(store, first + index, person, mostRecords)),
    )
  }
}

const command = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

/** The same sessions by HSET and PEXPIRE: the same key, field, text and life, without the script that begins one. */
export async function writeInBulk(port, from, to) {
  const socket = connect(port, '127.0.0.1')
  const failed = new Promise((_, reject) => socket.once('error', reject))
  const answered = (text) =>
    new Promise((resolve, reject) => {
      socket.once('data', (answer) => {
        if (String(answer) === text) resolve()
        else reject(new Error(String(answer)))
      })
    })
  for (let first = from; first < to; first += chunk) {
    let text = command('CLIENT', 'REPLY', 'OFF')
    for (let number = first; number < Math.min(first + chunk, to); number += 1) {
      const { person, session } = addressOf(number)
      const key = `citizen:{${person}}`
      text += command('HSET', key, `r:${application}:${session}`, serializeRecord(recordOf(number)))
      text += command('PEXPIRE', key, String(24 * hour))
    }
    const isDone = answered('+OK\r\n')
    socket.write(text + command('CLIENT', 'REPLY', 'ON'))
    await Promise.race([isDone, failed])
  }
  socket.destroy()
}
