/** @module Signing out at the identity provider. */
import { type Context, settleModes } from './context.js'
import { say } from './language.js'
import { html } from './markup.js'
import type { BrowserLogout } from './mode.js'
import { page, redirect } from './page.js'
import { returnAddress, returnParameter } from './return-field.js'
import { readForm, signedOutCookies, type Visit } from './visit.js'

/**
 * `GET|POST /logout`: ends the identity session at once, deletes the cookies, and returns where that is allowed; the
 * query of the return address stays as it was. Applications send the browser here top-level.
 */
export async function signOut(context: Context, visit: Visit): Promise<Response> {
  const parameters = visit.request.method === 'POST' ? await readForm(visit.request) : visit.query
  const sessions = [...visit.held, ...(visit.shared ? [visit.shared] : [])].map(({ session }) => session)
  const allCookies = signedOutCookies(context)
  // In a later request the person may have signed in again in another tab: those cookies stay.
  const finish = (isLater: boolean) => leave(context, parameters, isLater ? [] : allCookies)
  return endInBrowser(context, { sessions, finish, cookies: allCookies })
}

/** Ends sessions; where a mode has participants that the browser has to visit, it is led there first. */
export async function endInBrowser(context: Context, logout: BrowserLogout): Promise<Response> {
  for (const mode of context.modes) if (mode.leave) return mode.leave(logout)
  for (const session of logout.sessions) context.sessions.end(session)
  return logout.finish(false)
}

async function leave(context: Context, parameters: URLSearchParams, cookies: readonly string[]) {
  await settleModes(context)
  const target = returnAddress(context, parameters, '/logout')
  if (parameters.get(returnParameter) && target !== undefined) return redirect(target, cookies)
  const isRefused = target === undefined
  return page(context, {
    title: say('Signed out', 'Déconnexion terminée'),
    cookies,
    status: isRefused ? 400 : 200,
    content: html`<section><p>${say('You are signed out of CitizenOne and of every application that shares its cookie.', 'Vous êtes déconnecté de CitizenOne et de toutes les applications qui partagent son témoin.')}</p>
${isRefused && html`<p class="bad">${say('The address to return to is outside the base domain, so you stay here.', 'L’adresse de retour est hors du domaine commun : vous restez ici.')}</p>`}
<p><a href="/login">${say('Sign in again', 'Se connecter de nouveau')}</a></p></section>`,
  })
}
