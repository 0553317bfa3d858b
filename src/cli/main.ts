#!/usr/bin/env node
/** @module The command `citizen-session`. */
import { runCommandLine } from './run.js'

const controller = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())

// Whoever reads the output may leave early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`citizen-session: the output cannot be written (${error.code})\n`)
  process.exit(1)
})

runCommandLine(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  stop: controller.signal,
  // Only a command that reads it may open it.
  get input() {
    return process.stdin
  },
  columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
  isColoured: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
}).then(
  (code) => {
    process.exitCode = code
    // Input that was being read, or an answer that was waited for, would hold the process up.
    if (controller.signal.aborted) process.exit()
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
  },
)
