/** @module The way back from the identity provider: judged here, so that nothing can loop. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange, Reply } from '../exchange.js'
import { createPages, type Pages } from '../pages/pages.js'
import {
  type LoginMethod,
  type LoginRequest,
  mustAskAnew,
  sharedCookieName,
} from '../protocols/login-method.js'
import { asksForPage } from '../sessions/activity.js'
import { isRelated } from './hosts.js'
import { incompletePage, noReturnPage, noStatePage, unprovenPage } from './incomplete-pages.js'
import { leadOn } from './lead-on.js'
import type { LoginContext, LoginTransaction } from './login.js'
import { loginParameters, otherWaysAction, satisfies } from './login-request.js'

/** Answers a login that has come back, by whichever way. */
export interface LoginCompletion {
  /**
   * On to `returnTo` for a citizen who is all that was asked for; else a page with the reason and a way out. `party`:
   * the way in that the login came by.
   */
  finishLogin(
    exchange: Exchange,
    citizen: Citizen,
    loginRequest: LoginTransaction & { readonly party: string },
  ): Reply
  /** The page for a `state` that this browser does not know, or not any more. */
  unknownStatePage(exchange: Exchange, state?: string): Reply
  /**
   * The answer to a login that comes back with such a `state`, as a page that is loaded again does: it is not read.
   * Whoever is signed in goes on to the start page.
   */
  unknownLoginReply(exchange: Exchange, state?: string, known?: KnownState): Promise<Reply>
}

/** What is known of a `state` that no login goes on with. */
export interface KnownState {
  /** It belongs to a login at another provider, which somebody should know of whoever is signed in. */
  readonly isOfAnother?: boolean | undefined
  /**
   * What the login of this browser is for whose answer another request has taken just now, as a form does that is sent by two
   * clicks. The browser may never see the answer to that one: it goes to the login once more, where whoever is signed in by
   * then goes on. Once, for something on the way may send everything twice.
   */
  readonly taken?: LoginRequest | undefined
  /** A logout could come back there as well. */
  readonly mayBeLogout?: boolean | undefined
}

/** A login that comes back, as it was when it left. */
export interface ReturningLogin {
  /** Whether it had asked the provider for a new authentication. */
  readonly askedReauthentication: boolean
  /** Whether the person had pressed our button, which may lift an application end. */
  readonly mayResume: boolean
  /** When it began. */
  readonly since: number
}

/** Answers a login that comes back with the citizen that it makes. */
export type ReadLoginReturn = (exchange: Exchange, login: ReturningLogin) => Promise<Citizen>

/** Answers the return from a login whose `state` is given. */
export type LoginReturn = (exchange: Exchange, state: string | undefined) => Promise<Reply>

type CompletionContext = Pick<
  LoginContext,
  'options' | 'methods' | 'checkReturnTarget' | 'logoutSettling' | 'inspect' | 'report' | 'loginHosts'
>

interface CompletionSteps extends CompletionContext {
  readonly pages: Pages
}

/**
 * Makes the end of every login. Only a citizen who is active, and as strongly as was asked, goes on to `returnTo`;
 * everybody else gets a page with the reason and a way out.
 */
export function createLoginCompletion(context: CompletionContext): LoginCompletion {
  const steps: CompletionSteps = { ...context, pages: createPages(context.options) }
  return {
    finishLogin: (exchange, citizen, transaction) => finishLogin(steps, exchange, citizen, transaction),
    unknownStatePage: (exchange, state) => unknownStatePage(steps, exchange, state),
    unknownLoginReply: (exchange, state, known) => unknownLoginReply(steps, exchange, state, known),
  }
}

function finishLogin(
  { options, pages, checkReturnTarget, logoutSettling, methods }: CompletionSteps,
  exchange: Exchange,
  citizen: Citizen,
  transaction: LoginTransaction & { readonly party: string },
): Reply {
  const { application, routes, clock } = options
  const returnTo = checkReturnTarget(transaction.returnTo) ?? application.startPage
  const loginRequest = { ...transaction, returnTo }
  if (transaction.reauthenticate && citizen.state === 'active') {
    logoutSettling.settle(exchange, citizen.session.startedAt, transaction.party)
  }
  if (citizen.state === 'active') methods.noteTaken(exchange, transaction.party)
  const now = clock()
  if (satisfies(citizen, loginRequest, now)) return leadOn(pages, exchange, returnTo)
  const isStuck = transaction.isUnproven === true && logoutSettling.isPending(exchange, transaction.party)
  if (isStuck) return pages.showPage(exchange, unprovenPage)
  const page = incompletePage(citizen, { routesPath: routes.path, loginRequest, now })
  if (!methods.isOpen()) return pages.showPage(exchange, page)
  const actions = [...page.actions, otherWaysAction(routes.path, loginRequest)]
  return pages.showPage(exchange, { ...page, actions })
}

function unknownStatePage(
  { options, pages, loginHosts }: CompletionSteps,
  exchange: Exchange,
  state: string | undefined,
  mayBeLogout = false,
): Reply {
  const compared = loginHosts.compare(exchange, state)
  const hosts = compared !== undefined && isRelated(compared) ? compared : undefined
  const { path } = options.routes
  const isEither = mayBeLogout && hosts === undefined
  return pages.showPage(exchange, isEither ? noReturnPage(path) : noStatePage(path, hosts))
}

async function unknownLoginReply(
  steps: CompletionSteps,
  exchange: Exchange,
  state: string | undefined,
  { isOfAnother = false, taken, mayBeLogout }: KnownState = {},
): Promise<Reply> {
  const { options, pages } = steps
  if (isOfAnother) steps.report({ type: 'token.rejected', problem: 'other-provider', credential: 'sign-in' })
  const destination = exchange.header('sec-fetch-dest')
  const isPage = asksForPage(exchange) && (destination === undefined || destination === 'document')
  if (isPage && taken !== undefined && taken.isRepeated !== true) {
    const query = new URLSearchParams(loginParameters({ ...taken, isRepeated: true }))
    return leadOn(pages, exchange, `${options.routes.path}/login?${query}`)
  }
  if (isPage && (await steps.inspect(exchange)).state === 'active') {
    return leadOn(pages, exchange, options.application.startPage)
  }
  const hosts = steps.loginHosts.compare(exchange, state)
  if (!isOfAnother) {
    steps.report({ type: 'token.rejected', problem: 'no-state', credential: 'sign-in', ...hosts })
  }
  return unknownStatePage(steps, exchange, state, mayBeLogout)
}

/** Makes the return from a login by the shared cookie. */
export function createLoginReturn(context: {
  readonly options: ResolvedOptions
  readonly transactions: TransactionCookies<LoginTransaction>
  readonly readReturn: ReadLoginReturn
  readonly completion: LoginCompletion
  readonly startLogin: LoginMethod['startLogin']
}): LoginReturn {
  const { transactions, completion } = context
  return async (exchange, state) => {
    const transaction = await transactions.take(exchange, state, context.options.clock())
    if (transaction === undefined) {
      const taken = transactions.find(exchange, state, context.options.clock())?.content
      return completion.unknownLoginReply(exchange, state, { taken, mayBeLogout: true })
    }
    const { content, since } = transaction
    const citizen = await context.readReturn(exchange, {
      askedReauthentication: content.reauthenticate,
      mayResume: content.mayResume,
      since,
    })
    if (mustAskAnew(citizen, content)) {
      return context.startLogin(exchange, {
        ...content,
        request: content,
        reauthenticate: true,
        strengthen: false,
      })
    }
    return completion.finishLogin(exchange, citizen, { ...content, party: sharedCookieName })
  }
}
