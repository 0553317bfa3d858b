/** @module Without `onEvent` nothing that goes wrong is silent: one line a minute for each cause. */
import { decodeJwt } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAlerts } from '../../src/alerts.js'
import { createDebugLog } from '../../src/debug-log.js'
import { newerFormat } from '../../src/errors.js'
import { type EventDescription, printWarning, storeUnavailable } from '../../src/events.js'
import { createSuite, memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import { quote } from '../../src/printable.js'
import type { LegState } from '../../src/receipt.js'
import { repositoryFiles, textOf } from '../house/source.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, type World } from '../support/world.js'

const lines: { readonly code: string; readonly text: string }[] = []
let world: World
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(() => {
  world.emulator.faults.clear()
  lines.length = 0
  vi.spyOn(process, 'emitWarning').mockImplementation(((text: string, { code }: { code: string }) => {
    lines.push({ code, text })
  }) as typeof process.emitWarning)
})
afterEach(() => vi.restoreAllMocks())

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
const broken = async (): Promise<never> => {
  throw new StoreUnavailableError('the store gave no answer within 250 ms')
}

/** An application that listens to nothing, and what it is asked. */
async function silent(store?: (world: World) => Store, onEvent?: () => void) {
  const { emulator, now: clock } = world
  const parts = { emulator, clock, store: store?.(world) ?? memoryStore({ clock }) }
  const suite = createSuite({ ...optionsOf('silent', parts), ...(onEvent && { onEvent }) }, {})
  const ask = async (cookie: string): Promise<void> => {
    const request = new Request('https://silent.citizen.example/', { headers: { ...page, cookie } })
    await suite.authenticate(new TestExchange(request))
  }
  const cookie = async (changes: Record<string, unknown> = {}, options = {}): Promise<string> => {
    const claims = decodeJwt(await emulator.tokenFor('ana'))
    return emulator.cookieHeader(await emulator.signToken({ ...claims, ...changes }, options))
  }
  return { ask, cookie }
}

it('FLD-08 a good request leaves no line', async () => {
  const { ask, cookie } = await silent()
  await ask(await cookie())
  await ask('')
  expect(lines).toEqual([])
})

it('FLD-08 a store that cannot answer is told once a minute, with what to do', async () => {
  const { ask, cookie } = await silent(({ now }) => ({
    ...memoryStore({ clock: now }),
    read: broken,
    start: broken,
  }))
  const value = await cookie()
  for (let time = 0; time < 5; time += 1) await ask(value)
  expect(lines).toMatchObject([{ code: 'store-unavailable' }])
  expect(lines[0]?.text).toContain('CITIZEN_STORE_URL')
  world.travel(59)
  await ask(value)
  expect(lines).toHaveLength(1)
  world.travel(1)
  await ask(value)
  expect(lines).toHaveLength(2)
})

it('FLD-08 each cause of a store that cannot be used is a line of its own, with what to do', () => {
  const tell = createAlerts({ clock: () => 0 })
  for (const code of ['ECONNREFUSED', 'WRONGPASS', 'ECONNREFUSED']) {
    const problem = { code, reason: 'it is away', remedy: 'start it' }
    const message = `redis cannot be used: it is away (${code}): start it`
    tell(storeUnavailable(new StoreUnavailableError(message, { problem })))
  }
  expect(lines.map(({ text }) => text)).toEqual([
    expect.stringMatching(/CITIZEN_STORE_URL.*\(ECONNREFUSED\): start it$/),
    expect.stringMatching(/CITIZEN_STORE_URL.*\(WRONGPASS\): start it$/),
  ])
})

it('FLD-08 keys that cannot be fetched are told with their address', async () => {
  const { ask, cookie } = await silent()
  const value = await cookie()
  world.emulator.faults.set({ status: { jwks: 503 } })
  await ask(value)
  expect(lines).toMatchObject([{ code: 'keys-unavailable' }])
  expect(lines[0]?.text).toContain('"https://id.citizen.example/')
})

it.each([
  [
    'issuer',
    { iss: 'https://other.example' },
    {},
    ['"https://other.example"', '"https://id.citizen.example"', 'CITIZEN_IDENTITY_PROVIDER_ISSUER'],
  ],
  ['audience', { aud: ['permits'] }, {}, ['[\\"permits\\"]', 'no aud', 'CITIZEN_IDENTITY_PROVIDER_AUDIENCE']],
  ['kind', { nonce: 'n' }, {}, ['"has nonce"', 'token inspect']],
  ['kind', { isMfa: 'yes' }, {}, ['no boolean isMfa']],
  ['unknown-key', {}, { kid: 'nobody' }, ['kid nobody', 'endpoints.jwks']],
  ['claims', { jti: undefined }, {}, ['iss, sub, exp, iat and jti', 'sessionClaim']],
])(
  'FLD-08 a token refused for its %s says what came and what was wanted',
  async (problem, changes, options, words) => {
    const { ask, cookie } = await silent()
    await ask(await cookie(changes, options))
    expect(lines).toMatchObject([{ code: `token-${problem}` }])
    for (const word of words) expect(lines[0]?.text).toContain(word)
  },
)

it('FLD-08 cookies that are too large are told apart from none', async () => {
  const { ask } = await silent()
  await ask(`filler=${'x'.repeat(17_000)}`)
  expect(lines).toMatchObject([{ code: 'cookies-too-large' }])
})

it('FLD-08 what a stranger writes is quoted, cut at 100 characters, and its control characters are spelt out', async () => {
  const { ask, cookie } = await silent()
  await ask(await cookie({ iss: `x"\n\u001b[31m\u202e${'y'.repeat(500)}` }))
  const [line] = lines
  expect(line?.text).toContain('"x\\"\\u000a\\u001b[31m\\u202eyyy')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(line?.text).not.toMatch(/[\u0000-\u001f\u202e]/)
  expect(/y+/.exec(line?.text ?? '')?.[0].length).toBeLessThan(100)
})

it('FLD-08 what a stranger writes cannot end its quotes by a backslash of its own', () => {
  expect(quote('a" b')).toBe(String.raw`"a\" b"`)
  expect(quote(String.raw`a\", wanted is "b`)).toBe(String.raw`"a\\\", wanted is \"b"`)
  expect(quote(String.raw`C:\keys\\`)).toBe(String.raw`"C:\keys\\\\"`)
})

it('FLD-08 expired and broken tokens, which strangers send, leave no line', async () => {
  const { ask, cookie } = await silent()
  await ask(await cookie({ iat: 1, exp: 2 }))
  await ask('c1_header=a; c1_payload=b; c1_signature=c')
  expect(lines).toEqual([])
})

it('FLD-08 whoever listens is told by events alone', async () => {
  let heard = 0
  const { ask, cookie } = await silent(undefined, () => {
    heard += 1
  })
  await ask(await cookie({ iss: 'https://other.example' }))
  expect({ heard, lines }).toEqual({ heard: 1, lines: [] })
})

const refusals: readonly (readonly [string, EventDescription])[] = [
  [
    'token-endpoint-invalid_client',
    { type: 'token.rejected', problem: 'invalid_client', credential: 'token-endpoint' },
  ],
  [
    'refresh-invalid_client',
    { type: 'identity.degraded', publicId: 'p', problem: 'invalid_client', retryAfterSeconds: 5 },
  ],
  [
    'sign-in-unauthorized_client',
    { type: 'token.rejected', problem: 'answer-unauthorized_client', credential: 'sign-in' },
  ],
  ['sign-in-audience', { type: 'token.rejected', problem: 'audience', credential: 'sign-in' }],
  ['logout-issuer', { type: 'token.rejected', problem: 'logout-issuer', credential: 'logout' }],
  [
    'saml-message-destination',
    { type: 'token.rejected', problem: 'saml destination', credential: 'saml-message' },
  ],
  [
    'logout-identity-refused',
    {
      type: 'logout.leg',
      person: 'p',
      leg: 'identity',
      target: 'https://id.example',
      state: 'refused',
      milliseconds: 1,
    },
  ],
  [
    'saml-message-unsolicited',
    { type: 'token.rejected', problem: 'saml unsolicited', credential: 'saml-message' },
  ],
  [
    'saml-message-status-responder-authnfailed',
    { type: 'token.rejected', problem: 'saml status Responder AuthnFailed', credential: 'saml-message' },
  ],
  ['oidc-discovery', { type: 'warning', code: 'oidc-discovery', message: 'the provider cannot be reached' }],
]
it.each(refusals)('FLD-08 there is a line %s', (code, event) => {
  const tell = createAlerts({ clock: () => 0 })
  tell(event)
  tell(event)
  expect(lines).toMatchObject([{ code }])
})

/** A leg of a logout as it is told. */
const leg = (state: LegState, reason?: string): EventDescription => ({
  type: 'logout.leg',
  person: 'p',
  leg: 'identity',
  target: 'https://id.example',
  state,
  reason,
  milliseconds: 1,
})

it.each<[LegState, string | undefined]>([
  ['refused', 'status'],
  ['timed-out', 'timeout'],
  ['unknown', 'signature'],
  ['unknown', 'network'],
  ['unknown', 'failed'],
  ['unknown', 'not-replicated'],
  ['unknown', 'partial-logout'],
  ['unknown', undefined],
])('FLD-08 a leg of a logout that is %s (%s) leaves a line', (state, reason) => {
  createAlerts({ clock: () => 0 })(leg(state, reason))
  expect(lines).toMatchObject([{ code: `logout-identity-${state}` }])
})

it.each<[LegState, string | undefined]>([
  ['done', undefined],
  ['skipped', 'no-endpoint'],
  ['unknown', 'browser-not-back-yet'],
  ['unknown', 'superseded'],
  ['unknown', 'other-sessions'],
])('FLD-08 a leg of a logout that is %s (%s) shows no fault, and leaves no line', (state, reason) => {
  createAlerts({ clock: () => 0 })(leg(state, reason))
  expect(lines).toEqual([])
})

/** Every event once, and whether it shows that something has gone wrong. A new one does not compile until it is here. */
const everyEvent: {
  readonly [T in EventDescription['type']]: readonly [
    'wrong' | 'common',
    Omit<Extract<EventDescription, { readonly type: T }>, 'type'>,
  ]
} = {
  'session.started': ['common', { publicId: 'i', person: 'p', level: 1, cause: 'first' }],
  'session.ended': [
    'common',
    { publicId: 'i', person: 'p', sessionApplication: 'a', reason: 'idle-timeout' },
  ],
  'session.refused': ['common', { person: 'p', reason: 'idle-timeout' }],
  'session.identity-changed': ['common', { person: 'p', previousPerson: 'q' }],
  'session.aliased': ['common', { publicId: 'i', person: 'p' }],
  'token.rejected': ['wrong', { problem: 'issuer' }],
  'identity.refreshed': ['common', { publicId: 'i', result: 'token', milliseconds: 1 }],
  'identity.refused': ['common', { publicId: 'i', status: 400 }],
  'identity.degraded': ['wrong', { publicId: 'i', problem: 'timeout', retryAfterSeconds: 5 }],
  'logout.leg': ['wrong', { person: 'p', leg: 'identity', target: 't', state: 'refused', milliseconds: 1 }],
  'store.unavailable': ['wrong', { code: 'store-unavailable', message: 'away' }],
  'store.near-lost': ['wrong', { reason: 'unheard', message: 'it does not come back in time' }],
  'store.near-restored': ['common', {}],
  'keys.unavailable': ['wrong', { problem: 'timeout', url: 'https://id.example' }],
  'duplicate-cookie': ['wrong', { names: ['c1_header'], outcome: 'ambiguous' }],
  'profile.failed': ['wrong', { publicId: 'i', problem: 'thrown', error: 'TypeError' }],
  'gate.failed': ['wrong', { problem: 'claims', error: 'TypeError' }],
  'userinfo.failed': ['wrong', { issuer: 'https://id.example', during: 'sign-in', problem: 'subject' }],
  warning: ['wrong', { code: 'some-code', message: 'something: mend it' }],
}

it.each(Object.entries(everyEvent))(
  'FLD-08 every event that shows a fault leaves a line, with a code and a remedy: %s',
  (type, [kind, members]) => {
    createAlerts({ clock: () => 0 })({ type, ...members } as EventDescription)
    expect(lines.map(({ code }) => code)).toEqual(
      kind === 'common' ? [] : [expect.stringMatching(/^[a-z0-9_-]+$/)],
    )
    for (const { text } of lines) expect(text).toMatch(/: .{7,}$/)
  },
)

it('FLD-08 each refusal outside of the shared cookie says what was refused, or it would be taken for a stranger’s cookie', () => {
  const nameless = repositoryFiles()
    .filter((path) => /^src\/(?:oidc|saml|login|logout)\//.test(path))
    .flatMap((path) =>
      [...textOf(path).matchAll(/type: 'token\.rejected'[\s\S]*?\}\)/g)]
        .filter(([event]) => !/\bcredential\b/.test(event))
        .map(([event]) => `${path}: ${event}`),
    )
  expect(nameless).toEqual([])
})

