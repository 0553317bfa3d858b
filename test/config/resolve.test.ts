import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type OptionPath,
  suiteOptionsByPath,
  suiteVariableFor as variableFor,
} from '../../src/config/read-suite-options.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { sensitivities } from '../../src/config/sensitivity.js'
import { ConfigurationError } from '../../src/errors.js'
import { pathsOf, problemsOf, required, secret, storeLike, withValue } from './given.js'
import { values } from './values.js'

const paths = [...suiteOptionsByPath.keys()] as OptionPath[]
const good = paths.flatMap((path) => values[path].good.map((value) => [path, value] as const))
const bad = paths.flatMap((path) => values[path].bad.map((value) => [path, value] as const))
const texts = paths.flatMap((path) =>
  (values[path].texts ?? []).map((text, index) => [path, text, values[path].good[index]] as const),
)

describe('one option at a time', () => {
  it.each(good)('%s: %j is good', (path, value) => {
    expect(problemsOf(withValue(required, path, value))).toEqual([])
  })

  it.each(bad)('%s: %j is one problem with that path', (path, value) => {
    const problems = problemsOf(withValue(required, path, value))
    expect(problems.map((problem) => problem.path)).toEqual([path])
    expect(problems[0]?.variable).toBe(variableFor(path))
    expect(problems[0]?.message).toMatch(/write /)
  })

  it.each(texts)('%s: the text %j of its variable means the same', (path, text, value) => {
    const environment = { [variableFor(path)]: `  ${text} ` }
    const clock = () => 0
    const random = (bytes: number) => new Uint8Array(bytes)
    const inCode = resolveOptions({ ...withValue(required, path, value), clock, random }, {})
    const without = { ...withValue(required, path, undefined), clock, random }
    expect(resolveOptions(without, environment)).toEqual(inCode)
  })
})

it('resolves any mix of good values', () => {
  const mix = fc.record(
    Object.fromEntries(paths.map((path) => [path, fc.constantFrom(...values[path].good)])) as Record<
      OptionPath,
      fc.Arbitrary<unknown>
    >,
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(mix, (chosen) => {
      // Good by themselves, but these contradict each other in ways that the rules name.
      if (
        Number(chosen['application.idleSeconds'] ?? 0) >
        Number(chosen['application.absoluteSeconds'] ?? 43_200)
      )
        return
      if (
        Number(chosen['identityProvider.keys.floorSeconds'] ?? 0) >
        Number(chosen['identityProvider.keys.ceilingSeconds'] ?? 900)
      )
        return
      const names = ['header', 'payload', 'signature'].map(
        (part) => chosen[`sharedCookie.names.${part}` as OptionPath] ?? part,
      )
      if (new Set(names).size < 3) return
      let options: object = required
      for (const [path, value] of Object.entries(chosen)) options = withValue(options, path, value)
      expect(problemsOf(options)).toEqual([])
    }),
    { numRuns: 500, seed: 20_261_122 },
  )
})

