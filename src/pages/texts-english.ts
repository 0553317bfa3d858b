/** @module The words of the pages in English, which decide which keys there are. */
import type { AnonymousReason } from '../citizen.js'
import type { LegName, LegState, LogoutOutcome } from '../receipt.js'

/** Keys that follow from a value: `reason.idle-timeout`, `leg.cookies`, `leg-state.done`, `outcome.global`. */
type DerivedKey =
  | `reason.${AnonymousReason}`
  | `leg.${LegName}`
  | `leg-state.${LegState}`
  | `outcome.${LogoutOutcome}`

export const english = {
  'title.session-ended': 'Your session has ended',
  'title.sign-in': 'Please sign in',
  'title.going-on': 'One moment, please',
  'going-on.explain': 'You are being taken on. If nothing happens, use the button.',
  'title.sign-out': 'Do you want to sign out?',
  'title.signed-out': 'You are signed out',
  'title.sign-out-incomplete': 'Your sign-out is not complete yet',
  'title.second-factor': 'One more step is needed',
  'title.sign-in-incomplete': 'Your sign-in did not complete',
  'title.cookies': 'Your browser sent cookies that do not belong together',
  'title.cookies-too-large': 'Your browser sent too many cookies',
  'title.unavailable': 'This service is not available right now',
  'title.not-sent': 'Your form was not sent',
  'title.not-found': 'There is nothing at this address',
  'title.not-done': 'Nothing was changed',
  'title.not-allowed': 'This page is not open to you',

  'reason.not-signed-in': 'You are not signed in.',
  'reason.not-started': 'Your session here has not begun yet.',
  'reason.token-expired': 'Your sign-in has expired.',
  'reason.invalid-token': 'Your sign-in could not be recognised.',
  'reason.ambiguous-cookie': 'Your browser sent sign-in cookies of more than one session.',
  'reason.idle-timeout': 'You were away for a while. We signed you out to protect your information.',
  'reason.absolute-timeout': 'Your session reached its longest time.',
  'reason.application-sign-out': 'You signed out of this application.',
  'reason.identity-ended': 'The sign-in service has signed you out.',
  'reason.identity-changed': 'This browser has signed in with another account since.',
  'reason.signed-out': 'You signed out in this or another application.',
  'reason.too-many-sessions':
    'You have signed in more often than this application keeps sessions, and this one was unused for the longest time.',
  'reason.provider-removed': 'The sign-in service that you used is not part of this application any more.',
  'reason.revoked': 'You were signed out from elsewhere, for example from another device.',

  'login.again': 'Sign in again to go on where you left off.',
  'login.provider-unasked': 'You signed out here, but the sign-in service may still know you.',
  'title.choose-way': 'Choose how to sign in',
  'login.choose-way': 'This browser remembers your choice.',
  'login.no-way':
    'This application has many sign-in services: begin at the address that your organisation has given you.',
  'action.other-ways': 'Other ways to sign in',
  'provider.other-needed': 'This part is for people who sign in by another sign-in service.',
  'provider.sign-out-first': 'You are signed in already. To change, sign out and sign in there.',
  'action.sign-in': 'Sign in',
  'action.sign-in-again': 'Sign in again',
  'action.continue': 'Continue',
  'action.try-again': 'Try again',
  'action.home': 'Go to the start page',

  'sign-out.explain': 'You can sign out of all applications, or only of this one.',
  'sign-out.explain-provider':
    'You can sign out here and at the sign-in service, or only of this application.',
  'sign-out.other-people': 'If other people use this device, choose everywhere.',
  'action.sign-out-everywhere': 'Sign out everywhere',
  'action.sign-out-here': 'Sign out only here',
  'action.stay': 'Stay signed in',
  'action.sign-out-and-in': 'Sign out everywhere and sign in again',
  'action.finish-sign-out': 'Finish signing out',

  'outcome.global': 'You are signed out of all applications and of the sign-in service.',
  'outcome.global-provider':
    'You are signed out here and at the sign-in service. Whether other applications follow is up to that service.',
  'outcome.nobody': 'You were not signed in here, so there was nothing to end.',
  'outcome.partial': 'You are signed out here. Some other part could not be confirmed; the list says which.',
  'outcome.failed': 'Some part of it failed. Please try again, or close your browser.',
  'outcome.application': 'Only this application has signed you out. You may still be signed in elsewhere.',
  'signed-out.no-state':
    'You are signed out here. The sign-in service has sent you back without saying whether your session there has ended.',
  'leave.used':
    'You are signed out here. The way on to the sign-in service was taken before, or is too old: whether your session there has ended is not known.',
  'leave.over': 'This address belonged to a sign-out, and leads nowhere any more.',
  'signed-out.close': 'If other people use this device, close the browser as well.',
  'leg.sessions': 'Sessions of the applications',
  'leg.cookies': 'Shared sign-in cookies',
  'leg.own-cookie': 'Sign-in cookie of this application',
  'leg.identity': 'Session at the sign-in service',
  'leg.tokens': 'Tokens of the sign-in service',
  'leg-state.done': 'ended',
  'leg-state.skipped': 'not needed',
  'leg-state.refused': 'refused',
  'leg-state.timed-out': 'no answer in time',
  'leg-state.unknown': 'not confirmed',
  'leg-state.left': 'left as it was',
  'leg-state.not-possible': 'cannot be ended from here',
  'leg-state.other-sessions': 'deleted here; other sign-ins of yours may go on',

  'second-factor.needed': 'You have signed in, but this application needs a second proof that it is you.',
  'action.second-factor': 'Go to the second step',
  'judgement.not-active': 'You came back from the sign-in service without being signed in.',
  'judgement.assurance': 'You are signed in, but not in the strong way that this part needs.',
  'judgement.same-session':
    'The sign-in service returned the session that has ended. To begin a new one, sign out everywhere and sign in again.',
  'judgement.unproven':
    'You came back from the sign-in service, but it does not say that you have just proven who you are. To protect you, nobody is signed in.',
  'judgement.unproven-remedy':
    'Trying again in this browser will not help. Please tell whoever runs this application.',
  'judgement.not-recent': 'You are signed in, but this part needs you to prove again that it is you.',
  'judgement.no-state':
    'This visit does not belong to a sign-in that this browser began, or it took too long. Nothing has changed.',
  'judgement.no-return':
    'This visit does not belong to a sign-in or a sign-out that is under way in this browser: it was finished before, or took too long.',
  'judgement.other-host':
    'The sign-in began at another address than the one that it came back to, so this browser does not know it here. Open the start page below and sign in there.',
  'host.began': 'Where it began',
  'host.came': 'Where it came back to',
  'judgement.loop':
    'The address of the sign-in service leads back to this application, so nobody can sign in. Please tell whoever runs this service.',
  'action.sign-in-strong': 'Sign in in the stronger way',

  'cookies.explain': 'We cannot tell which sign-in is yours. To protect you, nobody is signed in.',
  'cookies.remedy':
    'Sign out everywhere and sign in again. If this page comes back, delete the cookies of this site.',
  'cookies.too-large':
    'They are more than we read, so nobody can be signed in. Delete the cookies of this site and open it again. If this page comes back, please tell whoever runs this service.',
  'unavailable.explain':
    'Your session could not be looked up. You have not been signed out, and nothing was lost.',
  'unavailable.sign-in': 'Your sign-in could not be finished.',
  'unavailable.sign-in-service': 'The sign-in service does not answer.',
  'unavailable.provider-session':
    'You are signed in by a sign-in service that is not known here, or not yet. Nobody has signed you out.',
  'unavailable.provider': 'This sign-in service is not known here, or not yet.',
  'unavailable.remedy': 'Please try again in a moment.',
  'not-sent.nothing-kept':
    'Nothing of it was kept. Use your browser’s back button to copy what you wrote, then sign in and send it again.',
  'not-sent.foreign': 'The request did not come from a page of this application, so nothing was changed.',
  'not-found.explain': 'The address may be misspelt, or what was here has moved.',
  'not-done.foreign': 'The request did not come from a page of this application.',
  'not-done.unreadable': 'The request could not be read.',
  'not-allowed.explain': 'You are signed in, but your account does not have access here.',
} as const satisfies Readonly<Record<DerivedKey, string>> & Readonly<Record<string, string>>

/** Names a text of the pages. */
export type TextKey = keyof typeof english
