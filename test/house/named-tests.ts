/** @module Tests that a page names, as `` `test/x.test.ts`: title `` in a cell of a table, several with `<br>` between them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, textOf } from './source.js'

/** A test as a page names it. */
export interface NamedTest {
  readonly file: string
  readonly title: string
}

/** The tests in a cell; what is not in the form has neither file nor title. */
export function testsIn(cell: string): readonly NamedTest[] {
  return cell.split('<br>').map((entry) => {
    const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(entry.trim()) ?? []
    return { file, title }
  })
}

/** The lines of a test file with titles: one that begins a test, one after a table of cases, or a title alone. */
const linesWithTitles = (text: string): readonly string[] =>
  text.split('\n').filter((line) => /^\s*(?:(?:it|test|describe)\b|\](?: as const)?\)\(|['"`])/.test(line))

/** Tests, and suites that several of them run. */
const mayHoldTests = /^test\/(?:[\w/-]+(?:\.\w+)*\.test|(?:contracts|engines)\/[\w-]+|[\w/-]+-cases)\.ts$/

/** Whether the file is there, and has the title. */
export function isThere({ file, title }: NamedTest): boolean {
  if (!mayHoldTests.test(file) || title.length < 12 || !existsSync(join(root, file))) return false
  return linesWithTitles(textOf(file)).some((line) => line.replaceAll("\\'", "'").includes(title))
}