it('names every bad value of any number of them, and nothing else', () => {
  const independent = bad.filter(
    ([path]) => !['application.url', 'identityProvider.url', 'random'].includes(path),
  )
  const some = fc.uniqueArray(fc.constantFrom(...independent), {
    selector: ([path]) =>
      path.replace(/^sharedCookie\..*|^identityProvider\.re.*Param.*|.*keys.*/, 'together'),
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(some, (chosen) => {
      let options: object = required
      for (const [path, value] of chosen) options = withValue(options, path, value)
      expect([...pathsOf(options)].sort()).toEqual(chosen.map(([path]) => path).sort())
    }),
    { numRuns: 500, seed: 20_261_122 },
  )
})

describe('what follows from something else', () => {
  it('takes the issuer, the internal address and the endpoints from the url, with its prefix', () => {
    const { identityProvider } = resolveOptions(
      withValue(required, 'identityProvider.url', 'https://ID.example.gov:443/tenant/'),
      {},
    )
    const base = 'https://id.example.gov/tenant'
    expect(identityProvider).toMatchObject({ url: base, internalUrl: base, issuers: [base] })
    expect(identityProvider.endpoints).toEqual({
      jwks: `${base}/api/v1/authentication/.well-known/jwks.json`,
      refresh: `${base}/sp/api/v1/authenticate?type=token`,
      login: `${base}/login`,
      logout: `${base}/logout`,
      secondFactor: `${base}/login`,
    })
  })

  it('reaches keys and refresh by the internal address, and sends browsers to the other', () => {
    const { endpoints } = resolveOptions(
      {
        ...required,
        identityProvider: {
          url: 'https://id.example.gov/a',
          internalUrl: 'http://127.0.0.1:4000/b/',
          endpoints: { login: '/enter', logout: 'https://leave.example.gov/now' },
        },
      },
      {},
    ).identityProvider
    expect(endpoints).toEqual({
      jwks: 'http://127.0.0.1:4000/b/api/v1/authentication/.well-known/jwks.json',
      refresh: 'http://127.0.0.1:4000/b/sp/api/v1/authenticate?type=token',
      login: 'https://id.example.gov/a/enter',
      logout: 'https://leave.example.gov/now',
      secondFactor: 'https://id.example.gov/a/enter',
    })
  })

  it.each([
    ['sensitive', 600, 'reauthenticate'],
    ['basic', 3_600, 'resume'],
    ['public', 28_800, 'resume'],
  ] as const)('takes the times of %s from its preset', (sensitivity, idleSeconds, onIdle) => {
    const { application } = resolveOptions(withValue(required, 'application.sensitivity', sensitivity), {})
    expect(application).toMatchObject({ sensitivity, idleSeconds, onIdle, absoluteSeconds: 43_200 })
    expect(sensitivities[sensitivity]).toMatchObject({ idleSeconds, onIdle })
  })

  it('lets a default give way to the longer time that was written', () => {
    const options = withValue(required, 'identityProvider.keys.ceilingSeconds', 20)
    const resolved = resolveOptions(withValue(options, 'application.absoluteSeconds', 300), {})
    expect(resolved.application).toMatchObject({ idleSeconds: 300, absoluteSeconds: 300 })
    expect(resolved.identityProvider.keys).toMatchObject({ floorSeconds: 20, ceilingSeconds: 20 })
  })

  it.each([
    [{ isDidAuth: true }, 2],
    [{ isDidAuth: false, isMfa: true }, 1],
    [{ isDidAuth: 'true' }, 1],
    [{}, 1],
  ])('says of %j that the level is %i', (claims, level) => {
    const base = { iss: 'i', sub: 's', exp: 2, iat: 1 }
    expect(resolveOptions(required, {}).identityProvider.assuranceLevel({ ...base, ...claims })).toBe(level)
  })

  it('is secure when the application is on https', () => {
    expect(resolveOptions(required, {}).isSecure).toBe(true)
    expect(resolveOptions(local, {}).isSecure).toBe(false)
  })
})

const local = {
  identityProvider: { url: 'http://id.citizen.localhost:4000' },
  sharedCookie: { domain: 'citizen.localhost' },
  application: { id: 'benefits', url: 'http://benefits.citizen.localhost:3001' },
}

describe('code, environment, defaults', () => {
  it('lets the option in code win over the variable', () => {
    const environment = { CITIZEN_APPLICATION_ID: 'permits', CITIZEN_APPLICATION_IDLE_SECONDS: '60' }
    const { application } = resolveOptions(required, environment)
    expect(application).toMatchObject({ id: 'benefits', idleSeconds: 60 })
  })

  it('does not look at a variable that code replaces, however wrong it is', () => {
    expect(pathsOf(required, { CITIZEN_APPLICATION_ID: 'NOT GOOD' })).toEqual([])
  })

  it('counts an empty variable, and an option that is undefined, as not given', () => {
    const options = withValue(required, 'application.idleSeconds', undefined)
    const environment = { CITIZEN_APPLICATION_IDLE_SECONDS: ' ', CITIZEN_STORE_URL: '' }
    expect(resolveOptions(options, environment).application.idleSeconds).toBe(600)
  })

  it('takes everything that is required from the environment', () => {
    const environment = {
      CITIZEN_IDENTITY_PROVIDER_URL: 'https://example.gov/id',
      CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_JWKS: '/keys',
      CITIZEN_SHARED_COOKIE_DOMAIN: 'false',
      CITIZEN_APPLICATION_ID: 'benefits',
      CITIZEN_APPLICATION_URL: 'https://example.gov',
      CITIZEN_APPLICATION_SECRETS: secret,
      CITIZEN_STORE_URL: 'redis://127.0.0.1:6379',
    }
    const resolved = resolveOptions({}, environment)
    expect(resolved.sharedCookie.domain).toBe(false)
    expect(resolved.store).toBe('redis://127.0.0.1:6379')
    expect(resolved.identityProvider.endpoints.jwks).toBe('https://example.gov/id/keys')
  })

  it('says everything that is missing at once, in one error', () => {
    expect(pathsOf({})).toEqual([
      'identityProvider.url',
      'sharedCookie.domain',
      'application.id',
      'application.url',
    ])
    expect(() => resolveOptions({}, {})).toThrow(ConfigurationError)
    expect(() => resolveOptions({}, {})).toThrow(expect.objectContaining({ code: 'configuration' }))
  })
})

describe('secrets', () => {
  it.each([
    ['an address', 'redis://127.0.0.1:6379'],
    ['a store that others see', storeLike(true)],
  ])('are required with %s', (_, store) => {
    expect(pathsOf({ ...required, store })).toEqual(['application.secrets'])
    const application = { ...required.application, secrets: [secret] }
    expect(pathsOf({ ...required, application, store })).toEqual([])
  })

  it('are random for the process with the memory store', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index)
    const resolved = resolveOptions({ ...required, random: () => bytes }, {})
    expect(resolved.application.secrets).toEqual([Buffer.from(bytes).toString('base64url')])
    const [one] = resolveOptions(required, {}).application.secrets
    const [other] = resolveOptions(required, {}).application.secrets
    expect(one).toMatch(/^[\w-]{43}$/)
    expect(one).not.toBe(other)
  })

  it('never stand in a message, nor does the password of a store', () => {
    const short = 'hunter2-hunter2'
    const environment = {
      CITIZEN_APPLICATION_SECRETS: `${short},${secret}`,
      CITIZEN_STORE_URL: `redis//:${short}@redis.example.gov`,
      CITIZEN_REVOCATIONS_URL: `http://:${short}@redis.example.gov`,
      CITIZEN_IDENTITY_PROVIDER_URL: `https://user:${short}@id.example.gov`,
    }
    const problems = problemsOf({ sharedCookie: { domain: 'example.gov' } }, environment)
    expect(problems.length).toBeGreaterThanOrEqual(4)
    const text = JSON.stringify([problems, new ConfigurationError(problems).message])
    for (const hidden of [short, secret]) expect(text).not.toContain(hidden)
  })
})

