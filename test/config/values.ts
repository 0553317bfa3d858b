/** @module Good and bad values of every option, as rows. */
import type { OptionPath } from '../../src/config/read-suite-options.js'
import { createKeyRing, memoryKeys } from '../../src/issuing/sso.js'
import { secret, storeLike } from './given.js'

interface Values {
  readonly good: readonly unknown[]
  readonly bad: readonly unknown[]
  /** The same good values as texts of a variable, in the same order, as far as they have one. */
  readonly texts?: readonly string[]
}

const badBases = [
  'id.example.gov',
  'http://id.example.gov',
  'ftp://id.example.gov',
  'https://user:password@id.example.gov',
  'https://id.example.gov/?a=b',
  'https://id.example.gov/#a',
  'https://id.example.gov.',
  'https:id.example.gov',
  'https://id.example\t.gov',
  'https:\\\\id.example.gov',
  'https://',
  'https://id;x.example.gov',
  'https://*.example.gov',
  ' https://id.example.gov',
  '',
  7,
  null,
  new URL('https://id.example.gov'),
]
const badEndpoints = [
  'login',
  '//evil.example/login',
  '/a b',
  '/a\\b',
  '/a#b',
  'http://id.example.gov/x',
  '',
  7,
]
const endpoint: Values = {
  good: ['/x', '/x?type=token', 'https://keys.example.gov/x?y=z'],
  texts: ['/x', '/x?type=token', 'https://keys.example.gov/x?y=z'],
  bad: badEndpoints,
}
const fn: Values = { good: [() => 1], bad: ['() => 1', 7, {}] }
const name: Values = {
  good: ['sso', '__Secure-sso', 'c1.x'],
  texts: ['sso', '__Secure-sso', 'c1.x'],
  bad: ['', 'a b', 'a;b', 'a=b', 'é', '__secure-sso', '__hOsT-sso', '__Host-sso', 'a'.repeat(65), 7],
}

const shownNames: Values = {
  good: ['Tax Portal', '税', 'می\u200cخواهم', 'Prestations – Québec', 'é', 'x'.repeat(60), 'Büro <A> & "B"'],
  texts: ['Tax Portal'],
  bad: [
    '',
    ' ',
    ' Tax',
    'Tax ',
    'x'.repeat(61),
    'a\nb',
    'a\u0000b',
    'a\u202eb',
    'a\u200fb',
    'a\u200bb',
    '\ufeffTax',
    '\u200b',
    '\u200d',
    'a\u2028b',
    '\ud800',
    7,
    ['a'],
  ],
}

/** One of these words. */
const choices = (...words: readonly string[]): Values => ({
  good: words,
  texts: words,
  bad: [...words.map((word) => word.toUpperCase()), '', 7],
})

function numbers(least: number, most: number, isWhole = true): Values {
  return {
    good: [least, most],
    texts: [String(least), String(most)],
    bad: [
      least - 1,
      most + 1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '5',
      null,
      ...(isWhole ? [least + 0.5] : []),
    ],
  }
}

