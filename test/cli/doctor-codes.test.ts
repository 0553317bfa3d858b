/** @module The codes that `doctor` can say, against the table of them for its users. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../examples/set-up.mjs'
import { checkNames } from '../../src/cli/doctor/finding.js'

const folder = join(root, 'src/cli/doctor')
const source = readdirSync(folder)
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n')
const table = readFileSync(join(root, 'docs/cli.md'), 'utf8')

it('has every check, and every code of a warning or a failure, in its documentation', () => {
  const codes = [...source.matchAll(/\b(?:fail|warn)\(\s*'([a-z-]+)'/g)].map(([, code]) => code ?? '')
  expect(codes.length).toBeGreaterThan(90)
  const unknown = [...new Set(codes)].filter((code) => !table.includes(`\`${code}\``))
  expect(unknown).toEqual([])
  expect(checkNames.filter((name) => !table.includes(`| \`${name}\` |`))).toEqual([])
})
