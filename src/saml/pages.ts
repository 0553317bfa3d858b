/** @module What a person reads where a message of the provider led to nothing. */
import type { Page } from '../pages/page.js'

/** A page without its status, which is that of the error. */
export type FailurePage = Omit<Page, 'language' | 'status'>

/** The provider's answer to a sign-in was refused. */
export function failedSignIn(routesPath: string, name: string | undefined): FailurePage {
  return {
    title: 'title.sign-in-incomplete',
    paragraphs: ['reason.invalid-token'],
    actions: [
      {
        label: 'action.try-again',
        method: 'get',
        href: `${routesPath}/login`,
        ...(name === undefined ? {} : { fields: { via: name } }),
        primary: true,
      },
    ],
  }
}

/** The provider's message about a sign-out was refused. */
export function failedSignOut(routesPath: string): FailurePage {
  return {
    title: 'title.sign-out-incomplete',
    paragraphs: ['outcome.failed'],
    actions: [
      { label: 'action.finish-sign-out', method: 'post', href: `${routesPath}/logout`, primary: true },
    ],
  }
}

/** Nothing is known of the provider yet. */
export const providerUnknown: FailurePage = {
  title: 'title.unavailable',
  paragraphs: ['unavailable.sign-in-service', 'unavailable.remedy'],
  actions: [],
}

/** The sessions have ended, and the metadata says nowhere where to tell it. */
export const nobodyToTell: FailurePage = {
  title: 'title.signed-out',
  paragraphs: ['outcome.application', 'signed-out.close'],
  actions: [],
}