describe('what prints, and fails at that, ends no request', () => {
  const fail = (): never => {
    throw new Error('a replaced function throws')
  }

  it('FLD-08 a process.emitWarning that throws', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(fail)
    const { ask, cookie } = await silent()
    await ask(await cookie({ iss: 'https://other.example' }))
  })

  it.each<[string, () => unknown]>([
    ['throws', fail],
    ['rejects', async () => fail()],
    [
      'throws something without a text',
      () => {
        throw Object.create(null)
      },
    ],
  ])('FLD-08 a listener that %s, and a process.emitWarning that throws', async (_, listener) => {
    vi.spyOn(process, 'emitWarning').mockImplementation(fail)
    const { ask, cookie } = await silent(undefined, listener as () => void)
    await ask(await cookie({ iss: 'https://other.example' }))
    expect(process.emitWarning).toHaveBeenCalled()
  })

  it('FLD-08 a console.warn that throws, where there is no process.emitWarning', () => {
    vi.spyOn(console, 'warn').mockImplementation(fail)
    vi.stubGlobal('process', undefined)
    printWarning('some-code', 'something is wrong')
    vi.unstubAllGlobals()
  })

  it('FLD-08 a console.error that throws under NODE_DEBUG', () => {
    vi.spyOn(console, 'error').mockImplementation(fail)
    createDebugLog({ NODE_DEBUG: 'citizen-session' })?.('a line')
    expect(console.error).toHaveBeenCalled()
  })
})

