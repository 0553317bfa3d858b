/** @module Types of `set-up.mjs`, for the tests. */

/** The folder of the package. */
export const root: string

/** Where everything is kept that a command may throw away. */
export const cache: string

/** The Next.js example, whose packages are its own. */
export const nextExample: string

/** Set-up cannot go on; the message says what to do. */
export class SetUpError extends Error {}

/** How to run a program. `log` names a file below `.cache/logs`; `timeoutSeconds` is 900 by default. */
export interface RunOptions {
  readonly log?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly timeoutSeconds?: number
}

/** Runs a program to its end; `code` is 127 where it is not there, 124 after a time-out. */
export function run(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<{ readonly code: number; readonly output: string }>

/** Runs npm: the one that started this process, else the one on the path. */
export function npm(
  args: readonly string[],
  options?: RunOptions,
): Promise<{ readonly code: number; readonly output: string }>

/** Compiles src and adapters into dist, as far as they are newer. */
export function build(say: (line: string) => void): Promise<void>

/** Installs the packages of the Next.js example where they are missing. Resolves to their folder. */
export function installNext(say: (line: string) => void): Promise<string>

/** Refuses a Node that the package does not run on. */
export function checkNode(version?: string): void

/** Everything between a fresh clone and a program that runs. */
export function prepare(say: (line: string) => void): Promise<void>
