/** @module Encryption: what our metadata invites, and what is opened. */
import { describe, expect, it } from 'vitest'
import { resolveSamlOptions } from '../../src/saml/resolve-options.js'
import type { SamlOptions } from '../../src/saml/saml.js'
import { createSamlWorld, entityOf, keyOf, urlOf } from './world.js'

const encrypting = {
  provider: { serviceProviders: [{ metadataUrl: entityOf('benefits'), encrypt: true }] },
}

const signInWith = async (saml: Partial<SamlOptions>) => {
  const world = await createSamlWorld({ benefits: { saml } }, encrypting)
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  const metadata = await browser.open(`${urlOf('benefits')}/session/saml/metadata`)
  return {
    isInvited: metadata.body.includes('use="encryption"'),
    state: (await world.who(browser, 'benefits')).state,
    problems: world.party('benefits').events.flatMap((event) => ('problem' in event ? [event.problem] : [])),
  }
}

describe('FLD-03 encryption', () => {
  it('is not invited unless that is asked for: ADFS and Entra would use what is refused', async () => {
    expect(await signInWith({})).toEqual({ isInvited: false, state: 'active', problems: [] })
    expect(await signInWith({ decryption: true })).toEqual({ isInvited: true, state: 'active', problems: [] })
  })

  it('is not opened where that was ruled out', async () => {
    const found = await signInWith({ decryption: false })
    expect(found).toEqual({ isInvited: false, state: 'anonymous', problems: ['saml decryption'] })
  })
})

describe('FLD-03 a byte order mark', () => {
  it('before key and certificate is no part of them', () => {
    const { privateKey, certificate } = keyOf('benefits')
    const { key } = resolveSamlOptions(
      {
        identityProvider: 'https://id.citizen.example/saml',
        metadataUrl: 'https://id.citizen.example/saml/metadata',
        privateKey: `\ufeff${privateKey}`,
        certificate: `\ufeff${certificate}`,
      },
      {},
    )
    expect(key.certificate.publicKey.asymmetricKeyType).toBe('rsa')
  })
})