/** Values that are good or bad in the company of the required options alone. */
export const values: Readonly<Record<OptionPath, Values>> = {
  'application.name': shownNames,
  'identityProvider.displayName': shownNames,
  'identityProvider.logo': endpoint,
  'application.logo': endpoint,
  'identityProvider.url': {
    good: ['https://id.example.gov', 'https://ID.example.gov:8443/tenant/', 'https://example.gov'],
    texts: ['https://id.example.gov', 'https://ID.example.gov:8443/tenant/', 'https://example.gov'],
    bad: badBases,
  },
  'identityProvider.internalUrl': {
    good: ['https://id.internal', 'http://127.0.0.1:4000', 'http://[::1]:4000/x', 'http://id.localhost'],
    texts: ['https://id.internal', 'http://127.0.0.1:4000', 'http://[::1]:4000/x', 'http://id.localhost'],
    bad: [...badBases, 'http://10.0.0.1', 'http://localhost.example.gov', 'http://127.0.0.1.example.gov'],
  },
  'identityProvider.issuer': {
    good: [['https://id.example.gov/'], ['urn:a', 'urn:b'], 'citizen-one'],
    texts: ['https://id.example.gov/', 'urn:a, urn:b', 'citizen-one'],
    bad: ['', [], [''], ['a b'], [7], 7, {}, Array.from({ length: 17 }, (_, index) => `i${index}`)],
  },
  'identityProvider.audience': { good: ['benefits'], texts: ['benefits'], bad: ['', 'a b', 7, ['a']] },
  'identityProvider.algorithms': {
    good: [['ES256'], ['RS256', 'PS512', 'EdDSA']],
    texts: ['ES256', 'RS256,PS512, EdDSA'],
    bad: [[], ['none'], ['HS256'], ['RS256', 'HS512'], ['rs256'], 'RS256', [7]],
  },
  'identityProvider.endpoints.jwks': endpoint,
  'identityProvider.endpoints.refresh': endpoint,
  'identityProvider.endpoints.login': endpoint,
  'identityProvider.endpoints.logout': endpoint,
  'identityProvider.endpoints.secondFactor': endpoint,
  'identityProvider.sessionClaim': {
    good: ['sid', 'https://claims.example/session'],
    texts: ['sid', 'https://claims.example/session'],
    bad: ['', 'a b', 7],
  },
  'identityProvider.kindClaims': {
    good: [['isMfa'], ['a', 'b'], []],
    texts: ['isMfa', 'a,b'],
    bad: ['isMfa', [''], [7]],
  },
  'identityProvider.trustedClaims': {
    good: [['isMfa'], ['isDidAuth', 'isMfa'], []],
    texts: ['isMfa', 'isDidAuth,isMfa'],
    bad: ['isMfa', ['acr'], ['amr'], ['mfaRequired'], [7]],
  },
  'identityProvider.acceptedClaims': {
    // Others need `audience` beside them: see rules.test.ts.
    good: [[]],
    bad: ['scope', ['nonce'], ['at_hash'], ['c_hash'], ['events'], [7]],
  },
  'identityProvider.returnParameter': {
    good: ['next', 'return_to'],
    texts: ['next', 'return_to'],
    bad: ['', 'a&b', 'a=b', 7],
  },
  'identityProvider.reauthenticateParameters': {
    good: [{ max_age: '0' }, { prompt: 'login', max_age: '0' }],
    texts: ['max_age=0', 'prompt=login&max_age=0'],
    bad: [{}, { prompt: 7 }, { '': 'a' }, 'prompt=login', [], { returnTo: '/' }],
  },
  'identityProvider.refresh.afterSeconds': numbers(1, 86_400),
  'identityProvider.refresh.timeoutSeconds': numbers(0.05, 60, false),
  'identityProvider.refresh.waitMilliseconds': numbers(0, 10_000),
  'identityProvider.refresh.onUnavailable': {
    good: ['keep', 'end'],
    texts: ['keep', 'end'],
    bad: ['Keep', '', true],
  },
  'identityProvider.refresh.readAnswer': fn,
  'identityProvider.clockSkewSeconds': numbers(0, 60),
  'identityProvider.assuranceLevel': fn,
  'identityProvider.keys.coolDownSeconds': numbers(1, 3_600),
  'identityProvider.keys.floorSeconds': { ...numbers(1, 86_400), good: [1, 900], texts: ['1', '900'] },
  'identityProvider.keys.ceilingSeconds': numbers(1, 86_400),
  'identityProvider.keys.staleSeconds': numbers(0, 604_800),
  'identityProvider.keys.timeoutSeconds': numbers(0.05, 60, false),
  'identityProvider.keys.rememberedTokens': numbers(100, 10_000_000),
  'sharedCookie.domain': {
    good: ['example.gov', '.EXAMPLE.gov'],
    texts: ['example.gov', '.EXAMPLE.gov'],
    bad: [
      ...[
        'gov',
        'localhost',
        '127.0.0.1',
        '[::1]',
        '0x7f.1',
        'co.uk',
        'gov.uk',
        'on.ca',
        'gc.ca',
        'com.au',
        'github.io',
      ],
      ...[
        'https://example.gov',
        'example.gov:443',
        'example.gov/',
        'example.gov.',
        '*.example.gov',
        'exa mple.gov',
        'a;b.gov',
        'a,b.gov',
        '',
      ],
      ...['other.gov', 'benefits.example.gov', 'ple.gov', false, true, 7, null],
    ],
  },
  'sharedCookie.names.header': name,
  'sharedCookie.names.payload': { ...name, bad: [...name.bad, 'c1_header'] },
  'sharedCookie.names.signature': { ...name, bad: [...name.bad, 'c1_payload'] },
  'sharedCookie.path': { good: ['/', '/apps'], texts: ['/', '/apps'], bad: ['', 'apps', '/a;b', '/a b', 7] },
  'sharedCookie.sameSite': {
    good: ['strict', 'lax', 'none'],
    texts: ['strict', 'lax', 'none'],
    bad: ['Lax', '', false],
  },
  'sharedCookie.persistent': { good: [true, false], texts: ['true', 'false'], bad: ['true', 1, 'yes'] },
  'application.id': {
    good: ['a', 'permits-2', 'x'.repeat(32)],
    texts: ['a', 'permits-2', 'x'.repeat(32)],
    bad: ['', 'Benefits', 'a_b', 'a.b', 'x'.repeat(33), 'a\n', 7],
  },
  'application.url': {
    good: ['https://benefits.example.gov', 'https://benefits.example.gov:8443/'],
    texts: ['https://benefits.example.gov', 'https://benefits.example.gov:8443/'],
    bad: [...badBases, 'https://benefits.example.gov/app', 'https://benefits.example.gov?'],
  },
  'application.sensitivity': {
    good: ['sensitive', 'basic', 'public'],
    texts: ['sensitive', 'basic', 'public'],
    bad: ['secret', '', 3, 'toString'],
  },
  'application.idleSeconds': { ...numbers(1, 34_560_000), good: [1, 43_200], texts: ['1', '43200'] },
  'application.absoluteSeconds': numbers(1, 34_560_000),
  'application.sessionsPerPerson': numbers(1, 10_000),
  'application.onIdle': {
    good: ['reauthenticate', 'resume', 'end-everywhere'],
    texts: ['reauthenticate', 'resume', 'end-everywhere'],
    bad: ['end', '', true],
  },
  'application.returnOrigins': {
    good: [['https://permits.example.gov/', 'https://library.example.gov:8443'], []],
    texts: ['https://permits.example.gov/, https://library.example.gov:8443'],
    bad: [
      ['https://permits.example.gov/a'],
      ['*'],
      ['null'],
      ['http://permits.example.gov'],
      'https://permits.example.gov',
    ],
  },
  'application.secrets': {
    good: [[secret], [`${secret}2`, secret], ['é'.repeat(16)]],
    texts: [secret, `${secret}2, ${secret}`, 'é'.repeat(16)],
    bad: [[], ['x'.repeat(31)], ['é'.repeat(15)], [secret, 'short'], secret, [7]],
  },
  'application.path': {
    good: ['/app', '/portal/benefits'],
    texts: ['/app', '/portal/benefits'],
    bad: ['/', '', 'app', '/app/', '//app', '/a/../b', '/a?b', '/a b', '/a%2fb', 'https://a.example/app', 7],
  },
  'routes.path': {
    good: ['/session', '/account/session'],
    texts: ['/session', '/account/session'],
    bad: ['/', '', 'session', '/session/', '//session', '/a/../b', '/a/.', '/a?b', '/a b', '/a%2fb', 7],
  },
  'routes.touch': fn,
  'routes.skip': fn,
  'routes.gate.secret': {
    good: [[secret], [secret, `${secret}2`], ['!'.repeat(256)]],
    texts: [secret, `${secret}, ${secret}2`, '!'.repeat(256)],
    bad: [
      [],
      'short',
      ['x'.repeat(31)],
      ['x'.repeat(257)],
      [secret, 'short'],
      [`${secret} and blanks`],
      [`${secret},${secret}`],
      [`${secret}é`],
      [`${secret}\n`],
      [1, 2, 3, 4, 5].map((number) => `${secret}${number}`),
      7,
    ],
  },
  'routes.gate.keys': {
    good: [createKeyRing({ storage: memoryKeys() })],
    bad: ['/etc/keys', {}, { signer: 1, published: 2 }, null, 7],
  },
  'routes.gate.policies': {
    good: [
      { default: { audience: 'reports' } },
      { 'admin-2': { audience: 'a', level: 2, secondFactor: true, maxAgeSeconds: 1, provider: ['x'] } },
    ],
    texts: ['{"default":{"audience":"reports"}}'],
    bad: [
      {},
      [],
      'default',
      { default: {} },
      { default: 'reports' },
      { default: { audience: '' } },
      { default: { audience: 'a b' } },
      { default: { audience: 'x'.repeat(201) } },
      { default: { audience: 'a', level: 0 } },
      { default: { audience: 'a', level: '2' } },
      { default: { audience: 'a', maxAgeSeconds: 0 } },
      { default: { audience: 'a', secondFactor: 'yes' } },
      { default: { audience: 'a', provider: [] } },
      { default: { audience: 'a', lvl: 2 } },
      { Default: { audience: 'a' } },
      { 'a/b': { audience: 'a' } },
      { ['x'.repeat(33)]: { audience: 'a' } },
      JSON.parse('{"__proto__":{"audience":"a"}}'),
      7,
    ],
  },
  'routes.gate.subject': fn,
  'routes.gate.claims': fn,
  'routes.gate.tokenSeconds': numbers(5, 60),
  'routes.gate.requestHeaders': choices('x-original', 'x-forwarded'),
  'routes.gate.cookies': choices('none', 'numbered', 'set-cookie'),
  'login.select': fn,
  'routes.stylesheet': {
    good: ['/pages.css', 'https://cdn.example.gov/pages.css'],
    texts: ['/pages.css', 'https://cdn.example.gov/pages.css'],
    bad: ['pages.css', '//cdn.example.gov/pages.css', 'javascript:alert(1)', 7],
  },
  'header.applications': {
    good: [
      [],
      [{ name: 'Library', url: 'https://library.example.gov/' }],
      [
        { name: 'Benefits', url: 'https://example.gov/benefits' },
        { name: 'Prestations – Québec', url: 'https://a.b.example.gov:8443/' },
      ],
    ],
    texts: ['[]', '[{"name":"Library","url":"https://library.example.gov"}]'],
    bad: [
      'https://library.example.gov',
      7,
      {},
      [7],
      [null],
      [['Library']],
      [{ url: 'https://library.example.gov' }],
      [{ name: 'Library' }],
      [{ name: 'a\u202eb', url: 'https://library.example.gov' }],
      [{ name: 'Library', url: '/library' }],
      [{ name: 'Library', url: 'http://library.example.gov' }],
      [{ name: 'Library', url: 'javascript:alert(1)' }],
      [{ name: 'Library', url: 'https://user@library.example.gov' }],
      [{ name: 'Library', url: 'https://library.example.gov', title: 'Library' }],
      [
        { name: 'Library', url: 'https://library.example.gov' },
        { name: 'Books', url: 'https://library.example.gov/' },
      ],
      Array.from({ length: 33 }, (_, index) => ({ name: 'a', url: `https://a${index}.example.gov` })),
    ],
  },
  'header.domain': {
    good: ['example.gov', '.EXAMPLE.gov'],
    texts: ['example.gov', '.EXAMPLE.gov'],
    bad: [
      'gov',
      'localhost',
      '127.0.0.1',
      'https://example.gov',
      'other.gov',
      'ple.gov',
      '',
      false,
      true,
      7,
      null,
    ],
  },
  profile: fn,
  protocols: {
    good: [[]],
    bad: [
      'oidc',
      {},
      [{ name: 'oidc' }],
      [{ name: 'OIDC', install: () => undefined }],
      [
        { name: 'oidc', install: () => undefined },
        { name: 'oidc', install: () => undefined },
      ],
    ],
  },
  store: {
    good: [storeLike(false)],
    bad: [
      'memory',
      'http://redis.example.gov',
      'redis://',
      'redis:',
      'redis://a b',
      {},
      { isShared: true },
      7,
      null,
    ],
  },
  revocations: {
    good: [
      'redis://127.0.0.1:6379',
      'rediss://user:password@redis.example.gov/1',
      'redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/sessions',
      'rediss+cluster://10.0.0.1,10.0.0.2',
      storeLike(true),
    ],
    texts: [
      'redis://127.0.0.1:6379',
      'rediss://user:password@redis.example.gov/1',
      'redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/sessions',
      'rediss+cluster://10.0.0.1,10.0.0.2',
    ],
    bad: [
      'redis+nonsense://10.0.0.1',
      'redis+sentinel://',
      'redis+cluster://a b',
      'memory',
      'https://redis.example.gov',
      {},
      7,
    ],
  },
  storeNear: { good: [true, false], texts: ['true', 'false'], bad: ['yes', 'TRUE', '1', 1, null, {}] },
  'events.personKey': { good: ['a secret of thirty-two bytes or more'], bad: ['', 'short', 7, {}] },
  onEvent: fn,
  onSignIn: fn,
  clock: fn,
  fetch: fn,
  random: { good: [(bytes: number) => new Uint8Array(bytes)], bad: ['x', 7, () => new Uint8Array(16)] },
}
