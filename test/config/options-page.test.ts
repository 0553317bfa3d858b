import { expect, it } from 'vitest'
import { supportedAlgorithms as configurable } from '../../src/config/identity-provider-options.js'
import { supportedAlgorithms as verifiable } from '../../src/tokens/algorithms.js'
import { faultsOf } from './declared.js'
import { declaredOptions, optionsPage } from './options-page.js'

it('is what docs/options.md says; vitest -u writes it', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../docs/options.md')
})

it.each([...declaredOptions])('has one sentence and one default for %s', (_path, declared) => {
  expect(faultsOf(declared)).toEqual([])
})

it('offers exactly the algorithms that can be verified', () => {
  expect([...configurable].sort()).toEqual([...verifiable].sort())
})
