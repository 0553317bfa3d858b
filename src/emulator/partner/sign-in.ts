/** @module Where tokens are taken, and the partner's home: who is signed in there, and with what. */
import type { Context } from '../context.js'
import { say } from '../language.js'
import { type Content, html } from '../markup.js'
import { redirect } from '../page.js'
import type { Route } from '../route.js'
import { readForm, type Visit } from '../visit.js'
import { alertOf, partnerPage } from './frame.js'
import type { PartnerLoginOutcome, PartnerState } from './partner.js'
import type { PartnerSessions } from './sessions.js'

/** `POST /partner/sso/login`, and with GET for issuers that redirect: the form field, or parameter, `token`. */
export function createSignIn(partner: PartnerState, sessions: PartnerSessions): Route {
  async function signIn(context: Context, token: string): Promise<Response> {
    const { outcome, sub, claims, at } = await partner.signIn(token)
    if (outcome !== 'signed-in' || sub === undefined) return refusal(context, outcome, sub)
    return redirect('/partner', [sessions.start({ sub, claims: claims ?? {}, startedAt: at })])
  }
  return {
    // The issuer is another site, and what comes along is proven by the token alone.
    takesForeignForms: true,
    GET: (context, { query }) => signIn(context, query.get('token') ?? ''),
    POST: async (context, { request }) => signIn(context, (await readForm(request)).get('token') ?? ''),
  }
}

function refusal(context: Context, outcome: PartnerLoginOutcome, sub: string | undefined): Response {
  const isUnknown = outcome === 'unknown-user'
  return partnerPage(context, {
    title: say('Not signed in', 'Pas connecté'),
    status: outcome === 'keys-unavailable' ? 503 : isUnknown ? 403 : 401,
    content: html`<section>${alertOf(wordsOf(outcome))}
<p>Code: <code>${outcome}</code></p>
${
  isUnknown &&
  html`<p>${say('Account', 'Compte')}: <code>${sub}</code></p><p><a href="/partner/settings/users">${say('Users', 'Utilisateurs')}</a></p>`
}</section>`,
  })
}

/** What a person, and whoever connects an application, can do about it. */
export function wordsOf(outcome: PartnerLoginOutcome): string {
  switch (outcome) {
    case 'signed-in':
      return say('Signed in.', 'Connecté.')
    case 'unknown-user':
      return say(
        'There is no account for this person here. People are registered in Users before they come.',
        'Il n’y a pas de compte ici pour cette personne. On enregistre les gens dans Utilisateurs avant qu’ils viennent.',
      )
    case 'keys-unavailable':
      return say(
        'The key set at the registered address cannot be had. Look at the address in SSO.',
        'Le jeu de clés n’est pas accessible à l’adresse enregistrée. Vérifiez l’adresse sous SSO.',
      )
    case 'unknown-key':
      return say(
        'The key set has no key of the token’s kid. Publish it, or upload it in SSO.',
        'Le jeu de clés n’a pas de clé du kid du jeton. Publiez-la, ou déposez-la sous SSO.',
      )
    case 'replayed':
      return say('This token was used before.', 'Ce jeton a déjà servi.')
    default:
      return say(
        'The token does not hold. Compare issuer, audience, key and clock with what SSO shows.',
        'Le jeton n’est pas valable. Comparez émetteur, destinataire, clé et horloge avec la page SSO.',
      )
  }
}

/** `GET /partner`; `POST` signs out there, and nowhere else. */
export function createHome(partner: PartnerState, sessions: PartnerSessions): Route {
  return {
    GET: (context, visit) => home(context, partner, { sessions, visit }),
    POST: (_, { request }) => redirect('/partner', [sessions.end(request)]),
  }
}

interface Here {
  readonly sessions: PartnerSessions
  readonly visit: Visit
}

function home(context: Context, partner: PartnerState, { sessions, visit }: Here): Response {
  const session = sessions.find(visit.request)
  // Whose account is gone is not signed in any more.
  const user = session && partner.users.find(({ sub }) => sub === session.sub)
  if (session === undefined || user === undefined) {
    return partnerPage(context, {
      title: say('Partner', 'Partenaire'),
      content: html`<section><p>${say(
        'Nobody is signed in here. People come with a token from an application of their organisation.',
        'Personne n’est connecté ici. On vient avec un jeton d’une application de son organisation.',
      )}</p></section>`,
    })
  }
  return partnerPage(context, {
    title: `${say('Welcome', 'Bienvenue')}, ${user.name}`,
    content: html`<section><p>${say('You are signed in at the partner.', 'Vous êtes connecté chez le partenaire.')}</p>
${claimTable(session.claims)}
<form method="post" action="/partner"><button>${say('Sign out here', 'Se déconnecter ici')}</button></form></section>`,
  })
}

const claimTable = (claims: Readonly<Record<string, unknown>>): Content =>
  html`<table><caption>${say('What the token said', 'Ce que disait le jeton')}</caption><tbody>${Object.entries(
    claims,
  )
    .filter(([name]) => name !== 'jti')
    .map(
      ([name, value]) =>
        html`<tr><th scope="row">${name}</th><td>${typeof value === 'string' ? value : JSON.stringify(value)}</td></tr>`,
    )}</tbody></table>`