describe('names', () => {
  it.each([
    [{ identityProvidr: {} }, 'identityProvidr', 'identityProvider'],
    [{ application: { ID: 'x' } }, 'application.ID', 'application.id'],
    [{ application: { idle: 5 } }, 'application.idle', 'application.id'],
    [{ identityProvider: { refresh: { timeout: 5 } } }, 'identityProvider.refresh.timeout', 'timeoutSeconds'],
    [{ identityProvider: { idleSeconds: 5 } }, 'identityProvider.idleSeconds', 'application.idleSeconds'],
    [{ idleSeconds: 5 }, 'idleSeconds', 'application.idleSeconds'],
    [{ sharedCookie: { names: { head: 'x' } } }, 'sharedCookie.names.head', 'sharedCookie.names.header'],
    [{ constructor: 1 }, 'constructor', 'is not known'],
    [JSON.parse('{"__proto__": {"id": "x"}}') as object, '__proto__', 'is not known'],
  ])('%j is refused with the nearest name', (options, path, meant) => {
    const problem = problemsOf(options).find((candidate) => candidate.path === path)
    expect(problem?.message).toContain(meant)
  })

  it.each([
    ['an option that is no object', { application: 'benefits' }, 'application'],
    ['a list for an object', { application: [] }, 'application'],
    ['a level that is null', { identityProvider: null }, 'identityProvider'],
    ['options that are no object', 'https://id.example.gov', 'options'],
    ['options that are null', null, 'options'],
  ])('%s is one problem there', (_, options, path) => {
    expect(pathsOf(options).filter((candidate) => candidate.startsWith(path))).toEqual([path])
  })

  it.each([
    ['CITIZEN_APPLICATION_IDS', 'CITIZEN_APPLICATION_ID'],
    ['CITIZEN_APLICATION_URL', 'CITIZEN_APPLICATION_URL'],
    ['CITIZEN_APPLICATION_SECRET', 'CITIZEN_APPLICATION_SECRETS'],
    ['CITZEN_STORE_URL', 'CITIZEN_STORE_URL'],
    ['citizen_store_url', 'CITIZEN_STORE_URL'],
  ])('the variable %s is refused: %s was meant', (variable, meant) => {
    const [problem, ...others] = problemsOf(required, { [variable]: 'x' })
    expect(others).toEqual([])
    expect(problem).toMatchObject({ variable, message: expect.stringContaining(meant) })
  })

  it.each([
    'CITIZEN_REDIS_URL',
    'CITIZEN_PORT',
    'CITIZEN_',
    'CITY',
    'PATH',
    'APPLICATION_ID',
    'CITIZEN_STORE',
  ])('the variable %s is somebody else’s', (variable) => {
    expect(pathsOf(required, { [variable]: 'x' })).toEqual([])
  })
})
