/** @module Loads the SAML identity provider, and with it the packages that nothing else of the emulator needs. */
import { CitizenSessionError } from '../../errors.js'
import { isMissingPackage } from '../../optional-package.js'
import type { Context } from '../context.js'
import type { SamlMode } from './mode.js'
import type { ResolvedSamlOptions } from './options.js'

const loadMode = () => import('./create.js')

/** Makes the mode. `load` brings its code. @throws `emulator` when `xml-crypto` is not installed. */
export async function loadSamlMode(
  context: Context,
  options: ResolvedSamlOptions,
  load: () => Promise<Pick<Awaited<ReturnType<typeof loadMode>>, 'createSamlMode'>> = loadMode,
): Promise<SamlMode> {
  const { createSamlMode } = await load().catch((cause: unknown) => {
    if (!isMissingPackage(cause)) throw cause
    throw new CitizenSessionError(
      'emulator',
      'createEmulator: saml needs the package xml-crypto: npm install --save-dev xml-crypto',
      { cause },
    )
  })
  return createSamlMode(context, options)
}
