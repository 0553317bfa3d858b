/** @module The options of `saml({ … })`: everything wrong at once, strict by default. */
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { resolveSamlOptions } from '../../src/saml/resolve-options.js'
import { createKeyPair, idp } from './provider.js'
import { keyOf } from './world.js'

const problemsOf = (options: unknown, environment = {}): readonly string[] => {
  try {
    resolveSamlOptions(options as never, environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.problems.map(({ path, message }) => `${path} ${message}`)
  }
}
const good = { identityProvider: idp, metadataUrl: `${idp}/metadata`, ...keyOf('benefits') }
const weak = createKeyPair(undefined, 1024)
const weakKey = {
  privateKey: weak.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  certificate: weak.pem,
}

it('is strict where nothing is said', () => {
  expect(resolveSamlOptions(good, {})).toMatchObject({
    clockSkewSeconds: 30,
    messageSeconds: 300,
    pinned: [],
    requestedContexts: [],
    trustedClaims: [],
    untrustedClaims: ['isMfa', 'isDidAuth'],
    polling: { everySeconds: 3600, keepSeconds: 259_200, warnSeconds: 2_592_000 },
  })
})

describe('HLD-01 levels of AuthnContext classes', () => {
  const { contextLevels } = resolveSamlOptions(good, {})
  const classes = 'urn:oasis:names:tc:SAML:2.0:ac:classes:'

  it.each([
    'Password',
    'PasswordProtectedTransport',
    'TimeSyncToken',
    'Smartcard',
    'X509',
    'SoftwarePKI',
    'SPKI',
    'PGP',
    'XMLDSig',
    'TLSClient',
    'Kerberos',
    'Telephony',
    'NomadTelephony',
    'PersonalTelephony',
    'AuthenticatedTelephony',
    'MobileOneFactorContract',
    'MobileOneFactorUnregistered',
    'InternetProtocol',
    'InternetProtocolPassword',
    'SecureRemotePassword',
    'PreviousSession',
    'unspecified',
  ])('%s is one factor, and level 1', (name) => {
    expect(contextLevels[`${classes}${name}`] ?? 1).toBe(1)
  })

  it.each([
    `${classes}MobileTwoFactorContract`,
    `${classes}MobileTwoFactorUnregistered`,
    `${classes}SmartcardPKI`,
    'https://refeds.org/profile/mfa',
  ])('%s is two factors by its definition', (name) => {
    expect(contextLevels[name]).toBe(2)
  })

  it('are those that the application maps, where it does', () => {
    const mine = { [`${classes}TimeSyncToken`]: 2 }
    expect(resolveSamlOptions({ ...good, contextLevels: mine }, {}).contextLevels).toEqual(mine)
  })
})

describe('what is wrong', () => {
  it('is told all at once', () => {
    const problems = problemsOf({
      metadataUrl: 'http://id.example.gov/',
      clockSkewSeconds: 600,
      certificat: '',
    })
    expect(problems.map((line) => line.split(' ')[0])).toEqual(
      expect.arrayContaining([
        'saml.identityProvider',
        'saml.metadataUrl',
        'saml.privateKey',
        'saml.certificate',
        'saml.clockSkewSeconds',
        'saml.certificat',
      ]),
    )
    expect(problems.join('\n')).toContain('did you mean certificate?')
  })

  it.each([
    ['no metadata', { ...good, metadataUrl: undefined }, 'saml.metadataUrl write the address'],
    ['metadata twice', { ...good, metadata: `<a>${'x'.repeat(40)}</a>` }, 'and not both'],
    [
      'metadata that is none',
      { ...good, metadataUrl: undefined, metadata: '<html/>' },
      'saml.metadata cannot be used: entity',
    ],
    ['a key that is none', { ...good, privateKey: good.certificate }, 'saml.privateKey write a private key'],
    [
      'the key of another certificate',
      { ...good, certificate: keyOf('permits').certificate },
      'is another key',
    ],
    ['a weak key', { ...good, ...weakKey }, 'RSA key of 2048 bits'],
    ['another key that is wrong', { ...good, otherKeys: [weakKey] }, 'saml.otherKeys.0 write an RSA key'],
    ['other keys that are none', { ...good, otherKeys: ['x'] }, 'saml.otherKeys write a list'],
    [
      'a pinned certificate that is none',
      { ...good, metadataCertificates: ['x'] },
      'saml.metadataCertificates',
    ],
    [
      'a binding that we do not speak',
      { ...good, signInBinding: 'artifact' },
      'saml.signInBinding write one of',
    ],
    [
      'a level that is none',
      { ...good, contextLevels: { 'urn:x': '2' } },
      'saml.contextLevels write an object',
    ],
    ['no options', undefined, 'saml write an object'],
  ])('%s', (_, options, problem) => {
    expect(problemsOf(options).join('\n')).toContain(problem)
  })

  it('never shows a key', () => {
    const { privateKey } = good
    const problems = problemsOf({
      ...good,
      privateKey: privateKey.replace('BEGIN', 'BEGUN'),
      certificate: privateKey,
    })
    expect(problems.join('\n')).not.toContain(privateKey.split('\n')[1])
  })

  it('is http in production', () => {
    const local = { ...good, metadataUrl: 'http://127.0.0.1:4000/saml/metadata' }
    expect(problemsOf(local)).toEqual([])
    expect(problemsOf(local, { NODE_ENV: 'production' }).join()).toContain(
      'saml.metadataUrl write an https://',
    )
  })
})
