/** @module The variables of `saml()`: each option from the environment as from code, PEM by value or in a file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { variableOf } from '../../src/config/environment.js'
import { optionsByPath } from '../../src/config/option.js'
import { type ResolvedSamlOptions, samlOptions } from '../../src/saml/options.js'
import { readSamlOptions, resolveSamlOptions } from '../../src/saml/resolve-options.js'
import { withValue } from '../config/given.js'
import { idp } from './provider.js'
import { keyOf } from './world.js'

const folder = mkdtempSync(join(tmpdir(), 'citizen-saml-'))
afterAll(() => rmSync(folder, { recursive: true }))
const fileWith = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const [key, next, last] = [keyOf('benefits'), keyOf('permits'), keyOf('library')]
const both = [next, last].map(({ privateKey, certificate }) => `${privateKey}\n${certificate}`).join('\n')
const metadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${idp}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${key.certificate.replace(/-----[^-]+-----/g, '')}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${idp}/sso"/></IDPSSODescriptor></EntityDescriptor>`

/** For each option that a variable can hold: a text, and what it says. */
const rows: Readonly<Record<string, readonly (readonly [text: string, value: unknown])[]>> = {
  displayName: [['Ministry of Order', 'Ministry of Order']],
  logo: [['/adfs.svg', '/adfs.svg']],
  offered: [['false', false]],
  identityProvider: [[idp, idp]],
  metadataUrl: [[`${idp}/metadata`, `${idp}/metadata`]],
  metadata: [[metadata, metadata]],
  metadataCertificates: [
    [next.certificate, next.certificate],
    [`${next.certificate}\n${last.certificate}`, [next.certificate, last.certificate]],
  ],
  endpointOrigins: [['https://a.example,https://b.example', ['https://a.example', 'https://b.example']]],
  entityId: [['urn:benefits', 'urn:benefits']],
  privateKey: [
    [key.privateKey, key.privateKey],
    [key.privateKey.replaceAll('\n', '\\n'), key.privateKey],
  ],
  certificate: [
    [key.certificate, key.certificate],
    [key.certificate.replaceAll('\n', '\\n'), key.certificate],
  ],
  otherKeys: [
    [both, [next, last]],
    [both.replaceAll('\n', '\\n'), [next, last]],
  ],
  decryption: [
    ['true', true],
    ['false', false],
  ],
  signInBinding: [['post', 'post']],
  logoutBinding: [['soap', 'soap']],
  nameIdFormat: [['urn:x', 'urn:x']],
  requestedContexts: [['urn:x,urn:y', ['urn:x', 'urn:y']]],
  contextComparison: [['minimum', 'minimum']],
  contextLevels: [
    [
      'https://refeds.org/profile/mfa=2, urn:x?a=b=3',
      { 'https://refeds.org/profile/mfa': 2, 'urn:x?a=b': 3 },
    ],
  ],
  trustedClaims: [['isMfa,isDidAuth', ['isMfa', 'isDidAuth']]],
  'keepAlive.by': [
    ['frame', 'frame'],
    ['navigation', 'navigation'],
  ],
  'keepAlive.everySeconds': [['600', 600]],
  clockSkewSeconds: [['5', 5]],
  messageSeconds: [['60', 60]],
  timeoutSeconds: [['0.5', 0.5]],
  'polling.everySeconds': [['60', 60]],
  'polling.keepSeconds': [['3600', 3600]],
  'polling.warnSeconds': [['0', 0]],
}

const required = { claims: () => ({}), identityProvider: idp, metadataUrl: `${idp}/metadata`, ...key }
const without = (path: string): object => ({
  ...required,
  ...(path === 'metadata' && { metadataUrl: undefined }),
  ...(path in required && { [path]: undefined }),
})
const resolve = (options: object, environment: Record<string, string>): object =>
  described(resolveSamlOptions(options, environment))
const cases = Object.entries(rows).flatMap(([path, values]) =>
  values.map(([text, value], at) => ({ path, text, value, at, variable: variableOf(`saml.${path}`) })),
)

/** The options in words: two keys are compared by what they are. */
function described({ pinned, key, keys, decryptionKeys, ...others }: ResolvedSamlOptions): object {
  return {
    ...others,
    key: key.certificate.fingerprint,
    keys: keys.map(({ certificate }) => certificate.fingerprint),
    pinned: pinned.map((each) => each.export({ format: 'jwk' }).n),
    decryptionKeys: decryptionKeys.map((each) => each.export({ format: 'jwk' }).n),
  }
}

it('there is a row for every option that is not a function', () => {
  const inVariables = [...optionsByPath(samlOptions)].flatMap(([path, { kind }]) =>
    kind.fromText === undefined ? [] : [path],
  )
  expect(Object.keys(rows)).toEqual(inVariables)
})

