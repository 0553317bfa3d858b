/** @module Every page of ours that a person can see, made by the code that serves it. */
import type { AnonymousReason, Citizen } from '../../src/citizen.js'
import type { ResolvedOptions } from '../../src/config/options.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { createEndpoints } from '../../src/endpoints.js'
import { CitizenSessionError } from '../../src/errors.js'
import type { Exchange, Reply } from '../../src/exchange.js'
import { claimsRefused } from '../../src/guards/claims-refused.js'
import { createRefuse } from '../../src/guards/refusal.js'
import type { Refusal } from '../../src/guards/verdict.js'
import { createHandOver } from '../../src/issuing/sso-form.js'
import type { MethodChoice, OfferedWay } from '../../src/login/choose-method.js'
import { createLoginRoutes, type LoginTransaction } from '../../src/login/login.js'
import { anyLoginRequest } from '../../src/login/login-request.js'
import { createLoginCompletion } from '../../src/login/return.js'
import { createLogoutPages } from '../../src/logout/pages.js'
import { frontchannelSeen, notStronger } from '../../src/oidc/pages.js'
import { createPages } from '../../src/pages/pages.js'
import type { Language, TextKey } from '../../src/pages/texts.js'
import type { LoginRequest } from '../../src/protocols/login-method.js'
import {
  type Leg,
  type LegName,
  type LegState,
  noState,
  onlyHere,
  otherSessions,
  outcomeOf,
} from '../../src/receipt.js'
import { failedSignIn, failedSignOut, nobodyToTell, providerUnknown } from '../../src/saml/pages.js'
import { applicationsDocument } from '../../src/sessions/applications.js'
import { anonymous, mfaRequired, unavailable } from '../../src/sessions/create-citizen.js'
import { TestExchange } from '../support/exchange.js'

/** One page. */
export interface SeenPage {
  /** Says which, in a few words. */
  readonly name: string
  /** File of `src` that decides what the page says. */
  readonly from: string
  /** Its heading; `undefined`: in words of its own. */
  readonly title: TextKey | undefined
  readonly reply: Reply
  /** Whether it goes on by itself: it is seen for a moment, or where scripts are off. */
  readonly isPassing: boolean
}

/** What a page is made for. */
export interface Setting {
  readonly language: Language
  readonly name?: string | undefined
  readonly logo?: string | undefined
  readonly path?: string | undefined
}

/** Name of the application on every page, unless the setting says another. */
export const applicationName = 'Tax Portal'
const url = 'https://tax.example.gov'

const reasons: Readonly<Record<AnonymousReason, true>> = {
  'not-signed-in': true,
  'not-started': true,
  'token-expired': true,
  'invalid-token': true,
  'ambiguous-cookie': true,
  'idle-timeout': true,
  'absolute-timeout': true,
  'application-sign-out': true,
  'identity-ended': true,
  'identity-changed': true,
  'signed-out': true,
  'too-many-sessions': true,
  'provider-removed': true,
  revoked: true,
}
const allReasons = Object.keys(reasons) as readonly AnonymousReason[]
/** Reasons that lead to the provider, or have a page of their own, wherever a session is only missing. */
const passing: ReadonlySet<AnonymousReason> = new Set([
  'not-signed-in',
  'not-started',
  'token-expired',
  'invalid-token',
  'ambiguous-cookie',
])

function optionsOf(setting: Setting, sharesCookie: boolean): ResolvedOptions {
  const resolved = resolveOptions(
    {
      application: {
        id: 'tax',
        url,
        name: setting.name ?? applicationName,
        logo: setting.logo,
        path: setting.path,
      },
      identityProvider: { url: 'https://id.example.gov' },
      sharedCookie: { domain: 'example.gov' },
    },
    {},
  )
  return sharesCookie ? resolved : { ...resolved, sharedCookie: undefined, identityProvider: undefined }
}

/** A browser's request for a page. */
function pageRequest(setting: Setting, method: string, path: string, headers: object = {}): Exchange {
  const sent = {
    'accept-language': setting.language,
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }
  return new TestExchange(
    new Request(url + (setting.path ?? '') + path, { method, headers: { ...sent, ...headers } }),
  )
}

function active(authenticatedAt: number): Citizen {
  const assurance = { level: 1, method: 'password', authenticatedAt }
  // Nobody asks it for more than this.
  return {
    state: 'active',
    provider: 'shared-cookie',
    reason: undefined,
    assurance,
    session: { startedAt: 0 },
  } as unknown as Citizen
}

