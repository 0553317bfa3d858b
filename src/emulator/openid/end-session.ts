/** @module RP-initiated logout: asks where it must, ends the session, tells every client, sends the browser back. */
import { identityCookieLine, sharedCookieLines } from '../cookies.js'
import { endpointPaths } from '../endpoints.js'
import { say } from '../language.js'
import { html } from '../markup.js'
import { page, redirect } from '../page.js'
import type { Route } from '../route.js'
import { endInBrowser } from '../sign-out.js'
import { cookieOptions, readForm, type SignedIn, type Visit } from '../visit.js'
import { scriptedPage } from './framed-page.js'
import { type LogoutRequest, meantSessions, readLogoutRequest } from './logout-request.js'
import { faultsOf, livingOf, type Provider } from './provider.js'
import { originOf } from './session-state.js'
import type { SsoSession } from './sso-register.js'

/** How long the browser may wait for the clients' frames, in milliseconds. */
const frameMilliseconds = 3000

/** `GET|POST logout.idp`. Source: RP-Initiated Logout 1.0, sections 2 and 3. */
export function createEndSession(provider: Provider): Route {
  const { context, logouts, options } = provider
  const self = () => `${context.url()}${endpointPaths['end-session']}`
  async function begin(visit: Visit, parameters: URLSearchParams) {
    const request = await readLogoutRequest(provider, parameters)
    if (typeof request === 'string') return refused(provider, request)
    return follow(visit, request)
  }
  function follow(visit: Visit, request: LogoutRequest) {
    const meant = meantSessions(provider, request, livingOf(context, visit))
    const mustAsk = options.confirmsLogout && request.hint === undefined && meant.length > 0
    return mustAsk ? askFirst(provider, request, meant) : finish(provider, visit, request)
  }
  return {
    takesForeignForms: true,
    async GET(_, visit) {
      if (faultsOf(provider).withoutEndSession) return notThere(provider)
      const ticket = visit.query.get('request')
      if (ticket === null) return begin(visit, visit.query)
      const request = logouts.take(ticket)
      return request ? follow(visit, request) : refused(provider, 'this logout was started too long ago')
    },
    async POST(_, visit) {
      if (faultsOf(provider).withoutEndSession) return notThere(provider)
      const form = await readForm(visit.request)
      if (form.has('confirmed')) {
        // The ticket was made for this page of ours: another site does not know it.
        const request = logouts.take(form.get('confirmed'))
        return request ? finish(provider, visit, request) : refused(provider, 'this page is too old')
      }
      const request = await readLogoutRequest(provider, form)
      if (typeof request === 'string') return refused(provider, request)
      // A form of another site may come without our cookies; the GET that follows brings them.
      return redirect(`${self()}?request=${logouts.keep(request)}`)
    },
  }
}

const refused = ({ context }: Provider, message: string) =>
  page(context, {
    title: say('Not signed out', 'Pas de déconnexion'),
    status: 400,
    content: html`<section><p class="bad" lang="en">${message}</p><p><a href="/">${say('Home', 'Accueil')}</a></p></section>`,
  })

const notThere = ({ context }: Provider) =>
  page(context, {
    title: say('Not found', 'Il n’y a rien ici'),
    status: 404,
    content: html`<section><a href="/">${say('Home', 'Accueil')}</a></section>`,
  })

function askFirst({ context, logouts }: Provider, request: LogoutRequest, meant: readonly SignedIn[]) {
  const who = meant.map(({ person }) => person.name).join(', ')
  const name = request.client?.client_name ?? request.client?.client_id
  return page(context, {
    title: say('Sign out?', 'Se déconnecter ?'),
    content: html`<section><p>${name === undefined ? say('An application', 'Une application') : name} ${say('asks to sign you out', 'demande de vous déconnecter')} (${who}), ${say('here and in every application', 'ici et dans toutes les applications')}.</p>
<form method="post" action="${endpointPaths['end-session']}"><input type="hidden" name="confirmed" value="${logouts.keep(request)}">
<button>${say('Sign out everywhere', 'Se déconnecter partout')}</button></form>
<p><a href="/">${say('Stay signed in', 'Rester connecté')}</a></p></section>`,
  })
}

