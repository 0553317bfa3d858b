/** @module The guide's three languages: a token of each holds in each, and what does not hold is refused by all alike. */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmulator } from '../../src/emulator/index.js'
import { rsaKey } from '../issuing/world.js'
import { freePort } from '../support/free-port.js'
import { type Examples, type Language, languages, prepareExamples } from './sso-languages.js'

const kid = 'vivoldi-sso-20251008'
const [issuer, audience] = ['org-7f3a', 'vivoldi']
let examples: Examples
let home: string
/** What the issuer's address answers; every other address of the server gives the key set. */
let answer: RequestListener
let origin: string
let fetches = 0
const server = createServer((request, response) => {
  fetches += 1
  answer(request, response)
})

const keySet = (changes: object = {}) => {
  const { n, e } = createPublicKey(rsaKey(0)).export({ format: 'jwk' })
  return { keys: [{ kty: 'RSA', use: 'sig', kid, alg: 'RS256', n, e, ...changes }] }
}

/** The key as the sample of the guide writes it, `n` with a leading zero byte, and what is of no use beside it. */
function sampleSet() {
  const [own] = keySet().keys
  const zero = Buffer.concat([Buffer.alloc(1), Buffer.from(own?.n ?? '', 'base64url')]).toString('base64url')
  const others = [null, 7, { kty: 'EC', kid }, { ...own, kid: 'other' }, { ...own, use: 'enc' }]
  return { keys: [...others, { ...own, n: zero }] }
}

/** Keys of a set by which nobody can have signed, each under a name of its own. */
function uselessKeys() {
  const [good] = keySet().keys
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const changes: Readonly<Record<string, object>> = {
    'exponent-1': { e: 'AQ' },
    'exponent-4': { e: 'BA' },
    'exponent-of-89-bits': { e: 'AQAAAAAAAAAAAAAB' },
    short,
    private: { d: rsaKey(0).export({ format: 'jwk' }).d },
    'for-encryption': { use: 'enc' },
    'for-signing-alone': { key_ops: ['sign'] },
    'for-another-algorithm': { alg: 'PS256' },
  }
  return Object.entries(changes).map(([name, change]) => ({ ...good, ...change, kid: name }))
}
const answerWith =
  (body: unknown, status = 200, headers = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'citizen-languages-'))
  writeFileSync(privateFile(), pemOf(rsaKey(0)), { mode: 0o600 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  answer = answerWith(keySet())
  examples = await prepareExamples()
})
afterAll(() => {
  examples?.close()
  server.close()
  rmSync(home, { recursive: true, force: true })
})

const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' })
const privateFile = () => join(home, 'sso_private.pem')
let states = 0

/** The variables, with a memory of its own unless one is given. */
function settings(changes: Readonly<Record<string, string>> = {}) {
  states += 1
  return {
    SSO_PRIVATE_KEY: privateFile(),
    SSO_KID: kid,
    SSO_ISSUER: issuer,
    SSO_AUDIENCE: audience,
    SSO_JWKS_URL: `${origin}/.well-known/jwks.json`,
    SSO_STATE: join(home, `state-${states}`),
    ...changes,
  }
}