it.each(cases)('$variable ($at) is $path', ({ path, text, value, variable }) => {
  const given = withValue(without(path), path, value)
  expect(resolve(without(path), { [variable]: text })).toEqual(resolve(given, {}))
  expect(resolve(given, { [variable]: 'nonsense' })).toEqual(resolve(given, {}))
})

describe('PEM and metadata in files', () => {
  it.each(['privateKey', 'certificate', 'otherKeys', 'metadata', 'metadataCertificates'])('%s', (path) => {
    const [text = '', value] = rows[path]?.[0] ?? []
    const variable = `${variableOf(`saml.${path}`)}_FILE`
    const read = resolve(without(path), { [variable]: fileWith(path, `${text}\n`) })
    expect(read).toEqual(resolve(withValue(without(path), path, value), {}))
  })

  it.each(['\\n', '\\r\\n'])('a variable of one line has %s for the breaks', (ofLine) => {
    const text = key.privateKey.replaceAll('\n', ofLine)
    const read = resolve(without('privateKey'), { CITIZEN_SAML_PRIVATE_KEY: text })
    expect(read).toEqual(resolve(required, {}))
  })

  it('the whole of an application from variables', () => {
    const environment = {
      CITIZEN_SAML_IDENTITY_PROVIDER: idp,
      CITIZEN_SAML_METADATA_URL: `${idp}/metadata`,
      CITIZEN_SAML_PRIVATE_KEY_FILE: fileWith('saml.key', key.privateKey),
      CITIZEN_SAML_CERTIFICATE_FILE: fileWith('saml.crt', key.certificate),
    }
    const { claims } = required
    expect(resolve({ claims }, environment)).toEqual(resolve(required, {}))
  })
})

describe('FLD-09 what is wrong', () => {
  const problemsOf = (options: object, environment: Record<string, string>) =>
    readSamlOptions(options, environment).problems.map(
      ({ path, variable, message }) => `${path} (${variable}) ${message}`,
    )

  it('is named by its variable, with what to write', () => {
    expect(problemsOf({}, {})).toEqual([
      expect.stringMatching(/^saml\.identityProvider \(CITIZEN_SAML_IDENTITY_PROVIDER\) is missing: /),
      expect.stringMatching(
        /^saml\.privateKey \(CITIZEN_SAML_PRIVATE_KEY\) is missing: .* CITIZEN_SAML_PRIVATE_KEY_FILE$/,
      ),
      expect.stringMatching(/^saml\.certificate \(CITIZEN_SAML_CERTIFICATE\) is missing: /),
      expect.stringMatching(/^saml\.metadataUrl \(CITIZEN_SAML_METADATA_URL\) write the address/),
    ])
  })

  it.each([
    ['PRIVATE_KEY', key.privateKey.replace('BEGIN', 'BEGUN')],
    ['PRIVATE_KEY', key.privateKey.slice(0, 400)],
    ['PRIVATE_KEY', next.privateKey],
    ['OTHER_KEYS', next.privateKey],
    ['OTHER_KEYS', `${next.certificate}\n${next.privateKey}`],
    ['OTHER_KEYS', `${next.privateKey}\n${last.certificate}`],
    ['OTHER_KEYS', key.privateKey.replaceAll('-', '')],
    ['METADATA_CERTIFICATES', key.privateKey],
    ['METADATA_CERTIFICATES', 'x'],
    ['CONTEXT_LEVELS', 'urn:x'],
    ['CONTEXT_LEVELS', 'urn:x=10'],
  ])('in %s (%#) is named, and nothing of a key repeated', (name, text) => {
    const { privateKey, ...rest } = required
    const given = { CITIZEN_SAML_PRIVATE_KEY: privateKey, [`CITIZEN_SAML_${name}`]: text }
    const file = {
      CITIZEN_SAML_PRIVATE_KEY: privateKey,
      [`CITIZEN_SAML_${name}_FILE`]: fileWith('bad', text),
    }
    expect(problemsOf(rest, given)).toEqual([expect.stringContaining(`(CITIZEN_SAML_${name}) `)])
    const hasFile = name !== 'CONTEXT_LEVELS' && name !== 'PRIVATE_KEY'
    const said = hasFile ? problemsOf(rest, file) : []
    expect(said).toEqual(hasFile ? [expect.stringContaining(`(CITIZEN_SAML_${name}_FILE) `)] : [])
    for (const line of text.split('\n').filter((each) => each.length > 20)) {
      expect([...problemsOf(rest, given), ...said].join()).not.toContain(line)
    }
  })
})
