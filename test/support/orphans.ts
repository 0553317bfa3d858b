/** @module No program that a test started outlives the tests, however they end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'

/** Reads the ids of what runs, a line each time that changes; ends the last of them when its input ends. */
const script = `
while IFS= read -r line; do running=$line; done
[ -n "$running" ] || exit 0
kill -CONT $running; kill -TERM $running; sleep 1; kill -KILL $running`

const running = new Set<ChildProcess>()
let input: NodeJS.WritableStream | undefined

function watch(): NodeJS.WritableStream {
  const watcher = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  watcher.unref()
  // Neither it nor the pipe to it keeps the tests alive.
  if (watcher.stdin instanceof Socket) watcher.stdin.unref()
  return watcher.stdin.on('error', () => {})
}

function tell(): void {
  input ??= watch()
  input.write(`${[...running].map((child) => child.pid).join(' ')}\n`)
}

/**
 * Ends a program with this process: also when that is killed, which no handler of its own would see.
 * The pipe to a small shell closes with this process, and the shell ends what is left.
 */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return
  running.add(child)
  tell()
  child.once('exit', () => {
    running.delete(child)
    tell()
  })
}
