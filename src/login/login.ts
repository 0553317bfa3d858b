/** @module The login routes: send the person to the identity provider, with a page in between where one must decide. */
import type { AnonymousReason, Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import { isTooLarge } from '../cookies/parse.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise, Reply } from '../exchange.js'
import { movedParameter } from '../host-names.js'
import type { LogoutSettling } from '../logout/pending-logout.js'
import type { Page } from '../pages/page.js'
import { createPages } from '../pages/pages.js'
import type { LoginMethod, LoginRequest, LoginStart } from '../protocols/login-method.js'
import { isSameOriginPost } from '../sessions/activity.js'
import { isTooWeak } from '../sessions/assurance.js'
import { isOtherLoopback, type LoginHosts } from './hosts.js'
import { leadOn } from './lead-on.js'
import {
  lackingOf,
  loginParameters,
  queryOf,
  readLoginRequest,
  satisfies,
  signInAction,
  signOutAndInAction,
} from './login-request.js'
import { refuseForeign } from './refuse-foreign.js'

/** What a login in flight is for. */
export interface LoginTransaction extends LoginRequest {
  /** Whether the provider was asked for a new authentication. */
  readonly reauthenticate: boolean
  /** Whether the person pressed our button, which may lift an application end. */
  readonly mayResume: boolean
  /** Whether the provider has said no time of a new authentication that it was asked for. */
  readonly isUnproven?: boolean | undefined
}

/** The parts that login and return stand on. */
export interface LoginContext {
  readonly options: ResolvedOptions
  /** The way in for a request: what the loginRequest names, that of the session which the browser had, or the first. */
  readonly loginMethodFor: (exchange: Exchange, loginRequest: LoginRequest) => LoginMethod
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly authenticate: (exchange: Exchange) => Citizen | Promise<Citizen>
  /** Who is there, without any effect. */
  readonly inspect: (exchange: Exchange) => Promise<Citizen>
  /** Name of that way in. */
  readonly loginMethodNameFor: (exchange: Exchange, loginRequest: LoginRequest) => string
  /** What logouts of this browser are not known to have reached. */
  readonly logoutSettling: LogoutSettling
  /** Whether a `state` is that of a login by the shared cookie in flight in this browser. */
  readonly isLoginInFlight: (exchange: Exchange, state: string) => boolean
  /** Where logins began. */
  readonly loginHosts: LoginHosts
  readonly report: Report
}

export interface LoginRoutes {
  get(exchange: Exchange): Promise<Reply>
  post(exchange: Exchange): Promise<Reply>
}

const longestForm = 8 * 1024
/** Ends that only a person's own decision may follow: their page has a button. */
const decided: readonly AnonymousReason[] = [
  'idle-timeout',
  'absolute-timeout',
  'application-sign-out',
  'identity-ended',
  'identity-changed',
  'signed-out',
  'revoked',
  'too-many-sessions',
]

/** Makes the login routes. */
export function createLoginRoutes(context: LoginContext): LoginRoutes {
  const { options, checkReturnTarget } = context
  const { application, routes, clock } = options
  const { startPage } = application
  const targets = { checkReturnTarget, startPage }

  const send = (
    exchange: Exchange,
    loginRequest: LoginRequest,
    visit: Pick<LoginStart, 'reauthenticate' | 'mayResume' | 'isAfterAdministrator'> & {
      readonly strengthen?: boolean
    },
  ): MaybePromise<Reply> =>
    context
      .loginMethodFor(exchange, loginRequest)
      .startLogin(exchange, { strengthen: false, ...visit, request: loginRequest })

  const pages = createPages(options)
  const page = (exchange: Exchange, content: Omit<Page, 'language'>): Reply =>
    pages.showPage(exchange, content)

  const unavailablePage = (exchange: Exchange, loginRequest: LoginRequest): Reply => {
    const reply = page(exchange, {
      status: 503,
      title: 'title.unavailable',
      paragraphs: ['unavailable.explain', 'unavailable.remedy'],
      actions: [
        {
          label: 'action.try-again',
          method: 'get',
          href: `${routes.path}/login`,
          fields: loginParameters(loginRequest),
          primary: true,
        },
      ],
    })
    return { ...reply, headers: { ...reply.headers, 'retry-after': '5' } }
  }

  const ambiguousPage = (exchange: Exchange, loginRequest: LoginRequest): Reply =>
    page(exchange, {
      status: 401,
      title: 'title.cookies',
      paragraphs: ['cookies.explain', 'cookies.remedy'],
      actions: [signOutAndInAction(routes.path, loginRequest, exchange.target)],
    })

  /** No login could help: its answer would not be read either. */
  const tooLargePage = (exchange: Exchange): Reply | undefined => {
    if (!isTooLarge(exchange.header('cookie'))) return undefined
    return page(exchange, {
      status: 400,
      title: 'title.cookies-too-large',
      paragraphs: ['cookies.too-large'],
      actions: [],
    })
  }

  const loopPage = (exchange: Exchange): Reply => {
    context.report({
      type: 'warning',
      code: 'login-loop',
      message: 'the login address leads back here: correct identityProvider.endpoints.login or secondFactor',
    })
    return page(exchange, {
      status: 400,
      title: 'title.sign-in-incomplete',
      paragraphs: ['judgement.loop'],
      actions: [],
    })
  }

  /** Whether a logout is not known to have reached the provider that the loginRequest leads to. */
  const isPendingFor = (exchange: Exchange, loginRequest: LoginRequest): boolean =>
    context.logoutSettling.isPending(exchange, context.loginMethodNameFor(exchange, loginRequest))

  /** Where nobody must decide anything: on to where the loginRequest leads, or to the provider. */
  const proceed = (exchange: Exchange, citizen: Citizen, loginRequest: LoginRequest): MaybePromise<Reply> => {
    if (satisfies(citizen, loginRequest, clock())) return leadOn(pages, exchange, loginRequest.returnTo)
    if (citizen.state === 'mfa-required') {
      return send(exchange, loginRequest, { reauthenticate: false, mayResume: false, strengthen: true })
    }
    if (citizen.state === 'active') {
      const lacking = lackingOf(citizen.assurance, loginRequest, clock())
      const strengthen = lacking !== undefined && isTooWeak(lacking)
      return send(exchange, loginRequest, { reauthenticate: !strengthen, mayResume: false, strengthen })
    }
    const isLogoutPending = isPendingFor(exchange, loginRequest)
    if (isLogoutPending && context.loginMethodFor(exchange, loginRequest).takesAsked === true) {
      return page(exchange, {
        status: 200,
        title: 'title.sign-in',
        paragraphs: ['login.provider-unasked'],
        actions: [signInAction(routes.path, loginRequest)],
      })
    }
    return send(exchange, loginRequest, { reauthenticate: isLogoutPending, mayResume: false })
  }

  /**
   * What begins at `localhost` cannot come back to another name of this machine with its cookie: it begins there. Once,
   * for a proxy on this machine may put its own name for us into every request.
   */
  const moveToOwnHost = (exchange: Exchange, query: URLSearchParams): Reply | undefined => {
    if (options.isProduction || query.has(movedParameter) || !isOtherLoopback(exchange, application.url)) {
      return undefined
    }
    // With all that it has: the login judges that there.
    const parameters = new URLSearchParams([...query, [movedParameter, '1']])
    return leadOn(pages, exchange, `${application.url}${routes.path}/login?${parameters}`)
  }

  return {
    async get(exchange) {
      if (isForeignEmbed(exchange)) {
        const detail = 'a login begins with a page that the person opens'
        return refuseForeign(pages, exchange, { reason: 'not-a-navigation', detail })
      }
      const round = stateComingRound(exchange.target, `${routes.path}/return?state=`)
      if (round !== undefined && context.isLoginInFlight(exchange, round)) return loopPage(exchange)
      const query = queryOf(exchange)
      const there = moveToOwnHost(exchange, query)
      if (there !== undefined) return there
      const loginRequest = readLoginRequest(query, targets)
      const citizen = await context.authenticate(exchange)
      if (citizen.state === 'unavailable') return unavailablePage(exchange, loginRequest)
      const tooLarge = tooLargePage(exchange)
      if (tooLarge !== undefined) return tooLarge
      if (citizen.reason === 'ambiguous-cookie') return ambiguousPage(exchange, loginRequest)
      if (citizen.state === 'anonymous' && decided.includes(citizen.reason)) {
        return page(exchange, {
          status: 200,
          title: 'title.session-ended',
          paragraphs: [`reason.${citizen.reason}`, 'login.again'],
          actions: [signInAction(routes.path, loginRequest)],
        })
      }
      return proceed(exchange, citizen, loginRequest)
    },

    async post(exchange) {
      const loginRequest = readLoginRequest(await exchange.form(longestForm), targets)
      if (!isSameOriginPost(exchange, application.url)) {
        return page(exchange, {
          status: 403,
          title: 'title.sign-in',
          paragraphs: ['not-sent.foreign'],
          actions: [signInAction(routes.path, loginRequest)],
        })
      }
      const citizen = await context.authenticate(exchange)
      if (citizen.state === 'unavailable') return unavailablePage(exchange, loginRequest)
      const tooLarge = tooLargePage(exchange)
      if (tooLarge !== undefined) return tooLarge
      if (citizen.reason === 'ambiguous-cookie') return ambiguousPage(exchange, loginRequest)
      if (citizen.state !== 'anonymous') return proceed(exchange, citizen, loginRequest)
      return send(exchange, loginRequest, {
        reauthenticate:
          needsReauthentication(citizen.reason, application.onIdle) || isPendingFor(exchange, loginRequest),
        mayResume: true,
        isAfterAdministrator: citizen.reason === 'revoked',
      })
    },
  }
}

/**
 * Whether another site has this loaded as an image or by a script: each would set a transaction, and a handful of them
 * push the transaction of a login in flight out of the browser.
 */
function isForeignEmbed(exchange: Exchange): boolean {
  const site = exchange.header('sec-fetch-site')
  const isForeign = site === 'same-site' || site === 'cross-site'
  return isForeign && exchange.header('sec-fetch-mode') !== 'navigate'
}

/**
 * The `state` of our own return address in a request to the login: what was sent to the provider has come round to us.
 * Anybody can write such an address: it says something only in the browser that has the login in flight.
 */
function stateComingRound(target: string, returnPath: string): string | undefined {
  let text = target
  // Each guard on the way may have wrapped it once more.
  for (let depth = 0; depth < 4; depth += 1) {
    const at = text.indexOf(returnPath)
    if (at !== -1) return /^[\w-]{32}/.exec(text.slice(at + returnPath.length))?.[0]
    try {
      text = decodeURIComponent(text)
    } catch {
      return undefined
    }
  }
  return undefined
}

/** Whether only a new authentication can follow an end. */
function needsReauthentication(
  reason: AnonymousReason,
  onIdle: ResolvedOptions['application']['onIdle'],
): boolean {
  switch (reason) {
    case 'absolute-timeout':
    case 'signed-out':
    case 'revoked':
      return true
    case 'idle-timeout':
    case 'application-sign-out':
    case 'identity-changed':
    case 'too-many-sessions':
      return onIdle !== 'resume'
    default:
      return false
  }
}
