import { describe, expect, it } from 'vitest'
import type { SuiteOptions } from '../../src/config/options.js'
import { inForce } from '../../src/config/policy-report.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { sensitivities } from '../../src/config/sensitivity.js'
import { warningsOf } from '../../src/config/warnings.js'
import { required, secret, storeLike, withValue } from './given.js'

const production = { NODE_ENV: 'production' }
const shared = withValue(withValue(required, 'store', 'rediss://redis.example.gov'), 'application.secrets', [
  secret,
])
const local: SuiteOptions = {
  identityProvider: { url: 'http://id.citizen.localhost:4000' },
  sharedCookie: { domain: 'citizen.localhost' },
  application: { id: 'benefits', url: 'http://benefits.citizen.localhost:3001' },
}

function codesOf(options: SuiteOptions, environment = {}): readonly string[] {
  return warningsOf(resolveOptions(options, environment), environment).map((warning) => warning.code)
}

/** The configuration with a sensitivity and times. */
function timed(sensitivity: string, idleSeconds: number, absoluteSeconds: number): SuiteOptions {
  const application = { ...required.application, sensitivity, idleSeconds, absoluteSeconds }
  return { ...required, application } as SuiteOptions
}

const idle = 'idle-longer-than-recommended'
const absolute = 'absolute-longer-than-recommended'
const day = 86_400

describe('recommended times', () => {
  it.each([
    ['NIST-01', 'public', 'aal1', undefined, 30 * day],
    ['NIST-02', 'basic', 'aal2', 3_600, day],
    ['NIST-03', 'sensitive', 'aal3', 900, 43_200],
  ] as const)(
    '%s has a preset for %s: %s with idle %s and absolute %s',
    (_, sensitivity, level, idleSeconds, absoluteSeconds) => {
      const preset = sensitivities[sensitivity]
      expect(preset).toMatchObject({ level, recommended: { idleSeconds, absoluteSeconds } })
      expect(codesOf(withValue(required, 'application.sensitivity', sensitivity))).toEqual([])
    },
  )

  it.each([
    ['NIST-01', timed('public', 28_800, 30 * day), []],
    ['NIST-01', timed('public', 30 * day, 30 * day), []],
    ['NIST-01', timed('public', 28_800, 30 * day + 1), [absolute]],
    ['NIST-02', timed('basic', 3_600, day), []],
    ['NIST-02', timed('basic', 3_601, day), [idle]],
    ['NIST-02', timed('basic', 3_600, day + 1), [absolute]],
    ['NIST-03', timed('sensitive', 900, 43_200), []],
    ['NIST-03', timed('sensitive', 901, 43_200), [idle]],
    ['NIST-03', timed('sensitive', 900, 43_201), [absolute]],
    ['NIST-03', timed('sensitive', 901, 43_201), [idle, absolute]],
  ])('%s warns when looser: row %#', (_, options, codes) => {
    expect(codesOf(options)).toEqual(codes)
  })
})

describe('warnings', () => {
  it.each([
    ['the defaults while developing', required, {}, []],
    ['a shared store in production', shared, production, []],
    ['the memory store in production', required, production, ['memory-store-in-production']],
    [
      'a store of one process in production',
      { ...required, store: storeLike(false) },
      production,
      ['memory-store-in-production'],
    ],
    ['plain http', local, {}, ['plain-http']],
    ['a persistent cookie', withValue(required, 'sharedCookie.persistent', true), {}, ['persistent-cookie']],
    [
      'a secret of one letter',
      withValue(required, 'application.secrets', ['x'.repeat(32)]),
      {},
      ['weak-secret'],
    ],
    [
      'a secret in hexadecimal',
      withValue(required, 'application.secrets', ['0123456789abcdef'.repeat(4)]),
      {},
      [],
    ],
    [
      'a plain Redis elsewhere',
      withValue(shared, 'store', 'redis://10.0.0.7'),
      production,
      ['plain-redis-in-production'],
    ],
    [
      'plain Sentinels, one of them elsewhere',
      withValue(shared, 'store', 'redis+sentinel://:word@127.0.0.1,10.0.0.7:26379/sessions'),
      production,
      ['plain-redis-in-production'],
    ],
    ['a Cluster with TLS', withValue(shared, 'store', 'rediss+cluster://10.0.0.7,10.0.0.8'), production, []],
    ['a plain Redis here', withValue(shared, 'store', 'redis://127.0.0.1:6379'), production, []],
  ])('for %s', (_, options, environment, codes) => {
    expect(codesOf(options, environment)).toEqual(codes)
  })

  it('say what to write, and no secret', () => {
    const weak = 'y'.repeat(40)
    const options = withValue(
      withValue(shared, 'application.secrets', [weak]),
      'store',
      'redis://:hunter2@10.0.0.7',
    )
    const warnings = warningsOf(resolveOptions(options, production), production)
    expect(warnings).toHaveLength(2)
    expect(JSON.stringify(warnings)).not.toMatch(/hunter2|yyyy/)
  })
})

describe('the policy in force', () => {
  const rowsOf = (options: SuiteOptions) =>
    inForce(resolveOptions(options, {})).map((row) => `${row.topic}: ${row.setting}: ${row.value}`)

  it('ASV-01 lists idle, absolute, concurrency and federated coordination as they are in force', () => {
    expect(rowsOf(required)).toEqual([
      'idle: session without activity ends after: 600 s',
      'idle: longest recommended for AAL3: 900 s',
      'idle: an idle session needs: a new authentication',
      'absolute: session ends in any case after: 43200 s',
      'absolute: longest recommended for AAL3: 43200 s',
      'absolute: a session past its limit needs: a new authentication',
      'concurrency: sessions of one person at the same time: at most 200, beyond which the one that was seen the longest ago ends; listed and ended by suite.sessions',
      'concurrency: sessions are seen by: this process',
      'federation: identity provider: https://id.example.gov',
      "federation: identity session is extended: on activity, past 40 to 50 % of the token's life",
      'federation: while the provider cannot be reached: the session lives until the token expires',
      'federation: clock skew that is tolerated: 30 s',
      'federation: signing out ends: every application on example.gov that shares the store, and the session at the identity provider',
    ])
  })

  it('ASV-01 follows each option that it depends on', () => {
    let options: SuiteOptions = { ...shared, revocations: 'rediss://:hunter2@other.example.gov' }
    for (const [path, value] of [
      ['application.sensitivity', 'public'],
      ['application.idleSeconds', 77],
      ['application.absoluteSeconds', 88],
      ['application.onIdle', 'end-everywhere'],
      ['identityProvider.refresh.afterSeconds', 44],
      ['identityProvider.refresh.onUnavailable', 'end'],
      ['identityProvider.clockSkewSeconds', 3],
    ] as const)
      options = withValue(options, path, value)
    const rows = rowsOf(options).join('\n')
    for (const part of [
      ...[
        'after: 77 s',
        'after: 88 s',
        'for AAL1: no limit',
        'for AAL1: 2592000 s',
        'ended in all applications',
      ],
      ...[
        'all processes on the store',
        'older than 44 s',
        'reached: the session ends',
        'tolerated: 3 s',
        'shares the revocations',
      ],
    ])
      expect(rows).toContain(part)
    expect(rows).not.toContain('hunter2')
  })
})