type Add = (page: Omit<SeenPage, 'isPassing'> & { readonly isPassing?: boolean }) => void

/** Every page, in the language of the setting. */
export async function everyPage(setting: Setting): Promise<readonly SeenPage[]> {
  const pages: SeenPage[] = []
  const add: Add = (page) => pages.push({ isPassing: false, ...page })
  await addLogin(setting, add)
  await addReturns(setting, add)
  addLogouts(setting, add)
  addRefusals(setting, add)
  await addEndpoints(setting, add)
  addPlugIns(setting, add)
  addHandOver(setting, add)
  return pages
}

/** What a person chooses among. */
const ways: readonly OfferedWay[] = [
  { name: 'adfs', title: 'Ministry <A> & "B"', logo: '/adfs.svg' },
  { name: 'eduid', title: 'eduID', logo: 'https://eduid.example/logo.svg' },
  { name: 'saml', title: 'id.example.gov', logo: undefined },
]

function loginContext(setting: Setting, citizen: Citizen, isLogoutPending = false, hasOthers = false) {
  return {
    options: optionsOf(setting, true),
    methods: {
      choose: (_exchange: Exchange, { via }: LoginRequest): MethodChoice => {
        const method = {
          takesAsked: true as const,
          startLogin: (): never => {
            throw new Error('no page leads on here')
          },
        }
        if (via === 'unknown') return { kind: 'unknown' }
        return via === 'several' || via === 'none'
          ? { kind: 'open', ways: via === 'none' ? [] : ways }
          : { kind: 'chosen', name: 'oidc', method }
      },
      isKnown: () => false,
      isSameProvider: () => true,
      isOpen: () => hasOthers,
      noteTaken: () => {},
    },
    protocolOf: () => undefined,
    checkReturnTarget: () => '/forms/7',
    authenticate: () => citizen,
    inspect: async () => citizen,
    logoutSettling: { isPending: () => isLogoutPending, settle: () => {} },
    isLoginInFlight: () => true,
    loginHosts: {
      note: () => {},
      compare: (_exchange: unknown, state: string | undefined) =>
        state === undefined ? undefined : { given: 'localhost:3000', expected: '127.0.0.1:3000' },
    },
    report: () => {},
  }
}

const loginPages = 'src/login/pages.ts'

async function addLogin(setting: Setting, add: Add): Promise<void> {
  const from = loginPages
  const get = (citizen: Citizen, path = '/session/login', headers = {}, isLogoutPending = false) =>
    createLoginRoutes(loginContext(setting, citizen, isLogoutPending)).get(
      pageRequest(setting, 'GET', path, headers),
    )
  for (const reason of allReasons.filter((each) => !passing.has(each))) {
    const reply = await get(anonymous(reason))
    add({ name: `login after ${reason}`, from, title: 'title.session-ended', reply })
  }
  const nobody = anonymous('not-signed-in')
  const asked = await get(nobody, '/session/login', {}, true)
  add({
    name: 'login after a sign-out that is not known to be whole',
    from,
    title: 'title.sign-in',
    reply: asked,
  })
  const unsure = await get(anonymous('ambiguous-cookie'))
  add({ name: 'login with cookies of two sessions', from, title: 'title.cookies', reply: unsure })
  const down = await get(unavailable('store'))
  add({ name: 'login in an outage', from, title: 'title.unavailable', reply: down })
  const unknown = await get(unavailable('provider'))
  add({
    name: 'login with a session of a provider that is not known',
    from: 'src/login/choice-pages.ts',
    title: 'title.unavailable',
    reply: unknown,
  })
  const large = await get(nobody, '/session/login', { cookie: `a=${'x'.repeat(70_000)}` })
  add({ name: 'login with too many cookies', from, title: 'title.cookies-too-large', reply: large })
  const round = await get(
    nobody,
    `/session/login?returnTo=${setting.path ?? ''}/session/return?state=${'a'.repeat(32)}`,
  )
  add({ name: 'login address that leads back here', from, title: 'title.sign-in-incomplete', reply: round })
  for (const [via, name, title] of [
    ['several', 'login where one chooses among several ways', 'title.choose-way'],
    ['none', 'login where no way is offered', 'title.sign-in'],
    ['unknown', 'login by a way that is not known', 'title.unavailable'],
  ] as const) {
    const reply = await get(nobody, `/session/login?via=${via}`)
    add({ name, from: 'src/login/choice-pages.ts', title, reply })
  }
  const others = await createLoginRoutes(loginContext(setting, anonymous('revoked'), false, true)).get(
    pageRequest(setting, 'GET', '/session/login'),
  )
  add({ name: 'login after an end, with other ways', from, title: 'title.session-ended', reply: others })
  const wanted = await get(active(Date.now()), '/session/login?provider=adfs')
  add({ name: 'login at another provider than the cookie’s', from, title: 'title.sign-in', reply: wanted })
  const foreign = await createLoginRoutes(loginContext(setting, nobody)).post(
    pageRequest(setting, 'POST', '/session/login', { 'sec-fetch-site': 'cross-site' }),
  )
  add({ name: 'login by a form of another site', from, title: 'title.sign-in', reply: foreign })
}

