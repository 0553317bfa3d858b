/** @module Lasso as an identity provider beside ours, and as a service provider at the emulator: another implementation of everything, in C. */
import { describe } from 'vitest'
import { describeApplication } from './application-suite.js'
import { describeProvider } from './provider-suite.js'

describe('Lasso as an identity provider', () => {
  describeProvider({
    kind: 'lasso',
    file: 'lasso_provider.py',
    uid: 'uid',
    encryptedNames: [{ encrypt: 'name', cipher: 'AES_256', transport: 'OAEP' }],
    encryption: [
      {
        orders: { encrypt: 'assertion', cipher: 'AES_256', transport: 'OAEP', sign: 'both' },
        outcome: 'taken',
      },
      {
        orders: { encrypt: 'assertion', cipher: 'AES_128', transport: 'OAEP', sign: 'both' },
        outcome: 'taken',
      },
      {
        orders: { encrypt: 'assertion', cipher: 'AES_256', transport: 'OAEP', sign: 'assertion' },
        outcome: 'decryption',
      },
      {
        orders: { encrypt: 'assertion', cipher: 'AES_256', transport: 'PKCS1', sign: 'both' },
        outcome: 'decryption',
      },
      {
        orders: { encrypt: 'assertion', cipher: '3DES', transport: 'OAEP', sign: 'both' },
        outcome: 'decryption',
      },
      { orders: { encrypt: 'name', cipher: 'AES_256', transport: 'OAEP', sign: 'both' }, outcome: 'taken' },
    ],
    refusal: /Signature/,
    signs: ['both', 'assertion'],
  })
})

describe('Lasso as a service provider', () => {
  describeApplication({
    kind: 'lasso',
    file: 'lasso_application.py',
    asksBy: ['redirect', 'post', 'soap'],
    takes: ['redirect', 'post', 'soap'],
    reads: ['response', 'both'],
    opens: ['aes256-gcm', 'aes256-cbc'],
    refusal: /Signature/,
  })
})
