/**
 * @module Writes out, in the declarations that are packed, the options that follow from a table: not every editor finds the
 * docstrings behind a mapped type (the language server of TypeScript 7.0 does not).
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writtenOut } from './option-types.mjs'

const [folder = fileURLToPath(new URL('../../dist/src/', import.meta.url))] = process.argv.slice(2)

for (const path of await readdir(folder, { recursive: true })) {
  if (!path.endsWith('.d.ts')) continue
  const file = join(folder, path)
  const text = await readFile(file, 'utf8')
  // Only a table of the same file: what its types name is imported there.
  const tables = new Map(
    [...text.matchAll(/^export declare const (\w+): (\{\n.*?^\});/gms)].map(([, name, type]) => [name, type]),
  )
  const statement = /^export interface \w+ extends .*?^\}/gms
  const written = new Map()
  for (const [interfaceText] of text.matchAll(statement)) {
    written.set(interfaceText, await writtenOut(interfaceText, (name) => tables.get(name)))
  }
  const result = text.replace(statement, (interfaceText) => written.get(interfaceText) ?? interfaceText)
  if (result !== text) await writeFile(file, result)
}
