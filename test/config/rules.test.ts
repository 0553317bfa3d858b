import { describe, expect, it } from 'vitest'
import { checkAddress } from '../../src/config/addresses.js'
import type { SuiteOptions } from '../../src/config/options.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { isLoopbackHost } from '../../src/host-names.js'
import { createKeyRing, memoryKeys } from '../../src/issuing/sso.js'
import { scriptedProtocol } from '../support/scripted-protocol.js'
import { pathsOf, problemsOf, required, secret, storeLike, withValue } from './given.js'

const local = {
  identityProvider: { url: 'http://id.citizen.localhost:4000' },
  sharedCookie: { domain: 'citizen.localhost' as string | false },
  application: { id: 'benefits', url: 'http://benefits.citizen.localhost:3001' },
}
const oneHost = {
  identityProvider: { url: 'https://example.gov/id' },
  sharedCookie: { domain: false },
  application: { id: 'benefits', url: 'https://example.gov' },
}

describe('FLD-09 identityProvider.acceptedClaims', () => {
  const given = (identityProvider: object) =>
    withValue(
      Object.entries(identityProvider).reduce<object>(
        (options, [name, value]) => withValue(options, `identityProvider.${name}` as never, value),
        required,
      ),
      'identityProvider.acceptedClaims',
      ['scope', 'azp'],
    )

  it.each([
    [{}, 'identityProvider.audience'],
    [{ audience: 'benefits', kindClaims: [] }, 'identityProvider.kindClaims'],
    [{ kindClaims: [] }, 'identityProvider.audience and one of identityProvider.kindClaims'],
  ])('with %j alone is refused', (identityProvider, missing) => {
    const [problem, ...more] = problemsOf(given(identityProvider))
    expect(problem).toMatchObject({ path: 'identityProvider.acceptedClaims' })
    expect(problem?.message).toContain(missing)
    expect(more).toEqual([])
  })

  it('with audience and a kind claim is taken, from the environment too', () => {
    expect(problemsOf(given({ audience: 'benefits' }))).toEqual([])
    const environment = { CITIZEN_IDENTITY_PROVIDER_ACCEPTED_CLAIMS: 'scope,azp' }
    const withAudience = withValue(required, 'identityProvider.audience', 'benefits')
    const { identityProvider } = resolveOptions(withAudience, environment)
    expect(identityProvider).toMatchObject({ acceptedClaims: ['scope', 'azp'] })
  })
})

describe('FLD-01 application.path', () => {
  it.each(['/app', '/app/session'])('is not in routes.path as well: %s', (path) => {
    const options = { ...required, application: { ...required.application, path: '/app' }, routes: { path } }
    expect(problemsOf(options)).toMatchObject([{ path: 'routes.path', variable: 'CITIZEN_ROUTES_PATH' }])
    expect(problemsOf({ ...options, application: required.application })).toEqual([])
  })

  it('stands before every address that browsers see', () => {
    const environment = { CITIZEN_APPLICATION_PATH: '/app', CITIZEN_ROUTES_PATH: '/application' }
    const { application, routes } = resolveOptions(required, environment)
    expect(application).toMatchObject({ path: '/app', startPage: '/app/' })
    expect(routes.path).toBe('/app/application')
    const without = resolveOptions(required, {})
    expect(without.application).toMatchObject({ path: '', startPage: '/' })
    expect(without.routes.path).toBe('/session')
  })
})

