import { describe, expect, it } from 'vitest'
import { createSamlEmulator, relyingParty, signInAt } from './saml-world.js'

describe('sign-on by SAML', () => {
  it('answers node-saml with an assertion that it accepts', async () => {
    const emulator = await createSamlEmulator()
    const saml = relyingParty(emulator)
    const { action, fields } = await signInAt(emulator, saml)
    expect(action).toBe('https://benefits.example/saml/acs')
    expect(fields.RelayState).toBe('state-1')
    const { profile } = await saml.validatePostResponseAsync(fields)
    expect(profile).toMatchObject({
      nameIDFormat: expect.stringMatching(/persistent$/),
      displayName: 'Ana Archer',
    })
  })
})
