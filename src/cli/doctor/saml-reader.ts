/** @module The reader of SAML documents, which stands on an optional package. */

import { isMissingPackage } from '../../optional-package.js'

/** What `saml({ … })` itself reads with. */
export interface SamlReader {
  readonly readMetadata: typeof import('../../saml/metadata.js').readMetadata
  readonly parseXml: typeof import('../../saml/xml/parse.js').parseXml
  readonly readSamlOptions: typeof import('../../saml/resolve-options.js').readSamlOptions
}

/** Loads the reader; `undefined` where its package is not installed. */
export type LoadSamlReader = () => Promise<SamlReader | undefined>

/** The reader as installed beside the package. */
export const loadSamlReader: LoadSamlReader = async () => {
  try {
    const [{ readMetadata }, { parseXml }, { readSamlOptions }] = await Promise.all([
      import('../../saml/metadata.js'),
      import('../../saml/xml/parse.js'),
      import('../../saml/resolve-options.js'),
    ])
    return { readMetadata, parseXml, readSamlOptions }
  } catch (error) {
    if (isMissingPackage(error)) return undefined
    throw error
  }
}
