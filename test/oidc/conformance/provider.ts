/**
 * @module A provider on loopback whose answers a module bends. It is written for these tests alone, shares no code with the
 * emulator, and looks at each request of the relying party: what is wrong with one is a complaint.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { perFile } from '../../support/per-file.js'
import { createSigningKey, encode, type SigningKey, signEncoded } from '../../tokens/signing.js'

type Changes = Readonly<Record<string, unknown>>

/** How a token is other than it should be. A member that is `undefined` is left out. */
export interface TokenBend {
  readonly claims?: Changes | undefined
  readonly header?: Changes | undefined
  /** `broken`: one bit of the signature is another one. Default: the provider's key. */
  readonly signature?: 'none' | 'broken' | 'HS256' | undefined
}

/** What the provider does otherwise. */
export interface Bend {
  /** Members of its description. */
  readonly description?: Changes | undefined
  /** The ID token of the token endpoint at a login. */
  readonly idToken?: TokenBend | undefined
  /** The ID token beside the code. */
  readonly frontIdToken?: TokenBend | undefined
  readonly refreshedIdToken?: TokenBend | undefined
  readonly userInfo?: Changes | undefined
  /** Whether UserInfo comes as a signed token. */
  readonly signsUserInfo?: boolean | undefined
  readonly logoutToken?: TokenBend | undefined
  readonly algorithm?: 'RS256' | 'ES256' | undefined
  /** How many keys it publishes, and that none of them has a name. */
  readonly unnamedKeys?: 1 | 3 | undefined
  /** It takes a new key for every ID token, right before it signs. */
  readonly rotatesBeforeSigning?: boolean | undefined
  /** Every authorization request is answered with this error. */
  readonly error?: string | undefined
  /** What becomes of `state` when the browser is sent back from a sign-out. */
  readonly logoutState?: 'other' | 'none' | undefined
}

/** The client as it is registered. */
export interface Registration {
  readonly id: string
  readonly secret: string
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUri: string
  readonly backchannelLogoutUri?: string | undefined
  readonly frontchannelLogoutUri?: string | undefined
  readonly responseType: string
  readonly responseMode: 'query' | 'form_post'
}

interface Grant {
  readonly nonce: string | undefined
  readonly redirectUri: string
  readonly challenge: string
  readonly scopes: readonly string[]
}

export interface ConformanceProvider {
  readonly issuer: string
  /** Endpoints that were asked, in order: `authorize`, `token`, `refresh`, `userinfo`, `end`, … */
  readonly asked: string[]
  /** What was wrong with requests of the relying party. */
  readonly complaints: string[]
  /** Answers of the relying party to logout tokens. */
  readonly logoutAnswers: Response[]
  /** What its frame has answered. */
  readonly frameAnswers: string[]
  /** The access token that was given last. */
  readonly accessToken: string
  /** Sends a logout token for the session that there is. */
  sendLogoutToken(): Promise<Response>
  rotateKeys(): void
  /** The person has signed in at the provider anew: another session. */
  beginSession(): void
  close(): void
}

/** Of the one session that somebody has at this provider. */
const subject = 'ana'
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** Claims of UserInfo, by the scope that asks for them. */
const claimsOf: Readonly<Record<string, Changes>> = {
  profile: { name: 'Ana Example', given_name: 'Ana', family_name: 'Example' },
  email: { email: 'ana@example.gov', email_verified: true },
  phone: { phone_number: '+41 44 123 45 67', phone_number_verified: false },
  address: { address: { locality: 'Bern', country: 'CH' } },
}

/** One request, as an endpoint gets it. */
interface Call {
  readonly method: string
  readonly headers: IncomingMessage['headers']
  /** Parameters of the address, or of the form. */
  readonly parameters: URLSearchParams
}

interface Answer {
  readonly status?: number
  readonly type?: string
  readonly location?: string
  readonly body?: string
}

const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
})
const page = (body: string): Answer => ({ type: 'text/html; charset=utf-8', body: `<!doctype html>${body}` })
const escaped = (text: string) =>
  text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
const secret = () => randomBytes(16).toString('base64url')

const without = (members: Changes): Changes =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

/** What the endpoints of one provider share. */
interface State extends ConformanceProvider {
  accessToken: string
  readonly client: Registration
  readonly bend: Bend
  readonly now: () => number
  readonly send: (request: Request) => Promise<Response>
  readonly keys: SigningKey[]
  readonly codes: Map<string, Grant>
  readonly refreshTokens: Map<string, Grant>
  readonly idTokens: Set<string>
  sessionId: string
  isSignedIn: boolean
  rotations: number
  /** When the person has authenticated; seconds since the epoch. */
  authTime: number
}

