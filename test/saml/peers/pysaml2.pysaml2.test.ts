/** @module pysaml2 as an identity provider beside ours, and as a service provider at the emulator: another implementation of everything, with xmlsec1. */
import { describe } from 'vitest'
import { describeApplication } from './application-suite.js'
import { describeProvider } from './provider-suite.js'

describe('pysaml2 as an identity provider', () => {
  describeProvider({
    kind: 'pysaml2',
    file: 'pysaml2_provider.py',
    uid: 'urn:oid:0.9.2342.19200300.100.1.1',
    encryptedNames: [],
    // What it writes is Triple DES, whatever the metadata asks for.
    encryption: [
      {
        orders: { encrypt: 'assertion', cipher: 'DES3', transport: 'OAEP', sign: 'both' },
        outcome: 'namespace',
      },
    ],
    refusal: /Signed|Signature/,
    signs: ['both', 'response', 'assertion'],
  })
})

describe('pysaml2 as a service provider', () => {
  describeApplication({
    kind: 'pysaml2',
    file: 'pysaml2_application.py',
    asksBy: ['redirect', 'post', 'soap'],
    takes: ['redirect', 'post', 'soap'],
    reads: ['response', 'both'],
    opens: ['aes256-gcm', 'aes256-cbc'],
    refusal: /Signature/,
  })
})
