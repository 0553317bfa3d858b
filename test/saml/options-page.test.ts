import { expect, it } from 'vitest'
import { samlOptions } from '../../src/saml/options.js'
import { declaredIn, faultsOf, withOptionTable } from '../config/declared.js'
import { textOf } from '../house/source.js'

const declared = declaredIn('src/saml/options.ts', 'samlOptions', samlOptions)

it('docs/saml.md has each option as the code has it, in this order; vitest -u writes it', async () => {
  const page = withOptionTable(textOf('docs/saml.md'), 'saml', declared)
  for (const path of declared.keys()) expect(page).toContain(`\n| \`${path}\` | `)
  await expect(page).toMatchFileSnapshot('../../docs/saml.md')
})

it.each([...declared])('has one sentence and one default for %s', (_path, each) => {
  expect(faultsOf(each)).toEqual([])
})
