/** @module One answer of a UserInfo endpoint: which are taken, and by what word each other one is refused. */
import { generateKeyPairSync } from 'node:crypto'
import { CompactEncrypt, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import type { OidcOptions } from '../../src/oidc/options.js'
import { fetchUserInfo } from '../../src/oidc/user-info.js'
import { createSigningKey } from '../tokens/signing.js'
import { createScriptedProvider, describing } from './scripted-provider.js'
import { clientId, issuer, seconds, sign, start } from './signer.js'

const said = { sub: 'ana', email: 'ana@example.gov' }
const description = describing({ userinfo_endpoint: `${issuer}/userinfo` })
const privateJwk = (kind: 'rsa' | 'ec', alg: string, kid = alg) => {
  const { privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), alg, kid }
}
const rsa = privateJwk('rsa', 'RSA-OAEP-256')
const ec = privateJwk('ec', 'ECDH-ES')
const stranger = privateJwk('ec', 'ECDH-ES', 'stranger')

async function encrypt(text: string, jwk: typeof rsa, header: Record<string, string> = {}) {
  return new CompactEncrypt(Buffer.from(text))
    .setProtectedHeader({ alg: jwk.alg, enc: 'A256GCM', kid: jwk.kid, ...header })
    .encrypt(await importJWK(publicOf(jwk), jwk.alg))
}
const publicOf = ({ kty, n, e, crv, x, y }: Record<string, unknown>) =>
  JSON.parse(JSON.stringify({ kty, n, e, crv, x, y })) as object

const asJson = (body: unknown, init: ResponseInit = {}) => Response.json(body, init)
const asJwt = (body: string) => new Response(body, { headers: { 'content-type': 'application/jwt' } })
const asText = (body: string, type = 'application/json') =>
  new Response(body, { headers: { 'content-type': type } })
const asBytes = (latin1: string) =>
  new Response(Buffer.from(latin1, 'latin1'), { headers: { 'content-type': 'application/json' } })
const token = (claims: Record<string, unknown> = {}, header = {}, by?: ReturnType<typeof createSigningKey>) =>
  sign({ typ: 'JWT', ...header }, { ...said, iss: issuer, aud: clientId, ...claims }, by)

/** What comes of an answer. */
async function ask(
  answer: () => Response | Promise<Response>,
  {
    options = {},
    ...more
  }: { options?: Partial<OidcOptions>; tokenType?: string; timeoutSeconds?: number } = {},
) {
  const place = createScriptedProvider({ userInfoClaims: ['email'], ...options }, description)
  place.answers['/userinfo'] = answer
  const connection = await place.provider.connect()
  const request = {
    accessToken: 'the-access-token',
    tokenType: 'bearer',
    subject: 'ana',
    now: start,
    timeoutSeconds: 5,
    ...more,
  }
  return { place, answer: await fetchUserInfo(connection, place.options, request) }
}

it('asks by GET with the token in a header, never in the address', async () => {
  const { place, answer } = await ask(() => asJson(said))
  expect(answer).toEqual({ claims: said })
  const [asked] = place.askedAt('/userinfo')
  expect([asked?.method, asked?.url]).toEqual(['GET', `${issuer}/userinfo`])
  expect(asked?.headers.get('authorization')).toBe('Bearer the-access-token')
  expect(asked?.headers.get('accept')).toBe('application/json, application/jwt')
})

describe('takes', () => {
  it.each([
    ['JSON with a charset', () => asText(JSON.stringify(said), 'Application/JSON; charset=UTF-8')],
    ['a signed token', () => asJwt(token())],
    ['a signed token that names no issuer, audience or time', () => asJwt(sign({}, said))],
    ['exactly 16 KiB', () => asText(JSON.stringify({ ...said }).padEnd(16_384))],
  ])('%s', async (_, answer) => {
    expect((await ask(answer)).answer).toMatchObject({ claims: said })
  })

  it.each([
    ['signed, then encrypted by RSA', rsa, () => encrypt(token(), rsa, { cty: 'JWT' })],
    ['signed, then encrypted by ECDH', ec, () => encrypt(token(), ec, { cty: 'JWT' })],
    ['encrypted alone', rsa, () => encrypt(JSON.stringify(said), rsa)],
  ])('%s', async (_, key, make) => {
    const body = await make()
    const options = { userInfoDecryptionKeys: [ec, rsa].filter((each) => each === key) }
    expect((await ask(() => asJwt(body), { options })).answer).toMatchObject({ claims: said })
  })

  it('what is encrypted for a key of the ID tokens, and what is plain beside it', async () => {
    const body = await encrypt(token(), rsa)
    const options = { idTokenDecryptionKeys: [rsa] }
    expect((await ask(() => asJwt(body), { options })).answer).toMatchObject({ claims: said })
    expect((await ask(() => asJson(said), { options })).answer).toMatchObject({ claims: said })
    expect((await ask(() => asJwt(token()), { options })).answer).toMatchObject({ claims: said })
  })
})

