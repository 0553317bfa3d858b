/** @module The pages of a login on which a person must decide, or that say why it cannot go on. */
import type { AnonymousReason } from '../citizen.js'
import { retrySoon } from '../errors.js'
import type { PageAction, PageContent } from '../pages/page.js'
import type { LoginRequest } from '../protocols/login-method.js'
import { loginParameters, signInAction, signOutAndInAction } from './login-request.js'

/** Where a login leads and where our routes are: what the buttons of a page need. */
export interface LoginPageContext {
  readonly routesPath: string
  readonly loginRequest: LoginRequest
}

/** The button that goes through the same login once more. */
export function tryAgainAction(
  { routesPath, loginRequest }: LoginPageContext,
  label: PageAction['label'] = 'action.try-again',
): PageAction {
  return {
    label,
    method: 'get',
    href: `${routesPath}/login`,
    fields: loginParameters(loginRequest),
    primary: true,
  }
}

/** The page of an outage; `explanation`: what cannot be done now. */
export function unavailablePage(
  context: LoginPageContext,
  explanation: 'unavailable.explain' | 'unavailable.sign-in',
): PageContent {
  return {
    status: 503,
    title: 'title.unavailable',
    paragraphs: [explanation, 'unavailable.remedy'],
    actions: [tryAgainAction(context)],
    headers: retrySoon,
  }
}

/** The page for cookies that do not belong together, which came to the page `seenAt`. */
export function ambiguousPage({ routesPath, loginRequest }: LoginPageContext, seenAt: string): PageContent {
  return {
    status: 401,
    title: 'title.cookies',
    paragraphs: ['cookies.explain', 'cookies.remedy'],
    actions: [signOutAndInAction(routesPath, loginRequest, seenAt)],
  }
}

/** The page for a session that has ended: only the person's own decision begins another one. */
export function endedPage(
  { routesPath, loginRequest }: LoginPageContext,
  reason: AnonymousReason,
  status: 200 | 401,
): PageContent {
  return {
    status,
    title: 'title.session-ended',
    paragraphs: [`reason.${reason}`, 'login.again'],
    actions: [signInAction(routesPath, loginRequest)],
  }
}

/** The page before a provider whose session may go on, and that cannot be asked for a new authentication unseen. */
export function unaskedPage({ routesPath, loginRequest }: LoginPageContext): PageContent {
  return {
    status: 200,
    title: 'title.sign-in',
    paragraphs: ['login.provider-unasked'],
    actions: [signInAction(routesPath, loginRequest)],
  }
}

/** The page for somebody whose session, which comes before any other, is not of a provider that is asked for. */
export function elsewherePage({ routesPath, loginRequest }: LoginPageContext): PageContent {
  return {
    status: 200,
    title: 'title.sign-in',
    paragraphs: ['provider.other-needed', 'provider.sign-out-first'],
    actions: [signOutAndInAction(routesPath, loginRequest)],
  }
}

/** The page for a login that another site's form began. */
export function foreignFormPage({ routesPath, loginRequest }: LoginPageContext): PageContent {
  return {
    status: 403,
    title: 'title.sign-in',
    paragraphs: ['not-sent.foreign'],
    actions: [signInAction(routesPath, loginRequest)],
  }
}

/** The page for more cookies than are read: no login could help, for its answer would not be read either. */
export const tooLargePage: PageContent = {
  status: 400,
  title: 'title.cookies-too-large',
  paragraphs: ['cookies.too-large'],
  actions: [],
}

/** The page for a login address at the provider that leads back to our own login. */
export const loopPage: PageContent = {
  status: 400,
  title: 'title.sign-in-incomplete',
  paragraphs: ['judgement.loop'],
  actions: [],
}
