/** @module The figures of the rounds, by the road that they took. */
import { cpus, loadavg } from 'node:os'
import type { Round } from './round.js'

/** The value below which this part of all lies, of a list that is not empty. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? 0
}

/** `p50 / p99`, in whole milliseconds. */
export function spread(values: readonly number[]): string {
  return `${quantile(values, 0.5).toFixed(0)} / ${quantile(values, 0.99).toFixed(0)}`
}

/** Within which all instances had refused in 99 of 100 rounds, from the click's answer. Milliseconds. */
export const refusalP99 = (rounds: readonly Round[]): number =>
  quantile(
    rounds.map(({ refusedAfterAnswer }) => refusedAfterAnswer),
    0.99,
  )

const columns = ['the click at', 'rounds', 'click to answer', 'answer to all refused', 'click to all refused']

/** A line for each road, and one for all of them. */
export function report(
  rounds: readonly Round[],
  heard: Readonly<Record<'near' | 'strict', readonly number[]>>,
) {
  const names = [...new Set(rounds.map(({ road }) => road.name))]
  const row = (name: string, some: readonly Round[]) => [
    name,
    String(some.length),
    spread(some.map(({ answered }) => answered)),
    spread(some.map(({ refusedAfterAnswer }) => refusedAfterAnswer)),
    spread(some.map(({ refused }) => refused)),
  ]
  const rows = names.map((name) =>
    row(
      name,
      rounds.filter(({ road }) => road.name === name),
    ),
  )
  const last = new Map<string, number>()
  for (const round of rounds) last.set(round.last, (last.get(round.last) ?? 0) + 1)
  const load = loadavg().map((value) => value.toFixed(1))
  return [
    'p50 / p99 in milliseconds',
    ...[columns, ...rows, row('all', rounds)].map((cells) =>
      cells.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(22))).join(''),
    ),
    `last to refuse: ${[...last].map(([name, times]) => `${name} ${times}`).join(', ')}`,
    `sockets heard after the click: near reads ${spread(heard.near)}, without ${spread(heard.strict)}`,
    `load of the machine ${load.join(', ')} on ${cpus().length} cores`,
  ].join('\n')
}
