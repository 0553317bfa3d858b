/** @module The pages for a login that has come back and is not what was asked for: the reason, and a way out. */
import type { AnonymousReason, Citizen } from '../citizen.js'
import type { PageContent } from '../pages/page.js'
import { isTooWeak } from '../sessions/assurance.js'
import type { HostsOfLogin } from './hosts.js'
import type { LoginTransaction } from './login.js'
import { isAtWanted, lackingOf, signOutAndInAction } from './login-request.js'
import { ambiguousPage, endedPage, tryAgainAction, unavailablePage } from './pages.js'

/** A login that has come back. */
export interface IncompleteLogin {
  readonly routesPath: string
  readonly loginRequest: LoginTransaction
  readonly now: number
}

const incomplete = { status: 401, title: 'title.sign-in-incomplete' } as const

/** A sign-out has been tried, and the provider could not end what it goes on with: the same would come once more. */
export const unprovenPage: PageContent = {
  ...incomplete,
  paragraphs: ['judgement.unproven', 'judgement.unproven-remedy'],
  actions: [],
}

/** The page for a `state` that this browser does not know at a route where logins and logouts come back. */
export function noReturnPage(routesPath: string): PageContent {
  const actions: PageContent['actions'] = [
    'home',
    { label: 'action.sign-in', method: 'get', href: `${routesPath}/login` },
  ]
  return { status: 400, title: 'title.not-done', paragraphs: ['judgement.no-return'], actions }
}

/** The page for a `state` that this browser does not know; `hosts`: where its login began and came back, if not at one. */
export function noStatePage(routesPath: string, hosts: HostsOfLogin | undefined): PageContent {
  return {
    status: 400,
    title: 'title.sign-in-incomplete',
    paragraphs: hosts === undefined ? ['judgement.no-state'] : ['judgement.other-host'],
    facts: hosts && [
      { label: 'host.began', value: hosts.given },
      { label: 'host.came', value: hosts.expected },
    ],
    actions: ['home', { label: 'action.sign-in', method: 'get', href: `${routesPath}/login` }],
  }
}

/** The page for a citizen who is not all that the login was to make of them. */
export function incompletePage(citizen: Citizen, login: IncompleteLogin): PageContent {
  const { routesPath, loginRequest } = login
  switch (citizen.state) {
    case 'unavailable':
      return unavailablePage(login, 'unavailable.sign-in')
    case 'mfa-required':
      return {
        status: 401,
        title: 'title.second-factor',
        paragraphs: ['second-factor.needed'],
        actions: [tryAgainAction(login, 'action.second-factor')],
      }
    case 'active': {
      if (!isAtWanted(citizen, loginRequest)) {
        return { ...incomplete, paragraphs: ['provider.other-needed'], actions: [tryAgainAction(login)] }
      }
      const lacking = lackingOf(citizen.assurance, loginRequest, login.now)
      const lacksStrength = lacking !== undefined && isTooWeak(lacking)
      return {
        ...incomplete,
        paragraphs: [lacksStrength ? 'judgement.assurance' : 'judgement.not-recent'],
        actions: lacksStrength
          ? [tryAgainAction(login, 'action.sign-in-strong')]
          : [signOutAndInAction(routesPath, loginRequest)],
      }
    }
    case 'anonymous':
      return anonymousPage(citizen.reason, login)
  }
}

function anonymousPage(reason: AnonymousReason, login: IncompleteLogin): PageContent {
  const { routesPath, loginRequest } = login
  switch (reason) {
    case 'ambiguous-cookie':
      return ambiguousPage(login, loginRequest.returnTo)
    case 'not-signed-in':
    case 'not-started':
    case 'token-expired':
    case 'invalid-token':
      return {
        ...incomplete,
        paragraphs: [reason === 'not-signed-in' ? 'judgement.not-active' : `reason.${reason}`],
        actions: [tryAgainAction(login)],
      }
    default:
      // Nobody has decided anything yet: the end was found only now.
      if (!loginRequest.mayResume && !loginRequest.reauthenticate) return endedPage(login, reason, 401)
      return {
        ...incomplete,
        paragraphs: [`reason.${reason}`, 'judgement.same-session'],
        actions: [signOutAndInAction(routesPath, loginRequest)],
      }
  }
}
