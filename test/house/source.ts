/** @module Reads source files for the tests of the house: which there are, and what each imports. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every file of the repository by its path with `/`, without what `.gitignore` names. */
export function repositoryFiles(folder = root): readonly string[] {
  const ignored = new Set(
    readFileSync(join(root, '.gitignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/\/$/, '')),
  )
  const walk = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      if (entry.name === '.git' || ignored.has(entry.name) || entry.name.endsWith('.log')) return []
      const full = join(path, entry.name)
      if (entry.isDirectory()) return walk(full)
      return entry.isFile() ? [relative(root, full).split(sep).join('/')] : []
    })
  return walk(folder).sort()
}

/** The text of a file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** One import, re-export or dynamic import. */
export interface Import {
  /** As written, or for a relative one the path from the root with `.ts`. */
  readonly target: string
  readonly isRelative: boolean
  /** Erased by the compiler: `import type`, `export type`, or the type `import('x').Name`. */
  readonly isType: boolean
}

/**
 * The imports of a file. `import { type A }` counts as a value: under `verbatimModuleSyntax` the module is loaded.
 * Statements begin a line, as the formatter leaves them, so text inside a comment or an indented string is no import.
 */
export function importsOf(path: string, text: string): readonly Import[] {
  const found: Import[] = []
  const statement =
    /^(?:import|export)(\s+type\b(?!\s*(?:,|from\b)))?(?:\s+[\w$*{][^'"`;=()]*?\s+from)?\s*(['"])([^'"\n]+)\2/gm
  for (const [, type, , specifier = ''] of text.matchAll(statement)) {
    found.push(importOf(path, specifier, type !== undefined))
  }
  const call = /(?<![\w$.])import\(\s*(?:\/\*[^*]*\*\/\s*)?(['"])([^'"\n]+)\1[^)]*\)(\s*\.\s*[A-Z])?/g
  for (const [, , specifier = '', member] of withoutComments(text).matchAll(call)) {
    found.push(importOf(path, specifier, member !== undefined))
  }
  return found
}

/** Enough for finding calls: block comments, and lines that are comments. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

function importOf(path: string, specifier: string, isType: boolean): Import {
  if (!specifier.startsWith('.')) return { target: specifier, isRelative: false, isType }
  const target = posix.join(dirname(path), specifier).replace(/\.js$/, '.ts')
  return { target, isRelative: true, isType }
}