/** Makes the provider; close it after use. `send` reaches the relying party. */
export async function createConformanceProvider(
  client: Registration,
  bend: Bend,
  parts: { readonly now: () => number; readonly send: (request: Request) => Promise<Response> },
): Promise<ConformanceProvider> {
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const state: State = {
    ...parts,
    client,
    bend,
    issuer,
    asked: [],
    complaints: [],
    logoutAnswers: [],
    frameAnswers: [],
    accessToken: '',
    keys: Array.from({ length: bend.unnamedKeys ?? 1 }, (_, index) => keyOf(bend, index)),
    codes: new Map(),
    refreshTokens: new Map(),
    idTokens: new Set(),
    sessionId: secret(),
    isSignedIn: true,
    rotations: 0,
    authTime: Math.floor(parts.now() / 1000) - 5,
    sendLogoutToken: () => sendLogoutToken(state),
    rotateKeys() {
      state.rotations += 1
      state.keys.splice(0, 1, keyOf(bend, state.rotations))
    },
    beginSession() {
      Object.assign(state, {
        sessionId: secret(),
        isSignedIn: true,
        authTime: Math.floor(parts.now() / 1000),
      })
    },
    close: () => close(server),
  }
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url ?? '', issuer)
    const parameters =
      request.method === 'POST' ? new URLSearchParams(Buffer.concat(chunks).toString()) : url.searchParams
    const call = { method: request.method ?? 'GET', headers: request.headers, parameters }
    const { status = 200, type, location, body } = await answerTo(state, url.pathname, call)
    const headers = {
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(location === undefined ? {} : { location }),
    }
    response.writeHead(status, headers).end(body)
  }
  return state
}

