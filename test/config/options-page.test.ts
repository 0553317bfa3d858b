import { expect, it } from 'vitest'
import { supportedAlgorithms as configurable } from '../../src/config/identity-provider-definitions.js'
import { schema } from '../../src/config/schema.js'
import { supportedAlgorithms as verifiable } from '../../src/tokens/algorithms.js'
import { optionsPage } from './options-page.js'

it('is what docs/options.md says; vitest -u writes it', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../docs/options.md')
})

it.each(Object.entries(schema))('has one sentence and one default for %s', (_path, descriptor) => {
  expect(descriptor.meaning).toMatch(/^[A-Z`][^|\n]+[^.]\.$/)
  const defaults = ['isRequired', 'derived', 'fallback'].filter((name) => name in descriptor)
  expect(defaults).toHaveLength(1)
})

it('offers exactly the algorithms that can be verified', () => {
  expect([...configurable].sort()).toEqual([...verifiable].sort())
})