const now = () => Math.floor(Date.now() / 1000)
const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** A token as an issuer that goes wrong would make it. A member `undefined` is left out, a text is the part itself. */
function forge(claims: object | string = {}, header: object | string = {}, key = rsaKey(0)): string {
  const all = { iss: issuer, aud: audience, sub: 'ana', jti: randomUUID(), iat: now(), exp: now() + 60 }
  const first = typeof header === 'string' ? header : { alg: 'RS256', kid, typ: 'JWT', ...header }
  const signed = `${encode(first)}.${encode(typeof claims === 'string' ? claims : { ...all, ...claims })}`
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

/** Each token's line, from each language. */
async function verdicts(tokens: readonly string[], changes: Readonly<Record<string, string>> = {}) {
  const runs = languages.map(async (language) => {
    const said = await examples.run(language, ['verify'], settings(changes), `${tokens.join('\n')}\n`)
    return [language, said] as const
  })
  return Object.fromEntries(await Promise.all(runs)) as Record<Language, Awaited<ReturnType<Examples['run']>>>
}

const linesOf = ({ output }: { readonly output: string }) => output.trimEnd().split('\n')

describe('tokens of Java, PHP and Node', () => {
  it('JWT-20 hold in each of the three, all nine pairs, by the key set of each', async () => {
    const claims = { level: 2, name: 'Zoë "Ö" 😀', groups: ['a', 'b'], nothing: {} }
    const issued = await Promise.all(
      languages.map(async (language) => {
        const [set, token] = await Promise.all([
          examples.run(language, ['jwks'], settings()),
          examples.run(language, ['issue', 'ana', JSON.stringify(claims)], settings()),
        ])
        expect([set.code, set.errors, token.code, token.errors]).toEqual([0, '', 0, ''])
        expect(Object.keys(JSON.parse(set.output).keys[0])).toEqual(['kty', 'use', 'kid', 'alg', 'n', 'e'])
        expect(JSON.parse(set.output)).toEqual(keySet())
        return token.output.trim()
      }),
    )
    answer = answerWith(sampleSet())
    const said = await verdicts(issued)
    answer = answerWith(keySet())
    for (const verifier of languages) {
      expect(said[verifier]).toMatchObject({ code: 0, errors: '' })
      for (const [index, line] of linesOf(said[verifier]).entries()) {
        expect(line, `a token of ${languages[index]} in ${verifier}`).toMatch(/^taken \{/)
        const { jti, iat, exp, ...rest } = JSON.parse(line.slice('taken '.length))
        expect(rest).toEqual({ iss: issuer, aud: audience, sub: 'ana', ...claims })
        expect([/^[\w-]{22}$/.test(jti), exp - iat, iat <= now()]).toEqual([true, 60, true])
      }
      expect(linesOf(said[verifier])).toHaveLength(3)
    }
  })

  it('take a registered person to the emulated partner, by the issuer and audience that its dashboard shows', async () => {
    const emulator = await createEmulator({ partner: { jwksUrl: `${origin}/.well-known/jwks.json` } })
    const { issuer, audience, ssoUrl } = emulator.partner
    emulator.partner.registerUser({ sub: 'ana' })
    const assigned = { SSO_ISSUER: issuer, SSO_AUDIENCE: audience }
    for (const language of languages) {
      const { output } = await examples.run(language, ['issue', 'ana'], settings(assigned))
      const body = new URLSearchParams({ token: output.trim() })
      const answer = await emulator.fetch(ssoUrl, { method: 'POST', body, redirect: 'manual' })
      expect([language, answer.status, answer.headers.get('location')]).toEqual([language, 303, '/partner'])
    }
  })

  it.each(['java', 'php'] as const)('are taken by %s once, by whichever process', async (language) => {
    const [token, shared] = [forge(), settings()]
    const both = await Promise.all([1, 2].map(() => examples.run(language, ['verify'], shared, token)))
    expect(both.map(({ output }) => output.replace(/ \{.*/, '')).sort()).toEqual([
      'refused replayed\n',
      'taken\n',
    ])
  })
})

/** What is wrong, how it is made, and what all three call it. */
const refusals: [string, () => string, string][] = [
  ['nothing', () => '', 'malformed'],
  ['two parts', () => forge().split('.').slice(0, 2).join('.'), 'malformed'],
  ['four parts', () => `${forge()}.`, 'malformed'],
  ['9,000 characters', () => forge({ x: 'x'.repeat(9_000) }), 'malformed'],
  ['a header that is no JSON', () => forge({}, '{"alg":"RS256"'), 'malformed'],
  ['a header that is a list', () => forge({}, '["RS256"]'), 'malformed'],
  ['a payload that is no JSON', () => forge('{"iss":'), 'malformed'],
  ['a payload that is no object', () => forge('"ana"'), 'malformed'],
  ['no signature', () => forge().replace(/[^.]+$/, ''), 'signature'],
  ['alg none', () => forge({}, { alg: 'none' }), 'algorithm'],
  ['alg HS256', () => forge({}, { alg: 'HS256' }), 'algorithm'],
  ['alg rs256', () => forge({}, { alg: 'rs256' }), 'algorithm'],
  ['an extension that must be understood', () => forge({}, { crit: ['x'], x: 1 }), 'algorithm'],
  ['another kid', () => forge({}, { kid: 'vivoldi-sso-20251009' }), 'unknown-key'],
  ...uselessKeys().map((key): [string, () => string, string] => [
    `a key that is ${key.kid}`,
    () => forge({}, { kid: key.kid }),
    'unknown-key',
  ]),
  ['the key of somebody else', () => forge({}, {}, rsaKey(1)), 'signature'],
  [
    'a key that it brings itself',
    () => forge({}, { jwk: createPublicKey(rsaKey(1)).export({ format: 'jwk' }) }, rsaKey(1)),
    'signature',
  ],
  [
    'a payload that was changed',
    () => forge().replace(/\.[^.]+\./, `.${forge({ sub: 'ben' }).split('.')[1]}.`),
    'signature',
  ],
  ['another kind of token', () => forge({}, { typ: 'logout+jwt' }), 'claims'],
  ['another issuer', () => forge({ iss: `${issuer}/` }), 'issuer'],
  ['no issuer', () => forge({ iss: undefined }), 'issuer'],
  ['another audience', () => forge({ aud: 'Vivoldi' }), 'audience'],
  ['a list without us', () => forge({ aud: ['a', 'b'] }), 'audience'],
  ['no audience', () => forge({ aud: undefined }), 'audience'],
  ['no subject', () => forge({ sub: undefined }), 'claims'],
  ['a subject of a number', () => forge({ sub: 7 }), 'claims'],
  ['an empty subject', () => forge({ sub: '' }), 'claims'],
  ['no jti', () => forge({ jti: undefined }), 'claims'],
  ['a jti of 300 characters', () => forge({ jti: 'j'.repeat(300) }), 'claims'],
  ['no exp', () => forge({ exp: undefined }), 'claims'],
  ['exp as text', () => forge({ exp: String(now() + 60) }), 'claims'],
  ['no iat', () => forge({ iat: undefined }), 'claims'],
  ['a time that is over', () => forge({ iat: now() - 100, exp: now() - 31 }), 'expired'],
  ['a time to come', () => forge({ iat: now() + 90, exp: now() + 120 }), 'not-yet-valid'],
  ['nbf to come', () => forge({ nbf: now() + 90 }), 'not-yet-valid'],
  ['a life of six minutes', () => forge({ exp: now() + 360 }), 'too-long-lived'],
]

/** Where Java and PHP are stricter than the package. */
const strangers = [() => forge({}, { kid: undefined }), () => forge('{"sub":"ana","sub":"ben"}')]

describe('tokens that do not hold', () => {
  let said: Awaited<ReturnType<typeof verdicts>>
  let asked: number
  beforeAll(async () => {
    const flood = Array.from({ length: 10 }, (_, index) => forge({}, { kid: `unknown-${index}` }))
    const replayed = forge()
    const made = [...refusals.map(([, make]) => make()), ...strangers.map((make) => make()), ...flood]
    const before = fetches
    answer = answerWith({ keys: [...keySet().keys, ...uselessKeys()] })
    // Good ones last: what was refused before has not stopped them.
    said = await verdicts([...made, forge({ aud: ['other', audience] }), replayed, replayed])
    asked = fetches - before
    answer = answerWith(keySet())
  })

  it.each(refusals.map(([name, , problem], index) => [name, problem, index] as const))(
    'JWT-01 JWT-03 are refused by all three alike: %s is %s',
    (_, problem, index) => {
      const lines = languages.map((language) => [language, linesOf(said[language])[index]])
      expect(lines).toEqual(languages.map((language) => [language, `refused ${problem}`]))
    },
  )

  it('stop none after them, and cost the issuer one fetch for all', () => {
    for (const language of languages) {
      const [good, once, again] = linesOf(said[language]).slice(-3)
      expect([language, good, once]).toEqual([
        language,
        expect.stringMatching(/^taken /),
        expect.stringMatching(/^taken /),
      ])
      expect(again).toBe('refused replayed')
      expect(said[language]).toMatchObject({ code: 1, errors: '' })
    }
    expect(asked).toBe(languages.length)
  })

  it('are refused by Java and PHP without a kid, and where one name twice could make two tokens of one', () => {
    const lines = (language: Language) => linesOf(said[language]).slice(refusals.length).slice(0, 2)
    expect(lines('java')).toEqual(['refused unknown-key', 'refused malformed'])
    expect(lines('php')).toEqual(['refused unknown-key', 'refused issuer'])
  })
})

// Of the package itself, which the example for Node uses, test/issuing shows what follows.
describe.each(['java', 'php'] as const)('%s', (language) => {
  it.each<[string, RequestListener]>([
    ['a redirect', answerWith('', 302, { location: '/elsewhere' })],
    ['what is no key set', answerWith('<html>')],
    ['too much', answerWith(`{"keys":[]}${' '.repeat(300_000)}`)],
  ])('says nothing about a token, and takes none, where the keys are %s', async (_, reply) => {
    answer = (request, response) =>
      request.url === '/elsewhere' ? answerWith(keySet())(request, response) : reply(request, response)
    const said = await examples.run(language, ['verify'], settings(), forge())
    answer = answerWith(keySet())
    expect([said.code, said.output]).toEqual([1, ''])
    expect(said.errors).toMatch(/^verify: .+/)
  })

  it('takes a person on by a form that sends itself, after a POST of its own page alone', async () => {
    const emulator = await createEmulator({ partner: { jwksUrl: `${origin}/.well-known/jwks.json` } })
    const { partner } = emulator
    partner.registerUser({ sub: 'ana' })
    const port = await freePort()
    const page = `http://127.0.0.1:${port}/`
    const assigned = { SSO_ISSUER: partner.issuer, SSO_AUDIENCE: partner.audience }
    const own = {
      SSO_APPLICATION_URL: page.slice(0, -1),
      SSO_PARTNER_URL: partner.ssoUrl,
      SSO_SUBJECT: 'ana',
    }
    await examples.serve(language, port, settings({ ...assigned, ...own }))
    expect(await (await fetch(page)).text()).toContain('<button>To the partner</button>')
    const press = (headers: Record<string, string>) => fetch(page, { method: 'POST', headers })
    const strangers: Record<string, string>[] = [
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      {},
    ]
    for (const foreign of strangers) {
      const refused = await press(foreign)
      expect([refused.status, await refused.text()]).toEqual([403, expect.not.stringContaining('eyJ')])
    }
    const ours: Record<string, string>[] = [
      { 'sec-fetch-site': 'same-origin' },
      { origin: own.SSO_APPLICATION_URL },
    ]
    for (const given of ours) {
      const answer = await press(given)
      expect(answer.headers.get('cache-control')).toBe('private, no-store')
      const [, policy = ''] =
        /script-src '(sha256-[^']+)'/.exec(answer.headers.get('content-security-policy') ?? '') ?? []
      const body = await answer.text()
      const [, script = ''] = /<script>(.+?)<\/script>/.exec(body) ?? []
      expect(policy).toBe(`sha256-${createHash('sha256').update(script).digest('base64')}`)
      const [, action, token = ''] =
        /action="([^"]+)"><input type="hidden" name="token" value="([^"]+)"/.exec(body) ?? []
      expect(action).toBe(partner.ssoUrl)
      const form = new URLSearchParams({ token })
      const arrived = await emulator.fetch(partner.ssoUrl, { method: 'POST', body: form, redirect: 'manual' })
      expect(arrived.status).toBe(303)
    }
  })

  it('fetches no keys over http from anywhere but this machine', async () => {
    const address = { SSO_JWKS_URL: 'http://benefits.example.gov/jwks.json' }
    const said = await examples.run(language, ['verify'], settings(address), forge())
    expect([said.code, said.errors]).toEqual([1, expect.stringContaining('over https')])
  })

  it.each<[string, () => string | Buffer, number, RegExp]>([
    ['others can read', () => pemOf(rsaKey(0)), 0o644, /chmod 600/],
    ['has 1024 bits', () => pemOf(privateKey('rsa', { modulusLength: 1024 })), 0o600, /2048/],
    ['is for a curve', () => pemOf(privateKey('ec', { namedCurve: 'P-256' })), 0o600, /an RSA key is needed/],
    ['is no key', () => 'nothing', 0o600, /PEM/],
  ])('signs with no private key that %s', async (_, text, mode, message) => {
    const file = join(home, `refused-${language}.pem`)
    writeFileSync(file, text())
    chmodSync(file, mode)
    const said = await examples.run(language, ['issue', 'ana'], settings({ SSO_PRIVATE_KEY: file }))
    expect([said.code, said.output]).toEqual([1, ''])
    expect(said.errors).toMatch(message)
  })

  it.each([
    ['no file', 'no-such-file.pem'],
    ['a folder', '.'],
  ])('says of a key that it is not there: %s', async (_, name) => {
    const file = join(home, name)
    const said = await examples.run(language, ['issue', 'ana'], settings({ SSO_PRIVATE_KEY: file }))
    expect([said.code, said.output]).toEqual([1, ''])
    expect(said.errors).toContain(`${file} is not there`)
  })

  it('sets no claim that is the issuer’s own, and says how it is used', async () => {
    const [reserved, unset, nothing] = await Promise.all([
      examples.run(language, ['issue', 'ana', '{"exp":9999999999}'], settings()),
      examples.run(language, ['issue', 'ana'], settings({ SSO_AUDIENCE: '' })),
      examples.run(language, [], settings()),
    ])
    expect([reserved.code, reserved.output, reserved.errors]).toEqual([1, '', expect.stringContaining('exp')])
    expect(unset.errors).toBe('issue: set the variable SSO_AUDIENCE\n')
    expect([nothing.code, nothing.errors]).toEqual([2, expect.stringContaining('usage: ')])
  })
})

function privateKey(kind: 'rsa' | 'ec', options: object): KeyObject {
  const make = generateKeyPairSync as (kind: string, options: object) => { privateKey: KeyObject }
  return make(kind, options).privateKey
}