function close(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** Providers of a test file share their keys, for making one takes long; no party meets two providers. */
const keyPool = perFile(() => new Map<string, SigningKey>())
function keyOf({ algorithm = 'RS256' }: Bend, index: number): SigningKey {
  const kid = `${algorithm}-${index}`
  const key = keyPool().get(kid) ?? createSigningKey(kid, algorithm)
  keyPool().set(kid, key)
  return key
}

/** Answers a message of the relying party. Source: OpenID Connect Session Management 1.0, section 3.2. */
const frameScript = `addEventListener('message', async ({ data, origin, source }) => {
  const [client, state] = String(data).split(' ')
  const known = client === 'benefits' && state !== undefined
  const answer = known ? await fetch('/state?of=' + encodeURIComponent(state)) : undefined
  source.postMessage(answer === undefined ? 'error' : await answer.text(), origin)
})`

const endpoints: Readonly<Record<string, (state: State, call: Call) => Answer | Promise<Answer>>> = {
  configuration: describe,
  keys: ({ keys, bend }) =>
    json({ keys: keys.map(({ jwk }) => without(bend.unnamedKeys ? { ...jwk, kid: undefined } : jwk)) }),
  authorize,
  token,
  userinfo,
  end,
  frame: () => page(`<title>Session</title><script>${frameScript}</script>`),
  // What its frame asks for; a provider of the world has a cookie for that.
  state(state, { parameters }) {
    const isSame = state.isSignedIn && parameters.get('of') === sessionStateOf(state)
    state.frameAnswers.push(isSame ? 'unchanged' : 'changed')
    return { type: 'text/plain', body: state.frameAnswers.at(-1) }
  },
}

async function answerTo(state: State, path: string, call: Call): Promise<Answer> {
  // Where the keys lie is another place at every provider: who has not read the description does not find them.
  const name = path === '/.well-known/openid-configuration' ? 'configuration' : path.split('/')[1]
  const endpoint = endpoints[name ?? '']
  const isRefresh = name === 'token' && call.parameters.get('grant_type') === 'refresh_token'
  state.asked.push(isRefresh ? 'refresh' : (name ?? ''))
  return endpoint === undefined ? json({ error: 'not_found' }, 404) : endpoint(state, call)
}

function describe({ issuer, bend, client, sessionId }: State): Answer {
  const { algorithm = 'RS256' } = bend
  return json(
    without({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys/${createHash('sha256').update(sessionId).digest('hex').slice(0, 8)}`,
      userinfo_endpoint: `${issuer}/userinfo`,
      end_session_endpoint: `${issuer}/end`,
      check_session_iframe: `${issuer}/frame`,
      response_types_supported: [client.responseType],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
      ...bend.description,
    }),
  )
}

/** Notes what is wrong with a request where it is. */
function demand(state: State, holds: boolean, complaint: string): boolean {
  if (!holds) state.complaints.push(complaint)
  return holds
}

function authorize(state: State, { parameters }: Call): Answer {
  const { client, bend, issuer } = state
  const read = (name: string) => parameters.get(name) ?? ''
  const scopes = read('scope').split(' ')
  demand(state, read('client_id') === client.id, 'authorize: client_id')
  demand(state, read('response_type') === client.responseType, 'authorize: response_type')
  demand(state, (read('response_mode') || 'query') === client.responseMode, 'authorize: response_mode')
  demand(state, scopes.includes('openid'), 'authorize: no openid among the scopes')
  demand(state, read('state').length >= 22, 'authorize: state')
  demand(state, read('nonce').length >= 22, 'authorize: nonce')
  demand(state, read('code_challenge_method') === 'S256', 'authorize: no PKCE')
  demand(state, !parameters.has('request') && !parameters.has('request_uri'), 'authorize: a request object')
  if (!demand(state, client.redirectUris.includes(read('redirect_uri')), 'authorize: redirect_uri'))
    return json({ error: 'invalid_request' }, 400)
  const isRefused = bend.error !== undefined || !state.isSignedIn
  const code = secret()
  const fields: Record<string, string> = isRefused
    ? { error: bend.error ?? 'login_required' }
    : { code, session_state: sessionStateOf(state) }
  state.codes.set(code, {
    nonce: read('nonce'),
    redirectUri: read('redirect_uri'),
    challenge: read('code_challenge'),
    scopes,
  })
  if (!isRefused && client.responseType === 'code id_token') {
    const c_hash = createHash('sha256').update(code).digest().subarray(0, 16).toString('base64url')
    fields.id_token = idTokenOf(state, { nonce: read('nonce'), c_hash }, bend.frontIdToken)
  }
  return sendBack(client.responseMode, read('redirect_uri'), { ...fields, state: read('state'), iss: issuer })
}

const sessionStateOf = ({ sessionId }: State) => `${sessionId}.salt`

function sendBack(mode: 'query' | 'form_post', address: string, fields: Record<string, string>): Answer {
  if (mode === 'query') {
    const url = new URL(address)
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
    return { status: 303, location: url.href }
  }
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`,
  )
  const form = `<form method="post" action="${escaped(address)}">${inputs.join('')}<button>Go on</button></form>`
  return page(`<title>Signed in</title>${form}<script>document.forms[0].submit()</script>`)
}

/** Source: RFC 6749, section 2.3.1. */
function isClient(state: State, { headers, parameters }: Call): boolean {
  const { id, secret: password } = state.client
  const [scheme, value = ''] = (headers.authorization ?? '').split(' ')
  const [name, given] = Buffer.from(value, 'base64').toString().split(':').map(formDecoded)
  const isBasic = scheme === 'Basic' && name === id && given === password
  demand(state, isBasic, 'token: no client_secret_basic')
  demand(state, !parameters.has('client_secret'), 'token: a secret in the form')
  return isBasic
}

const formDecoded = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))

function token(state: State, call: Call): Answer {
  if (!isClient(state, call)) return json({ error: 'invalid_client' }, 401)
  const { parameters } = call
  if (parameters.get('grant_type') === 'refresh_token') return refresh(state, parameters)
  const grant = state.codes.get(parameters.get('code') ?? '')
  state.codes.delete(parameters.get('code') ?? '')
  const verifier = createHash('sha256')
    .update(parameters.get('code_verifier') ?? '')
    .digest('base64url')
  const isGood =
    demand(state, parameters.get('grant_type') === 'authorization_code', 'token: grant_type') &&
    demand(state, grant !== undefined, 'token: a code that was not given, or twice') &&
    demand(state, parameters.get('redirect_uri') === grant?.redirectUri, 'token: redirect_uri') &&
    demand(state, verifier === grant?.challenge, 'token: code_verifier')
  if (!isGood || grant === undefined) return json({ error: 'invalid_grant' }, 400)
  return tokensFor(state, grant, idTokenOf(state, { nonce: grant.nonce }, state.bend.idToken))
}

function refresh(state: State, parameters: URLSearchParams): Answer {
  const given = parameters.get('refresh_token') ?? ''
  const grant = state.refreshTokens.get(given)
  state.refreshTokens.delete(given)
  const scopes = parameters.get('scope')?.split(' ') ?? []
  const isGood =
    demand(state, grant !== undefined, 'refresh: a token that was not given, or twice') &&
    demand(
      state,
      scopes.every((scope) => grant?.scopes.includes(scope)),
      'refresh: more scopes',
    )
  if (!isGood || grant === undefined) return json({ error: 'invalid_grant' }, 400)
  return tokensFor(state, grant, idTokenOf(state, {}, state.bend.refreshedIdToken))
}

function tokensFor(state: State, grant: Grant, id_token: string): Answer {
  state.accessToken = secret()
  const refresh_token = secret()
  state.refreshTokens.set(refresh_token, grant)
  const { accessToken: access_token } = state
  return json({ access_token, token_type: 'Bearer', expires_in: 600, refresh_token, id_token })
}

function idTokenOf(state: State, more: Changes, bend: TokenBend | undefined): string {
  if (state.bend.rotatesBeforeSigning) state.rotateKeys()
  const seconds = Math.floor(state.now() / 1000)
  const { issuer: iss, client, sessionId: sid } = state
  const times = { iat: seconds, exp: seconds + 600, auth_time: state.authTime }
  const jwt = signed(state, { iss, aud: client.id, sub: subject, sid, ...times, ...more }, bend)
  state.idTokens.add(jwt)
  return jwt
}

function signed(state: State, claims: Changes, bend: TokenBend = {}, type?: string): string {
  const key = state.keys.at(-1)
  if (key === undefined) throw new Error('no key')
  const { signature } = bend
  const alg = signature === 'none' || signature === 'HS256' ? signature : key.algorithm
  const kid = state.bend.unnamedKeys ? undefined : key.kid
  const head = encode(without({ alg, kid, typ: type, ...bend.header }))
  const payload = encode(without({ ...claims, ...bend.claims }))
  return `${head}.${payload}.${signatureOf(state, key, { head, payload, signature })}`
}

function signatureOf(
  { client }: State,
  key: SigningKey,
  { head, payload, signature }: { head: string; payload: string; signature: TokenBend['signature'] },
): string {
  if (signature === 'none') return ''
  if (signature === 'HS256')
    return createHmac('sha256', client.secret).update(`${head}.${payload}`).digest('base64url')
  const bytes = Buffer.from(signEncoded(key, head, payload).signature, 'base64url')
  if (signature === 'broken') bytes[7] = (bytes[7] ?? 0) ^ 1
  return bytes.toString('base64url')
}

function userinfo(state: State, { headers, parameters, method }: Call): Answer {
  demand(
    state,
    method === 'GET' && !parameters.has('access_token'),
    'userinfo: a token outside of the header',
  )
  const isGood = headers.authorization === `Bearer ${state.accessToken}`
  if (!demand(state, isGood, 'userinfo: not the access token that was given last'))
    return json({ error: 'invalid_token' }, 401)
  const scopes = [...state.refreshTokens.values()].at(-1)?.scopes ?? []
  const known = scopes.flatMap((scope) => Object.entries(claimsOf[scope] ?? {}))
  const claims = without({ sub: subject, ...Object.fromEntries(known), ...state.bend.userInfo })
  if (!state.bend.signsUserInfo) return json(claims)
  const body = signed(state, { iss: state.issuer, aud: state.client.id, ...claims })
  return { type: 'application/jwt', body }
}

/** Signs the person out: the client is told by each way that it has registered, and the browser sent back. */
async function end(state: State, { parameters }: Call): Promise<Answer> {
  const { client, bend, issuer, sessionId: sid } = state
  const isByParty = parameters.has('post_logout_redirect_uri')
  if (isByParty) {
    const hint = parameters.get('id_token_hint') ?? ''
    demand(state, state.idTokens.has(hint), 'end: id_token_hint')
    demand(state, parameters.get('client_id') === client.id, 'end: client_id')
    const address = parameters.get('post_logout_redirect_uri')
    demand(state, address === client.postLogoutRedirectUri, 'end: post_logout_redirect_uri')
    demand(state, (parameters.get('state') ?? '').length >= 22, 'end: state')
  }
  if (client.backchannelLogoutUri !== undefined) state.logoutAnswers.push(await sendLogoutToken(state))
  state.isSignedIn = false
  const back = new URL(client.postLogoutRedirectUri)
  const shown = bend.logoutState === 'other' ? secret() : parameters.get('state')
  if (shown !== null && bend.logoutState !== 'none') back.searchParams.set('state', shown)
  if (client.frontchannelLogoutUri === undefined) return { status: 303, location: back.href }
  const frame = `${client.frontchannelLogoutUri}?${new URLSearchParams({ iss: issuer, sid })}`
  const link = `<a href="${escaped(back.href)}">Go on</a>`
  return page(`<title>Signed out</title><iframe src="${escaped(frame)}"></iframe>${link}`)
}

function sendLogoutToken(state: State): Promise<Response> {
  const { client, issuer: iss, sessionId: sid, bend } = state
  const seconds = Math.floor(state.now() / 1000)
  const times = { iat: seconds, exp: seconds + 60 }
  const claims = {
    iss,
    aud: client.id,
    sub: subject,
    sid,
    jti: secret(),
    ...times,
    events: { [logoutEvent]: {} },
  }
  const jwt = signed(state, claims, bend.logoutToken, 'logout+jwt')
  return state.send(
    new Request(client.backchannelLogoutUri ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: jwt }).toString(),
    }),
  )
}