async function finish(provider: Provider, visit: Visit, request: LogoutRequest): Promise<Response> {
  const { context, register, notices } = provider
  const meant = meantSessions(provider, request, livingOf(context, visit))
  const ended = meant.map(({ session }) => register.of(session))
  const cookies = meant.map(({ person }) =>
    identityCookieLine(undefined, person.upstream, cookieOptions(context)),
  )
  const isShared = meant.some(({ session }) => session === visit.shared?.session)
  if (isShared) cookies.push(...sharedCookieLines(undefined, cookieOptions(context)))
  const goOn = async (isLater: boolean) => {
    await notices.settled()
    const frames = ended.flatMap((sso) => frameAddresses(provider, sso))
    // In a later request the person may have signed in again in another tab: those cookies stay.
    const now = isLater ? [] : cookies
    if (frames.length > 0) return framesPage(frames, request.target, now)
    return request.target === undefined ? signedOut(provider, now) : redirect(request.target, now)
  }
  const sessions = meant.map(({ session }) => session)
  return endInBrowser(context, { sessions, finish: goOn, cookies })
}

function signedOut({ context, notices }: Provider, cookies: readonly string[]) {
  const told = notices.deliveries.slice(0, 12)
  return page(context, {
    title: say('Signed out', 'Déconnexion terminée'),
    cookies,
    content: html`<section><p>${say('You are signed out.', 'Vous êtes déconnecté.')}</p>
${
  told.length > 0 &&
  html`<table><thead><tr><th>${'Application'}</th><th>${say('Told', 'Réponse')}</th></tr></thead><tbody>${told.map(
    ({ clientId, outcome, status }) => html`<tr><td>${clientId}</td><td>${outcome} ${status}</td></tr>`,
  )}</tbody></table>`
}
<p><a href="/login">${say('Sign in again', 'Se connecter de nouveau')}</a></p></section>`,
  })
}

/** One address a client, with `iss` and `sid` where it asked for them. Source: Front-Channel Logout 1.0, section 3. */
function frameAddresses({ context, options }: Provider, sso: SsoSession): readonly string[] {
  return [...sso.participants.keys()].flatMap((clientId) => {
    const client = options.clients.get(clientId)
    if (client?.frontchannel_logout_uri === undefined) return []
    const address = new URL(client.frontchannel_logout_uri)
    if (client.frontchannel_logout_session_required) {
      address.searchParams.append('iss', context.url())
      address.searchParams.append('sid', sso.sid)
    }
    return [address.href]
  })
}

/** Goes on as soon as every frame has loaded, or the time is over. */
const framesScript = `const main=document.querySelector('main');
let left=document.querySelectorAll('iframe').length;
const done=()=>{main.dataset.done='yes';if(main.dataset.next)location.replace(main.dataset.next)};
for(const frame of document.querySelectorAll('iframe')){
frame.addEventListener('load',()=>{left-=1;if(left===0)done()});frame.src=frame.dataset.src}
setTimeout(done,${frameMilliseconds});`

function framesPage(frames: readonly string[], target: string | undefined, cookies: readonly string[]) {
  return scriptedPage({
    title: say('Signing out', 'Déconnexion en cours'),
    cookies,
    frameOrigins: frames.map(originOf),
    script: framesScript,
    content: html`<main data-next="${target ?? ''}"><h1>${say('Signed out', 'Déconnexion terminée')}</h1>
<p>${target === undefined ? html`<a href="/login">${say('Sign in again', 'Se connecter de nouveau')}</a>` : html`<a href="${target}">${say('Continue', 'Continuer')}</a>`}</p>
${frames.map((address) => html`<iframe title="${say('Sign-out of an application', 'Déconnexion d’une application')}" hidden data-src="${address}"></iframe>`)}</main>`,
  })
}
