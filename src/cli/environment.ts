/** @module The variables that a command reads: the process's own, and those of files. */
import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import type { Environment } from '../config/environment.js'
import { suiteOptionsByPath, suiteVariableFor } from '../config/read-suite-options.js'
import { variablesFor } from '../config/read-variable.js'
import { usageError } from './command.js'

/**
 * The environment with the variables of files, as `node --env-file` reads them: of two files the later one counts,
 * and what the environment has already wins over both.
 * @throws `usage` for a file that cannot be read
 */
export async function readEnvironment(
  files: readonly string[],
  environment: Environment = process.env,
): Promise<Environment> {
  let found: Environment = {}
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw usageError(`--env-file: ${file} cannot be read (${codeOf(cause)})`, cause)
    })
    found = { ...found, ...parseEnv(text) }
  }
  return { ...found, ...environment }
}

const variables = [...suiteOptionsByPath].flatMap(([path, { kind }]) => {
  const variable = suiteVariableFor(path)
  return variable === '' ? [] : variablesFor(variable, kind)
})

/** Whether any of our options is set. */
export const isConfigured = (environment: Environment): boolean =>
  variables.some((name) => environment[name]?.trim())

/** The code of a failure of the file system. */
export function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : 'unknown'
}
