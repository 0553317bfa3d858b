import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { oidcRows } from '../../src/oidc/option-definitions.js'
import { oidcOptionLines } from './options-page.js'

const page = readFileSync(new URL('../../docs/oidc.md', import.meta.url), 'utf8')

it('docs/oidc.md has each option as the code has it, in this order', () => {
  const table = page.split('\n').filter((line) => /^\| `[a-zA-Z.]+` \| .* \| .* \|$/.test(line))
  const options = table.filter((line) => Object.hasOwn(oidcRows, line.slice(3, line.indexOf('`', 3))))
  expect(options).toEqual(oidcOptionLines())
})

it.each(Object.entries(oidcRows))('has one sentence and one default for %s', (_, descriptor) => {
  expect(descriptor.meaning).toMatch(/^[A-Z`][^|\n]+[^.]\.$/)
  expect(['isRequired', 'derived', 'fallback'].filter((name) => name in descriptor)).toHaveLength(1)
})
