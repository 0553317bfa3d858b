/** @module The provider's description: fetched once, held to its issuer and its place, kept over an outage. */
import { describe, expect, it } from 'vitest'
import { CitizenSessionError } from '../../src/errors.js'
import { createScriptedProvider, describing } from './scripted-provider.js'
import { issuer, start } from './signer.js'

const discovery = '/.well-known/openid-configuration'

const failure = async (work: Promise<unknown>): Promise<CitizenSessionError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CitizenSessionError)) throw new Error('nothing was refused')
  return error
}

it('asks nothing before it is needed, and once for all who need it', async () => {
  const { provider, asked, askedAt } = createScriptedProvider()
  expect(asked).toHaveLength(0)
  expect(provider.known).toBeUndefined()
  const connections = await Promise.all(Array.from({ length: 50 }, () => provider.connect()))
  expect(new Set(connections).size).toBe(1)
  expect(askedAt(discovery)).toHaveLength(1)
  expect(provider.known?.metadata.endSessionEndpoint).toBe(`${issuer}/end`)
})

it('keeps the description for an hour, then fetches it behind the requests', async () => {
  const { provider, askedAt, clock } = createScriptedProvider()
  const first = await provider.connect()
  clock.now += 3_599_000
  expect(await provider.connect()).toBe(first)
  expect(askedAt(discovery)).toHaveLength(1)
  clock.now += 2_000
  expect(await provider.connect()).toBe(first)
  expect(askedAt(discovery)).toHaveLength(2)
})

it('goes on with the description at hand while no new one can be had', async () => {
  const { provider, answers, askedAt, clock, warnings } = createScriptedProvider()
  const first = await provider.connect()
  answers[discovery] = () => new Response('', { status: 503 })
  clock.now += 3_601_000
  expect(await provider.connect()).toBe(first)
  await new Promise(setImmediate)
  expect(await provider.connect()).toBe(first)
  expect(warnings).toEqual([expect.stringMatching(/^oidc-discovery/)])
  expect(askedAt(discovery)).toHaveLength(2)
})

it('tries again only after a wait that grows, and says so', async () => {
  const { provider, answers, askedAt, clock } = createScriptedProvider()
  const answer = answers[discovery]
  answers[discovery] = () => new Response('', { status: 503 })
  const error = await failure(provider.connect())
  expect([error.code, error.status, error.isTransient]).toEqual(['identity-unavailable', 503, true])
  expect(await failure(provider.connect())).toBe(error)
  expect(askedAt(discovery)).toHaveLength(1)
  clock.now += 1_000
  await failure(provider.connect())
  expect(askedAt(discovery)).toHaveLength(2)
  clock.now += 1_000
  await failure(provider.connect())
  expect(askedAt(discovery)).toHaveLength(2)
  if (answer !== undefined) answers[discovery] = answer
  clock.now += 1_000
  expect((await provider.connect()).metadata.issuer).toBe(issuer)
})

it('HLD-05 tries again at once when the clock was ahead and is put back', async () => {
  const { provider, answers, askedAt, clock } = createScriptedProvider()
  const answer = answers[discovery]
  answers[discovery] = () => new Response('', { status: 503 })
  clock.now += 86_400_000
  await failure(provider.connect())
  clock.now -= 86_400_000
  if (answer !== undefined) answers[discovery] = answer
  expect((await provider.connect()).metadata.issuer).toBe(issuer)
  expect(askedAt(discovery)).toHaveLength(2)
})

it('HLD-05 fetches a description anew that was fetched by a clock that was ahead', async () => {
  const { provider, askedAt, clock } = createScriptedProvider()
  clock.now += 86_400_000
  const first = await provider.connect()
  clock.now -= 86_400_000
  expect(await provider.connect()).toBe(first)
  await new Promise(setImmediate)
  expect(askedAt(discovery)).toHaveLength(2)
  await provider.connect()
  expect(askedAt(discovery)).toHaveLength(2)
})

describe('FLD-03 an endpoint that cannot be used costs what it is for, and nothing else', () => {
  it.each([
    ['RPI-01 a sign-out that is not https', 'end_session_endpoint', 'http://id.example.gov/e'],
    ['a sign-out on another host', 'end_session_endpoint', 'https://login.example.com/e'],
    ['SES-06 a frame that is not https', 'check_session_iframe', 'http://id.example.gov/c'],
    ['SES-06 a host that looks right', 'check_session_iframe', 'https://id.example.gov.evil.example/'],
    ['a revocation on another host', 'revocation_endpoint', 'https://tokens.example.com/r'],
    ['a pushed request on another host', 'pushed_authorization_request_endpoint', 'https://par.example.com/'],
  ])('%s', async (_, name, address) => {
    const { provider, warnings } = createScriptedProvider({}, describing({ [name]: address }))
    const { metadata } = await provider.connect()
    expect(metadata.refused.map((endpoint) => endpoint.name)).toEqual([name])
    expect(JSON.stringify({ ...metadata, refused: [] })).not.toContain(address)
    expect(warnings).toEqual([expect.stringMatching(`^oidc-endpoint: .*${name} .*endpointOrigins`)])
  })
})