async function addReturns(setting: Setting, add: Add): Promise<void> {
  const from = 'src/login/incomplete-pages.ts'
  const transaction: LoginTransaction = {
    ...anyLoginRequest('/forms/7'),
    reauthenticate: false,
    mayResume: true,
  }
  const exchange = pageRequest(setting, 'GET', '/session/return')
  const conclude = (
    citizen: Citizen,
    loginRequest: Partial<LoginRequest & LoginTransaction> = {},
    isLogoutPending = false,
  ) =>
    createLoginCompletion(loginContext(setting, citizen, isLogoutPending)).finishLogin(exchange, citizen, {
      ...transaction,
      ...loginRequest,
      party: 'oidc',
    })
  for (const reason of allReasons) {
    const isUnsure = reason === 'ambiguous-cookie'
    const title = isUnsure ? 'title.cookies' : 'title.sign-in-incomplete'
    const place = isUnsure ? loginPages : from
    add({ name: `return with ${reason}`, from: place, title, reply: conclude(anonymous(reason)) })
  }
  const found = conclude(anonymous('signed-out'), { mayResume: false })
  add({ name: 'return that finds an end', from: loginPages, title: 'title.session-ended', reply: found })
  const down = conclude(unavailable('keys'))
  add({ name: 'return in an outage', from: loginPages, title: 'title.unavailable', reply: down })
  const second = conclude(mfaRequired({ iss: '', sub: '' } as never))
  add({ name: 'return without the second factor', from, title: 'title.second-factor', reply: second })
  const weak = conclude(active(Date.now()), { level: 2 })
  add({ name: 'return at too low a level', from, title: 'title.sign-in-incomplete', reply: weak })
  const elsewhereSignedIn = conclude(active(Date.now()), { providers: ['adfs'] })
  add({
    name: 'return from another provider',
    from,
    title: 'title.sign-in-incomplete',
    reply: elsewhereSignedIn,
  })
  const old = conclude(active(1), { maxAgeSeconds: 60 })
  add({ name: 'return by an old authentication', from, title: 'title.sign-in-incomplete', reply: old })
  const unproven = conclude(anonymous('identity-ended'), { isUnproven: true }, true)
  add({ name: 'return that proves nothing, twice', from, title: 'title.sign-in-incomplete', reply: unproven })
  const unknown = createLoginCompletion(loginContext(setting, anonymous('not-signed-in'))).unknownStatePage(
    exchange,
  )
  add({ name: 'return of an unknown sign-in', from, title: 'title.sign-in-incomplete', reply: unknown })
  const over = await createLoginCompletion(
    loginContext(setting, anonymous('not-signed-in')),
  ).unknownLoginReply(exchange, undefined, { mayBeLogout: true })
  add({ name: 'return of nobody knows what', from, title: 'title.not-done', reply: over })
  const elsewhere = createLoginCompletion(loginContext(setting, anonymous('not-signed-in'))).unknownStatePage(
    exchange,
    'a'.repeat(32),
  )
  add({
    name: 'return of a sign-in that began at another host',
    from,
    title: 'title.sign-in-incomplete',
    reply: elsewhere,
  })
}

function leg(name: LegName, state: LegState, reason?: string): Leg {
  return { leg: name, target: url, state, reason, milliseconds: 1 }
}

