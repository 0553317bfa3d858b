/** @module People who are signed in and out, one after the other; when each end was told as done is sent at once. */

import { now } from './observed.mjs'
import { createExchange, issuer } from './protocol.mjs'

/** How a session ends: by itself, with all of its person's, or by a message that names it. */
const ways = {
  session: ({ suite }, { name, publicId }) => suite.sessions.end({ issuer, subject: name, publicId }),
  person: ({ suite }, { name }) => suite.sessions.endAllOf({ issuer, subject: name }),
  message: ({ host, indexKey }, { name }) =>
    host().sessions.revokeByIndex([{ key: indexKey(name), kind: 'session' }], 'all', 'signed-out'),
}

async function begin({ suite }, name) {
  const exchange = createExchange('GET', `/session/scripted/begin?person=${name}`)
  const reply = await suite.endpoint(exchange)(exchange)
  const { publicId } = JSON.parse(reply.body)
  if (publicId === undefined) return undefined
  return { name, publicId, cookie: exchange.cookies.map((each) => `${each.name}=${each.value}`).join('; ') }
}

async function end(parts, person, way) {
  try {
    const { ended } = await ways[way](parts, person)
    // Confirmed by replicas or not: a strict read at this server refuses from now on.
    return ended > 0 ? { name: person.name, way, at: now() } : undefined
  } catch (error) {
    if (error.code !== 'store-unavailable') parts.say({ problem: `an end: ${error.stack}` })
    return undefined
  }
}

/**
 * Makes the orders of a writer. `parts`: suite, host and indexKey of its protocol, `say`, `name`, how many `people`, and
 * `pauseMilliseconds` between two ends.
 */
export function createWriting(parts) {
  const { say, people: wanted, pauseMilliseconds } = parts
  const people = []
  let serial = 0

  async function endOne(way) {
    // Of the older half: whoever serves has met them.
    const [person] = people.splice(Math.floor((Math.random() * wanted) / 2), 1)
    if (person === undefined) return false
    const ended = await end(parts, person, way)
    say(ended === undefined ? { unacknowledged: person.name, way } : { ended })
    return ended !== undefined
  }

  async function write() {
    for (let turn = 0; ; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds))
      if (people.length < wanted * 1.5) {
        serial += 1
        const person = await begin(parts, `${parts.name}-${serial}`).catch(() => undefined)
        if (person !== undefined) {
          people.push(person)
          say({ began: person })
        }
      }
      if (people.length >= wanted) await endOne(Object.keys(ways)[turn % 3])
    }
  }
  return {
    write: () => void write(),
    /** Ends somebody now, and tells whether that was told as done. */
    async endAny() {
      say({ endedAny: await endOne('session') })
    },
    /** Gives somebody to another way to be ended. */
    give: () => say({ given: people.splice(Math.floor((Math.random() * wanted) / 2), 1)[0] }),
  }
}
