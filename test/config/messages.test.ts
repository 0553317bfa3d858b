/** @module What the error at the start says: what was given, what was meant, once. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { insteadOfOidc, insteadOfSaml } from '../../src/config/foreign-options.js'
import { meantBy } from '../../src/config/nearest.js'
import { optionsByPath } from '../../src/config/option.js'
import { suiteOptionsByPath } from '../../src/config/read-suite-options.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { oidc } from '../../src/oidc/oidc.js'
import { oidcOptions } from '../../src/oidc/options.js'
import { readOidcOptions } from '../../src/oidc/resolve-options.js'
import { samlOptions } from '../../src/saml/options.js'
import { readSamlOptions } from '../../src/saml/resolve-options.js'
import { problemsOf, required, withValue } from './given.js'

const messageOf = (options: unknown, environment: Readonly<Record<string, string>> = {}): string =>
  problemsOf(options, environment)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('\n')

describe('FLD-09 a problem echoes what was given', () => {
  it.each([
    ['application.url', 'localhost:3000', '"localhost:3000"'],
    ['application.id', 'My App', '"My App"'],
    ['application.sensitivity', 'sensitiv', '"sensitiv"'],
    ['application.idleSeconds', 0, 'given was 0'],
    ['application.idleSeconds', '10m', '"10m"'],
    ['sharedCookie.domain', 'https://example.gov', '"https://example.gov"'],
    ['sharedCookie.persistent', 'yes', '"yes"'],
    ['identityProvider.url', 'http://id.example.gov', '"http://id.example.gov"'],
    ['identityProvider.url', null, 'given was null'],
    ['application.id', `a\n${'b'.repeat(20)}`, '"a\\u000abbb'],
  ])('%s: %j', (path, value, words) => {
    expect(messageOf(withValue(required, path, value))).toContain(words)
  })

  it('says where a path of the application belongs that its address is written with', () => {
    const message = messageOf(withValue(required, 'application.url', 'https://example.gov/app'))
    expect(message).toMatch(/application\.path.*routes\.path/)
    expect(messageOf(withValue(required, 'application.url', 'https://example.gov?app'))).not.toContain(
      'path.',
    )
  })

  it('from a variable too', () => {
    const environment = { CITIZEN_APPLICATION_SENSITIVITY: 'secret' }
    expect(messageOf(required, environment)).toContain('given was "secret"')
  })
})

const precious = 'Zk3vQ0pXw8yT1rLm6nBs9dFh2jKc5gAeZk3vQ0pXw8yT1r'
describe('FLD-09 no secret is ever repeated', () => {
  it.each([
    ['application.secrets', [precious.slice(0, 20)]],
    ['application.secrets', precious.slice(0, 20)],
    ['events.personKey', precious.slice(0, 20)],
    ['store', `redis:/user:${precious}@host`],
    ['store', precious],
    ['identityProvider.url', `https://user:${precious}@id.example.gov`],
    ['identityProvider.url', `https://id.example.gov/?key=${precious}`],
    ['application.sensitivity', precious],
    ['application.id', precious],
    ['application.idleSeconds', precious],
  ])('%s: %j', (path, value) => {
    const message = messageOf(withValue(required, path, value))
    expect(message).toContain(path)
    expect(message).not.toContain(precious.slice(0, 20))
  })

  it('nor one of a protocol', () => {
    const options = { issuer: 'https://id.example', clientId: 'a', clientSecret: `${precious}\n` }
    const message = messageOf({ ...required, protocols: [oidc(options)] })
    expect(message).toContain('oidc.clientSecret')
    expect(message).not.toContain(precious.slice(0, 20))
  })
})

it('FLD-09 problems are printed once', () => {
  let caught: unknown
  try {
    resolveOptions({}, {})
  } catch (error) {
    caught = error
  }
  expect(inspect(caught).split('application.id').length - 1).toBe(1)
  expect(caught).toMatchObject({ problems: expect.arrayContaining([expect.anything()]) })
})

describe('FLD-09 "did you mean" only within a small distance', () => {
  const names = ['identityProvider', 'sharedCookie', 'application', 'routes', 'store', 'onEvent']
  it.each([
    ['aplication', 'application'],
    ['sharedCookies', 'sharedCookie'],
    ['onevent', 'onEvent'],
    ['stroe', undefined],
    ['rout', 'routes'],
    ['identity', 'identityProvider'],
    ['xyz', undefined],
    ['database', undefined],
    ['constructor', undefined],
    ['a'.repeat(10_000), undefined],
  ])('%s: %s', (name, meant) => {
    expect(meantBy(name, names)).toBe(meant)
  })

  it('lists what there is where nothing is near', () => {
    const message = messageOf({ ...required, database: 'x' })
    expect(message).not.toContain('did you mean')
    expect(message).toContain('there is identityProvider, sharedCookie, application')
  })

  it('names the whole path of an option that stands elsewhere', () => {
    expect(messageOf({ ...required, idleSeconds: 60 })).toContain('did you mean application.idleSeconds?')
  })
})

describe('FLD-09 what comes over from other packages for OpenID Connect and SAML is known', () => {
  it.each([
    ['oidc', insteadOfOidc, oidcOptions, (given: object) => readOidcOptions(given as never, {})],
    ['saml', insteadOfSaml, samlOptions, (given: object) => readSamlOptions(given as never, {})],
  ])('each name of %s is none of ours, and is told what to write', (root, instead, table, read) => {
    for (const [name, message] of Object.entries(instead)) {
      expect(optionsByPath(table).has(name as never), name).toBe(false)
      const told = read({ [name]: precious }).problems.filter(({ path }) => path === `${root}.${name}`)
      expect(told).toEqual([{ path: `${root}.${name}`, variable: '', message }])
      // What it says to write is there, in the plug-in or beside it.
      for (const [, meant = ''] of message.matchAll(/\bwrite ([a-z]\w*(?:\.\w+)?)/g)) {
        expect(
          optionsByPath(table).has(meant as never) || suiteOptionsByPath.has(meant as never),
          `${name}: ${meant}`,
        ).toBe(true)
      }
    }
  })

  it('an issuer that is the address of its description is told which part is the issuer', () => {
    const issuer = 'https://id.example.gov/realms/x/.well-known/openid-configuration'
    const { problems } = readOidcOptions({ issuer, clientId: 'benefits', clientSecret: precious }, {})
    expect(problems).toMatchObject([
      {
        path: 'oidc.issuer',
        message: expect.stringContaining(
          'write the issuer, without /.well-known/…: https://id.example.gov/realms/x',
        ),
      },
    ])
  })
})

describe('FLD-09 what comes over from express-session is known', () => {
  it.each([
    [{ secret: precious }, 'application.secrets'],
    [{ resave: false }, 'leave it out'],
    [{ saveUninitialized: false }, 'leave it out'],
    [{ rolling: true }, 'application.idleSeconds'],
    [{ name: 'sid' }, 'application.id'],
    [{ cookie: { maxAge: 60_000 } }, 'cookie.maxAge: write application.idleSeconds'],
    [{ cookie: { secure: true, sameSite: 'lax' } }, 'sharedCookie.sameSite'],
    [{ cookie: {} }, 'leave it out'],
    [{ proxy: true }, 'application.url'],
    [{ genid: () => 'x' }, 'leave it out'],
    [{ store: { get: () => 0, set: () => 0, destroy: () => 0 } }, 'bindSession()'],
    [{ store: { sendCommand: () => 0 } }, 'redisStore(client)'],
  ])('%j', (more, words) => {
    const message = messageOf({ ...required, ...more })
    expect(message).toContain(words)
    expect(message).not.toContain(precious.slice(0, 20))
  })
})