it.each([
  ['nonsense', { toString: 1, valueOf: 1 }],
  ['a list in a list', [[['https://evil.example']]]],
])('FLD-08 a description whose issuer is %s is one of another issuer', async (_, given) => {
  const { provider } = createScriptedProvider({}, describing({ issuer: given }))
  const { message } = await failure(provider.connect())
  expect(message).toContain(`"${issuer}" is configured`)
})

it('FLD-08 a description of another issuer names both', async () => {
  const { provider } = createScriptedProvider({}, describing({ issuer: 'https://evil.example' }))
  const { message } = await failure(provider.connect())
  expect(message).toContain('"https://evil.example"')
  expect(message).toContain(`"${issuer}"`)
})

describe('a description that cannot be used', () => {
  it.each([
    ['of another issuer', { issuer: 'https://evil.example' }, /issuer/],
    ['of the issuer with a slash', { issuer: `${issuer}/` }, /issuer/],
    ['without a token endpoint', { token_endpoint: undefined }, /token_endpoint/],
    ['with keys on another host', { jwks_uri: 'https://evil.example/jwks' }, /jwks_uri .*endpointOrigins/],
    ['with keys in the cloud’s own network', { jwks_uri: 'http://169.254.169.254/jwks' }, /jwks_uri/],
    ['with a plain http endpoint', { token_endpoint: 'http://id.example.gov/token' }, /token_endpoint/],
    ['with a user name', { token_endpoint: 'https://a:b@id.example.gov/token' }, /token_endpoint/],
    ['with an endpoint that is a number', { token_endpoint: 7 }, /token_endpoint/],
  ])('%s', async (_, change, message) => {
    const { provider } = createScriptedProvider({}, describing(change))
    expect((await failure(provider.connect())).message).toMatch(message)
  })

  it.each([
    ['a redirect to another host', () => Response.redirect('https://evil.example/', 302)],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['a list', () => Response.json([])],
    ['null', () => Response.json(null)],
    ['more than 256 KiB', () => new Response('x'.repeat(262_145))],
    ['a broken connection', () => Promise.reject(new TypeError('fetch failed'))],
  ])('%s', async (_, answer) => {
    const { provider, answers } = createScriptedProvider()
    answers[discovery] = answer
    expect((await failure(provider.connect())).code).toBe('identity-unavailable')
  })

  it('an answer that never comes', async () => {
    const { provider, answers } = createScriptedProvider({ timeoutSeconds: 0.05 })
    answers[discovery] = () => new Promise(() => undefined)
    expect((await failure(provider.connect())).code).toBe('identity-unavailable')
  })
})

it('takes endpoints on other origins that are named', async () => {
  const { provider } = createScriptedProvider(
    { endpointOrigins: ['https://keys.example.gov'] },
    describing({ jwks_uri: 'https://keys.example.gov/jwks' }),
  )
  expect((await provider.connect()).metadata.jwksUri).toBe('https://keys.example.gov/jwks')
})

it('asks the provider by its internal address, and speaks of it by its public one', async () => {
  const { provider, asked, answers } = createScriptedProvider({
    internalUrl: 'https://internal.example.gov:8443/idp',
  })
  for (const [path, answer] of Object.entries(answers)) answers[`/idp${path}`] = answer
  const { metadata, keys } = await provider.connect()
  await keys.find('key-1', 'RS256', start)
  expect(asked.map(({ url }) => url)).toEqual([
    `https://internal.example.gov:8443/idp${discovery}`,
    'https://internal.example.gov:8443/idp/jwks',
  ])
  expect(metadata.authorizationEndpoint).toBe(`${issuer}/authorize`)
})

it('discovers nothing where the endpoints are given, and leaves out those that are switched off', async () => {
  const { provider, asked } = createScriptedProvider({
    endpoints: {
      authorization: `${issuer}/a`,
      token: `${issuer}/t`,
      jwks: `${issuer}/j`,
      endSession: false,
    },
  })
  const { metadata } = await provider.connect()
  expect(asked).toHaveLength(0)
  expect([metadata.tokenEndpoint, metadata.endSessionEndpoint]).toEqual([`${issuer}/t`, undefined])
})
