/** @module The pages of a choice among several ways in. */
import { retrySoon } from '../errors.js'
import type { PageContent } from '../pages/page.js'
import type { OfferedWay } from './choose-method.js'
import { loginParameters, signOutAndInAction } from './login-request.js'
import { type LoginPageContext, tryAgainAction } from './pages.js'

/** The page on which a person chooses. Pressing a button of it is a decision, as pressing any of ours. */
export function choicePage(
  { routesPath, loginRequest }: LoginPageContext,
  ways: readonly OfferedWay[],
): PageContent {
  if (ways.length === 0) {
    return { status: 200, title: 'title.sign-in', paragraphs: ['login.no-way'], actions: [] }
  }
  return {
    status: 200,
    title: 'title.choose-way',
    paragraphs: ['login.choose-way'],
    choices: ways.map(({ name, title, logo }) => ({
      title,
      logo,
      href: `${routesPath}/login`,
      fields: loginParameters({ ...loginRequest, via: name }),
    })),
    actions: [],
  }
}

/** The page for a session of a provider that is not known here, or not yet. It goes on, and may be left. */
export function unknownSessionPage(context: LoginPageContext): PageContent {
  const { routesPath, loginRequest } = context
  return {
    ...unknownWayPage(context),
    paragraphs: ['unavailable.provider-session', 'unavailable.remedy'],
    actions: [tryAgainAction(context), { ...signOutAndInAction(routesPath, loginRequest), primary: false }],
  }
}

/** The page for a way in that is named and not known here, or not yet. */
export function unknownWayPage(context: LoginPageContext): PageContent {
  return {
    status: 503,
    title: 'title.unavailable',
    paragraphs: ['unavailable.provider', 'unavailable.remedy'],
    actions: [tryAgainAction(context)],
    headers: retrySoon,
  }
}