/** Receipts of every shape, each with whether only this application was meant. */
const receipts: readonly (readonly [string, boolean, readonly Leg[]])[] = [
  ['whole', false, [leg('sessions', 'done'), leg('cookies', 'done'), leg('identity', 'done')]],
  ['of nobody', false, [leg('sessions', 'skipped', 'no-session'), leg('cookies', 'done')]],
  ['in part', false, [leg('sessions', 'done'), leg('identity', 'refused'), leg('tokens', 'timed-out')]],
  ['not known', false, [leg('sessions', 'done'), leg('identity', 'unknown'), leg('tokens', 'skipped')]],
  ['without a word', false, [leg('sessions', 'done'), leg('identity', 'unknown', noState)]],
  ['with copies', false, [leg('sessions', 'done'), leg('cookies', 'unknown', otherSessions)]],
  ['failed', false, [leg('sessions', 'timed-out'), leg('cookies', 'done')]],
  ['only here', true, [leg('sessions', 'done'), leg('identity', 'skipped', onlyHere)]],
  ['only here, failed', true, [leg('sessions', 'timed-out'), leg('identity', 'skipped', onlyHere)]],
]

function addLogouts(setting: Setting, add: Add): void {
  const from = 'src/logout/pages.ts'
  const exchange = pageRequest(setting, 'GET', '/session/logout')
  for (const sharesCookie of [true, false]) {
    const mode = sharesCookie ? 'shared cookie' : 'protocol'
    const pages = createLogoutPages({ options: optionsOf(setting, sharesCookie) })
    const spent = (isOwn: boolean) => pages.spent(exchange, isOwn)
    add({ name: `way on, used, ${mode}`, from, title: 'title.sign-out-incomplete', reply: spent(true) })
    add({ name: `way on of nobody, ${mode}`, from, title: 'title.not-done', reply: spent(false) })
    add({
      name: `come back astray, ${mode}`,
      from,
      title: 'title.signed-out',
      reply: pages.unknownState(exchange),
    })
    const question = pages.confirmation(exchange, 200, '/forms/7')
    add({ name: `sign-out, ${mode}`, from, title: 'title.sign-out', reply: question })
    for (const [name, isHereOnly, legs] of receipts) {
      const reply = pages.receipt(exchange, { outcome: outcomeOf(legs), legs }, isHereOnly)
      const isOver = reply.body?.includes(setting.language === 'en' ? 'You are signed out<' : 'terminée<')
      const title = isOver === true ? 'title.signed-out' : 'title.sign-out-incomplete'
      add({ name: `receipt ${name}, ${mode}`, from, title, reply })
    }
  }
}

function addRefusals(setting: Setting, add: Add): void {
  const from = 'src/guards/refusal.ts'
  const options = optionsOf(setting, true)
  const refuse = createRefuse({
    routesPath: options.routes.path,
    startPage: '/',
    pages: createPages(options),
  })
  const get = pageRequest(setting, 'GET', '/forms/7')
  const form = pageRequest(setting, 'POST', '/forms/7')
  const missing: Refusal = { kind: 'login-required', providers: [] }
  for (const reason of allReasons.filter((each) => each !== 'ambiguous-cookie')) {
    const reply = refuse(form, anonymous(reason), missing)
    add({ name: `form after ${reason}`, from, title: 'title.not-sent', reply })
  }
  const second = refuse(form, mfaRequired({ iss: '', sub: '' } as never), { kind: 'second-factor-required' })
  add({ name: 'form without the second factor', from, title: 'title.not-sent', reply: second })
  const wanted = { kind: 'other-provider', providers: ['adfs'], level: 0, secondFactor: false } as const
  const other = refuse(form, active(Date.now()), { ...wanted, maxAgeSeconds: 0 })
  add({ name: 'form at another provider', from, title: 'title.not-sent', reply: other })
  const unsure = refuse(get, anonymous('ambiguous-cookie'), { kind: 'ambiguous' })
  add({ name: 'page with cookies of two sessions', from: loginPages, title: 'title.cookies', reply: unsure })
  for (const [what, exchange] of [['page', get] as const, ['form', form] as const]) {
    const reply = refuse(exchange, unavailable('store'), { kind: 'unavailable' })
    add({ name: `${what} in an outage`, from, title: 'title.unavailable', reply })
  }
  const reply = claimsRefused(options, get)
  add({ name: 'page of others', from: 'src/guards/claims-refused.ts', title: 'title.not-allowed', reply })
}