describe('the gate', () => {
  const withGate = (gate: object, options: object = {}) => ({
    ...required,
    ...options,
    routes: { gate: { secret, ...gate } },
  })
  const secrets = { application: { ...required.application, secrets: [secret] } }
  const keys = createKeyRing({ storage: memoryKeys() })

  it('needs keys that every process has with a shared store', () => {
    const shared = { ...secrets, store: storeLike(true) }
    expect(problemsOf(withGate({}, shared))).toMatchObject([{ path: 'routes.gate.keys', variable: '' }])
    expect(problemsOf(withGate({ keys }, shared))).toEqual([])
    expect(problemsOf(withGate({}))).toEqual([])
  })

  it('takes no subject of one provider for the same person at another', () => {
    const two = { ...secrets, protocols: [scriptedProtocol('scripted').protocol] }
    const open = { default: { audience: 'a' } }
    const one = {
      default: { audience: 'a', provider: 'shared-cookie' },
      staff: { audience: 'a', provider: ['scripted'] },
    }
    for (const gate of [{}, { policies: open }, { policies: { ...one, ...open } }])
      expect(problemsOf(withGate(gate, two))).toMatchObject([
        { path: 'routes.gate.policies', variable: 'CITIZEN_ROUTES_GATE_POLICIES' },
      ])
    expect(problemsOf(withGate({ policies: one }, two))).toEqual([])
    expect(problemsOf(withGate({ subject: () => 'x' }, two))).toEqual([])
    expect(problemsOf({ ...required, ...two })).toEqual([])
  })

  it('has policies of the environment, as JSON', () => {
    const environment = {
      CITIZEN_ROUTES_GATE_SECRET: secret,
      CITIZEN_ROUTES_GATE_POLICIES: '{"admin":{"audience":"reports","level":2}}',
    }
    const { gate } = resolveOptions(required, environment).routes
    expect([...gate.policies]).toEqual([['admin', { audience: 'reports', level: 2 }]])
    expect([...resolveOptions(required, {}).routes.gate.policies]).toEqual([
      ['default', { audience: 'benefits' }],
    ])
  })
})

describe('plain http', () => {
  it('is fine on loopback while developing, and never in production', () => {
    expect(pathsOf(local, { NODE_ENV: 'development' })).toEqual([])
    expect(pathsOf(local)).toEqual([])
    expect(pathsOf(local, { NODE_ENV: 'production' })).toEqual(['identityProvider.url', 'application.url'])
  })

  it.each([
    ['localhost', true],
    ['a.localhost', true],
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['[::1]', true],
    ['localhost.example.gov', false],
    ['mylocalhost', false],
    ['127.example.gov', false],
    ['127.0.0.1.example.gov', false],
    ['128.0.0.1', false],
    ['0.0.0.0', false],
    ['[::]', false],
    ['10.0.0.1', false],
    ['host.docker.internal', false],
  ])('takes %s for loopback: %s', (host, isLoopback) => {
    expect(isLoopbackHost(host)).toBe(isLoopback)
    expect(pathsOf(withValue(required, 'identityProvider.internalUrl', `http://${host}`))).toEqual(
      isLoopback ? [] : ['identityProvider.internalUrl'],
    )
  })
})

describe('an address with letters of any alphabet', () => {
  it('HLD-21 is read in the same way however often addresses were read before', () => {
    const read = (address: string) => checkAddress(address, { isProduction: true }, 'https://example.gov')
    const addresses = ['https://éxample.gov', 'https://example.gov/café']
    const first = addresses.map(read)
    expect(first.map((checked) => 'value' in checked)).toEqual([true, true])
    for (let index = 0; index < 5000; index += 1) {
      read(`https://example.gov/${index}`)
      expect(addresses.map(read)).toEqual(first)
    }
  })
})

