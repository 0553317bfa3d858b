/** @module What a command of the command line is. */
import { CitizenSessionError } from '../errors.js'

/** What a command may do to the outside. */
export interface Console {
  out(line: string): void
  err(line: string): void
  /** Aborts when the person or the system wants the command to stop. */
  readonly stop: AbortSignal
  /** Standard input; without it a command that reads from it fails. */
  readonly input?: AsyncIterable<Uint8Array> | undefined
  /** Whether a person reads the output on a terminal that shows colours. */
  readonly isColoured?: boolean | undefined
  /** Width of the terminal, in characters; absent where nobody looks at one. */
  readonly columns?: number | undefined
}

/** One command. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole text of `--help`. */
  readonly help: string
  /** Returns the exit code: 0 done, 1 failed. @throws `usage` for wrong arguments: exit code 2. */
  run(args: readonly string[], console: Console): Promise<number>
}

/** What a piece of work brings, or `undefined` where the person stopped it before. */
export async function untilStopped<T>(work: Promise<T>, console: Console): Promise<T | undefined> {
  const { stop } = console
  let give = () => {}
  const stopped = new Promise<undefined>((resolve) => {
    give = () => resolve(undefined)
    stop.addEventListener('abort', give, { once: true })
    if (stop.aborted) give()
  })
  // What is still under way may fail once nobody waits for it.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, stopped])
  } finally {
    stop.removeEventListener('abort', give)
  }
}

/** Wrong arguments: says what to write instead. */
export const usageError = (message: string, cause?: unknown): CitizenSessionError =>
  new CitizenSessionError('usage', message, { cause })
