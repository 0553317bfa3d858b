/** @module The names of several providers of one protocol: what they may be, and what they may not. */
import { describe, expect, it } from 'vitest'
import { providerNamePattern, reservedNames } from '../../src/config/provider-name.js'
import { createSuite } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import type { Protocol } from '../../src/protocols/protocol.js'
import { saml } from '../../src/saml/saml.js'
import { textOf } from '../house/source.js'
import { keyOf } from '../saml/world.js'
import { serve } from '../support/world.js'
import { problemsOf, required, secret } from './given.js'

const provider = { issuer: 'https://id.example.gov', clientId: 'benefits', clientSecret: 's' }
const identityProvider = 'https://id.example.gov/saml'
/** Each has an issuer of its own. */
const issuerOf = (name: unknown) =>
  `https://${typeof name === 'string' && /^[a-z]+$/.test(name) ? name : 'id'}.example.gov`

const makers = {
  oidc: (name: unknown) => oidc({ ...provider, issuer: issuerOf(name), name: name as string }),
  saml: (name: unknown) =>
    saml({
      identityProvider: `${issuerOf(name)}/saml`,
      metadataUrl: `${identityProvider}/metadata`,
      ...keyOf('benefits'),
      name: name as string,
    }),
}
const protocols = ['oidc', 'saml'] as const

const saidOf = (plugIn: Protocol): readonly string[] =>
  problemsOf({ application: { ...required.application, secrets: [secret] }, protocols: [plugIn] }).map(
    ({ path, message }) => `${path} ${message}`,
  )

describe.each(protocols)('the name of a provider of %s', (protocol) => {
  const make = makers[protocol]

  it.each(['adfs', 'a', 'eduid', 'x-1', 'a234567890123456'])(
    'may be %s, and is that of the plug-in',
    (name) => {
      expect(make(name)).toMatchObject({ name, protocol })
    },
  )

  it('is that of the protocol where none is given', () => {
    expect(make(undefined)).toMatchObject({ name: protocol, protocol })
  })

  it.each(['', 'Adfs', '1a', '-a', 'a_b', 'a b', 'a/b', 'é', 'a2345678901234567', 7, null, ['a']])(
    'is not %j',
    (name) => {
      expect(saidOf(make(name))).toEqual([
        expect.stringContaining(`${protocol}.name write a name of 1 to 16`),
      ])
    },
  )

  it.each([...reservedNames])('is not %s, which is a route of ours or stands for one', (name) => {
    expect(saidOf(make(name))).toEqual([expect.stringContaining(`${protocol}.name write another name`)])
  })
})

it.each([
  ['oidc', 'client', 'CLIENT'],
  ['oidc', 'client-a', 'CLIENT'],
  ['oidc', 'issuer', 'ISSUER'],
  ['oidc', 'id', 'ID'],
  ['oidc', 'name', 'NAME'],
  ['saml', 'identity', 'IDENTITY'],
  ['saml', 'metadata', 'METADATA'],
  ['saml', 'private', 'PRIVATE'],
] as const)(
  'a provider of %s is not called %s: variables of options begin with %s',
  (protocol, name, word) => {
    expect(saidOf(makers[protocol](name))).toEqual([
      `${protocol}.${name}.name write another name: variables of the plug-in begin with ${word}`,
    ])
  },
)

it('the first word of an option of the other protocol may be a name', () => {
  expect(makers.saml('client').name).toBe('client')
  expect(makers.oidc('metadata').name).toBe('metadata')
})

it('the problems of a named provider say which one it is', () => {
  expect(saidOf(oidc({ ...provider, name: 'adfs', scope: 'profile' }))).toEqual([
    expect.stringContaining('oidc.adfs.scope'),
  ])
})

describe('the routes of ours', () => {
  const application = { ...required.application, secrets: [secret] }
  const suite = createSuite(
    {
      application,
      protocols: [makers.oidc(undefined), makers.saml(undefined), makers.oidc('adfs'), makers.saml('eduid')],
    },
    {},
  )
  const statusOf = async (path: string) =>
    (await serve(suite, new Request(`${application.url}/session/${path}`))).status

  it.each([
    'callback',
    'reauthenticate',
    'check-session',
    'saml/acs',
    'saml/metadata',
    'adfs/callback',
    'adfs/backchannel-logout',
    'adfs/frontchannel-logout',
    'adfs/check-session',
    'adfs/reauthenticate',
    'eduid/metadata',
    'eduid/acs',
    'eduid/slo',
    'eduid/soap',
  ])('has %s', async (path) => {
    expect(await statusOf(path)).not.toBe(404)
  })

  it('below none of which a provider could lie, for their first segments are no names', () => {
    const source = textOf('src/endpoints.ts')
    const rows = /function ownRows[\s\S]*?Object\.entries\(\{([\s\S]*?)\n {2}\}\)/.exec(source)?.[1] ?? ''
    const names = [...rows.matchAll(/^ {4}'?([\w.-]+)'?: /gm)].map(([, name = '']) => name)
    expect(names).toContain('login')
    expect(names.filter((name) => providerNamePattern.test(name) && !reservedNames.has(name))).toEqual([])
  })

  it.each(['adfs', 'adfs/acs', 'eduid', 'eduid/callback', 'eduid/saml/acs', 'other/thing', 'login/callback'])(
    'has no %s',
    async (path) => {
      expect(await statusOf(path)).toBe(404)
    },
  )
})

it('the option protocols takes several of one protocol with different names, and no two of one', () => {
  const application = { ...required.application, secrets: [secret] }
  const of = (...names: readonly unknown[]) => problemsOf({ application, protocols: names.map(makers.oidc) })
  expect(of(undefined, 'adfs', 'entra')).toEqual([])
  expect(of('adfs', 'adfs')).toEqual([expect.objectContaining({ path: 'protocols' })])
})
