/** @module The profile page of the emulator: its security view, where an authenticator app is enrolled. */
import { type Context, lacksSecondFactor } from './context.js'
import { say } from './language.js'
import { type Content, html, trusted } from './markup.js'
import { page, redirect } from './page.js'
import { withReturn } from './return-field.js'
import { newTotpSecret, spendTotpCode, totpEnrolment } from './totp.js'
import { readForm, type SignedIn, signedInCookies, type Visit } from './visit.js'

/** `GET /profile`. */
export async function showProfile(context: Context, visit: Visit): Promise<Response> {
  const known = fullySignedIn(visit)
  return known ? profilePage(context, known) : signInFirst(visit)
}

const fullySignedIn = ({ shared }: Visit) =>
  shared && !lacksSecondFactor(shared.session, shared.person) ? shared : undefined

const signInFirst = ({ shared }: Visit) =>
  redirect(withReturn(shared ? '/second-factor' : '/login', '/profile'))

/** `POST /profile`: begins an enrolment (`enrol`), or ends it with the app's first code (`code`). */
export async function changeProfile(context: Context, visit: Visit): Promise<Response> {
  const form = await readForm(visit.request)
  const known = fullySignedIn(visit)
  if (!known) return signInFirst(visit)
  const { session, person } = known
  if (!mayEnrol(known)) return profilePage(context, known, { status: 403 })
  if (form.has('enrol')) {
    person.pendingTotpSecret = await newTotpSecret()
    return redirect('/profile')
  }
  const secret = person.pendingTotpSecret
  if (secret === undefined) return redirect('/profile')
  const code = (form.get('code') ?? '').replaceAll(' ', '')
  if (!(await spendTotpCode(person, secret, { code, now: context.now() }))) {
    return profilePage(context, known, {
      status: 403,
      problem: say('That code is not right.', 'Ce code n’est pas le bon.'),
    })
  }
  person.totpSecret = secret
  person.pendingTotpSecret = undefined
  person.secondFactor = 'totp'
  session.level = 'mfa'
  return redirect('/profile', await signedInCookies(context, known))
}

/** Eeze is an LoA2 authenticator: more factors are unnecessary. Source: CitizenOne, Eeze Authentication. */
const mayEnrol = ({ session, person }: SignedIn) =>
  session.level !== 'did' && person.secondFactor === undefined

interface ProfileState {
  readonly status?: number
  readonly problem?: string
}

async function profilePage(context: Context, known: SignedIn, { status, problem }: ProfileState = {}) {
  return page(context, {
    title: say('Profile', 'Profil'),
    status,
    content: html`<section><h2>${say('You', 'Vous')}</h2><table><tbody>
<tr><th>${say('Name', 'Nom')}</th><td>${known.person.name}</td></tr>
<tr><th>${say('Identity', 'Identité')}</th><td><code>${known.person.sub}</code></td></tr></tbody></table></section>
<section><h2>${say('Security', 'Sécurité')}</h2>${await security(known, problem)}</section>`,
  })
}

async function security({ session, person }: SignedIn, problem: string | undefined): Promise<Content> {
  if (session.level === 'did')
    return html`<p>${say('You are signed in with Eeze.', 'Vous êtes connecté par Eeze.')}</p>`
  if (person.secondFactor === 'sms')
    return html`<p>${say('When you sign in, a code goes to', 'À la connexion, un code est envoyé au')} ${person.phone}.</p>`
  if (person.secondFactor === 'totp')
    return html`<p>${say('Your authenticator app is set up.', 'Votre application d’authentification est en place.')}</p>`
  const secret = person.pendingTotpSecret
  if (secret === undefined) {
    return html`<p>${say('Your password is enough to sign in.', 'Votre mot de passe suffit pour vous connecter.')}</p>
<form method="post" action="/profile"><button name="enrol" value="totp">${say('Add an authenticator app', 'Ajouter une application d’authentification')}</button></form>`
  }
  const { svg } = await totpEnrolment(person.username, secret)
  return html`<p>${say('Scan this code with your authenticator app, then enter the six digits that it shows.', 'Lisez ce code avec votre application d’authentification, puis entrez les six chiffres qu’elle montre.')}</p>
<div class="qr">${trusted(svg)}</div>
<p class="soft">${say('Or type the secret:', 'Ou tapez le secret :')} <code id="secret">${secret}</code></p>
${problem && html`<p class="bad" role="alert">${problem}</p>`}
<form method="post" action="/profile">
<label for="code">${say('Six-digit code', 'Code à six chiffres')}</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}" required>
<button>${say('Finish', 'Terminer')}</button></form>`
}