describe('CK-04 the cookie domain', () => {
  it.each([
    ['example.gov', 'https://benefits.example.gov', 'https://id.example.gov', true],
    ['example.gov', 'https://example.gov', 'https://example.gov', true],
    ['apps.example.gov', 'https://benefits.apps.example.gov', 'https://id.apps.example.gov', true],
    ['éxample.gov', 'https://benefits.éxample.gov', 'https://id.xn--xample-9ua.gov', true],
    ['example.gov', 'https://benefits.example.org', 'https://id.example.gov', false],
    ['example.gov', 'https://benefits.example.gov', 'https://id.other.gov', false],
    ['example.gov', 'https://badexample.gov', 'https://id.example.gov', false],
    ['apps.example.gov', 'https://apps.example.gov', 'https://id.example.gov', false],
    [false, 'https://example.gov', 'https://example.gov:8443', true],
    [false, 'https://benefits.example.gov', 'https://id.example.gov', false],
  ])('%j fits %s and %s: %s', (domain, url, provider, fits) => {
    const options = {
      identityProvider: { url: provider },
      sharedCookie: { domain },
      application: { id: 'benefits', url },
    }
    expect(pathsOf(options)).toEqual(fits ? [] : ['sharedCookie.domain'])
  })

  it.each([
    ...['localhost', 'gov', 'co.uk', 'gov.uk', 'com.au', 'govt.nz', 'bc.ca', 'gc.ca', 'gouv.fr', 'go.jp'],
    ...['github.io', 'vercel.app', 'azurewebsites.net'],
  ])('refuses %s, where strangers have names', (domain) => {
    const options = {
      identityProvider: { url: `https://id.${domain}` },
      sharedCookie: { domain },
      application: { id: 'benefits', url: `https://benefits.${domain}` },
    }
    expect(pathsOf(options)).toEqual(['sharedCookie.domain'])
  })

  it('refuses an IP address, which shares no cookies', () => {
    const options = {
      identityProvider: { url: 'https://127.0.0.1' },
      application: { id: 'benefits', url: 'https://127.0.0.1' },
    }
    expect(pathsOf({ ...options, sharedCookie: { domain: '127.0.0.1' } })).toEqual(['sharedCookie.domain'])
    expect(pathsOf({ ...options, sharedCookie: { domain: false } })).toEqual([])
  })
})

describe('cookie names and attributes', () => {
  const named = (options: object, name: string) => withValue(options, 'sharedCookie.names.payload', name)
  const refused = ['sharedCookie.names.payload']

  it.each([
    ['__Host- with a domain', named(required, '__Host-sso'), refused],
    [
      '__Host- with another path',
      withValue(named(oneHost, '__Host-sso'), 'sharedCookie.path', '/a'),
      refused,
    ],
    ['__Host- without https', named(withValue(local, 'sharedCookie.domain', false), '__Host-sso'), null],
    ['__Host- on one host', named(oneHost, '__Host-sso'), []],
  ])('CK-01 says of %s what a browser would do', (_, options, expected) => {
    expect(pathsOf(options)).toEqual(expected ?? ['sharedCookie.domain', ...refused])
  })

  it('CK-02 refuses __Host- for the shared cookie, and __Secure- without https', () => {
    expect(pathsOf(named(required, '__Host-sso'))).toEqual(refused)
    expect(pathsOf(named(required, '__Secure-sso'))).toEqual([])
    expect(pathsOf(named(local, '__Secure-sso'))).toEqual(refused)
    expect(pathsOf(named(local, '__Host-sso'))).toEqual(refused)
  })

  it.each(['__host-sso', '__HOST-sso', '__hOsT-sso', '__secure-sso', '__SECURE-sso'])(
    'CK-03 refuses %s, which a browser takes for the prefix and a server does not',
    (name) => {
      expect(pathsOf(named(required, name))).toEqual(refused)
      expect(pathsOf(named(oneHost, name))).toEqual(refused)
    },
  )

  it('CK-13 refuses SameSite=None where the cookie cannot be Secure', () => {
    expect(pathsOf(withValue(local, 'sharedCookie.sameSite', 'none'))).toEqual(['sharedCookie.sameSite'])
    expect(pathsOf(withValue(required, 'sharedCookie.sameSite', 'none'))).toEqual([])
  })

  it('refuses two parts in one cookie', () => {
    expect(pathsOf(named(required, 'c1_signature'))).toEqual(['sharedCookie.names.signature'])
  })
})

