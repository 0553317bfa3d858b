/** @module npm's `oidc-provider`, each feature on and off: in, renewed, UserInfo, out here and there, or a clear refusal. */
import { afterAll, describe, expect, it, vi } from 'vitest'
import { features, settingsOf, switched, type Use } from './features.js'
import { type Circumstances, goThrough, type Journey, usual } from './journey.js'
import { signingKey } from './provider.js'

// It has a notice for each default that it is left with.
for (const method of ['info', 'warn'] as const) vi.spyOn(console, method).mockImplementation(() => undefined)
afterAll(() => vi.restoreAllMocks())

const key = signingKey('rsa')
const { alg: _, ...rsaKey } = key
const settings = settingsOf(rsaKey)

/** A refusal stands alone: nothing begins that could come to something. */
async function comesTo(circumstances: Circumstances, differs: Partial<Journey> = {}): Promise<void> {
  const expected = differs.signIn === undefined ? { ...usual, ...differs } : differs
  expect(await goThrough({ key, ...circumstances })).toEqual(expected)
}

describe.each(Object.entries(features))('%s', (name, { onDiffers, offDiffers, uses = [] }) => {
  it('on', () => comesTo(switched(name, true), onDiffers))
  it('off', () => comesTo(switched(name, false), offDiffers))
  if (uses.length > 0)
    it.each(uses.map((use): [string, Use] => [use.what, use]))('%s', (_what, use) =>
      comesTo(use.circumstances, use.comesTo),
    )
})

it.each(settings.map((use): [string, Use] => [use.what, use]))('%s', (_what, use) =>
  comesTo(use.circumstances, use.comesTo),
)

it('the provider has no feature but these', async () => {
  const itsOwn = 'oidc-provider/lib/helpers/features.js'
  const { STABLE, EXPERIMENTS } = (await import(itsOwn)) as {
    readonly STABLE: ReadonlySet<string>
    readonly EXPERIMENTS: ReadonlyMap<string, unknown>
  }
  expect(Object.keys(features).sort()).toEqual([...STABLE, ...EXPERIMENTS.keys()].sort())
})
