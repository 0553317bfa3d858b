import { expect, it } from 'vitest'
import { oidcOptions } from '../../src/oidc/options.js'
import { declaredIn, faultsOf, withOptionTable } from '../config/declared.js'
import { textOf } from '../house/source.js'

const declared = declaredIn('src/oidc/options.ts', 'oidcOptions', oidcOptions)

it('docs/oidc.md has each option as the code has it, in this order; vitest -u writes it', async () => {
  const page = withOptionTable(textOf('docs/oidc.md'), 'oidc', declared)
  for (const path of declared.keys()) expect(page).toContain(`\n| \`${path}\` | `)
  await expect(page).toMatchFileSnapshot('../../docs/oidc.md')
})

it.each([...declared])('has one sentence and one default for %s', (_path, each) => {
  expect(faultsOf(each)).toEqual([])
})
