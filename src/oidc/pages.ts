/** @module What a person reads where a sign-in, or a message of the provider, led to nothing. */
import { loginParameters } from '../login/login-request.js'
import type { Page } from '../pages/page.js'
import type { LoginRequest } from '../protocols/login-method.js'

/** The provider could not show more than it had before; whoever was signed in still is. */
export function notStronger(routesPath: string, loginRequest: LoginRequest): Omit<Page, 'language'> {
  return {
    status: 401,
    title: 'title.sign-in-incomplete',
    paragraphs: ['judgement.assurance'],
    actions: [
      {
        label: 'action.sign-in-strong',
        method: 'get',
        href: `${routesPath}/login`,
        fields: loginParameters(loginRequest),
        primary: true,
      },
    ],
  }
}

/** A front-channel logout that the person sees, for it came as a page of its own: what it ended, or that it did not. */
export function frontchannelSeen(hasEnded: boolean): Omit<Page, 'language'> {
  return hasEnded
    ? { status: 200, title: 'title.signed-out', paragraphs: ['outcome.application'], actions: [] }
    : { status: 400, title: 'title.not-done', paragraphs: ['not-done.foreign'], actions: [] }
}
