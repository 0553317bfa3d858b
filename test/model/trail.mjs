/** @module A history that SPIN has found, in words: who did what, at which process, and what came of it. */
import { rules } from './faults.mjs'

const records = ['nothing', 'a live record', 'an end']
const answers = {
  1: 'is served',
  2: 'is told that the session is over',
  3: 'is told that the store cannot be reached',
  4: 'is told: done',
  5: 'is told: not sure',
}
/** `mtype` of the model, from 1, in the order that SPIN gives them: the last one declared is 1. */
const processes = ['benefits 1', 'benefits 2', 'library 1', 'library 2']
const actors = { 0: 'tab 1', 1: 'tab 2', 2: 'somebody' }

const tellers = {
  reads: (came) => `the strict read finds ${records[came]}`,
  arrives: () => 'the answer of the strict read arrives',
  near: () => 'the record is answered from memory',
  starts: (came) => `the start leaves ${records[came]}`,
  touches: (came) => `the touch meets ${records[came]}`,
  ends: (came) => `the idle end leaves ${records[came]}`,
  leases: (came) => (came === 1 ? 'gets the lease of the refresh' : 'does not get the lease by rights'),
  looks: (came) => `looks again under the lease: ${records[came]}`,
  calls: (came) => `the provider exchanges the token, for the ${came === 1 ? 'first' : 'second'} time`,
  keeps: (came) => `keeps the new token: ${records[came]}`,
  last: (came) => `looks once more before the cookies are set: ${records[came]}`,
  revokes: (came) => (came === 4 ? 'the sign-out is written' : 'the sign-out is told as done'),
  waits: (came) => answers[came],
  away: (came) => answers[came],
  tells: (came) => answers[came],
}

const byThemselves = {
  failover: 'the master dies, and its replica goes on as it is',
  replicates: 'the replica has all that the master has',
  follows: 'a new replica follows',
  late: 'a command arrives whose caller has given up',
  dropped: 'a command whose caller has given up is lost',
  tick: 'time passes: one tick',
  runsout: 'the lease of the refresh runs out',
}

/**
 * One line of a trail in its parts; `undefined`: it is none.
 * @param {string} line
 */
export function parseStep(line) {
  const [kind, who, what, at, came] = line.split(/\s+/)
  return kind === 'STEP' ? { who: Number(who), what, at: Number(at), came: Number(came) } : undefined
}

/**
 * A story, line by line; the last one says which rule is broken.
 * @param {readonly string[]} lines
 */
export function storyOfTrail(lines) {
  return lines.map((line) => {
    const step = parseStep(line)
    if (step === undefined) return `Broken: ${rules[Number(line.split(' ')[1])]}.`
    const { who, what, at, came } = step
    if (what === 'hears') return `${processes[at]} hears of a change`
    if (what === 'beats') return `${processes[at]} proves that it has heard of every change until now`
    if (what === 'lapses') return `${processes[at]} listens to the new master`
    if (who === 255) return byThemselves[what] ?? what
    if (who === 2) return `somebody signs out at ${processes[at]}: ${tellers[what]?.(came) ?? what}`
    return `${actors[who]} at ${processes[at]}: ${tellers[what]?.(came) ?? what}`
  })
}
