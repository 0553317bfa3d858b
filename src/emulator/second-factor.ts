/** @module The second factor: a code by SMS, or of an authenticator app. */
import { type Context, lacksSecondFactor } from './context.js'
import { say } from './language.js'
import { html } from './markup.js'
import { page, redirect } from './page.js'
import { refusedReturn, returnAddress, returnField, upstreamQuery, withReturn } from './return-field.js'
import { spendTotpCode } from './totp.js'
import { readForm, type SignedIn, signedInCookies, signedOutCookies, type Visit } from './visit.js'

/** Wrong codes after which the session ends. */
const mostFailures = 5

/** `GET /second-factor`: asks for the code; straight back when nothing is missing. */
export async function showSecondFactor(context: Context, visit: Visit): Promise<Response> {
  const target = returnAddress(context, visit.query, '/')
  if (target === undefined) return refusedReturn(context)
  const known = visit.identity
  if (!known) return redirect(withReturn('/login', target))
  if (known.session.level !== 'password') return redirect(target, await signedInCookies(context, known))
  if (!lacksSecondFactor(known.session, known.person)) return noFactorPage(context, target)
  if (known.person.secondFactor === 'sms' && !context.codes.isPending(known.session.jti)) {
    await context.codes.send(known.session.jti, known.person)
  }
  return codePage(context, known, { target, visit })
}

/** `POST /second-factor`: the right code raises the session, same session value; too many wrong ones end it. */
export async function useSecondFactor(context: Context, visit: Visit): Promise<Response> {
  const form = await readForm(visit.request)
  const target = returnAddress(context, form, '/')
  if (target === undefined) return refusedReturn(context)
  const known = visit.identity
  if (!known || !lacksSecondFactor(known.session, known.person)) return redirect(withReturn('/login', target))
  const { session, person } = known
  if (form.has('resend') && person.secondFactor === 'sms') {
    await context.codes.send(session.jti, person)
    return redirect(withReturn('/second-factor', target))
  }
  // Counted before the comparison, so that parallel guesses count too.
  session.failedCodes += 1
  const code = (form.get('code') ?? '').replaceAll(' ', '')
  const isRight = session.failedCodes <= mostFailures && (await isRightCode(context, known, code))
  if (isRight && context.sessions.find(session.jti)) {
    session.failedCodes = 0
    session.level = 'mfa'
    return redirect(target, await signedInCookies(context, known))
  }
  if (session.failedCodes < mostFailures) return codePage(context, known, { target, visit, isWrong: true })
  context.sessions.end(session)
  return page(context, {
    title: say('Too many wrong codes', 'Trop de codes erronés'),
    status: 403,
    cookies: signedOutCookies(context),
    content: html`<section><p>${say('You are signed out.', 'Vous êtes déconnecté.')}</p><p><a href="${withReturn('/login', target)}">${say('Sign in again', 'Se connecter de nouveau')}</a></p></section>`,
  })
}

async function isRightCode(context: Context, { session, person }: SignedIn, code: string) {
  if (!/^[0-9]{6}$/.test(code)) return false
  if (person.secondFactor === 'sms') return context.codes.use(session.jti, code)
  if (person.totpSecret === undefined) return false
  return spendTotpCode(person, person.totpSecret, { code, now: context.now() })
}

function codePage(
  context: Context,
  { person }: SignedIn,
  { target, visit, isWrong }: { target: string; visit: Visit; isWrong?: boolean },
) {
  const action = `/second-factor${upstreamQuery(visit)}`
  const isSms = person.secondFactor === 'sms'
  return page(context, {
    title: say('One more step', 'Encore une étape'),
    status: isWrong ? 403 : 200,
    content: html`<section>
${isWrong && html`<p class="bad" role="alert">${say('That code is not right, or it was used before.', 'Ce code n’est pas le bon, ou il a déjà servi.')}</p>`}
<p>${isSms ? `${say('We sent a code by SMS to', 'Nous avons envoyé un code par SMS au')} ${person.phone}.` : say('Enter the code that your authenticator app shows.', 'Entrez le code que montre votre application d’authentification.')}</p>
<form method="post" action="${action}">${returnField(target)}
<label for="code">${say('Six-digit code', 'Code à six chiffres')}</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}" required autofocus>
<button>${say('Continue', 'Continuer')}</button>
</form>
${
  isSms &&
  html`<form method="post" action="${action}">${returnField(target)}<button class="plain" name="resend" value="1">${say('Send another code', 'Envoyer un autre code')}</button></form>`
}
<p class="soft">${say('Here the phone is a page:', 'Ici, le téléphone est une page :')} <a href="/messages" target="_blank" rel="noopener">${say('open it', 'l’ouvrir')}</a>.</p>
</section>`,
  })
}

function noFactorPage(context: Context, target: string) {
  return page(context, {
    title: say('No second factor yet', 'Pas encore de second facteur'),
    status: 403,
    content: html`<section><p>${say('The application asks for a second factor, and you have none.', 'L’application demande un second facteur, et vous n’en avez pas.')}</p>
<p><a href="/profile">${say('Add one on your profile', 'En ajouter un dans votre profil')}</a></p><p><a href="${target}">${say('Back to the application', 'Retour à l’application')}</a></p></section>`,
  })
}
