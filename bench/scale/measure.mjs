/** @module What the parts have in common: percentiles, what the machine was doing, and how a row is judged. */
import { cpus, loadavg } from 'node:os'

/** The value below which that share of sorted numbers lies. */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

/** Median and 99th percentile. */
export function spread(numbers) {
  const sorted = Float64Array.from(numbers).sort()
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

/** The day, the machine, and how many processes wanted a processor when the part began. */
export function machineLine() {
  const [cpu] = cpus()
  const [load] = loadavg()
  const busy =
    load > 0.7 * cpus().length
      ? ` Measured beside other work (load ${load.toFixed(1)} at the start): waiting times are too long.`
      : ''
  return `${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${cpu?.model.trim()}, Node ${process.versions.node}.${busy}`
}

/** What a budget's cell says. */
export const judge = (isMet) => (isMet ? 'met' : 'NOT met')

/** A table in Markdown. `align`: `r` for a column of numbers, else `l`. */
export function table(heads, align, rows) {
  const rule = [...align].map((each) => (each === 'r' ? '---:' : '---'))
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Answers the questions of the parent process, and says that this one is ready. */
export function serveQuestions(questions) {
  process.on('message', async ({ id, question, given }) => {
    try {
      process.send({ id, answer: await questions[question](given) })
    } catch (error) {
      process.send({ id, error: String(error?.stack ?? error) })
    }
  })
  process.on('disconnect', () => process.exit())
  process.send({ ready: true })
}
