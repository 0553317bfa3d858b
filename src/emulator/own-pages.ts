/** @module The emulator's own application (the CitizenOne session): home, and the person's phone. */
import { applicationLinks } from './applications.js'
import { type Context, lacksSecondFactor } from './context.js'
import { sharedCookieLines } from './cookies.js'
import { say } from './language.js'
import { html } from './markup.js'
import { page } from './page.js'
import type { Level } from './sessions.js'
import { shownTime } from './time.js'
import { totpCode } from './totp.js'
import { cookieOptions, type Visit } from './visit.js'

const levelOf = (level: Level): string =>
  ({
    password: say('password', 'mot de passe'),
    mfa: say('password and second factor', 'mot de passe et second facteur'),
    did: 'Eeze',
  })[level]

/** `GET /`: signed in and out with the shared cookie, as any application of the base domain. */
export function showHome(context: Context, visit: Visit): Response {
  if (!visit.shared) return signedOutHome(context, visit)
  const { session, person } = visit.shared
  const isLacking = lacksSecondFactor(session, person)
  return page(context, {
    title: `${say('Hello', 'Bonjour')}, ${person.name}`,
    content: html`<section>
<p>${isLacking ? say('A second factor is missing.', 'Il manque un second facteur.') : say('You are signed in.', 'Vous êtes connecté.')}</p>
<table><tbody>
<tr><th>${say('Signed in by', 'Connexion par')}</th><td>${levelOf(session.level)}</td></tr>
<tr><th>${say('Since', 'Depuis')}</th><td>${shownTime(session.startedAt)}</td></tr>
<tr><th>${say('Ends unless extended', 'Se termine, sauf prolongation')}</th><td>${shownTime(session.expiresAt)}</td></tr>
<tr><th>${say('Ends in any case', 'Se termine dans tous les cas')}</th><td>${shownTime(session.endsAt)}</td></tr>
</tbody></table>
${isLacking ? html`<p><a href="/second-factor">${say('Enter the code', 'Entrer le code')}</a></p>` : html`<p><a href="/profile">${say('Profile', 'Profil')}</a></p>`}
<form method="post" action="/logout"><button>${say('Sign out everywhere', 'Se déconnecter partout')}</button></form>
</section>
<section><h2>${say('Applications', 'Applications')}</h2>${applicationLinks()}</section>`,
  })
}

function signedOutHome(context: Context, visit: Visit) {
  return page(context, {
    title: 'CitizenOne',
    cookies: visit.hasSharedCookie ? sharedCookieLines(undefined, cookieOptions(context)) : [],
    content: html`<section><p>${
      visit.identity
        ? say(
            'The shared cookie is gone, so you are signed out here. The identity session still lives: signing in needs no password.',
            'Le témoin partagé n’est plus là : vous êtes déconnecté ici. La session d’identité vit encore : se connecter ne demande pas de mot de passe.',
          )
        : say('You are not signed in.', 'Vous n’êtes pas connecté.')
    }</p>
<p><a href="/login?returnTo=%2F">${say('Sign in', 'Se connecter')}</a></p></section>`,
  })
}

/** `GET /messages`: the SMS, and what the authenticator apps show. It stands for the people's phones. */
export async function showMessages(context: Context): Promise<Response> {
  const enrolled = context.people.all.filter((person) => person.secondFactor === 'totp')
  const apps = await Promise.all(
    enrolled.map(async ({ name, totpSecret }) => ({
      name,
      code: await totpCode(totpSecret ?? '', context.now()),
    })),
  )
  return page(context, {
    title: say('Phone', 'Téléphone'),
    content: html`<section><h2>${'Messages'}</h2>
${context.codes.messages.length === 0 && html`<p class="soft">${say('No messages.', 'Pas de message.')}</p>`}
${context.codes.messages.map(
  (message) =>
    html`<p><small class="soft">${message.phone} (${message.username}), ${shownTime(message.at)}</small><br><span lang="en">${message.text}</span></p>`,
)}
<p><a href="/messages">${say('Look again', 'Regarder de nouveau')}</a></p></section>
${
  apps.length > 0 &&
  html`<section><h2>${say('Authenticator app', 'Application d’authentification')}</h2>${apps.map(
    ({ name, code }) => html`<p>${name}<br><span class="code">${code}</span></p>`,
  )}</section>`
}`,
  })
}
