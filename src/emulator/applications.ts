/**
 * @module Two applications of the provider on the base domain: the service dashboard and Business connect. They know the
 * shared cookie and nothing else, neither the provider's sessions nor any protocol, and each keeps a store of its own.
 */
import type { ApplicationName } from './application-stores.js'
import type { Context } from './context.js'
import { parseCookieHeader, tokensOf } from './cookies.js'
import { endpointPaths } from './endpoints.js'
import { say } from './language.js'
import { type Content, html } from './markup.js'
import { page } from './page.js'
import { withReturn } from './return-field.js'
import type { RouteHandler } from './route.js'
import { shownTime } from './time.js'

/** Names of products, the same in every language. */
const titles: Readonly<Record<ApplicationName, string>> = {
  'service-dashboard': 'Service dashboard',
  'business-connect': 'Business connect',
}
const names = Object.keys(titles) as ApplicationName[]
/** Links to both. */
export const applicationLinks = (): Content =>
  names.map((name) => html`<p><a href="${endpointPaths[name]}" lang="en">${titles[name]}</a></p>`)

/**
 * Its page: whoever has a token of the shared cookie that is signed and not over is signed in, as with every
 * application of the base domain. Whether the provider's session goes on is not asked.
 * Source: CitizenOne, Logout Strategy for JWT; Sessions & JWT.
 */
export function showApplication(name: ApplicationName): RouteHandler {
  return async (context, { request }) => {
    const claims = await claimsOfCookie(context, request)
    return page(context, {
      title: titles[name],
      content: html`<section>${claims === undefined ? signedOut(name) : signedIn(context, name, claims)}</section>
<section><h2>${say('Applications', 'Applications')}</h2>${applicationLinks()}</section>`,
    })
  }
}

interface Shown {
  readonly jti: string
  readonly sub: string
  readonly isLacking: boolean
}

async function claimsOfCookie(context: Context, request: Request): Promise<Shown | undefined> {
  const cookies = parseCookieHeader(request.headers.get('cookie') ?? '')
  for (const token of tokensOf(cookies, context.options.cookieNames)) {
    const claims = await context.keys.verify(token, { issuer: context.url(), now: context.now() })
    if (claims?.jti === undefined || claims.sub === undefined) continue
    const isLacking = claims.mfaRequired === true && claims.isMfa !== true
    return { jti: claims.jti, sub: claims.sub, isLacking }
  }
  return undefined
}

const signedOut = (name: ApplicationName): Content =>
  html`<p>${say('You are not signed in.', 'Vous n’êtes pas connecté.')}</p>
<p><a href="${withReturn('/login', endpointPaths[name])}">${say('Sign in', 'Se connecter')}</a></p>`

function signedIn(context: Context, name: ApplicationName, { jti, sub, isLacking }: Shown): Content {
  if (isLacking) {
    return html`<p>${say('A second factor is missing.', 'Il manque un second facteur.')}</p>
<p><a href="${withReturn('/second-factor', endpointPaths[name])}">${say('Enter the code', 'Entrer le code')}</a></p>`
  }
  const person = context.people.all.find((one) => one.sub === sub)
  return html`<p>${say('You are signed in.', 'Vous êtes connecté.')}</p>
<table><tbody>
<tr><th>${say('Name', 'Nom')}</th><td>${person?.name ?? sub}</td></tr>
<tr><th>${say('Here since', 'Ici depuis')}</th><td>${shownTime(context.applications[name].since(jti, context.now()))}</td></tr>
</tbody></table>
<form method="post" action="/logout"><button>${say('Sign out everywhere', 'Se déconnecter partout')}</button></form>`
}
