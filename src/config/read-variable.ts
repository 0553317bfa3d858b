/** @module Reads one option from its variables: the one that holds the text, or the one that names a file with it. */
import { type Environment, textOfVariable } from './environment.js'
import type { Kind } from './option-types.js'

/** Ends the name of a variable that names a file. */
const inFile = '_FILE'

/** More than any document that an option holds. */
const mostBytes = 4_194_304

/** The variables of a kind of option, by the name of the first. */
export function variablesFor(variable: string, kind: Kind<unknown>): readonly string[] {
  if (kind.fromText === undefined) return []
  return kind.isInFile === true ? [variable, `${variable}${inFile}`] : [variable]
}

/** What to write besides, where nothing is given. */
export function fileHint(variable: string, kind: Kind<unknown>): string {
  return kind.isInFile === true && variable !== '' ? `, or the path of its file as ${variable}${inFile}` : ''
}

/** What a variable says, and which one said it. */
export type FromVariable = { readonly variable: string } & (
  | { readonly value: unknown }
  | { readonly problem: string }
)

/** Reads an option; `undefined`: no variable is set. No message holds anything of the text. */
export function readVariable(
  environment: Environment,
  variable: string,
  kind: Kind<unknown>,
): FromVariable | undefined {
  const [own, file] = variablesFor(variable, kind)
  const text = own === undefined ? undefined : textOfVariable(environment, own)
  const path = file === undefined ? undefined : textOfVariable(environment, file)
  if (file === undefined || path === undefined) {
    return text === undefined ? undefined : { variable, value: kind.fromText?.(text) }
  }
  if (text !== undefined) return { variable: file, problem: `write it or ${variable}, and not both` }
  const read = readText(path)
  return typeof read === 'string'
    ? { variable: file, value: (kind.fromFile ?? kind.fromText)?.(read) }
    : { variable: file, problem: read.problem }
}

/** The text of a file, without blanks and a byte order mark around it. */
function readText(path: string): string | { readonly problem: string } {
  // Asked for only here, so that a runtime without files runs everything else.
  const files = process.getBuiltinModule?.('node:fs')
  if (files === undefined) return { problem: 'no files can be read here: write the text itself' }
  let bytes: Uint8Array
  try {
    bytes = readStart(files, path)
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
    return { problem: `names a file that cannot be read (${String(code)})` }
  }
  if (bytes.length > mostBytes) return { problem: 'names a file of more than 4 MiB' }
  const text = decoded(bytes)?.trim()
  // Read in another encoding a secret would be another one.
  if (text === undefined) return { problem: 'names a file that is not in UTF-8' }
  return text === '' ? { problem: 'names a file that is empty' } : text
}

/** Bytes of UTF-8 as a text, without a byte order mark; `undefined`: they are in another encoding. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** All of a file, or so much that it is too long: a device has no end. */
function readStart(files: typeof import('node:fs'), path: string): Uint8Array {
  const descriptor = files.openSync(path, 'r')
  try {
    const parts: Uint8Array[] = []
    for (let length = 0; length <= mostBytes; ) {
      const part = new Uint8Array(65_536)
      const read = files.readSync(descriptor, part)
      if (read === 0) break
      parts.push(part.subarray(0, read))
      length += read
    }
    return Buffer.concat(parts)
  } finally {
    files.closeSync(descriptor)
  }
}
