/** @module The command `registration`, run in this process, with what it has said. */
import { runCommandLine } from '../../src/cli/run.js'

/** Runs it with arguments; answers with the exit code and both outputs. */
export async function runRegistration(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommandLine(['registration', ...args], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stop: new AbortController().signal,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
