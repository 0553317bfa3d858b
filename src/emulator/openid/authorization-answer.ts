/** @module The answer to an authorization request, on its way to the client. */
import { say } from '../language.js'
import { html } from '../markup.js'
import { redirect } from '../page.js'
import type { Visit } from '../visit.js'
import type { AnswerTarget } from './authorization-request.js'
import { scriptedPage } from './framed-page.js'
import { faultsOf, livingOf, type Provider } from './provider.js'
import { browserStateOf, originOf, sessionStateOf } from './session-state.js'

/** The `session_state` of this browser for a client, where the client asked for session status notification. */
export function sessionStateFor(
  provider: Provider,
  visit: Visit,
  { client, redirectUri }: AnswerTarget,
): string | undefined {
  const { context } = provider
  if (client.performSessionStatusNotification !== true || faultsOf(provider).withoutSessionState)
    return undefined
  if (originOf(redirectUri) === 'null') return undefined
  return sessionStateOf({
    clientId: client.client_id,
    redirectUri,
    browserState: browserStateOf(livingOf(context, visit)),
    salt: Buffer.from(context.options.random(12)).toString('base64url'),
  })
}

/**
 * Sends parameters to the client, with `state`, `iss` and `session_state`. `undefined` ones are left out.
 * Sources: RFC 9207, section 2; Session Management, section 2; Form Post Response Mode, section 2.
 */
export function answerTo(
  provider: Provider,
  target: AnswerTarget,
  given: Readonly<Record<string, string | undefined>>,
): Response {
  const { state, redirectUri, responseMode } = target
  const iss = faultsOf(provider).withoutIss ? undefined : provider.context.url()
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...given, state, iss })) {
    if (value !== undefined) parameters.set(name, value)
  }
  if (responseMode === 'form_post') return formPost(redirectUri, parameters)
  if (responseMode === 'fragment') return redirect(`${redirectUri}#${parameters}`)
  return redirect(`${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${parameters}`)
}

/** An error for the client. */
export function errorTo(
  provider: Provider,
  visit: Visit,
  {
    target,
    error,
    message,
  }: { readonly target: AnswerTarget; readonly error: string; readonly message: string },
): Response {
  return answerTo(provider, target, {
    error,
    error_description: message,
    session_state: sessionStateFor(provider, visit, target),
  })
}

function formPost(redirectUri: string, parameters: URLSearchParams) {
  return scriptedPage({
    title: say('On to the application', 'Vers l’application'),
    formOrigins: [originOf(redirectUri)],
    script: 'document.forms[0].submit()',
    content: html`<form method="post" action="${redirectUri}">${[...parameters].map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    )}<button>${say('Continue', 'Continuer')}</button></form>`,
  })
}