it('FLD-08 a person who declines at the provider leaves no line', () => {
  const tell = createAlerts({ clock: () => 0 })
  for (const problem of ['answer-access_denied', 'answer-login_required'])
    tell({ type: 'token.rejected', problem, credential: 'sign-in' })
  expect(lines).toEqual([])
})

it('FLD-08 however many causes there are, what is remembered stays bounded', () => {
  const tell = createAlerts({ clock: () => 0 })
  for (let at = 0; at < 500; at += 1) tell({ type: 'warning', code: `cause-${at}`, message: 'something' })
  expect(lines).toHaveLength(100)
})

it('FLD-12 what a newer release has written is told as that, and no store is suspected', () => {
  const { code, message } = newerFormat('what the store holds')
  createAlerts({ clock: () => 0 })({ type: 'store.unavailable', code, message })
  expect(lines).toMatchObject([{ code: 'store-format' }])
  expect(lines[0]?.text).toContain('newer release; run the same release everywhere')
  expect(lines[0]?.text).not.toContain('CITIZEN_STORE_URL')
})

it('FLD-08 a clock that is put back silences nothing', () => {
  let now = 1_000_000
  const tell = createAlerts({ clock: () => now })
  const event: EventDescription = { type: 'store.unavailable', code: 'store-unavailable', message: 'away' }
  tell(event)
  now = 0
  tell(event)
  expect(lines).toHaveLength(2)
})

it('FLD-08 a runtime without process.emitWarning gets the line by console.warn', () => {
  const printed: unknown[] = []
  vi.spyOn(console, 'warn').mockImplementation((line: unknown) => void printed.push(line))
  for (const process of [undefined, { env: {} }]) {
    vi.stubGlobal('process', process)
    printWarning('some-code', 'something is wrong')
    vi.unstubAllGlobals()
  }
  const line = '[some-code] CitizenSessionWarning: something is wrong'
  expect(printed).toEqual([line, line])
})
