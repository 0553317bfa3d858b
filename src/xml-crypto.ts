/**
 * @module The optional package xml-crypto, and the XML parser that it uses itself. Loaded by a `require` that no bundler
 * follows: applications without SAML are bundled without it, and its parser is found from where it stands.
 */
// As a member of the default import: bundlers look for the named one, and put numbers in place of paths.
import nodeModule from 'node:module'
import { isMissingPackage } from './optional-package.js'

const require = nodeModule.createRequire(import.meta.url)

/** @throws Error with the code `MODULE_NOT_FOUND`, and what to install, where the package is missing. */
function find(): string {
  try {
    return require.resolve('xml-crypto')
  } catch (cause) {
    if (!isMissingPackage(cause)) throw cause
    const message = 'SAML needs the package xml-crypto: npm install xml-crypto'
    throw Object.assign(new Error(message, { cause }), { code: 'MODULE_NOT_FOUND' })
  }
}

const path = find()

/** Signs and verifies. */
export const { SignedXml }: Pick<typeof import('xml-crypto'), 'SignedXml'> = require(path)
export type SignedXml = import('xml-crypto').SignedXml

/** Loads what xml-crypto itself uses: two versions of a parser are two opinions about one message. */
export const requireOfXmlCrypto = nodeModule.createRequire(path)
