/** @module The way back from the identity provider: judged here, so that nothing can loop. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange, Reply } from '../exchange.js'
import type { Page, PageAction } from '../pages/page.js'
import { createPages } from '../pages/pages.js'
import { type LoginRequest, sharedCookieName } from '../protocols/login-method.js'
import { asksForPage } from '../sessions/activity.js'
import { isTooWeak } from '../sessions/assurance.js'
import { isRelated } from './hosts.js'
import { leadOn } from './lead-on.js'
import type { LoginContext, LoginTransaction } from './login.js'
import { lackingOf, loginParameters, satisfies, signInAction, signOutAndInAction } from './login-request.js'

/** Answers a login that has come back, by whichever way. */
export interface LoginCompletion {
  /**
   * On to `returnTo` for a citizen who is all that was wished for; else a page with the reason and a way out. `party`:
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
  unknownLoginReply(exchange: Exchange, state?: string): Promise<Reply>
}

/** How a visit that comes back from a login is taken in. */
export type ReadLoginReturn = (
  exchange: Exchange,
  arrival: { readonly askedReauthentication: boolean; readonly mayResume: boolean; readonly since: number },
) => Promise<Citizen>

/** Answers the return from a login whose `state` is given. */
export type LoginReturn = (exchange: Exchange, state: string | undefined) => Promise<Reply>

type Judgement = Omit<Page, 'language'>

/**
 * Makes the end of every login. Only a citizen who is active, and as strongly as was asked, goes on to `returnTo`;
 * everybody else gets a page with the reason and a way out.
 */
export function createLoginCompletion(
  context: Pick<
    LoginContext,
    'options' | 'checkReturnTarget' | 'logoutSettling' | 'inspect' | 'report' | 'loginHosts'
  >,
): LoginCompletion {
  const { options, checkReturnTarget } = context
  const { routes, clock } = options
  const { startPage } = options.application
  const pages = createPages(options)

  const tryAgain = (
    loginRequest: LoginRequest,
    label: PageAction['label'] = 'action.try-again',
  ): PageAction => ({
    label,
    method: 'get',
    href: `${routes.path}/login`,
    fields: loginParameters(loginRequest),
    primary: true,
  })

  /** A sign-out has been tried, and the provider could not end what it goes on with: the same would come once more. */
  const unproven: Judgement = {
    status: 401,
    title: 'title.sign-in-incomplete',
    paragraphs: ['judgement.unproven', 'judgement.unproven-remedy'],
    actions: [],
  }

  const judge = (citizen: Citizen, loginRequest: LoginTransaction): Judgement => {
    const incomplete = { status: 401, title: 'title.sign-in-incomplete' } as const
    switch (citizen.state) {
      case 'unavailable':
        return {
          status: 503,
          title: 'title.unavailable',
          paragraphs: ['unavailable.sign-in', 'unavailable.remedy'],
          actions: [tryAgain(loginRequest)],
        }
      case 'mfa-required':
        return {
          status: 401,
          title: 'title.second-factor',
          paragraphs: ['second-factor.needed'],
          actions: [tryAgain(loginRequest, 'action.second-factor')],
        }
      case 'active': {
        const lacking = lackingOf(citizen.assurance, loginRequest, clock())
        const lacksStrength = lacking !== undefined && isTooWeak(lacking)
        return {
          ...incomplete,
          paragraphs: [lacksStrength ? 'judgement.assurance' : 'judgement.not-recent'],
          actions: lacksStrength
            ? [tryAgain(loginRequest, 'action.sign-in-strong')]
            : [signOutAndInAction(routes.path, loginRequest)],
        }
      }
      case 'anonymous':
        return judgeAnonymous(citizen.reason, loginRequest)
    }
  }

  const judgeAnonymous = (
    reason: Extract<Citizen, { state: 'anonymous' }>['reason'],
    loginRequest: LoginTransaction,
  ): Judgement => {
    const incomplete = { status: 401, title: 'title.sign-in-incomplete' } as const
    switch (reason) {
      case 'ambiguous-cookie':
        return {
          status: 401,
          title: 'title.cookies',
          paragraphs: ['cookies.explain', 'cookies.remedy'],
          actions: [signOutAndInAction(routes.path, loginRequest, loginRequest.returnTo)],
        }
      case 'not-signed-in':
      case 'not-started':
      case 'token-expired':
      case 'invalid-token':
        return {
          ...incomplete,
          paragraphs: [reason === 'not-signed-in' ? 'judgement.not-active' : `reason.${reason}`],
          actions: [tryAgain(loginRequest)],
        }
      default:
        // Nobody has decided anything yet: the end was found only now.
        if (!loginRequest.mayResume && !loginRequest.reauthenticate) {
          return {
            status: 401,
            title: 'title.session-ended',
            paragraphs: [`reason.${reason}`, 'login.again'],
            actions: [signInAction(routes.path, loginRequest)],
          }
        }
        return {
          ...incomplete,
          paragraphs: [`reason.${reason}`, 'judgement.same-session'],
          actions: [signOutAndInAction(routes.path, loginRequest)],
        }
    }
  }

  const render = (exchange: Exchange, judgement: Judgement): Reply => {
    const reply = pages.showPage(exchange, judgement)
    return judgement.status === 503 ? { ...reply, headers: { ...reply.headers, 'retry-after': '5' } } : reply
  }

  const withoutState = (exchange: Exchange, state?: string): Reply => {
    const compared = context.loginHosts.compare(exchange, state)
    const hosts = compared !== undefined && isRelated(compared) ? compared : undefined
    return render(exchange, {
      status: 400,
      title: 'title.sign-in-incomplete',
      paragraphs: hosts === undefined ? ['judgement.no-state'] : ['judgement.other-host'],
      facts: hosts && [
        { label: 'host.began', value: hosts.given },
        { label: 'host.came', value: hosts.expected },
      ],
      actions: ['home', { label: 'action.sign-in', method: 'get', href: `${routes.path}/login` }],
    })
  }

  return {
    unknownStatePage: withoutState,
    async unknownLoginReply(exchange, state) {
      const destination = exchange.header('sec-fetch-dest')
      const isPage = asksForPage(exchange) && (destination === undefined || destination === 'document')
      if (isPage && (await context.inspect(exchange)).state === 'active')
        return leadOn(pages, exchange, startPage)
      const hosts = context.loginHosts.compare(exchange, state)
      context.report({ type: 'token.rejected', problem: 'no-state', credential: 'sign-in', ...hosts })
      return withoutState(exchange, state)
    },
    finishLogin(exchange, citizen, transaction) {
      const loginRequest = { ...transaction, returnTo: checkReturnTarget(transaction.returnTo) ?? startPage }
      if (transaction.reauthenticate && citizen.state === 'active') {
        context.logoutSettling.settle(exchange, citizen.session.startedAt, transaction.party)
      }
      if (satisfies(citizen, loginRequest, clock())) return leadOn(pages, exchange, loginRequest.returnTo)
      const isStuck =
        transaction.isUnproven === true && context.logoutSettling.isPending(exchange, transaction.party)
      return render(exchange, isStuck ? unproven : judge(citizen, loginRequest))
    },
  }
}

/** Makes the return from a login by the shared cookie. */
export function createLoginReturn(context: {
  readonly options: ResolvedOptions
  readonly transactions: TransactionCookies<LoginTransaction>
  readonly arrive: ReadLoginReturn
  readonly conclusion: LoginCompletion
}): LoginReturn {
  const { transactions, conclusion } = context
  return async (exchange, state) => {
    const transaction = await transactions.take(exchange, state, context.options.clock())
    if (transaction === undefined) return conclusion.unknownLoginReply(exchange, state)
    const { content, since } = transaction
    const citizen = await context.arrive(exchange, {
      askedReauthentication: content.reauthenticate,
      mayResume: content.mayResume,
      since,
    })
    return conclusion.finishLogin(exchange, citizen, { ...content, party: sharedCookieName })
  }
}
