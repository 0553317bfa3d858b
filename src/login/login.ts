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
import type { Entrance, LoginWish, Visit } from '../protocols/login-method.js'
import { isSameOriginPost } from '../sessions/activity.js'
import { isTooWeak } from '../sessions/assurance.js'
import { isOtherLoopback, type LoginHosts } from './hosts.js'
import { leadOn } from './lead-on.js'
import {
  lackingOf,
  queryOf,
  readWish,
  satisfies,
  signInAction,
  signOutAndInAction,
  wishParameters,
} from './login-request.js'
import { refuseForeign } from './refuse-foreign.js'

/** What a login in flight is for. */
export interface LoginMarker extends LoginWish {
  /** Whether the provider was asked for a new authentication. */
  readonly reauthenticate: boolean
  /** Whether the person pressed our button, which may lift an application end. */
  readonly mayLift: boolean
  /** Whether the provider has said no time of a new authentication that it was asked for. */
  readonly isUnproven?: boolean | undefined
}

/** The parts that login and return stand on. */
export interface LoginContext {
  readonly options: ResolvedOptions
  /** The way in for a request: what the wish names, that of the session which the browser had, or the first. */
  readonly entranceFor: (exchange: Exchange, wish: LoginWish) => Entrance
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly authenticate: (exchange: Exchange) => Citizen | Promise<Citizen>
  /** Who is there, without any effect. */
  readonly peek: (exchange: Exchange) => Promise<Citizen>
  /** Name of that way in. */
  readonly entranceNameFor: (exchange: Exchange, wish: LoginWish) => string
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
    wish: LoginWish,
    visit: Pick<Visit, 'reauthenticate' | 'mayLift' | 'isAfterAdministrator'> & {
      readonly strengthen?: boolean
    },
  ): MaybePromise<Reply> =>
    context.entranceFor(exchange, wish).enter(exchange, { strengthen: false, ...visit, wish })

  const pages = createPages(options)
  const page = (exchange: Exchange, content: Omit<Page, 'language'>): Reply =>
    pages.showPage(exchange, content)

  const unavailablePage = (exchange: Exchange, wish: LoginWish): Reply => {
    const reply = page(exchange, {
      status: 503,
      title: 'title.unavailable',
      paragraphs: ['unavailable.explain', 'unavailable.remedy'],
      actions: [
        {
          label: 'action.try-again',
          method: 'get',
          href: `${routes.path}/login`,
          fields: wishParameters(wish),
          primary: true,
        },
      ],
    })
    return { ...reply, headers: { ...reply.headers, 'retry-after': '5' } }
  }

  const ambiguousPage = (exchange: Exchange, wish: LoginWish): Reply =>
    page(exchange, {
      status: 401,
      title: 'title.cookies',
      paragraphs: ['cookies.explain', 'cookies.remedy'],
      actions: [signOutAndInAction(routes.path, wish, exchange.target)],
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

  /** Whether a logout is not known to have reached the provider that the wish leads to. */
  const isPendingFor = (exchange: Exchange, wish: LoginWish): boolean =>
    context.logoutSettling.isPending(exchange, context.entranceNameFor(exchange, wish))

  /** Where nobody must decide anything: on to where the wish leads, or to the provider. */
  const proceed = (exchange: Exchange, citizen: Citizen, wish: LoginWish): MaybePromise<Reply> => {
    if (satisfies(citizen, wish, clock())) return leadOn(pages, exchange, wish.returnTo)
    if (citizen.state === 'mfa-required') {
      return send(exchange, wish, { reauthenticate: false, mayLift: false, strengthen: true })
    }
    if (citizen.state === 'active') {
      const lacking = lackingOf(citizen.assurance, wish, clock())
      const strengthen = lacking !== undefined && isTooWeak(lacking)
      return send(exchange, wish, { reauthenticate: !strengthen, mayLift: false, strengthen })
    }
    const isLogoutPending = isPendingFor(exchange, wish)
    if (isLogoutPending && context.entranceFor(exchange, wish).takesAsked === true) {
      return page(exchange, {
        status: 200,
        title: 'title.sign-in',
        paragraphs: ['login.provider-unasked'],
        actions: [signInAction(routes.path, wish)],
      })
    }
    return send(exchange, wish, { reauthenticate: isLogoutPending, mayLift: false })
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
      const wish = readWish(query, targets)
      const citizen = await context.authenticate(exchange)
      if (citizen.state === 'unavailable') return unavailablePage(exchange, wish)
      const tooLarge = tooLargePage(exchange)
      if (tooLarge !== undefined) return tooLarge
      if (citizen.reason === 'ambiguous-cookie') return ambiguousPage(exchange, wish)
      if (citizen.state === 'anonymous' && decided.includes(citizen.reason)) {
        return page(exchange, {
          status: 200,
          title: 'title.session-ended',
          paragraphs: [`reason.${citizen.reason}`, 'login.again'],
          actions: [signInAction(routes.path, wish)],
        })
      }
      return proceed(exchange, citizen, wish)
    },

    async post(exchange) {
      const wish = readWish(await exchange.form(longestForm), targets)
      if (!isSameOriginPost(exchange, application.url)) {
        return page(exchange, {
          status: 403,
          title: 'title.sign-in',
          paragraphs: ['not-sent.foreign'],
          actions: [signInAction(routes.path, wish)],
        })
      }
      const citizen = await context.authenticate(exchange)
      if (citizen.state === 'unavailable') return unavailablePage(exchange, wish)
      const tooLarge = tooLargePage(exchange)
      if (tooLarge !== undefined) return tooLarge
      if (citizen.reason === 'ambiguous-cookie') return ambiguousPage(exchange, wish)
      if (citizen.state !== 'anonymous') return proceed(exchange, citizen, wish)
      return send(exchange, wish, {
        reauthenticate:
          needsReauthentication(citizen.reason, application.onIdle) || isPendingFor(exchange, wish),
        mayLift: true,
        isAfterAdministrator: citizen.reason === 'revoked',
      })
    },
  }
}

/**
 * Whether another site has this loaded as an image or by a script: each would set a marker, and a handful of them
 * push the marker of a login in flight out of the browser.
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