async function addEndpoints(setting: Setting, add: Add): Promise<void> {
  const from = 'src/endpoints.ts'
  const options = optionsOf(setting, true)
  const pages = createPages(options)
  const unread = async (): Promise<never> => {
    throw new CitizenSessionError('body-too-large', 'the form is too large', { status: 413 })
  }
  const never = async (): Promise<never> => {
    throw new Error('is not asked')
  }
  const { find } = createEndpoints({
    routesPath: options.routes.path,
    origin: url,
    applicationName: options.application.name,
    clock: Date.now,
    authenticate: never,
    loginRoutes: { get: never, post: unread, isInFlight: () => false },
    loginReturn: never,
    logoutRoutes: {
      logout: never,
      get: () => pages.showGoingOn(pageRequest(setting, 'GET', '/'), url),
      post: never,
      leave: never,
    } as never,
    pages,
    profile: { release: undefined, report: () => undefined, login: '/session/login' },
    applications: applicationsDocument(options),
    gate: undefined,
    protocols: new Map(),
    takesProtocols: true,
    isRemoved: () => false,
    admit: async () => {},
    refuseOutage: (_, error) => {
      throw error
    },
  })
  const ask = async (method: string, path: string, headers = {}): Promise<Reply> => {
    const exchange = pageRequest(setting, method, path, headers)
    const reply = await find(exchange)?.(exchange)
    if (reply === undefined) throw new Error('is one of our addresses')
    return reply
  }
  add({ name: 'unknown address', from, title: 'title.not-found', reply: await ask('GET', '/session/x') })
  const early = await ask('GET', '/session/tenant/callback')
  add({ name: 'address of a provider that is not known', from, title: 'title.unavailable', reply: early })
  const bare = await ask('GET', '/session/extend')
  add({ name: 'address of scripts', from, title: 'title.not-found', reply: bare })
  const form = await ask('POST', '/session/login')
  add({ name: 'form that is too large', from, title: 'title.not-done', reply: form })
  const foreign = await ask('POST', '/session/extend', { 'sec-fetch-site': 'cross-site' })
  add({
    name: 'form of another site',
    from: 'src/login/refuse-foreign.ts',
    title: 'title.not-done',
    reply: foreign,
  })
}

function addPlugIns(setting: Setting, add: Add): void {
  const options = optionsOf(setting, true)
  const routesPath = options.routes.path
  const pages = createPages(options)
  const exchange = pageRequest(setting, 'GET', '/')
  const saml = 'src/saml/pages.ts'
  for (const [name, from, page] of [
    [
      'OpenID Connect: no stronger sign-in',
      'src/oidc/pages.ts',
      notStronger(routesPath, anyLoginRequest('/forms/7')),
    ],
    ['OpenID Connect: front-channel logout', 'src/oidc/pages.ts', frontchannelSeen(true)],
    ['OpenID Connect: front-channel link', 'src/oidc/pages.ts', frontchannelSeen(false)],
    ['SAML: sign-in refused', saml, { ...failedSignIn(routesPath, undefined), status: 400 }],
    ['SAML: sign-out refused', saml, { ...failedSignOut(routesPath), status: 400 }],
    ['SAML: provider unknown', saml, { ...providerUnknown, status: 503 }],
    ['SAML: nobody to tell', saml, { ...nobodyToTell, status: 200 }],
  ] as const) {
    add({ name, from, title: page.title, reply: pages.showPage(exchange, page) })
  }
  const title = 'title.going-on'
  const isPassing = true
  const sent = pages.showFormPost(exchange, { action: 'https://id.example.gov/', fields: [['a', 'b']] })
  add({ name: 'on by a form', from: 'src/pages/form-post.ts', title, isPassing, reply: sent })
  const led = pages.showGoingOn(exchange, 'https://id.example.gov/')
  add({ name: 'on by an address', from: 'src/pages/going-on.ts', title, isPassing, reply: led })
}

function addHandOver(setting: Setting, add: Add): void {
  const from = 'src/issuing/sso-form.ts'
  const request = {
    method: 'GET',
    header: (name: string) => (name === 'accept-language' ? setting.language : undefined),
  }
  for (const delivery of ['form', 'redirect'] as const) {
    const partner = { url: 'https://partner.example/in', delivery }
    const handOver = createHandOver(partner, setting.name ?? applicationName)
    add({
      name: `before the partner, ${delivery}`,
      from,
      title: undefined,
      reply: handOver.ask(request, 200),
    })
    const reply = handOver.deliver(request, 'token')
    add({ name: `to the partner, ${delivery}`, from, title: undefined, isPassing: true, reply })
  }
}