describe('times and parameters', () => {
  it.each([
    [600, 600, []],
    [601, 600, ['application.idleSeconds']],
  ])('idle %i with absolute %i', (idleSeconds, absoluteSeconds, expected) => {
    const application = { ...required.application, idleSeconds, absoluteSeconds }
    expect(pathsOf({ ...required, application })).toEqual(expected)
  })

  it('keeps the parameters of a new authentication away from the return address', () => {
    expect(pathsOf(withValue(required, 'identityProvider.returnParameter', 'prompt'))).toEqual([
      'identityProvider.returnParameter',
    ])
  })
})

describe('protocols and the shared cookie', () => {
  const oidc = { name: 'oidc', install: () => undefined }
  const application = { id: 'benefits', url: 'https://benefits.example.gov', secrets: [secret] }

  it('needs no shared cookie where there is another way to sign in', () => {
    const given = { application, protocols: [oidc] }
    expect(problemsOf(given)).toEqual([])
    const resolved = resolveOptions(given as unknown as SuiteOptions, {})
    expect(resolved).toMatchObject({ identityProvider: undefined, sharedCookie: undefined })
  })

  it('needs all of the shared cookie where anything of it is given', () => {
    const given = { application, protocols: [oidc], sharedCookie: { domain: 'example.gov' } }
    expect(pathsOf(given)).toEqual(['identityProvider.url'])
    expect(
      pathsOf(
        { application, protocols: [oidc] },
        { CITIZEN_IDENTITY_PROVIDER_URL: 'https://id.example.gov' },
      ),
    ).toEqual(['sharedCookie.domain'])
  })

  it('asks for secrets: what comes back from a provider must be opened by whichever process gets it', () => {
    const { secrets: _, ...rest } = application
    expect(pathsOf({ application: rest, protocols: [oidc] })).toEqual(['application.secrets'])
  })
})

describe('header.applications', () => {
  const menu = (url: string) => ({ applications: [{ name: 'Library', url }] })
  const headerPaths = (header: object, more: object = {}) => pathsOf({ ...required, ...more, header })

  it.each([
    [menu('https://library.example.com')],
    [menu('https://notexample.gov')],
    [menu('http://library.localhost:3000')],
  ])('lies on the base domain, or is refused: %j', (header) => {
    const [problem, ...more] = problemsOf({ ...required, header })
    expect([problem?.path, problem?.variable]).toEqual(['header.applications', 'CITIZEN_HEADER_APPLICATIONS'])
    expect(problem?.message).toContain('write for "Library" an address on example.gov')
    expect(more).toEqual([])
  })

  it('lies on header.domain, which the host of the application lies on too', () => {
    const header = { ...menu('https://library.example.gov'), domain: 'benefits.example.gov' }
    expect(headerPaths(header)).toEqual(['header.applications'])
    expect(headerPaths({ ...header, domain: 'example.gov' })).toEqual([])
    expect(headerPaths({ ...header, domain: 'other.gov' })).toEqual(['header.domain'])
  })

  it('lies on the very host of the application, where nothing else is said of a domain', () => {
    const protocols = [{ name: 'oidc', install: () => ({}) }]
    const alone = { ...withValue(required, 'application.secrets', [secret]), protocols }
    const without = { ...alone, identityProvider: undefined, sharedCookie: undefined }
    expect(pathsOf({ ...without, header: menu('https://benefits.example.gov/x') })).toEqual([])
    expect(pathsOf({ ...without, header: menu('https://library.example.gov') })).toEqual([
      'header.applications',
    ])
    const header = { ...menu('https://library.example.gov'), domain: 'example.gov' }
    expect(pathsOf({ ...without, header })).toEqual([])
  })

  it('may be plain http on this machine in development, and never in production', () => {
    const header = menu('http://library.citizen.localhost:3002')
    expect(pathsOf({ ...local, header })).toEqual([])
    const paths = pathsOf({ ...required, header }, { NODE_ENV: 'production' })
    expect(paths).toEqual(['header.applications'])
  })
})
