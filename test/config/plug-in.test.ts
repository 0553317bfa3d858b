/** @module What is said at the start of a plug-in that could not sign anybody in: of 0.1.0, or half written. */
import { describe, expect, it } from 'vitest'
import { createSuite } from '../../src/compose/compose.js'
import { ConfigurationError } from '../../src/errors.js'
import type { Protocol, ProtocolHost } from '../../src/protocols/protocol.js'
import { scriptedProtocol } from '../support/scripted-protocol.js'
import { problemsOf, required, secret } from './given.js'

const application = { ...required.application, secrets: [secret] }
const does = () => undefined

const suiteWith = (protocol: unknown) => {
  const suite = createSuite({ application, protocols: [protocol as Protocol] }, {})
  return suite.close()
}

/** The error of a suite with a plug-in of that kind. */
const errorOf = (protocol: unknown): ConfigurationError => {
  try {
    void suiteWith(protocol)
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
const saidOf = (protocol: unknown): string =>
  errorOf(protocol)
    .problems.map(({ path, variable, message }) => `${path}${variable}: ${message}`)
    .join('\n')

/** The names that the members of an installed plug-in had in 0.1.0. */
const before = { issuer: 'https://op.example', target: 'https://op.example', formTargets: [], endpoints: {} }
const after = {
  issuer: before.issuer,
  target: before.target,
  endpoints: {},
  startLogin: does,
  endProviderSession: does,
}
const installing = (installed: unknown) => ({ name: 'fake', install: () => installed })

describe('a plug-in with the names of 0.1.0', () => {
  it('is refused at the start, with what to rename to what', () => {
    const said = saidOf(installing({ ...before, enter: does, part: does }))
    expect(said).toMatch(/^protocols\.fake: /)
    expect(said).toContain('0.1.0')
    for (const [old, now] of [
      ['enter', 'startLogin'],
      ['part', 'endProviderSession'],
      ['wish', 'request'],
      ['mayLift', 'mayResume'],
      ['markers', 'transactions'],
      ['concludeLogin', 'finishLogin'],
      ['concludeLogout', 'finishLogout'],
      ['withoutState', 'unknownStatePage'],
      ['withoutLogin', 'unknownLoginReply'],
      ['begin', 'start'],
      ['pointers', 'indexKeys'],
      ['isPointed', 'isIndexed'],
      ['revokePointed', 'revokeByIndex'],
    ]) {
      expect(said).toContain(`${old} to ${now}`)
    }
    expect(said.split('\n')).toHaveLength(1)
  })

  it.each([
    ['enter', { ...before, enter: does, endProviderSession: does }, 'part to endProviderSession'],
    ['part', { ...before, startLogin: does, part: does }, 'enter to startLogin'],
  ])('is refused with %s alone, and only what it has is said to be there', (_name, installed, absent) => {
    const [own = ''] = saidOf(installing(installed)).split(';')
    expect(own).not.toContain(absent)
  })

  it.each([
    [
      'a name of the host',
      (host: ProtocolHost) => Reflect.get(host, 'markers')('fake'),
      'markers to transactions',
    ],
    [
      'a name of the sessions',
      (host: ProtocolHost) => Reflect.get(host.sessions, 'begin').bind(host),
      'begin to start',
    ],
  ])('is refused where its install stumbles over %s', (_what, stumble, words) => {
    const error = errorOf({
      name: 'fake',
      install(host: ProtocolHost) {
        stumble(host)
        return after
      },
    })
    expect(error.message).toContain(words)
    expect(error.cause).toBeInstanceOf(TypeError)
  })

  it('is taken where it has the new names beside them, and asks for the old ones first', async () => {
    const install = (host: ProtocolHost) => {
      expect(Reflect.get(host, 'markers') ?? host.transactions).toBe(host.transactions)
      expect({ ...host }).not.toHaveProperty('markers')
      return { ...after, enter: does, part: does }
    }
    await suiteWith({ name: 'fake', install })
  })

  it('may use such a name for something of its own, on what it makes from the host', async () => {
    const install = (host: ProtocolHost) => {
      const mine: object = Object.create(host)
      expect(Reflect.set(mine, 'markers', 5)).toBe(true)
      expect(Reflect.set(host.sessions, 'begin', does)).toBe(true)
      expect([Reflect.get(mine, 'markers'), Reflect.get(host.sessions, 'begin')]).toEqual([5, does])
      expect(Reflect.get(host, 'markers')).toBeUndefined()
      return after
    }
    await suiteWith({ name: 'fake', install })
  })

  it('keeps an error of its install that has nothing to do with names', () => {
    const install = () => {
      throw new TypeError('no key')
    }
    expect(() => suiteWith({ name: 'fake', install })).toThrow(new TypeError('no key'))
  })
})

describe('a plug-in that is half written', () => {
  it.each([
    ['nothing', undefined, 'write an install that returns'],
    ['a promise', Promise.resolve(after), 'not a promise'],
    ['no issuer', { ...after, issuer: undefined }, 'issuer'],
    ['an empty issuer', { ...after, issuer: '' }, 'issuer'],
    ['a target that is none', { ...after, target: new URL('https://op.example') }, 'target'],
    ['no startLogin', { ...after, startLogin: undefined }, 'startLogin'],
    ['an endProviderSession that is a text', { ...after, endProviderSession: 'end' }, 'endProviderSession'],
    ['no endpoints', { ...after, endpoints: undefined }, 'endpoints'],
    ['an endpoint that is a function', { ...after, endpoints: { callback: does } }, 'endpoints.callback'],
    [
      'an endpoint with a text as GET',
      { ...after, endpoints: { callback: { GET: 'x' } } },
      'endpoints.callback.GET',
    ],
    ['an endpoint that is null', { ...after, endpoints: { callback: null } }, 'endpoints.callback'],
    [
      'an endpoint that nobody can call',
      { ...after, endpoints: { callback: { get: does } } },
      'endpoints.callback',
    ],
    ['a refresh without renew', { ...after, refresh: { accessTokenOf: does } }, 'refresh.renew'],
    ['a refresh that is true', { ...after, refresh: true }, 'refresh'],
    [
      'a refresh without times',
      {
        ...after,
        refresh: {
          renew: does,
          accessTokenOf: does,
          timeoutSeconds: 5,
          waitMilliseconds: 1,
          onUnavailable: 'keep',
        },
      },
      'refresh.keepSeconds',
    ],
    [
      'a refresh that does what nobody knows',
      {
        ...after,
        refresh: {
          renew: does,
          accessTokenOf: does,
          timeoutSeconds: 5,
          waitMilliseconds: 1,
          keepSeconds: 0,
          onUnavailable: 'stay',
        },
      },
      'refresh.onUnavailable',
    ],
    [
      'a path that no request has',
      { ...after, endpoints: { '/callback': { GET: does } } },
      'without a slash',
    ],
    ['a path with a query', { ...after, endpoints: { 'callback?a': { GET: does } } }, 'such as callback'],
    [
      'an isDocument that is a text',
      { ...after, endpoints: { callback: { GET: does, isDocument: 'no' } } },
      'endpoints.callback.isDocument',
    ],
    ['a takesAsked that is a text', { ...after, takesAsked: 'false' }, 'takesAsked'],
    ['an answersByMessage that is a number', { ...after, answersByMessage: 0 }, 'answersByMessage'],
    ['a frame that is true', { ...after, frame: true }, 'frame'],
    ['a ready that is a text', { ...after, ready: 'yes' }, 'ready'],
    ['a close that is none', { ...after, close: {} }, 'close'],
  ])('%s: is refused with the member that is wrong', (_what, installed, words) => {
    const said = saidOf(installing(installed))
    expect(said).toMatch(/^protocols\.fake/)
    expect(said).toContain(words)
    expect(said).not.toContain('0.1.0')
  })

  it('is told everything at once', () => {
    expect(errorOf(installing({})).problems.map(({ path }) => path)).toEqual(
      ['issuer', 'target', 'startLogin', 'endProviderSession', 'endpoints'].map(
        (name) => `protocols.fake.${name}`,
      ),
    )
  })

  it.each([
    { clockSkewSeconds: '30' },
    { clockSkewSeconds: Number.NaN },
    { clockSkewSeconds: -1 },
    { warnings: 'none' },
    { warnings: [{ code: 'x' }] },
  ])('%j beside its install is a problem of protocols', (more) => {
    const protocol = { ...installing(after), ...more }
    expect(problemsOf({ application, protocols: [protocol] })).toEqual([
      expect.objectContaining({
        path: 'protocols',
        message: expect.stringContaining(Object.keys(more)[0] ?? ''),
      }),
    ])
  })
})

it('a plug-in with all that the contract names is taken', async () => {
  await suiteWith(scriptedProtocol().protocol)
  const refresh = {
    renew: does,
    accessTokenOf: does,
    afterSeconds: undefined,
    timeoutSeconds: 5,
    waitMilliseconds: 0,
    keepSeconds: 0,
    onUnavailable: 'keep',
  }
  await suiteWith(
    installing({ ...after, refresh, ready: does, purgeKeys: does, close: does, takesAsked: true }),
  )
  await suiteWith({ ...installing(after), clockSkewSeconds: 0, warnings: [] })
})
