/** @module Requests of everybody who is signed in, and for some seconds of everybody who was, with a log of what was served. */

import { now } from './observed.mjs'
import { createExchange } from './protocol.mjs'

/** How long somebody is asked for after the end, in milliseconds. */
const afterEnd = 1500
/** How long each time, whatever was answered. */
const firstAfterEnd = 60

/** One request. Logged is when it was decided, and whether from memory. */
async function visit({ suite, decisions, log }, person) {
  const decision = { at: 0, isNear: false }
  decisions.set(person.address.person, decision)
  person.isVisited = true
  try {
    const citizen = await suite.authenticate(createExchange('GET', '/open', person.cookie))
    person.isRefused = citizen.state !== 'active'
    if (citizen.state === 'active') {
      log.served.push([person.name, decision.at, decision.isNear ? 'near' : 'strict'])
    }
  } catch {
    // What cannot be told is not served.
  } finally {
    person.isVisited = false
  }
}

/** What a strict read on the same connection says, which nothing remembers. */
async function look({ control, log }, person) {
  const at = now()
  person.isLookedAt = true
  try {
    const record = await control.read(person.address)
    if (record?.state === 'live') log.served.push([person.name, at, 'control'])
  } catch {
    // An outage says nothing.
  } finally {
    person.isLookedAt = false
  }
}

function noteProof({ store, say, log }, state) {
  const { isProven } = store.near
  if (isProven === state.isProven) return
  state.isProven = isProven
  log.proofs.push([now(), isProven])
  say({ isProven })
}

/** Those whose end is known and who were not refused since are asked each time, the others in turn. */
function serveSome(parts, state) {
  const { people, ended, visits } = parts
  noteProof(parts, state)
  for (const person of ended) {
    const since = now() - person.endedAt
    if (person.isRefused && since > firstAfterEnd) ended.delete(person)
    if (!person.isVisited) void visit(parts, person)
    if (!person.isLookedAt) void look(parts, person)
  }
  for (let count = 0; count < visits; count += 1) {
    if (state.rotation.length === 0) state.rotation = [...people.values()]
    const person = state.rotation.pop()
    if (person === undefined) return
    if (person.endedAt !== undefined && now() - person.endedAt > afterEnd) people.delete(person.name)
    if (!person.isVisited) void visit(parts, person)
    if (person.endedAt !== undefined && !person.isLookedAt) void look(parts, person)
  }
}

/**
 * Makes the orders of a reader. `parts`: suite, its observed store with `decisions`, the `control` store, `addressOf` a
 * name, `say`, and how many `visits` each `tickMilliseconds`.
 */
export function createServing(given) {
  const log = { served: [], proofs: [], losses: [] }
  const parts = { ...given, log, people: new Map(), ended: new Set() }
  const { store, say, people } = parts
  return {
    serve() {
      store.near.watch({ lost: ({ reason }) => log.losses.push([now(), reason]) })
      const state = { rotation: [], isProven: undefined }
      setInterval(() => serveSome(parts, state), parts.tickMilliseconds)
    },
    began: (person) => people.set(person.name, { ...person, address: parts.addressOf(person.name) }),
    ended(name) {
      const person = people.get(name)
      if (person === undefined) return
      person.endedAt = now()
      person.isRefused = false
      parts.ended.add(person)
    },
    /** Does nothing else for so long, then serves everybody before it hears of anything. */
    block(milliseconds) {
      const until = now() + milliseconds
      while (now() < until);
      for (const person of people.values()) if (!person.isVisited) void visit(parts, person)
    },
    log() {
      say({ log })
      log.served.length = 0
      log.losses.length = 0
      log.proofs.splice(0, log.proofs.length - 1)
    },
  }
}
