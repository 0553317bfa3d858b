/** @module Checks the clocks: the provider's, the applications' and this machine's against each other. */
import { type ProbeAnswer, ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import type { Visited } from './visits.js'

const { ok, warn, fail, skipped } = createFindings('clock')
/** A difference of so many seconds says nothing: the header has whole seconds, and the answer took its time. */
const noise = 2

/** A machine whose answers tell its time. */
export interface ClockWitness {
  readonly name: string
  readonly visited: Visited
}

/** Seconds by which the sender of an answer is ahead of us; `undefined` without a date. */
function aheadOf(answer: ProbeAnswer): number | undefined {
  // What a cache hands out is as old as it says. Source: RFC 9111, section 5.1.
  const age = /^\d{1,9}$/.exec(answer.header('age') ?? '')?.[0] ?? 0
  const date = Date.parse(answer.header('date') ?? '') + Number(age) * 1000
  // The header is rounded down: on average half a second is missing.
  return Number.isNaN(date) ? undefined : Math.round((date + 500 - answer.at) / 1000)
}

const inWords = (seconds: number) => `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'}`

/** The clock differences, against the skew that the configuration tolerates. */
export function judgeClocks(witnesses: readonly ClockWitness[], skewSeconds: number): readonly Finding[] {
  const findings: Finding[] = []
  const known: { name: string; ahead: number }[] = []
  for (const { name, visited } of witnesses) {
    if (visited instanceof ProbeError) continue
    const ahead = aheadOf(visited)
    if (ahead === undefined)
      findings.push(skipped('clock-unknown', { target: name, reason: 'its answers carry no Date' }))
    else known.push({ name, ahead })
  }
  const offsets = known.map(({ ahead }) => ahead)
  const agree = Math.max(...offsets) - Math.min(...offsets) <= 2 * noise
  const least = Math.min(...offsets.map(Math.abs))
  if (known.length > 1 && agree && least > 2 * noise) {
    const remedy = 'synchronise the clock of this machine (NTP)'
    const reason = `the others agree with each other and are ${inWords(offsets[0] ?? 0)} the clock here`
    return [...findings, warn('clock-here', { target: 'this machine', reason, remedy })]
  }
  for (const { name, ahead } of known) {
    const reason = `${inWords(ahead)} this machine; ${skewSeconds} s are tolerated`
    const remedy = 'synchronise the clocks of all machines (NTP)'
    if (Math.abs(ahead) > skewSeconds) findings.push(fail('clock-off', { target: name, reason, remedy }))
    else if (Math.abs(ahead) > 2 * noise) findings.push(warn('clock-drift', { target: name, reason, remedy }))
    else findings.push(ok('clock', { target: name, reason: 'agrees with this machine' }))
  }
  return findings
}
