/** @module Lasso as an identity provider: another implementation of everything, in C. */
import { describe } from 'vitest'
import { describeProvider } from './provider-suite.js'

describe('Lasso as an identity provider', () => {
  describeProvider({
    kind: 'lasso',
    file: 'lasso_provider.py',
    uid: 'uid',
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