describe('refuses', () => {
  it.each([
    ['another person', () => asJson({ ...said, sub: 'ben' }), 'subject'],
    ['nobody', () => asJson({ email: said.email }), 'subject'],
    ['a subject that only looks alike', () => asJson({ ...said, sub: ['ana'] }), 'subject'],
    ['another letter case', () => asJson({ ...said, sub: 'Ana' }), 'subject'],
    ['two subjects', () => asText('{"sub":"ana","sub":"ana"}'), 'answer'],
    ['no JSON', () => asText('sub=ana'), 'answer'],
    ['a list', () => asJson([said]), 'answer'],
    ['bytes that are no text', () => asBytes('{"sub":"ana","x":"\xff"}'), 'answer'],
    ['another type', () => asText(JSON.stringify(said), 'text/html'), 'content-type'],
    ['no type', () => new Response(Buffer.from(JSON.stringify(said))), 'content-type'],
    ['more than 16 KiB', () => asText(JSON.stringify(said).padEnd(16_385)), 'too-large'],
    ['a signed token of more than 16 KiB', () => asJwt(token({ more: 'x'.repeat(16_384) })), 'too-large'],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: '/' } }), 'redirect'],
    ['no answer in time', () => new Promise<Response>(() => undefined), 'timeout'],
    ['a broken connection', () => Promise.reject(new TypeError('fetch failed')), 'network'],
    ['a key of a stranger', () => asJwt(token({}, {}, createSigningKey('key-1'))), 'signature'],
    ['a key that nobody knows', () => asJwt(token({}, { kid: 'key-9' })), 'unknown-key'],
    ['no signature', () => asJwt(token({}, { alg: 'none' })), 'algorithm'],
    ['another issuer', () => asJwt(token({ iss: 'https://other.example' })), 'issuer'],
    ['another client', () => asJwt(token({ aud: 'permits' })), 'audience'],
    ['a token for another party', () => asJwt(token({ azp: 'permits' })), 'audience'],
    ['a logout token', () => asJwt(token({ events: {} })), 'kind'],
    ['an old token', () => asJwt(token({ exp: seconds - 31 })), 'expired'],
    ['a token of tomorrow', () => asJwt(token({ nbf: seconds + 31 })), 'not-yet-valid'],
    ['a time that is none', () => asJwt(token({ exp: 'tomorrow' })), 'claims'],
    ['what nobody can decrypt', () => encrypt(token(), rsa).then(asJwt), 'encryption'],
    ['no token', () => asJwt('ana'), 'malformed'],
  ])('%s', async (_, answer, problem) => {
    // Only what never comes is waited for: a busy machine takes its time for keys.
    const { answer: result } = await ask(answer, { timeoutSeconds: problem === 'timeout' ? 0.2 : 5 })
    expect(result).toEqual({ problem })
  })

  it.each([401, 403, 404, 500, 204])('status %s', async (status) => {
    const { answer } = await ask(() => new Response(null, { status }))
    expect(answer).toEqual({ problem: 'status', status })
  })

  it('what is plain, where encryption was agreed, and what is for another key', async () => {
    const options = { userInfoDecryptionKeys: [rsa], idTokenDecryptionKeys: [ec] }
    const others = [await encrypt(token(), stranger), await encrypt(token(), ec), token()]
    for (const body of others) {
      expect((await ask(() => asJwt(body), { options })).answer).toEqual({ problem: 'encryption' })
    }
    expect((await ask(() => asJson(said), { options })).answer).toEqual({ problem: 'encryption' })
    const broken = await encrypt('{"sub":', rsa)
    expect((await ask(() => asJwt(broken), { options })).answer).toEqual({ problem: 'malformed' })
  })

  it.each(['dpop', 'DPoP', 'mac'])('to send a token of the type %s without its proof', async (tokenType) => {
    const { place, answer } = await ask(() => asJson(said), { tokenType })
    expect(answer).toEqual({ problem: 'token-type' })
    expect(place.askedAt('/userinfo')).toEqual([])
  })

  it('to ask where there is no time left', async () => {
    const { place, answer } = await ask(() => asJson(said), { timeoutSeconds: 0 })
    expect(answer).toEqual({ problem: 'timeout' })
    expect(place.askedAt('/userinfo')).toEqual([])
  })
})

describe('an endpoint', () => {
  const askAt = async (options: Partial<OidcOptions>, more: Record<string, unknown>) => {
    const place = createScriptedProvider(options, describing(more))
    place.answers['/userinfo'] = () => asJson(said)
    const connection = await place.provider.connect()
    const request = { accessToken: 'a', tokenType: 'Bearer', subject: 'ana', now: start, timeoutSeconds: 5 }
    return { place, answer: await fetchUserInfo(connection, place.options, request) }
  }

  it('that is not there, or lies where it may not, says so', async () => {
    const options = { userInfo: 'always' } as const
    expect((await askAt(options, {})).answer).toEqual({ problem: 'no-endpoint' })
    const elsewhere = await askAt(options, { userinfo_endpoint: 'https://evil.example/userinfo' })
    expect(elsewhere.answer).toEqual({ problem: 'endpoint-refused' })
    expect(elsewhere.place.warnings).toEqual([expect.stringContaining('userinfo_endpoint')])
  })

  it('that nobody wants is no news, wherever it lies', async () => {
    for (const options of [{}, { userInfo: 'never', userInfoClaims: ['email'] }] as const) {
      const { place } = await askAt(options, { userinfo_endpoint: 'https://graph.example/userinfo' })
      expect(place.warnings).toEqual([])
    }
  })

  it('of the options wins, and may be called by its internal address', async () => {
    const endpoints = { userInfo: `${issuer}/userinfo` }
    const { answer } = await askAt(
      { userInfo: 'always', endpoints },
      { userinfo_endpoint: `${issuer}/other` },
    )
    expect(answer).toEqual({ claims: said })
  })
})
